// leadgate.js, part 5: which forms and buttons are ours, what they hold, and when they are sent.

/** Elements that the site's programmer gave us, with the id of their form. */
const attached = new WeakMap();

const here = rules.filter((rule) => !rule.o || rule.o.concat(new URL(home).origin).includes(location.origin));

/** What the config brought is the site's: where it throws, the console is told and all goes on. */
function guarded(what, work) {
  try {
    return work();
  } catch (error) {
    console.error("leadgate: " + what, error);
  }
}

/** The rule of an element: by attach(), by data-leadgate, by selector. */
function ruleOf(el) {
  const id = attached.get(el) || el.getAttribute?.("data-leadgate");
  if (id) {
    return rules.find((rule) => rule.i === id) || { i: id };
  }
  return here.find((rule) => !rule.b === isForm(el) && guarded(rule.i + ".selector", () => el.matches(rule.s)));
}

/** Puts a control's value where a browser would put it. */
function take(control, values) {
  if (control.matches(":disabled") || (/^(checkbox|radio)$/.test(control.type) && !control.checked)) {
    return;
  }
  for (const one of control.files || control.selectedOptions || [control]) {
    values.append(control.name || control.id, control.files ? one : one.value);
  }
}

/**
 * What is typed: of the nearest form, else of the page by the names of the form's fields, each looked for from the button outwards. A
 * control without a name is known by its id, as in many a template whose own script sends it.
 */
function valuesOf(el, rule, button) {
  const form = isForm(el) ? el : el.closest?.("form");
  const values = form ? new FormData(form) : new FormData();
  if (button?.name) {
    values.append(button.name, button.value);
  }
  for (const names of rule.f || []) {
    const isMeant = (control) => !(form && control.name) && names.includes(nameOf(control).replace(/\[\]$/, ""));
    let scope = form || el;
    let found = [];
    while (scope && !found.length) {
      found = [...scope.querySelectorAll("input,select,textarea")].filter(isMeant);
      scope = !form && (scope.parentNode || scope.host);
    }
    found.forEach((control) => take(control, values));
  }
  for (const [name, value] of [...values]) {
    // A file input without a file.
    value.size === 0 && !value.name && values.delete(name);
  }
  return values;
}

/** Adds the values that the config computes; one that throws stays empty. */
function compute(el, rule, values) {
  for (const name in rule.j) {
    guarded(rule.i + ".js." + name, () => {
      const value = rule.j[name].call(el, el);
      value != null && values.set(name, value);
    });
  }
}

/** What was typed, to tell it from what was typed before. */
const contentOf = (values) => JSON.stringify([...values]);

/** Sends what an element holds. Tells the outcome as the events do; null when a handler said no, or it is being or was just sent. */
async function send(el, rule, values, { address, isQuiet, isPlain }) {
  const state = stateOf(el);
  const content = contentOf(values);
  const lang = languageOf(el, rule);
  // The second click of two: under way, or answered already.
  const isAnswered = state.last.includes(content) && Date.now() - state.at < 6e4;
  if (state.isBusy || isAnswered) {
    isAnswered && !isQuiet && say({ el, lang }, "sent");
    return null;
  }
  compute(el, rule, values);
  const id = state.job ? state.job.entry.i : uuid();
  if (!tell(el, "before", { form: rule.i, id, values })) {
    return null;
  }
  attribute(values, lang, state.openedAt);
  values.set("_id", id);
  const pairs = [...values];
  const files = pairs.some((pair) => pair[1] instanceof File) && values;
  const entry = { i: id, f: rule.i, u: address || base + "f/" + rule.i, b: files ? [] : pairs, c: Date.now(), n: 0, a: 0 };
  const job = { el, entry, rule, lang, files, content, isQuiet, isBusy: true, mayKeep: !files && option(el, "queue") !== "off" };
  jobs.set(id, job);
  state.job = job;
  // Kept before the first byte leaves: whatever becomes of this page, the next one sends it.
  job.mayKeep && keep(entry);
  if (!isQuiet) {
    state.marks.splice(0).forEach((clear) => clear());
    setBusy(el, true);
    say(job, "sending");
  }
  const once = async () => (await deliver(job)) || { kind: "again", isKept: true };
  let outcome = await once();
  // No answer, from a server that is there: fetch once more, and if that fails too, it is fetch that is blocked.
  if (outcome.lost && isPlain && !files && navigator.onLine !== false && (await isReachable())) {
    outcome = await once();
    if (outcome.lost) {
      sendPlain(entry);
      return outcome;
    }
  }
  job.isBusy = false;
  const isLeaving = settle(job, outcome);
  isQuiet || isLeaving || setBusy(el, false);
  plan();
  return { form: rule.i, id, ...outcome };
}

/** Once for each form: the place that speaks must be there before it does. */
function prepare(el) {
  const rule = !states.has(el) && ruleOf(el);
  if (rule) {
    boxOf(el);
  }
}

/** A submit that nobody has stopped: ours is sent by us, a form of the site's own handler goes on and we send a copy. */
function onSubmit(event) {
  const form = event.target;
  const button = event.submitter;
  const rule = !event.defaultPrevented && isForm(form) && ruleOf(form);
  if (!rule) {
    return;
  }
  const said = (name) => button?.getAttribute("form" + name) || form.getAttribute(name) || "";
  const whole = (address) => new URL(address, doc.baseURI).href;
  const rootOf = (url) => [base + "f/", home + "f/"].find((root) => url.startsWith(root));
  const bare = (url) => url.split(/[?#]/)[0];
  const url = whole(said("action"));
  const root = rootOf(url);
  const method = said("method").toLowerCase();
  // A button with an address of its own that is not ours, in a form that is: not a lead.
  if (method === "dialog" || (!root && rootOf(whole(form.getAttribute("action") || "")))) {
    return;
  }
  const isNowhere = !/^http/.test(url) || (method !== "post" && bare(url) === bare(location.href));
  const isTaken = root || (rule.t ? rule.t === "take" : isNowhere);
  const values = valuesOf(form, rule, button);
  if (isTaken) {
    event.preventDefault();
  }
  send(form, rule, values, {
    address: root && base + "f/" + url.slice(root.length),
    isQuiet: !isTaken,
    isPlain: isTaken,
  });
}

/** A press of a captured button. One that submits a form or leads elsewhere goes on, and we send a copy, unless the config says "take". */
function onClick(event) {
  const path = event.composedPath();
  path.forEach((node) => node instanceof ShadowRoot && watch(node));
  const el = path.find((node) => node.nodeType === 1 && !isForm(node) && ruleOf(node));
  if (!el) {
    return;
  }
  const rule = ruleOf(el);
  const submits = el.form && el.type === "submit";
  if (submits && !el.form.noValidate && !el.form.checkValidity()) {
    return;
  }
  const leaves = submits || (el.href && !/^(javascript:|#)/.test(el.getAttribute("href")));
  const isQuiet = rule.t ? rule.t === "copy" : leaves;
  isQuiet || event.preventDefault();
  send(el, rule, valuesOf(el, rule), { isQuiet });
}

const watched = new WeakSet();
let isAwake;

/** Looks through a root for forms and for open shadow roots. */
function scan(root) {
  for (const el of root.querySelectorAll("*")) {
    isForm(el) && prepare(el);
    el.shadowRoot && watch(el.shadowRoot);
  }
}

const roots = new Set();

/** After a change nothing is looked at for a while, 200 times as long as the look took: a busy page costs what a quiet one does. */
const observer = new MutationObserver(() => {
  observer.disconnect();
  if (!isAwake) {
    isAwake = true;
    setTimeout(look, pause);
  }
});
let pause = 0;

function look() {
  isAwake = false;
  const start = performance.now();
  for (const root of roots) {
    root === doc || root.host.isConnected ? scan(root) : roots.delete(root);
  }
  pause = Math.max(300, (performance.now() - start) * 200);
  roots.forEach((root) => observer.observe(root, { childList: true, subtree: true }));
}

function watch(root) {
  if (watched.has(root)) {
    return;
  }
  watched.add(root);
  roots.add(root);
  // In an old browser the site's own styles are all there is.
  tryTo(() => {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(LOOKS);
    root.adoptedStyleSheets = [sheet, ...root.adoptedStyleSheets];
  });
  // Behind the site's own handlers, on the way up; a handler that lets nothing further up is met at the form itself.
  const target = root === doc ? window : root;
  target.addEventListener("submit", onSubmit);
  target.addEventListener(
    "submit",
    (event) => event.target.addEventListener("submit", (same) => same.cancelBubble && onSubmit(same), { once: true }),
    true,
  );
  scan(root);
  observer.observe(root, { childList: true, subtree: true });
}
