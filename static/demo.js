// The script of the demo's landing page: sends the form marked data-script="send" and keeps the panel's figures fresh.
//
// All words come from the page, which has them in its language. Without this script the forms are plain forms.

/** How long one try may take, in milliseconds. */
const PATIENCE = 15_000;

/** Seconds to wait before each further try, unless the answer says how long; after the last one the visitor decides. */
const PAUSES = [1, 2, 4, 8, 15];

/** The longest wait that an answer may ask for, in seconds. */
const LONGEST_PAUSE = 60;

/** How often the panel is looked at, in milliseconds. */
const GLANCE = 2_000;

/** A random UUID; crypto.randomUUID is there on https and localhost only. */
function newId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}

/** What is sent: names with several inputs become lists. Where to go afterwards is the script's own business. */
function bodyOf(form) {
  const body = {};
  for (const [name, value] of new FormData(form)) {
    if (name === "_next") {
      continue;
    }
    if (form.elements[name] instanceof RadioNodeList) {
      (body[name] ??= []).push(value);
    } else {
      body[name] = value;
    }
  }
  body._page_url = location.href;
  return body;
}

/** One try. The outcome's kind: accepted, refused (told has the answer), or again (after: seconds, if the answer says so). */
async function attempt(address, body) {
  try {
    const answer = await fetch(address, {
      method: "POST",
      headers: { "Content-Type": "application/json", Accept: "application/json" },
      body: JSON.stringify(body),
      credentials: "omit",
      signal: AbortSignal.timeout(PATIENCE),
    });
    if (answer.status === 408 || answer.status === 429 || answer.status >= 500) {
      return { kind: "again", after: Number(answer.headers.get("Retry-After")) };
    }
    const told = await answer.json();
    return { kind: answer.ok ? "accepted" : "refused", told };
  } catch {
    // No connection, no answer in time, or one that broke off: the lead may have been taken. The same id makes a further try safe.
    return { kind: "again" };
  }
}

class SentForm {
  constructor(form) {
    this.form = form;
    this.words = form.dataset;
    const part = (name) => form.querySelector(`[data-part="${name}"]`);
    [this.fields, this.button, this.state] = ["fields", "button", "state"].map(part);
    this.buttonWords = this.button.textContent;
    this.isSending = false;
    this.cutPause = () => {};
    // What a field may hold is the gate's to say; it knows more than the browser, and tells everything at once.
    form.noValidate = true;
    form.elements._id.value = newId();
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.submit();
    });
    form.addEventListener("input", (event) => this.complain(event.target, ""));
    addEventListener("online", () => this.cutPause());
  }

  /** Pressed while it waits for the next try, the button means "now". */
  async submit() {
    if (this.isSending) {
      this.cutPause();
      return;
    }
    if (!this.isReadable()) {
      return;
    }
    this.isSending = true;
    const body = bodyOf(this.form);
    this.clear();
    this.fields.disabled = true;
    try {
      const outcome = await this.deliver(body);
      this.fields.disabled = false;
      this.settle(outcome);
    } finally {
      this.isSending = false;
    }
  }

  /** Tries until there is an answer or patience ends; each try with the same body and so with the same id. */
  async deliver(body) {
    for (const pause of PAUSES) {
      const outcome = await this.once(body);
      if (outcome.kind !== "again") {
        return outcome;
      }
      await this.wait(Math.min(outcome.after > 0 ? outcome.after : pause, LONGEST_PAUSE));
    }
    return this.once(body);
  }

  async once(body) {
    this.show("sending", this.words.sending);
    this.button.setAttribute("aria-busy", "true");
    const outcome = await attempt(this.form.action, body);
    this.button.removeAttribute("aria-busy");
    return outcome;
  }

  /** Waits; the words are put once and not counted down, for those who listen to them. */
  async wait(seconds) {
    this.show("waiting", this.words.again.replace("{s}", seconds));
    this.button.textContent = this.words.buttonWait;
    await new Promise((resolve) => {
      this.cutPause = resolve;
      setTimeout(resolve, seconds * 1000);
    });
    this.cutPause = () => {};
    this.button.textContent = this.buttonWords;
  }

  settle({ kind, told }) {
    if (kind === "accepted") {
      this.form.reset();
      this.form.elements._id.value = newId();
      this.show("done", this.words.done, this.linkTo(told.id));
      this.state.focus();
      refresh();
    } else if (kind === "refused" && Array.isArray(told.errors)) {
      this.show("failed", this.words.invalid);
      this.point(told.errors);
    } else {
      this.show("failed", told?.error ?? this.words.failed);
      this.button.focus();
    }
  }

  linkTo(lead) {
    const link = document.createElement("a");
    link.href = this.words.leadAddress + encodeURIComponent(lead);
    link.textContent = this.words.lead;
    return link;
  }

  /** Puts each complaint beside its field and goes to the first. */
  point(errors) {
    const wrong = errors.map(({ field, message }) => {
      const input = this.inputsOf(field)[0];
      if (input) {
        this.complain(input, message);
      } else {
        this.state.append(` ${message}`);
      }
      return input;
    });
    (wrong.find(Boolean) ?? this.state).focus();
  }

  /** A half-entered date is an empty one to the page, and would be lost without a word. */
  isReadable() {
    const broken = [...this.fields.elements].find((input) => input.validity?.badInput);
    if (broken) {
      this.complain(broken, this.words.unreadable);
      broken.focus();
    }
    return !broken;
  }

  inputsOf(name) {
    return [...this.form.elements].filter((input) => name !== "" && input.name === name);
  }

  /** Sets or takes away the complaint about an input; several ticks share one. */
  complain(input, message) {
    const described = input.closest("fieldset.field") ?? input;
    const place = document.getElementById(described.getAttribute("aria-describedby")?.split(" ").at(-1) ?? "");
    if (!place) {
      return;
    }
    place.textContent = message;
    for (const one of this.inputsOf(input.name)) {
      if (message === "") {
        one.removeAttribute("aria-invalid");
      } else {
        one.setAttribute("aria-invalid", "true");
      }
    }
  }

  clear() {
    for (const input of this.fields.elements) {
      this.complain(input, "");
    }
  }

  show(state, words, ...more) {
    this.state.dataset.state = state;
    this.state.replaceChildren(words, ...more);
  }
}

/** Takes the panel's moving part from a fresh copy of the page; nothing happens when the gate is gone or nothing changed. */
async function refresh() {
  const shown = document.getElementById("crm-now");
  try {
    const answer = await fetch(location.pathname + location.search, { signal: AbortSignal.timeout(PATIENCE) });
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("crm-now");
    if (!fresh || !shown.isConnected || fresh.outerHTML === shown.outerHTML) {
      return;
    }
    const hadFocus = shown.contains(document.activeElement);
    shown.replaceWith(document.adoptNode(fresh));
    if (hadFocus) {
      fresh.querySelector("button").focus();
    }
  } catch {
    // The next glance will tell.
  }
}

/** Switches the CRM without leaving the page, so that what is typed above stays. */
async function flip(form) {
  try {
    await fetch(form.action, { method: "POST", body: new URLSearchParams(new FormData(form)), redirect: "manual" });
  } catch {
    // The figures will show that nothing changed.
  }
  await refresh();
}

document.querySelectorAll('[data-script="send"]').forEach((form) => new SentForm(form));
document.querySelectorAll('[data-part="reload"]').forEach((link) => link.remove());
document.addEventListener("submit", (event) => {
  if (event.target.dataset.script === "switch") {
    event.preventDefault();
    flip(event.target);
  }
});
setInterval(() => document.hidden || refresh(), GLANCE);
