// On the page that is shown while the server is away: goes on to the page that was asked for, once
// the server is back.

const EVERY_MS = 5_000;
const { alive } = document.getElementById("main").dataset;

async function look() {
  const response = await fetch(alive, { cache: "no-store" }).catch(() => null);
  if (response?.ok) location.reload();
}

setInterval(look, EVERY_MS);
addEventListener("online", look);
