// leadgate.js, part 6: for the site's programmer, and the start of it all.

const asValues = (given) => {
  if (given instanceof FormData) {
    return given;
  }
  const values = new FormData();
  for (const name in given) {
    for (const value of [].concat(given[name])) {
      value != null && values.append(name, value);
    }
  }
  return values;
};

const api = {
  /** Sends a form: an element, whose values are taken with `values` over them, or an id with `values` (object or FormData). */
  send(form, given) {
    if (typeof form === "string") {
      return send({}, { ...rules.find((rule) => rule.i === form), i: form, j: 0 }, asValues(given), { isQuiet: true });
    }
    const rule = ruleOf(form);
    if (!rule) {
      throw Error("leadgate: attach() it first");
    }
    const values = valuesOf(form, rule);
    const over = asValues(given);
    for (const [name] of over) {
      values.delete(name);
    }
    for (const [name, value] of over) {
      values.append(name, value);
    }
    return send(form, rule, values, {});
  },
  /** Makes a form or a button ours without a selector; works in closed shadow roots too. */
  attach(el, form) {
    attached.set(el, form);
    watch(el.getRootNode());
    isForm(el) && prepare(el);
  },
  /** What waits: {form, id, tries}. */
  queue: () => waiting().map(({ entry }) => ({ form: entry.f, id: entry.i, tries: entry.a })),
  /** With data-consent on the tag: keeps from now on, or forgets everything and keeps nothing. */
  consent(isGiven) {
    if (isGiven) {
      write(CONSENT, 1);
      write(VISIT, touches);
    } else {
      [CONSENT, VISIT, ...stored().map((entry) => WAITING + entry.i)].forEach(wipe);
    }
  },
  /** What the stub does: leadgate.push(["send", ...]). */
  push: ([name, ...given]) => api[name](...given),
};

const early = window.leadgate;
window.leadgate = api;

/** Calls of Roistat's script, on pages that have none: a lead of the form that has a roistat_key, else of the first form of this page. */
if (!window.roistatGoal) {
  window.roistatGoal = {
    reach(goal, done) {
      const { leadName, text, fields, is_skip_sending, ...rest } = goal || {};
      const rule = here.find((one) => one.r) || here[0];
      if (goal && rule && !+is_skip_sending) {
        const values = { ...rest, comment: text, title: leadName, ...fields };
        for (const name in values) {
          values[name] || delete values[name];
        }
        api.send(rule.i, values);
      }
      done && done();
    },
  };
}

touch();
watch(doc);
addEventListener("click", onClick, true);
addEventListener("online", () => flush(true));
doc.addEventListener("visibilitychange", () => doc.hidden || flush(true));
addEventListener("pageshow", (event) => {
  // Back from the cache: what was under way when the page was left is in the queue.
  if (event.persisted) {
    jobs.forEach((job) => (job.isBusy = false));
    busy.forEach((el) => {
      setBusy(el, false);
      stateOf(el).at = 0;
      boxOf(el).textContent = "";
    });
    flush(true);
  }
});
[].concat(early || []).forEach(api.push);
flush(true);
