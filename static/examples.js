// Examples: each draws itself, stroke by stroke, or is a photo.

import { pictureOf } from "./files.js";
import { choose } from "./options.js";

const WIDTHS = { digit: 42, number: 30 }; // of the pen, in thousandths of the sheet
const STEP = 12; // between points, in the same unit
const PER_MS = 2.4; // length that is drawn

let latest = 0;

/**
 * Show the example of `button`; a stroke by hand, or another example, ends one that is being drawn.
 * Resolves with false if a photo could not be fetched.
 */
export async function showExample({ dataset, children }, sheet) {
  const number = ++latest;
  const isNumber = /^\d{2,}$/.test(dataset.example);
  if (dataset.photo) {
    const file = await fetchPhoto(dataset.photo);
    if (!file) return false;
    const picture = await pictureOf(file);
    if (number !== latest) return true;
    choose({});
    sheet.show(picture);
    return true;
  }
  choose({});
  const width = WIDTHS[isNumber ? "number" : "digit"];
  const lines = [...children[0].querySelectorAll("path")].map(pointsOf);
  if (matchMedia("(prefers-reduced-motion: reduce)").matches) {
    sheet.draw(lines.map((points) => ({ width, pressure: false, points })));
    return true;
  }
  sheet.clear();
  for (const points of lines) {
    if (number !== latest || !(await drawn(sheet, width, points))) break;
  }
  return true;
}

/** The photo as a file, or null if it cannot be fetched. */
async function fetchPhoto(url) {
  try {
    const photo = await (await fetch(url)).blob();
    return new File([photo], "example.jpg", { type: photo.type });
  } catch {
    return null;
  }
}

/** Draw one stroke, point by point. Resolves with whether nothing else was done at the sheet. */
async function drawn(sheet, width, points) {
  const before = sheet.strokes;
  sheet.begin(width, false);
  const { stroke } = sheet;
  let started = 0;
  let done = 0;
  while (done < points.length) {
    const now = await new Promise(requestAnimationFrame);
    if (sheet.stroke !== stroke) return false;
    started ||= now;
    const until = Math.min(points.length, 1 + Math.floor(((now - started) * PER_MS) / STEP));
    while (done < until) sheet.extend(points[done++]);
  }
  sheet.finish();
  return sheet.strokes.length === before.length + 1;
}

function pointsOf(path) {
  const length = path.getTotalLength();
  const count = Math.ceil(length / STEP);
  return Array.from({ length: count + 1 }, (_, i) => {
    const { x, y } = path.getPointAtLength((length * i) / count);
    return [Math.round(x * 10) / 10, Math.round(y * 10) / 10, 0.5];
  });
}
