// What is on the sheet, and its history: whatever changes it is one step, which can be undone.

export const SIDE = 1000; // coordinates are in thousandths of the sheet, whatever its size

const MOST_STEPS = 500;
const MOST_PICTURES = 8; // in the history; each takes up to 9 MB

const BLANK = { strokes: [], picture: null };

/**
 * Strokes, or a picture. Dispatches `change` whenever either changes.
 *
 * A stroke is {width, pressure, points}: points are [x, y, pressure] in thousandths of the sheet,
 * pressure in 0..1; `pressure` says whether the width follows it. A picture is {file, bitmap,
 * width, height}, the size in pixels of the file; `bitmap` is null if the browser cannot show it.
 */
export class Sheet extends EventTarget {
  #past = [];
  #now = BLANK;
  #future = [];
  #stroke = null; // while it is being drawn
  #rubbed = false; // whether the present use of the eraser is a step already

  get strokes() {
    if (!this.#stroke) return this.#now.strokes;
    return [...this.#now.strokes, this.#stroke]; // on a picture, drawing starts over
  }

  get picture() {
    return this.#stroke ? null : this.#now.picture;
  }

  get isBlank() {
    return this.strokes.length === 0 && !this.picture;
  }

  /** Whether no stroke is longer than its own width, i.e. the pen has only touched down. */
  get isDot() {
    return this.strokes.every(isDot);
  }

  get canUndo() {
    return this.#past.length > 0 || Boolean(this.#stroke);
  }

  get canRedo() {
    return this.#future.length > 0 && !this.#stroke;
  }

  /** The stroke that is being drawn, or null. */
  get stroke() {
    return this.#stroke;
  }

  /** Begin a stroke, which gets its points by `extend`. One that is not finished yet is. */
  begin(width, pressure) {
    this.finish();
    this.#stroke = { width, pressure, points: [] };
  }

  extend(point) {
    this.#stroke.points.push(point);
    this.#changed();
  }

  finish() {
    if (!this.#stroke) return;
    const strokes = this.strokes;
    this.#stroke = null;
    this.#step({ strokes, picture: null });
  }

  /** Take back the stroke that is being drawn; unless it is a dot, it can be had by redoing. */
  withdraw() {
    if (!this.#stroke) return;
    if (isDot(this.#stroke)) {
      this.#stroke = null;
      this.#changed();
    } else {
      this.undo();
    }
  }

  /** Replace all with a picture. */
  show(picture) {
    this.finish();
    this.#step({ strokes: [], picture });
  }

  /** Replace all with strokes; they must not be changed any more. */
  draw(strokes) {
    this.finish();
    this.#step({ strokes, picture: null });
  }

  clear() {
    this.finish();
    if (!this.isBlank) this.#step(BLANK);
  }

  /** Begin to use the eraser: all that it erases from here on is one step. */
  beginErasing() {
    this.finish();
    this.#rubbed = false;
  }

  /** Erase each stroke that comes within `radius` of the line from one point to another. */
  erase(from, to, radius) {
    const strokes = this.#now.strokes.filter((stroke) => !touches(stroke, from, to, radius));
    if (strokes.length === this.#now.strokes.length) return;
    if (this.#rubbed) {
      this.#now = { ...this.#now, strokes };
      this.#changed();
    } else {
      this.#rubbed = true;
      this.#step({ ...this.#now, strokes });
    }
  }

  undo() {
    this.finish();
    this.#move(this.#past, this.#future);
  }

  redo() {
    this.finish();
    this.#move(this.#future, this.#past);
  }

  /** The latest `steps` steps of the history, without pictures, for `restore`. */
  save(steps) {
    const all = new Map(); // from each stroke to its number
    const number = (stroke) => all.set(stroke, all.get(stroke) ?? all.size).get(stroke);
    const drawn = ({ strokes, picture }) => (picture ? [] : [strokes.map(number)]);
    const now = this.strokes.map(number);
    const past = [...this.#past, ...(this.#stroke ? [this.#now] : [])].slice(-steps);
    const future = this.#future.slice(-steps);
    return {
      now,
      past: past.flatMap(drawn),
      future: future.flatMap(drawn),
      strokes: [...all.keys()],
    };
  }

  /** Continue with what `save` returned. Throws a TypeError if it is not of that form. */
  restore({ now, past, future, strokes }) {
    const checked = strokes.map(({ width, pressure, points }) => ({
      width: finite(width),
      pressure: Boolean(pressure),
      points: points.map(([x, y, force]) => [finite(x), finite(y), finite(force)]),
    }));
    const step = (numbers) => ({ strokes: numbers.map((n) => existing(checked[n])), picture: null });
    const steps = [now, ...past, ...future].map(step);
    this.#now = steps[0];
    this.#past = steps.slice(1, 1 + past.length);
    this.#future = steps.slice(1 + past.length);
    this.#changed();
  }

  #step(next) {
    const before = this.#pictures();
    this.#past.push(this.#now);
    this.#now = next;
    this.#future = [];
    const pictures = () => new Set(this.#past.map(({ picture }) => picture).filter(Boolean)).size;
    while (this.#past.length > MOST_STEPS || pictures() > MOST_PICTURES) this.#past.shift();
    const after = this.#pictures();
    for (const picture of before) if (!after.has(picture)) picture.bitmap?.close();
    this.#changed();
  }

  /** All pictures that can be had, by undoing or redoing if need be. */
  #pictures() {
    const steps = [...this.#past, this.#now, ...this.#future];
    return new Set(steps.map(({ picture }) => picture).filter(Boolean));
  }

  #move(from, to) {
    if (!from.length) return;
    to.push(this.#now);
    this.#now = from.pop();
    this.#rubbed = false;
    this.#changed();
  }

  #changed() {
    this.dispatchEvent(new Event("change"));
  }
}

/** Whether a stroke is no longer than its own width. */
export function isDot({ width, points }) {
  const [x, y] = points[0];
  return points.every((point) => Math.hypot(point[0] - x, point[1] - y) < width);
}

function touches({ width, points }, from, to, radius) {
  const reach = radius + width / 2;
  const steps = Math.ceil(Math.hypot(to[0] - from[0], to[1] - from[1]) / reach) || 1;
  return Array.from({ length: steps + 1 }, (_, i) => i / steps).some((t) => {
    const x = from[0] + t * (to[0] - from[0]);
    const y = from[1] + t * (to[1] - from[1]);
    return points.some((point, i) => distance(x, y, points[Math.max(0, i - 1)], point) < reach);
  });
}

/** From (x, y) to the line between two points. */
function distance(x, y, [ax, ay], [bx, by]) {
  const squared = (bx - ax) ** 2 + (by - ay) ** 2;
  const along = squared ? ((x - ax) * (bx - ax) + (y - ay) * (by - ay)) / squared : 0;
  const t = Math.min(1, Math.max(0, along));
  return Math.hypot(ax + t * (bx - ax) - x, ay + t * (by - ay) - y);
}

function finite(value) {
  if (!Number.isFinite(value)) throw new TypeError("not a number");
  return value;
}

function existing(stroke) {
  if (!stroke?.points.length) throw new TypeError("no such stroke");
  return stroke;
}
