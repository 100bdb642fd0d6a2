// The three steps of how a model sees: the drawing, its 28 × 28 pixels (which the answer brings), and
// the ten bars, in miniature.

import { outlineOf } from "./outline.js";
import { SIDE } from "./sheet.js";

const BARS_SIDE = 28; // of the picture of the bars, in its own units
const ROOM = BARS_SIDE - 2;

/**
 * Show in `root` the steps to an answer with these probabilities; null for no answer. Of `sheet` it
 * shows what was drawn alone: the pad frames in it what was found there.
 */
export function showSteps(root, sheet, probabilities) {
  const bars = Array.from({ length: 10 }, (_, digit) => {
    const height = 1 + ROOM * (probabilities?.[digit] ?? 0);
    return `M${digit * 2.8 + 1.4} ${BARS_SIDE}v${-height}`;
  });
  root.querySelector("path").setAttribute("d", bars.join(""));
  const drawing = root.querySelector("canvas");
  const context = drawing.getContext("2d");
  context.resetTransform();
  context.clearRect(0, 0, drawing.width, drawing.height);
  if (!probabilities) return;
  context.scale(drawing.width / SIDE, drawing.height / SIDE);
  const { picture, strokes } = sheet;
  if (picture?.bitmap) paintPicture(context, picture);
  context.fillStyle = getComputedStyle(root).getPropertyValue("--ink");
  for (const stroke of strokes) context.fill(new Path2D(outlineOf(stroke)));
}

function paintPicture(context, { bitmap, width, height }) {
  const scale = SIDE / Math.max(width, height);
  const [left, top] = [width, height].map((length) => (SIDE - length * scale) / 2);
  context.drawImage(bitmap, left, top, width * scale, height * scale);
}
