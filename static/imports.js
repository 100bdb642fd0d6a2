// The admin overview: follows the imports that run or wait, and reloads when one begins or ends.

import { at } from "./site.js";

const POLL_MS = 1_000;

for (const cell of document.querySelectorAll("[data-import]")) {
  const bar = cell.querySelector("progress");
  setInterval(async () => {
    const response = await fetch(at(`/admin/api/imports/${cell.dataset.import}`)).catch(() => null);
    if (!response?.ok) return;
    const { state, share } = await response.json();
    if (state !== (bar ? "running" : "waiting")) location.reload();
    else if (bar) bar.value = share;
  }, POLL_MS);
}
