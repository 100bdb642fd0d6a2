// On the page that is shown while the server is away: goes on to the page that was asked for, once
// the server is back.

const EVERY_MS = 5_000;
const { alive, page, home } = document.getElementById("main").dataset;

async function look() {
  const response = await fetch(alive, { cache: "no-store" }).catch(() => null);
  if (!response?.ok) return;
  if (location.pathname === page) location.assign(home); // somebody asked for this very page
  else location.reload();
}

setInterval(look, EVERY_MS);
addEventListener("online", look);
