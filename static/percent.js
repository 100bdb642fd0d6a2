// Per cent as the page's language writes it, and the server does (webapp/http/i18n.py).

const { percent: pattern } = document.body.dataset;

/** `share`, 0..1, with this many decimal places. */
export function percent(share, places = 1) {
  return pattern.replace("{number}", (100 * share).toFixed(places));
}
