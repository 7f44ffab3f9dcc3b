// Live updates: when there is something new the page is fetched again and its main part replaced, where nothing is being read
// that would jump (an open number table, a selection). Forgetting asks first.
"use strict";
// The link that lets one in is used up: what is reloaded, kept or gone back to is the page.
if (location.pathname === "/enter") history.replaceState(null, "", "/");
const live = document.getElementById("live");
const seen = Number(document.body.dataset.version);
let shown = seen;

async function refresh(version) {
  const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
  if (!answer.ok) return;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  document.querySelector("main").replaceWith(fresh.querySelector("main"));
  shown = version;
  live.textContent = `updated ${new Date().toLocaleTimeString()}`;
}

function busy() {
  const inside = document.activeElement && document.activeElement.closest("main");
  return Boolean(document.querySelector("details[open]") || inside || String(getSelection()));
}

let latest = seen;

// A page that nobody sees is fetched again once somebody does.
function look() {
  if (latest === shown || document.hidden) return;
  if (busy()) live.textContent = "there is something new: reload to see it";
  else void refresh(latest);
}

if (Number.isFinite(seen)) {
  const source = new EventSource("/live");
  source.addEventListener("message", (event) => {
    latest = Number(event.data);
    look();
  });
  document.addEventListener("visibilitychange", look);
  addEventListener("pagehide", () => source.close());
}

document.addEventListener("submit", (event) => {
  const question = event.target.dataset.ask;
  if (question && !confirm(question)) event.preventDefault();
});
