// How a drawing is read: the options on the drawing page.

import { store } from "./preserve.js";

const KEY = "options";

const $ = (id) => document.getElementById(id);

export function options() {
  return { mode: $("mode").value, model: $("model").value };
}

/** Set the options that the page has; without a `mode`, that of a fresh page. */
export function choose({ mode, model }) {
  pick($("mode"), mode ?? $("mode").options[0].value);
  if (model) pick($("model"), model);
}

/**
 * Restore the options of the tab's session, as the drawing is restored that they belong to, and store
 * them as they change. Where they are not to be seen, the page's address has said what they are.
 */
export function keepOptions() {
  const selects = [$("mode"), $("model")];
  if (selects.some((select) => select.closest("[hidden]"))) return;
  try {
    const saved = JSON.parse(sessionStorage.getItem(KEY));
    if (saved) choose(saved);
  } catch {
    // no options, or storage is blocked; the page works without them
  }
  for (const select of selects) {
    select.addEventListener("input", () => store(KEY, JSON.stringify(options())));
  }
}

function pick(select, value) {
  if (![...select.options].some((option) => option.value === value)) return;
  select.value = value;
  select.dispatchEvent(new Event("input"));
}
