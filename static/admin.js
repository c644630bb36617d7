// Comfort for the admin pages, which are complete without it: "/" goes to the search, and new leads are announced
// without moving the rows under the reader's cursor.

const POLL_MS = 5000;
const LOOKED_AT = 50;

const search = document.getElementById("search");
const fresh = document.getElementById("fresh");

const isTyping = (target) =>
  target instanceof HTMLElement &&
  (target.isContentEditable || /^(input|select|textarea)$/i.test(target.tagName));

document.addEventListener("keydown", (event) => {
  const plain = !event.ctrlKey && !event.metaKey && !event.altKey;
  if (event.key === "/" && plain && search && !isTyping(event.target)) {
    event.preventDefault();
    search.focus();
    search.select();
  }
});

// Ids sort by the time of receipt, so newer leads have greater ones.
async function announceNewLeads() {
  const query = new URLSearchParams(fresh.dataset.query);
  query.set("limit", String(LOOKED_AT));
  const answer = await fetch(`/admin/api/leads?${query}`, { headers: { Accept: "application/json" } });
  if (!answer.ok) return;
  const { leads } = await answer.json();
  const count = leads.filter((lead) => lead.id > fresh.dataset.newest).length;
  const shown = count === LOOKED_AT ? `${LOOKED_AT}+` : String(count);
  fresh.textContent = fresh.dataset.text.replace("{n}", shown);
  fresh.hidden = count === 0;
}

if (fresh) {
  setInterval(() => {
    // A page in the background asks nothing; a failed request is tried again at the next turn.
    if (document.visibilityState === "visible") announceNewLeads().catch(() => {});
  }, POLL_MS);
}
