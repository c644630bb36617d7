// leadgate.js, part 4: what the visitor sees and hears. Looks are the site's: the classes are leadgate-busy (the form or button),
// leadgate-status (data-state: sending sent queued waiting invalid failed) and leadgate-error; the few defaults weigh nothing and read
// the custom properties --leadgate-good and --leadgate-bad.

const LOOKS =
  ":where(.leadgate-status:empty){position:absolute}:where(.leadgate-status[data-state=sent]){color:var(--leadgate-good,#14652b)}" +
  ":where(.leadgate-error,.leadgate-status[data-state=invalid],.leadgate-status[data-state=failed]){color:var(--leadgate-bad,#b3001b)}" +
  ":where(.leadgate-error){display:block}:where(.leadgate-busy){cursor:progress}";

/** What is known of each form and button: box, marks, isBusy, openedAt, job, and what was sent last and when. */
const states = new WeakMap();
let count = 0;

function stateOf(el) {
  if (!states.has(el)) {
    states.set(el, { marks: [], openedAt: Date.now(), at: 0 });
  }
  return states.get(el);
}

const isForm = (el) => el.tagName === "FORM";

/** The place that speaks: the page's own data-leadgate-status, else one at the end of the form or behind the button. */
function boxOf(el) {
  const state = stateOf(el);
  if (!state.box || !state.box.isConnected) {
    const near = isForm(el) ? el : el.parentNode;
    state.box = near.querySelector("[data-leadgate-status]");
    if (!state.box) {
      state.box = doc.createElement("div");
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
  el.setAttribute("aria-busy", isBusy);
  for (const button of isForm(el) ? el.querySelectorAll("button:not([type=button]),[type=submit],[type=image]") : [el]) {
    isBusy ? button.setAttribute("aria-disabled", true) : button.removeAttribute("aria-disabled");
  }
}

/** The controls of a field: by the name that was complained of, or by another name of that field. */
function controlsOf(el, rule, field) {
  const names = ((rule.f || []).find((one) => one[0] === field.toLowerCase()) || []).concat(field.toLowerCase());
  const isMeant = (control) => control.name && names.includes(control.name.toLowerCase());
  return [...(isForm(el) ? el.elements : el.form ? el.form.elements : el.getRootNode().querySelectorAll("[name]"))].filter(isMeant);
}

/** Marks the controls of a field as wrong and says why beside them. */
function mark(el, controls, { field, message }) {
  const last = controls[controls.length - 1];
  const root = isForm(el) ? el : el.getRootNode();
  let place = root.querySelector('[data-leadgate-error="' + CSS.escape(field) + '"]');
  const isOurs = !place;
  if (isOurs) {
    place = doc.createElement("span");
    place.className = "leadgate-error";
    (last.closest("label") || last).after(place);
  }
  place.id = place.id || "leadgate-" + ++count;
  place.textContent = message;
  for (const control of controls) {
    const described = control.getAttribute("aria-describedby");
    control.setAttribute("aria-invalid", true);
    if (!described || !described.split(" ").includes(place.id)) {
      control.setAttribute("aria-describedby", (described ? described + " " : "") + place.id);
    }
    stateOf(el).marks.push({ control, place, isOurs, described });
  }
}

/** Takes marks away: all, or those of one control, which is being mended. */
function unmark(el, mended) {
  const state = stateOf(el);
  const names = mended && mended.name;
  state.marks = state.marks.filter(({ control, place, isOurs, described }) => {
    if (mended && control.name !== names) {
      return true;
    }
    control.removeAttribute("aria-invalid");
    described === null ? control.removeAttribute("aria-describedby") : control.setAttribute("aria-describedby", described);
    isOurs ? place.remove() : (place.textContent = "");
  });
}

/** What the visitor reads at a control. */
function labelOf(control) {
  const label = control.labels && control.labels[0] && control.labels[0].cloneNode(true);
  label && label.querySelectorAll("select,textarea,.leadgate-error").forEach((one) => one.remove());
  return ((label && label.textContent) || control.getAttribute("aria-label") || control.placeholder || control.name).trim();
}

/** All complaints: beside their fields, and once together as links, where the focus goes (data-leadgate-focus="field": to the first field). */
function complain(job, errors, error) {
  const { el } = job;
  const list = doc.createElement("ul");
  let first;
  for (const complaint of errors) {
    const controls = controlsOf(el, job.rule, complaint.field).filter((control) => control.type !== "hidden");
    const item = list.appendChild(doc.createElement("li"));
    if (!controls.length) {
      item.textContent = complaint.field + " " + complaint.message;
      continue;
    }
    const [control] = controls;
    first = first || control;
    mark(el, controls, complaint);
    control.id = control.id || "leadgate-" + ++count;
    const link = item.appendChild(doc.createElement("a"));
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
  const { el, entry, rule } = job;
  if (!outcome) {
    return;
  }
  const state = stateOf(el);
  const { kind } = outcome;
  const detail = { form: entry.f, id: entry.i, ...outcome };
  const isShown = !job.isQuiet && el !== doc && el.isConnected;
  if (kind === "again") {
    // Said once: what is tried again and again does not speak each time.
    detail.isKept = outcome.isKept;
    if (!isLate && tell(el, "queued", detail) && isShown) {
      say(job, outcome.isKept ? "queued" : "waiting");
    }
    return;
  }
  state.job = null;
  if (kind === "sent") {
    Object.assign(state, { last: job.content, at: Date.now() });
  }
  if (!tell(el, kind, detail) || !isShown) {
    return;
  }
  if (kind === "invalid") {
    complain(job, outcome.errors, outcome.error);
  } else if (kind === "failed") {
    say(job, kind, outcome.error, "", true);
  } else if (isLate || option(el, "sent") || outcome.next.startsWith(home + "f/" + entry.f + "/thanks")) {
    isForm(el) && HTMLFormElement.prototype.reset.call(el);
    say(job, kind, "", "", !isLate);
  } else {
    location.href = outcome.next;
    return true;
  }
}
