// The drawing surface: paints the sheet, sharp at any size and pixel ratio, and what is sent of it.

import { outlineOf } from "./outline.js";
import { canBeRead } from "./readable.js";
import { SIDE } from "./sheet.js";

const PICTURE_MARGIN = 1 / 14; // on each side, as a fraction of the picture sent
const SMALLEST_CROP = SIDE / 4; // so that a dot stays a dot instead of being enlarged to a blob

/** Shows a sheet on a canvas. */
export class Pad {
  #canvas;
  #sheet;
  #frames = []; // {box, isChosen, isUnread}: [x, y, width, height] in pixels of what was read
  #sent = null; // that picture's {left, top} and {scale} in thousandths of the sheet
  #width = 42; // of the cursor
  #framePending = false;

  constructor(canvas, sheet) {
    this.#canvas = canvas;
    this.#sheet = sheet;
    sheet.addEventListener("change", () => this.repaint());
    new ResizeObserver(() => this.#resize()).observe(canvas);
    this.#watchPixelRatio();
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.repaint());
    matchMedia("(forced-colors: active)").addEventListener("change", () => this.repaint());
    document.addEventListener("themechange", () => this.repaint());
  }

  /** The width of the pen in thousandths of the sheet, for the cursor. */
  set width(value) {
    this.#width = value;
    this.#showCursor();
  }

  /**
   * Ink to frame: its `box`, [x, y, width, height] in pixels of the picture that was sent,
   * `isChosen` for a thicker frame and `isUnread` for a dashed one.
   */
  set frames(frames) {
    this.#frames = frames;
    this.repaint();
  }

  /** The index of the frame around a place on the page, -1 if there is none. */
  frameAt({ clientX, clientY }) {
    if (!this.#sent) return -1;
    const bounds = this.#canvas.getBoundingClientRect();
    const [x, y] = [clientX - bounds.left, clientY - bounds.top].map((n) => (n * SIDE) / bounds.width);
    const { left, top, scale } = this.#sent;
    const isIn = (at, from, length) => at >= from * scale && at <= (from + length) * scale;
    return this.#frames.findIndex(({ box }) =>
      isIn(x - left, box[0], box[2]) && isIn(y - top, box[1], box[3]));
  }

  /**
   * What to send of the drawing: `image`, the cropped ink, black on a white square of `side` pixels,
   * as a PNG data URL. Where the browser keeps canvases from being read, `strokes` and the width of
   * the `pen`, of which the server draws the same.
   */
  drawing(side) {
    if (canBeRead()) return { image: this.#toDataURL(side) };
    const strokes = this.#sheet.strokes.map(({ points }) => points);
    const pen = this.#sheet.strokes.at(-1).width;
    this.#place(strokes.map((points) => ({ width: pen, points })), side, 6 * pen);
    return { strokes, pen };
  }

  /** Note where the strokes are in the picture of `side` pixels that is read. Returns its scale. */
  #place(strokes, side, smallest) {
    const { left, right, top, bottom } = boundsOf(strokes);
    const crop = Math.max(right - left, bottom - top, smallest);
    const scale = ((1 - 2 * PICTURE_MARGIN) * side) / crop;
    this.#sent = {
      left: (left + right - side / scale) / 2,
      top: (top + bottom - side / scale) / 2,
      scale: 1 / scale,
    };
    return scale;
  }

  #toDataURL(side) {
    const { strokes } = this.#sheet;
    const scale = this.#place(strokes, side, SMALLEST_CROP);
    const canvas = document.createElement("canvas");
    canvas.width = canvas.height = side;
    const context = canvas.getContext("2d", { alpha: false });
    context.fillStyle = "#fff";
    context.fillRect(0, 0, side, side);
    context.scale(scale, scale);
    context.translate(-this.#sent.left, -this.#sent.top);
    context.fillStyle = "#000";
    for (const stroke of strokes) paint(context, stroke);
    return canvas.toDataURL("image/png");
  }

  repaint() {
    if (this.#framePending) return;
    this.#framePending = true;
    requestAnimationFrame(() => {
      this.#framePending = false;
      this.#paint();
    });
  }

  /** Call `#resize` whenever the pixel ratio changes: the size in CSS pixels may stay the same. */
  #watchPixelRatio() {
    const ratio = matchMedia(`(resolution: ${devicePixelRatio}dppx)`);
    ratio.addEventListener(
      "change",
      () => {
        this.#resize();
        this.#watchPixelRatio();
      },
      { once: true },
    );
  }

  #resize() {
    if (this.#side() !== this.#canvas.width) this.#paint(); // at once: it is blurred, or cleared
    this.#showCursor();
  }

  /** The canvas's side in pixels of the screen. */
  #side() {
    return Math.round(this.#canvas.clientWidth * devicePixelRatio) || this.#canvas.width;
  }

  #paint() {
    const canvas = this.#canvas;
    const context = canvas.getContext("2d");
    const style = getComputedStyle(canvas);
    const side = this.#side();
    if (side !== canvas.width) canvas.width = canvas.height = side;
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, canvas.width, canvas.height);
    context.setTransform(canvas.width / SIDE, 0, 0, canvas.width / SIDE, 0, 0);
    const { picture, strokes } = this.#sheet;
    if (picture) this.#paintPicture(context, picture);
    context.fillStyle = style.color;
    for (const stroke of strokes) paint(context, stroke);
    context.strokeStyle = style.getPropertyValue("--accent");
    context.lineWidth = (2 * SIDE) / canvas.clientWidth;
    const frames = this.#sent ? this.#frames : [];
    const thin = context.lineWidth;
    for (const { box: [x, y, width, height], isChosen, isUnread } of frames) {
      const { left, top, scale } = this.#sent;
      context.lineWidth = isChosen ? 2 * thin : thin;
      context.setLineDash(isUnread ? [3 * context.lineWidth, 2 * context.lineWidth] : []);
      context.strokeRect(left + x * scale, top + y * scale, width * scale, height * scale);
    }
  }

  #paintPicture(context, { bitmap, width, height }) {
    this.#sent = null;
    if (!bitmap) return;
    const scale = SIDE / Math.max(width, height);
    const [left, top] = [width, height].map((length) => (SIDE - length * scale) / 2);
    this.#sent = { left, top, scale };
    context.imageSmoothingEnabled = scale * context.canvas.width < 4 * SIDE; // else hard pixels
    context.drawImage(bitmap, left, top, width * scale, height * scale);
  }

  /** Make the cursor a dot of the pen's size, ringed so that it shows on ink too. */
  #showCursor() {
    const dot = Math.max(3, (this.#width / SIDE) * this.#canvas.clientWidth);
    const side = Math.ceil(dot) + 4;
    const svg =
      `<svg xmlns="http://www.w3.org/2000/svg" width="${side}" height="${side}">` +
      `<circle cx="${side / 2}" cy="${side / 2}" r="${dot / 2}" fill="#8888" stroke="#fff"/></svg>`;
    const spot = Math.round(side / 2);
    this.#canvas.style.cursor =
      `url("data:image/svg+xml,${encodeURIComponent(svg)}") ${spot} ${spot}, crosshair`;
  }
}

/** The edges of all ink, in thousandths of the sheet. */
function boundsOf(strokes) {
  const bounds = { left: Infinity, right: -Infinity, top: Infinity, bottom: -Infinity };
  for (const { width, points } of strokes) {
    for (const [x, y] of points) {
      bounds.left = Math.min(bounds.left, x - width / 2);
      bounds.right = Math.max(bounds.right, x + width / 2);
      bounds.top = Math.min(bounds.top, y - width / 2);
      bounds.bottom = Math.max(bounds.bottom, y + width / 2);
    }
  }
  return bounds;
}

const outlines = new WeakMap(); // from a stroke to {path, length}: only the last one still grows

function paint(context, stroke) {
  const { length } = stroke.points;
  let outline = outlines.get(stroke);
  if (outline?.length !== length) {
    outline = { path: new Path2D(outlineOf(stroke)), length };
    outlines.set(stroke, outline);
  }
  context.fill(outline.path);
}
