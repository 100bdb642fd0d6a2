// Hands at the sheet: which of the pens, fingers, palms and mice that touch it draw, and which not.

import { isDot, SIDE } from "./sheet.js";

const PALM_MS = 500; // a touch this soon after the pen, or a dot this soon before it, is the palm
const ERASER = 5; // the button that a pen's other end counts as
const ERASER_RADIUS = 12; // in thousandths of the sheet

/**
 * Turns pointer events on `canvas` into strokes on `sheet`. From the first touch of a pen on, touches
 * do not draw (`penMode`), until that is set to false. Dispatches `penmode` when it changes.
 *
 * Two fingers do not draw: they pinch and scroll, as `touch-action: pinch-zoom` allows.
 */
export class Hands extends EventTarget {
  width = 42; // of the pen, in thousandths of the sheet
  #canvas;
  #sheet;
  #current = null; // {id, type, stroke} or, with the eraser, {id, type, at}
  #fingers = new Set(); // ids of the touches on the canvas
  #gesture = false; // several fingers: none draws until all are lifted
  #penMode = false;
  #penAt = -Infinity; // when a pen was last in reach
  #dot = null; // {stroke, at} of the latest dot that a finger left
  #size = 0; // of the canvas when the current stroke began

  constructor(canvas, sheet) {
    super();
    this.#canvas = canvas;
    this.#sheet = sheet;
    canvas.addEventListener("pointerdown", (event) => this.#down(event));
    canvas.addEventListener("pointermove", (event) => this.#move(event));
    canvas.addEventListener("pointerup", (event) => this.#up(event));
    canvas.addEventListener("pointercancel", (event) => this.#cancel(event));
    canvas.addEventListener("lostpointercapture", ({ pointerId }) => this.#lift(pointerId));
    // Also against Scribble on iPads, which turns strokes into text or delays them.
    canvas.addEventListener("touchmove", (event) => this.#keepFromScrolling(event), {
      passive: false,
    });
    new ResizeObserver(() => this.#turn()).observe(canvas);
  }

  get penMode() {
    return this.#penMode;
  }

  set penMode(on) {
    if (on === this.#penMode) return;
    this.#penMode = on;
    this.dispatchEvent(new Event("penmode"));
  }

  #down(event) {
    const { pointerId: id, pointerType: type } = event;
    if (id === this.#current?.id) this.#lift(id); // its end was never told
    if (type === "pen") this.#takeOver(event);
    if (type === "touch" && !this.#isDrawing(event)) return;
    const erases = type === "pen" && (event.button === ERASER || event.buttons & 32);
    if (this.#current || (event.button !== 0 && !erases)) return; // other buttons, another mouse
    event.preventDefault();
    this.#canvas.focus({ preventScroll: true }); // keys are about the drawing from here on
    this.#capture(id);
    this.#size = this.#canvas.clientWidth;
    if (erases) {
      this.#sheet.beginErasing();
      this.#current = { id, type, at: this.#place(event) };
    } else {
      this.#sheet.begin(this.width, type === "pen");
      this.#current = { id, type, stroke: this.#sheet.stroke };
    }
    this.#add(event);
  }

  /** A pen has touched the sheet: whatever a hand does or has just done there was its palm. */
  #takeOver(event) {
    this.#penAt = event.timeStamp;
    this.penMode = true;
    if (this.#current?.type === "touch") {
      this.#current = null;
      this.#sheet.withdraw();
    } else if (this.#dot && event.timeStamp - this.#dot.at < PALM_MS) {
      if (this.#sheet.strokes.at(-1) === this.#dot.stroke) this.#sheet.undo();
    }
    this.#dot = null;
  }

  /** Whether a finger that has touched down draws. */
  #isDrawing({ pointerId, isPrimary, timeStamp }) {
    if (isPrimary) { // no other finger is down, even if the end of one was never told
      this.#fingers.clear();
      this.#gesture = false;
    }
    this.#fingers.add(pointerId);
    if (this.#penMode || timeStamp - this.#penAt < PALM_MS) return false;
    if (this.#fingers.size > 1) {
      this.#gesture = true;
      if (this.#current?.type === "touch") {
        this.#current = null;
        this.#sheet.withdraw();
      }
    }
    return !this.#gesture;
  }

  #move(event) {
    if (event.pointerType === "pen") this.#penAt = event.timeStamp; // it may hover
    if (event.pointerId !== this.#current?.id) return;
    const events = event.getCoalescedEvents?.() ?? [];
    for (const each of events.length ? events : [event]) this.#add(each);
  }

  #up(event) {
    if (event.pointerId === this.#current?.id) {
      this.#add(event);
      const { type, stroke } = this.#current;
      if (type === "touch" && isDot(stroke)) this.#dot = { stroke, at: event.timeStamp };
    }
    this.#lift(event.pointerId);
  }

  /** The system took the pointer: a finger, for a gesture or as a palm; a pen or mouse, by mistake. */
  #cancel({ pointerId: id, pointerType }) {
    if (id === this.#current?.id && pointerType === "touch") {
      if (this.#current.stroke === this.#sheet.stroke) this.#sheet.withdraw();
      this.#current = null;
    }
    this.#lift(id);
  }

  #lift(id) {
    this.#fingers.delete(id);
    if (!this.#fingers.size) this.#gesture = false;
    if (id !== this.#current?.id) return;
    if (this.#current.stroke === this.#sheet.stroke) this.#sheet.finish();
    this.#current = null;
  }

  #add(event) {
    const place = this.#place(event);
    const { at, stroke } = this.#current;
    if (at) {
      this.#sheet.erase(at, place, ERASER_RADIUS);
      this.#current.at = place;
    } else if (stroke === this.#sheet.stroke) { // else undone or cleared meanwhile
      this.#sheet.extend([...place, event.pressure || 0.5]);
    }
  }

  #place({ clientX, clientY }) {
    const { left, top, width, height } = this.#canvas.getBoundingClientRect();
    return [round(((clientX - left) / width) * SIDE), round(((clientY - top) / height) * SIDE)];
  }

  #capture(id) {
    try {
      this.#canvas.setPointerCapture(id);
    } catch {
      // an early event of a pointer that is gone by now
    }
  }

  #keepFromScrolling(event) {
    const isGesture = event.touches.length > 1 && !this.#current;
    if (!isGesture && event.cancelable) event.preventDefault();
  }

  /** The sheet has another size, as when a phone is turned: the hand is not where it was. */
  #turn() {
    if (this.#current && Math.abs(this.#canvas.clientWidth - this.#size) > 2) {
      this.#lift(this.#current.id);
    }
  }
}

function round(value) {
  return Math.round(value * 10) / 10;
}
