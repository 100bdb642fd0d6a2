// Per cent as the page's language writes it, and the server does (webapp/http/i18n.py).

const { percent: pattern } = document.body.dataset;

/** `share`, 0..1, with this many decimal places. Only all is 100 %: what is less never rounds up to it. */
export function percent(share, places = 1) {
  const most = share < 1 ? 100 - 10 ** -places : 100;
  return pattern.replace("{number}", Math.min(100 * share, most).toFixed(places));
}

/** The same of a probability, which is never 100 %, even where floats have no number below 1 for it. */
export function chance(probability, places = 1) {
  return percent(Math.min(probability, 1 - Number.EPSILON), places);
}
