// leadgate.js, part 1: what the page and the script's own tag say, and the words the visitor reads.
//
// The parts are joined inside one function (rules, home), so nothing here is global but what api.js makes so. `rules` are the forms that the
// config captures, one object each:
//   i id, o origins (none: every page), b true in button mode, s selector, t "take" or "copy" (none: by the form's action), l language,
//   f names of each field in lower case, its own first, j value functions, r true when Roistat calls may mean it.
// `home` is server.public_url with a slash. Nothing here is evaluated, nothing is styled inline.

// Loaded twice, as tag managers do, and by isReachable, it works once.
if (window.leadgate?.attach) {
  return;
}

const doc = document;
const tag = doc.currentScript;

/** Where we were loaded from is where leads go: a site that serves the script from its own host sends there too. */
const base = tag?.src ? new URL(".", tag.src).href : home;

/** How long one try may take, ms. */
const PATIENCE = 15_000;

/** How long what could not be sent is kept, ms; the server remembers an id for longer than that. */
const LIFE = 7 * 864e5;

/** The most that is kept at once: leads, and characters of one of them. */
const MOST = 20;
const LONGEST = 100_000;

/** How long the first and the last touch are kept since the last one, ms. */
const TOUCH_LIFE = 90 * 864e5;

const WORDS = {
  ru: {
    sending: "Отправляем…",
    sent: "Спасибо! Заявка принята.",
    queued: "Сохранено. Отправим, когда появится связь.",
    waiting: "Нет связи. Пробуем ещё раз, не закрывайте страницу.",
    failed: "Не отправлено. Попробуйте ещё раз.",
  },
  en: {
    sending: "Sending…",
    sent: "Thank you! We have your request.",
    queued: "Saved. We will send it as soon as you are online.",
    waiting: "No connection. Keep this page open: we try again.",
    failed: "Not sent. Please try again.",
  },
};

const make = (name) => doc.createElement(name);

/** `data-leadgate-NAME` of an element, else `data-NAME` of the script's tag. */
const option = (el, name) => el.getAttribute?.("data-leadgate-" + name) ?? tag?.getAttribute("data-" + name);

/** ru or en: of the element, of the page, of the form's config. */
function languageOf(el, rule) {
  const near = el.closest?.("[lang]") || doc.documentElement;
  const said = /^(ru|en)\b/i.exec(near.lang);
  return said ? said[1].toLowerCase() : rule.l || "ru";
}

/** A random UUID, version 4; crypto.randomUUID is there on https only. */
const uuid = () =>
  "10000000-1000-4000-8000-100000000000".replace(/[018]/g, (digit) =>
    (digit ^ (crypto.getRandomValues(new Uint8Array(1))[0] & (15 >> (digit / 4)))).toString(16),
  );

/** Tells the site; a handler that throws is the browser's to report and stops nothing. False when a handler takes over. */
function tell(el, name, detail) {
  const event = new CustomEvent("leadgate:" + name, { bubbles: true, composed: true, cancelable: true, detail });
  return (el.isConnected ? el : doc).dispatchEvent(event);
}
