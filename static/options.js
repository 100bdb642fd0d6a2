// How a drawing is read: the options on the drawing page.

const $ = (id) => document.getElementById(id);

export function options() {
  return { mode: $("mode").value, model: $("model").value };
}

/** Set the options that the page has; without a `mode`, that of a fresh page. */
export function choose({ mode, model }) {
  pick($("mode"), mode ?? $("mode").options[0].value);
  if (model) pick($("model"), model);
}

function pick(select, value) {
  if (![...select.options].some((option) => option.value === value)) return;
  select.value = value;
  select.dispatchEvent(new Event("input"));
}
