// The drawing surface: strokes are kept as vectors and rendered sharp at any size and pixel ratio.

import { getStroke } from "./vendor/perfect-freehand/perfect-freehand.js";

const SIDE = 1000; // stroke coordinates are in thousandths of the surface, whatever its size
const PALM_MS = 500; // ignore touches this soon after the pen: they are the palm

const PICTURE_MARGIN = 1 / 14; // on each side, as a fraction of the picture sent
const SMALLEST_CROP = SIDE / 4; // so that a dot stays a dot instead of being enlarged to a blob

/** A drawing surface on a canvas. Dispatches `change` whenever the drawing changes. */
export class Pad extends EventTarget {
  #canvas;
  #strokes = [];
  #undone = [];
  #current = null; // {id, stroke} while a pointer is down
  #picture = null; // the bitmap of an uploaded picture
  #frames = []; // {box, isUnread}: [x, y, width, height] in pixels of the picture that was read
  #sent = null; // that picture's {left, top} and {scale} in thousandths of the surface
  #penSeen = -Infinity;
  #width = 42;
  #framePending = false;

  constructor(canvas) {
    super();
    this.#canvas = canvas;
    canvas.addEventListener("pointerdown", (event) => this.#down(event));
    canvas.addEventListener("pointermove", (event) => this.#move(event));
    canvas.addEventListener("pointerup", (event) => this.#up(event));
    canvas.addEventListener("pointercancel", (event) => this.#cancel(event));
    new ResizeObserver(() => this.#resize()).observe(canvas);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.repaint());
    document.addEventListener("themechange", () => this.repaint());
  }

  get isEmpty() {
    return this.#strokes.length === 0;
  }

  /** Whether no stroke is longer than its own width, i.e. the pen has only touched down. */
  get isDot() {
    return this.#strokes.every(({ width, points }) => {
      const [x, y] = points[0];
      return points.every((point) => Math.hypot(point[0] - x, point[1] - y) < width);
    });
  }

  get canRedo() {
    return this.#undone.length > 0;
  }

  get hasPicture() {
    return this.#picture !== null;
  }

  /** The pen's width in thousandths of the surface. */
  set width(value) {
    this.#width = value;
    this.#showCursor();
  }

  /** Strokes: {width, pressure, points}, points being [x, y, pressure] in thousandths. */
  get strokes() {
    return this.#strokes;
  }

  set strokes(strokes) {
    this.#strokes = strokes;
    this.#undone = [];
    this.#changed();
  }

  undo() {
    if (this.isEmpty) return;
    this.#undone.push(this.#strokes.pop());
    this.#changed();
  }

  redo() {
    if (!this.canRedo) return;
    this.#strokes.push(this.#undone.pop());
    this.#changed();
  }

  clear() {
    this.#strokes = [];
    this.#undone = [];
    this.#current = null;
    this.#picture = null;
    this.#frames = [];
    this.#changed();
  }

  /** Show an uploaded picture instead of strokes. */
  showPicture(bitmap) {
    this.#strokes = [];
    this.#undone = [];
    this.#picture = bitmap;
    this.#frames = [];
    const scale = SIDE / Math.max(bitmap.width, bitmap.height);
    this.#sent = {
      left: (SIDE - bitmap.width * scale) / 2,
      top: (SIDE - bitmap.height * scale) / 2,
      scale,
    };
    this.#changed();
  }

  /**
   * Ink to frame: its `box`, [x, y, width, height] in pixels of the picture that was sent, and
   * `isUnread` for a dashed frame.
   */
  set frames(frames) {
    this.#frames = frames;
    this.repaint();
  }

  /** The cropped ink, black on a white square of `side` pixels, as a PNG data URL. */
  toDataURL(side) {
    const points = this.#strokes.flatMap((stroke) =>
      stroke.points.map(([x, y]) => [x, y, stroke.width / 2]),
    );
    const left = Math.min(...points.map(([x, , r]) => x - r));
    const right = Math.max(...points.map(([x, , r]) => x + r));
    const top = Math.min(...points.map(([, y, r]) => y - r));
    const bottom = Math.max(...points.map(([, y, r]) => y + r));
    const crop = Math.max(right - left, bottom - top, SMALLEST_CROP);
    const scale = ((1 - 2 * PICTURE_MARGIN) * side) / crop;
    const canvas = document.createElement("canvas");
    canvas.width = canvas.height = side;
    const context = canvas.getContext("2d", { alpha: false });
    context.fillStyle = "#fff";
    context.fillRect(0, 0, side, side);
    this.#sent = {
      left: (left + right - side / scale) / 2,
      top: (top + bottom - side / scale) / 2,
      scale: 1 / scale,
    };
    context.scale(scale, scale);
    context.translate(-this.#sent.left, -this.#sent.top);
    context.fillStyle = "#000";
    for (const stroke of this.#strokes) paint(context, stroke);
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

  #down(event) {
    if (this.#current || event.button !== 0) return; // ignore other fingers and buttons
    if (event.pointerType === "pen") this.#penSeen = event.timeStamp;
    if (event.pointerType === "touch" && event.timeStamp - this.#penSeen < PALM_MS) return;
    event.preventDefault();
    this.#canvas.setPointerCapture(event.pointerId);
    if (this.#picture) this.#frames = [];
    this.#picture = null;
    this.#undone = [];
    const stroke = { width: this.#width, pressure: event.pointerType === "pen", points: [] };
    this.#strokes.push(stroke);
    this.#current = { id: event.pointerId, stroke };
    this.#add(event);
  }

  #move(event) {
    if (event.pointerId !== this.#current?.id) return;
    if (event.pointerType === "pen") this.#penSeen = event.timeStamp;
    const events = event.getCoalescedEvents?.() ?? [];
    for (const each of events.length ? events : [event]) this.#add(each);
  }

  #up(event) {
    if (event.pointerId !== this.#current?.id) return;
    this.#add(event);
    this.#current = null;
    this.#changed();
  }

  /** The system took the pointer (palm rejection, a gesture): drop the unfinished stroke. */
  #cancel(event) {
    if (event.pointerId !== this.#current?.id) return;
    this.#strokes = this.#strokes.filter((stroke) => stroke !== this.#current.stroke);
    this.#current = null;
    this.#changed();
  }

  #add(event) {
    const bounds = this.#canvas.getBoundingClientRect();
    const x = ((event.clientX - bounds.left) / bounds.width) * SIDE;
    const y = ((event.clientY - bounds.top) / bounds.height) * SIDE;
    this.#current.stroke.points.push([round(x), round(y), event.pressure || 0.5]);
    this.#changed();
  }

  #changed() {
    this.repaint();
    this.dispatchEvent(new Event("change"));
  }

  #resize() {
    const side = Math.round(this.#canvas.clientWidth * devicePixelRatio);
    if (side && side !== this.#canvas.width) {
      this.#canvas.width = this.#canvas.height = side;
      this.#paint(); // at once, because resizing clears the canvas
    }
    this.#showCursor();
  }

  #paint() {
    const canvas = this.#canvas;
    const context = canvas.getContext("2d");
    const style = getComputedStyle(canvas);
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, canvas.width, canvas.height);
    context.setTransform(canvas.width / SIDE, 0, 0, canvas.width / SIDE, 0, 0);
    if (this.#picture) this.#paintPicture(context);
    context.fillStyle = style.color;
    for (const stroke of this.#strokes) paint(context, stroke);
    context.strokeStyle = style.getPropertyValue("--accent");
    context.lineWidth = (2 * SIDE) / canvas.clientWidth;
    for (const { box: [x, y, width, height], isUnread } of this.#frames) {
      const { left, top, scale } = this.#sent;
      context.setLineDash(isUnread ? [3 * context.lineWidth, 2 * context.lineWidth] : []);
      context.strokeRect(left + x * scale, top + y * scale, width * scale, height * scale);
    }
  }

  #paintPicture(context) {
    const { left, top, scale } = this.#sent;
    const { width, height } = this.#picture;
    context.imageSmoothingEnabled = scale * context.canvas.width < 4 * SIDE; // else hard pixels
    context.drawImage(this.#picture, left, top, width * scale, height * scale);
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

function paint(context, stroke) {
  const outline = getStroke(stroke.points, {
    size: stroke.width,
    thinning: stroke.pressure ? 0.5 : 0,
    simulatePressure: false,
    smoothing: 0.5,
    streamline: 0.3,
    last: true,
  });
  if (!outline.length) return;
  context.beginPath();
  context.moveTo(...outline[0]);
  outline.forEach(([x, y], i) => {
    const [nextX, nextY] = outline[(i + 1) % outline.length];
    context.quadraticCurveTo(x, y, (x + nextX) / 2, (y + nextY) / 2);
  });
  context.fill();
}

function round(value) {
  return Math.round(value * 10) / 10;
}
