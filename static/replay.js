// Shows how a drawing was drawn: its strokes, one after the other.

import { ask } from "./admin.js";
import { at } from "./site.js";

const MOST_MS = 3_000;
const MS_PER_POINT = 16; // as the pens of tablets send them
const MARGIN = 0.1; // on each side, as a fraction of the canvas
const PEN = 0.05; // of the canvas, as the width that was drawn with is not known

export class Replay {
  #button;
  #canvas;
  #picture;
  #drawing = null;
  #run = 0; // counts the replays, so that an earlier one ends

  constructor(button, canvas, picture) {
    this.#button = button;
    this.#canvas = canvas;
    this.#picture = picture;
    button.addEventListener("click", () => this.start());
  }

  /** Show the picture of another drawing. */
  set(drawing) {
    this.#run += 1;
    this.#drawing = drawing;
    this.#button.disabled = !drawing.has_strokes;
    this.#showCanvas(false);
  }

  async start() {
    const drawing = this.#drawing;
    if (!drawing?.has_strokes) return;
    const run = ++this.#run;
    const { strokes } = await ask("GET", at(`/admin/api/drawings/${drawing.id}/strokes`));
    if (run !== this.#run || !strokes.length) return;
    this.#showCanvas(true);
    const total = strokes.reduce((sum, { length }) => sum + length, 0);
    const lasts = Math.min(MOST_MS, total * MS_PER_POINT);
    const began = performance.now();
    const frame = (now) => {
      if (run !== this.#run) return;
      const share = Math.min(1, (now - began) / lasts);
      paint(this.#canvas, strokes, Math.max(1, Math.round(share * total)));
      if (share < 1) requestAnimationFrame(frame);
    };
    requestAnimationFrame(frame);
  }

  #showCanvas(isShown) {
    this.#canvas.hidden = !isShown;
    this.#picture.hidden = isShown;
  }
}

/** Paint the first `count` points of all strokes, fitted to the canvas. */
function paint(canvas, strokes, count) {
  const side = canvas.width;
  const xs = strokes.flat().map(([x]) => x);
  const ys = strokes.flat().map(([, y]) => y);
  const [left, top] = [least(xs), least(ys)];
  const [width, height] = [-least(xs.map((x) => -x)) - left, -least(ys.map((y) => -y)) - top];
  const scale = ((1 - 2 * MARGIN) * side) / Math.max(width, height, 1e-9);
  const context = canvas.getContext("2d");
  context.clearRect(0, 0, side, side);
  context.lineCap = context.lineJoin = "round";
  context.lineWidth = PEN * side;
  const place = ([x, y]) => [
    side / 2 + (x - left - width / 2) * scale,
    side / 2 + (y - top - height / 2) * scale,
  ];
  for (const points of strokes) {
    const some = points.slice(0, count);
    count -= some.length;
    context.beginPath();
    for (const point of [...some.slice(0, 1), ...some]) context.lineTo(...place(point)); // dots too
    context.stroke();
  }
}

function least(numbers) {
  return numbers.reduce((least, each) => Math.min(least, each), Infinity);
}
