// leadgate.js, part 3: one try, and the queue of what must be tried again.
//
// An entry is what is sent: i id, f form, u address, b names and values, c when it was made, n not before, a tries so far, w the server said
// how long to wait. The id never changes, so that however often an entry is sent, by whichever tab, the server keeps one lead; where there are
// Web Locks (not on plain http) two tabs do not even try at once.

/** Entries of this page that are not settled, by id: with the element that sent them, and files or others that cannot be stored. */
const jobs = new Map();

let timer;
let flushing;

/** One try. Its outcome: sent (lead, next), invalid (errors), failed (error), or again (after: seconds; lost: there was no answer). */
async function attempt({ entry, files }) {
  const stop = new AbortController();
  const watch = setTimeout(() => stop.abort(), PATIENCE);
  try {
    const body = files || new URLSearchParams(entry.b);
    const answer = await fetch(entry.u, {
      method: "POST",
      body,
      headers: { Accept: "application/json" },
      credentials: "omit",
      // Outlives the page; browsers allow it for 64 KiB.
      keepalive: !files && String(body).length < 6e4,
      signal: stop.signal,
    });
    const told = await answer.json().catch(() => ({}));
    const { status } = answer;
    // A portal of an airport says 200 too: only our own words count.
    if (told.ok) {
      return { kind: "sent", lead: told.id, next: told.next };
    }
    if (told.errors) {
      return { kind: "invalid", errors: told.errors, error: told.error };
    }
    if (status > 399 && status < 500 && ![408, 425, 429].includes(status)) {
      return { kind: "failed", error: told.error };
    }
    const after = answer.headers.get("Retry-After");
    return { kind: "again", after: after && (+after || (Date.parse(after) - Date.now()) / 1e3) };
  } catch {
    return { kind: "again", lost: !stop.signal.aborted };
  } finally {
    clearTimeout(watch);
  }
}

/** Runs `work` unless another tab is at this entry; then tells null. A tab that is closed lets go by itself. */
const alone = (entry, work) =>
  navigator.locks ? navigator.locks.request(WAITING + entry.i, { ifAvailable: true }, (lock) => lock && work()) : work();

/** One try and what follows from it for the entry; nothing where another tab is at it. What the visitor sees is settle's business. */
function deliver(job) {
  const { entry } = job;
  const work = async () => {
    const found = await attempt(job);
    if (found.kind !== "again") {
      wipe(WAITING + entry.i);
      jobs.delete(entry.i);
      return found;
    }
    const pause = found.after > 0 ? found.after : Math.min(2 ** entry.a, 300) * (0.75 + Math.random() / 2);
    Object.assign(entry, { n: Date.now() + pause * 1e3, a: entry.a + 1, w: found.after > 0 });
    found.isKept = job.mayKeep && keep(entry);
    return found;
  };
  // The page of a copy is being left: its request must be out before this returns.
  return job.isQuiet ? work() : alone(entry, work);
}

/** Everything that waits: of this page, and what other pages and tabs have left. */
function waiting() {
  const list = stored().map((entry) => jobs.get(entry.i) || { el: doc, entry, mayKeep: true });
  return list.concat([...jobs.values()].filter((job) => !list.includes(job)));
}

/** Sends what is due; with `all` also what only waits for a better moment, but never before the time that the server named. */
async function flush(all) {
  if (flushing || navigator.onLine === false) {
    return;
  }
  flushing = true;
  for (const job of waiting()) {
    if (!job.isBusy && (job.entry.n <= Date.now() || (all && !job.entry.w))) {
      settle(job, await deliver(job), true);
    }
  }
  flushing = false;
  plan();
}

/** Wakes for the next entry that becomes due. */
function plan() {
  clearTimeout(timer);
  const due = waiting().map((job) => (job.isBusy ? Infinity : job.entry.n));
  if (due.length) {
    timer = setTimeout(flush, Math.min(Math.max(Math.min(...due) - Date.now(), 500), 6e5));
  }
}

/** Whether we can be reached by other means than fetch: then it is fetch that is blocked here, and a plain form gets through. */
const isReachable = () =>
  new Promise((resolve) => {
    const probe = make("script");
    probe.onload = () => resolve(true);
    probe.onerror = () => resolve(false);
    setTimeout(resolve, PATIENCE);
    probe.src = base + "leadgate.js?" + Date.now();
    doc.head.append(probe);
    probe.remove();
  });

/** Sends an entry as a browser sends a plain form, which takes the visitor to the answer. */
function sendPlain(entry) {
  const form = make("form");
  Object.assign(form, { method: "post", action: entry.u });
  for (const [name, value] of entry.b) {
    form.append(Object.assign(make("input"), { type: "hidden", name, value }));
  }
  doc.body.append(form);
  // A field may be called "submit".
  HTMLFormElement.prototype.submit.call(form);
  doc.body.removeChild(form);
}
