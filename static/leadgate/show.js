// leadgate.js, part 4: what the visitor sees and hears. Looks are the site's: the classes are leadgate-busy (the form or button),
// leadgate-status (data-state: sending sent queued waiting invalid failed) and leadgate-error; the few defaults weigh nothing and read
// the custom property --leadgate-bad.

const LOOKS =
  ":where(.leadgate-status:empty){position:absolute}:where(.leadgate-error){display:block;color:var(--leadgate-bad,#b3001b)}";

/** What is known of each form and button: box, marks, isBusy, openedAt, job, and what was sent last and when. */
const states = new WeakMap();
let count = 0;

function stateOf(el) {
  if (!states.has(el)) {
    states.set(el, { marks: [], last: [], openedAt: Date.now(), at: 0 });
  }
  return states.get(el);
}

/** Sets an attribute; null takes it away. */
const set = (el, name, value) => (value === null ? el.removeAttribute(name) : el.setAttribute(name, value));

const nameOf = (control) => (control.name || control.id).toLowerCase();

const isForm = (el) => el.tagName === "FORM";

/** The place that speaks: the page's own data-leadgate-status, else one at the end of the form or behind the button. */
function boxOf(el) {
  const state = stateOf(el);
  if (!state.box?.isConnected) {
    const near = isForm(el) ? el : el.parentNode;
    state.box = near.querySelector("[data-leadgate-status]");
    if (!state.box) {
      state.box = make("div");
      state.box.className = "leadgate-status";
      isForm(el) ? el.append(state.box) : el.after(state.box);
    }
    state.box.setAttribute("role", "status");
    state.box.tabIndex = -1;
  }
  return state.box;
}

/** Says something. The place is emptied first and filled a moment later: only so the same words are spoken again. */
function say(job, kind, text, more, takesFocus) {
  const { el } = job;
  const box = boxOf(el);
  const state = stateOf(el);
  box.dataset.state = kind;
  box.textContent = "";
  clearTimeout(state.later);
  state.later = setTimeout(() => {
    box.append(option(el, kind) || text || WORDS[job.lang][kind]);
    more && box.append(more);
    takesFocus && box.focus();
  }, 60);
}

/** The elements that are being sent, or that the visitor leaves with. */
const busy = new Set();

function setBusy(el, isBusy) {
  stateOf(el).isBusy = isBusy;
  isBusy ? busy.add(el) : busy.delete(el);
  el.classList.toggle("leadgate-busy", isBusy);
  set(el, "aria-busy", isBusy);
  for (const button of isForm(el) ? el.querySelectorAll("[type=submit],button:not([type])") : [el]) {
    set(button, "aria-disabled", isBusy || null);
  }
}

/** The controls of a field: by the name that was complained of, or by another name of that field. */
function controlsOf(el, rule, field) {
  const names = ((rule.f || []).find((one) => one[0] === field.toLowerCase()) || []).concat(field.toLowerCase());
  const isMeant = (control) => names.includes(nameOf(control));
  return [...(isForm(el) ? el.elements : el.form ? el.form.elements : el.getRootNode().querySelectorAll("input,select,textarea"))].filter(isMeant);
}

/** Marks the controls of a field as wrong and says why beside them, until they are mended. */
function mark(el, controls, { field, message }) {
  const last = controls[controls.length - 1];
  let place = (isForm(el) ? el : el.getRootNode()).querySelector('[data-leadgate-error="' + CSS.escape(field) + '"]');
  const isOurs = !place;
  if (isOurs) {
    place = make("span");
    place.className = "leadgate-error";
    (last.closest("label") || last).after(place);
  }
  name(place);
  place.textContent = message;
  const undo = controls.map((control) => {
    const described = control.getAttribute("aria-describedby");
    set(control, "aria-invalid", true);
    (described || "").split(" ").includes(place.id) || set(control, "aria-describedby", (described ? described + " " : "") + place.id);
    return () => {
      set(control, "aria-invalid", null);
      set(control, "aria-describedby", described);
    };
  });
  const clear = () => {
    undo.forEach((one) => one());
    isOurs ? place.remove() : (place.textContent = "");
  };
  controls.forEach((control) => control.addEventListener("input", clear, { once: true }));
  stateOf(el).marks.push(clear);
}

/** Gives an element an id if it has none. */
const name = (el) => (el.id = el.id || "leadgate-" + ++count);

/** What the visitor reads at a control. */
const labelOf = (control) =>
  control.labels?.[0]?.innerText.split("\n")[0] || control.placeholder || control.name;

/** All complaints: beside their fields, and once together as links, where the focus goes (data-leadgate-focus="field": to the first field). */
function complain(job, errors, error) {
  const { el } = job;
  const list = make("ul");
  let first;
  for (const complaint of errors) {
    const controls = controlsOf(el, job.rule, complaint.field).filter((control) => control.type !== "hidden");
    const item = list.appendChild(make("li"));
    if (!controls.length) {
      item.textContent = complaint.field + " " + complaint.message;
      continue;
    }
    const [control] = controls;
    first = first || control;
    mark(el, controls, complaint);
    name(control);
    const link = item.appendChild(make("a"));
    link.href = "#" + control.id;
    link.textContent = labelOf(control) + ": " + complaint.message;
    link.onclick = (event) => {
      event.preventDefault();
      control.focus();
    };
  }
  const toField = first && option(el, "focus") === "field";
  say(job, "invalid", error, toField ? "" : list, !toField);
  toField && first.focus();
}

/** What an outcome means to the visitor; `isLate` when the first try is over long since. */
function settle(job, outcome, isLate) {
  const { el, entry } = job;
  if (!outcome) {
    return;
  }
  const state = stateOf(el);
  const { kind } = outcome;
  const detail = { form: entry.f, id: entry.i, ...outcome };
  const isShown = !job.isQuiet && el !== doc && el.isConnected;
  if (kind === "again") {
    // Said once: what is tried again and again does not speak each time.
    if (!isLate && tell(el, "queued", detail) && isShown) {
      say(job, outcome.isKept ? "queued" : "waiting");
    }
    return;
  }
  state.job = null;
  if (kind === "sent") {
    state.last = [job.content];
    state.at = Date.now();
  }
  if (!tell(el, kind, detail) || !isShown) {
    return;
  }
  if (kind === "invalid") {
    complain(job, outcome.errors, outcome.error);
  } else if (kind === "failed") {
    say(job, kind, outcome.error, "", true);
  } else if (isLate || option(el, "sent") || outcome.next.startsWith(home + "f/")) {
    if (isForm(el)) {
      HTMLFormElement.prototype.reset.call(el);
      state.last.push(contentOf(valuesOf(el, job.rule)));
    }
    say(job, kind, "", "", !isLate);
  } else {
    location.href = outcome.next;
    return true;
  }
}
