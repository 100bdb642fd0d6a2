// A drawing that the address's fragment carries.

import { decode, encode } from "./stroke_code.js";

/**
 * Take what the fragment carries out of the address, or a reload would draw it again. Returns the
 * strokes, and the fragment's fields. Throws an Error if it is no drawing.
 */
export function takeLinked() {
  const fields = new URLSearchParams(location.hash.slice(1));
  history.replaceState(null, "", location.pathname + location.search);
  return { strokes: decode(fields.get("drawing")), fields };
}

/** Draw what the learn page's link carries, as a step that can be undone, unless `sheet` has it. */
export function drawLinked(sheet) {
  if (!location.hash.startsWith("#drawing=")) return;
  try {
    const { strokes } = takeLinked();
    if (sheet.isBlank || encode(strokes) !== encode(sheet.strokes)) sheet.draw(strokes);
  } catch {
    // a damaged link: what is on the sheet stays
  }
}
