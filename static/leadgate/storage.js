// leadgate.js, part 2: what is kept in the browser, and what is known of the visit.
//
// Everything is under keys that begin with "leadgate": one for each lead that waits, so that two tabs never write the same one, and one
// for the touches. Storage that is full, denied or not consented to is an ordinary case: then nothing is kept.

const WAITING = "leadgate:";
const VISIT = "leadgate.visit";
const CONSENT = "leadgate.consent";

/** With data-consent on the tag nothing is kept before leadgate.consent(true). */
const asks = tag?.hasAttribute("data-consent");

/** Full, denied, broken: then nothing comes of it. */
function tryTo(work) {
  try {
    return work();
  } catch {
    return null;
  }
}

const read = (key) => tryTo(() => JSON.parse(localStorage.getItem(key)));

/** Tells whether it is kept. */
const write = (key, value) =>
  tryTo(() => {
    if (!asks || key === CONSENT || read(CONSENT)) {
      localStorage.setItem(key, JSON.stringify(value));
      return true;
    }
  });

const wipe = (key) => tryTo(() => localStorage.removeItem(key));

/** The leads that wait; those past their life are wiped. */
function stored() {
  const list = [];
  for (const key of tryTo(() => Object.keys(localStorage)) || []) {
    if (key.startsWith(WAITING)) {
      const entry = read(key);
      entry?.c > Date.now() - LIFE ? list.push(entry) : wipe(key);
    }
  }
  return list;
}

/** Keeps a lead that waits, new or again. A full queue takes no new one: dropping an old one would lose it. */
function keep(entry) {
  const list = stored();
  const isKnown = list.some((one) => one.i === entry.i);
  return (isKnown || list.length < MOST) && JSON.stringify(entry).length < LONGEST && write(WAITING + entry.i, entry);
}

const MARKS = ["utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content", "gclid", "yclid"];

/** The first and the last touch: visits by a marked address or from another site. A direct visit changes neither. */
let touches = {};

function touch() {
  const query = new URLSearchParams(location.search);
  const now = { t: Date.now(), p: location.href, r: doc.referrer };
  let isOne = doc.referrer && new URL(doc.referrer).host !== location.host;
  for (const name of MARKS) {
    if (query.get(name)) {
      isOne = now[name] = query.get(name);
    }
  }
  const known = read(VISIT);
  touches = known?.l?.t > now.t - TOUCH_LIFE ? known : { f: now };
  if (isOne || !touches.l) {
    touches.l = now;
    write(VISIT, touches);
  }
}

const cookie = (name) => doc.cookie.match("(?:^|; )" + name + "=([^;]*)")?.[1];

/** Adds what is known of the visit and of the page to what is sent; what the page says itself stays. */
function attribute(values, language, openedAt) {
  const add = (name, value) => value && !values.get(name) && values.set(name, value);
  const { f, l } = touches;
  for (const name of MARKS) {
    add(name, l[name]);
    add("_first_" + name, f[name]);
  }
  for (const name of ["_ym_uid", "_ga", "roistat_visit"]) {
    add(name, cookie(name));
  }
  add("_first_page", f.p);
  add("_first_referrer", f.r);
  add("_landing_page", l.p);
  add("_page_url", location.href);
  add("_page_title", doc.title);
  add("_page_referrer", l.r);
  add("_opened_at", openedAt);
  add("_lang", language);
}
