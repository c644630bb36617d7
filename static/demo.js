// The script of the demo's landing page: keeps the panel's figures fresh, and leads from a sent form to its lead. The form itself is sent by
// leadgate.js, as on any site.
//
// All words come from the page, which has them in its language. Without this script the forms are plain forms.

/** How often the panel is looked at, in milliseconds. */
const GLANCE = 2_000;

/** How long one look may take, in milliseconds. */
const PATIENCE = 15_000;

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

document.addEventListener("leadgate:sent", (event) => {
  const place = event.target.querySelector('[data-part="lead"]');
  const link = place.querySelector("a");
  link.href = new URL(encodeURIComponent(event.detail.lead), new URL(link.getAttribute("href"), location.href)).href;
  place.hidden = false;
  refresh();
});
document.addEventListener("leadgate:before", (event) => {
  event.target.querySelector('[data-part="lead"]').hidden = true;
});
document.querySelectorAll('[data-part="reload"]').forEach((link) => link.remove());
document.addEventListener("submit", (event) => {
  if (event.target.dataset.script === "switch") {
    event.preventDefault();
    flip(event.target);
  }
});
setInterval(() => document.hidden || refresh(), GLANCE);
