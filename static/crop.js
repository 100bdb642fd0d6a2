// Cropping and turning a picture, by pointer or keyboard, before it is read.

import { WHOLE, moved, resized, turned } from "./crop_frame.js";

const LARGEST_SIDE = 1500; // in pixels, of what is read
const SHOWN_SIDE = 1200; // in pixels, of what is shown
const STEP = 0.02; // of the picture, for each press of an arrow key
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

/**
 * Show a picture to crop. Resolves with a canvas of what is within the frame, "again" if another
 * one is to be taken (offered if `hasAgain`), and null if the dialog was closed.
 */
export function cropped(dialog, bitmap, hasAgain) {
  return new Cropper(dialog, bitmap).open(hasAgain);
}

class Cropper {
  #dialog;
  #bitmap;
  #stage;
  #box;
  #frame = WHOLE;
  #turns = 0; // quarters to the right
  #outcome = null;

  constructor(dialog, bitmap) {
    this.#dialog = dialog;
    this.#bitmap = bitmap;
    this.#stage = dialog.querySelector("canvas");
    this.#box = dialog.querySelector(".crop-frame");
  }

  open(hasAgain) {
    const closed = new AbortController();
    const { signal } = closed;
    const on = (id, listener) => this.#find(id).addEventListener("click", listener, { signal });
    on("turn-left", () => this.#turn(3));
    on("turn-right", () => this.#turn(1));
    on("crop-read", () => this.#end(this.#cut(LARGEST_SIDE, this.#frame)));
    on("crop-again", () => this.#end("again"));
    on("crop-close", () => this.#end(null));
    this.#find("crop-again").hidden = !hasAgain;
    this.#box.addEventListener("pointerdown", (event) => this.#drag(event), { signal });
    this.#box.addEventListener("keydown", (event) => this.#onKey(event), { signal });
    this.#dialog.addEventListener("keydown", (event) => event.stopPropagation(), { signal });
    this.#dialog.showModal();
    this.#find("crop-read").focus();
    this.#paint();
    return new Promise((resolve) => {
      const close = () => {
        closed.abort();
        this.#stage.width = this.#stage.height = 0; // its memory is not needed any more
        resolve(this.#outcome);
      };
      this.#dialog.addEventListener("close", close, { once: true });
    });
  }

  /** Move the frame, or the corner that was touched, with the pointer. */
  #drag(event) {
    if (event.button !== 0) return;
    event.preventDefault();
    this.#box.focus();
    this.#box.setPointerCapture(event.pointerId);
    const { corner } = event.target.dataset;
    const { clientX, clientY } = event;
    const before = this.#frame;
    const { width, height } = this.#stage.getBoundingClientRect();
    const dragged = new AbortController();
    const { signal } = dragged;
    const move = (now) => {
      const change = [(now.clientX - clientX) / width, (now.clientY - clientY) / height];
      this.#set(corner ? resized(before, corner, ...change) : moved(before, ...change));
    };
    this.#box.addEventListener("pointermove", move, { signal });
    for (const type of ["pointerup", "pointercancel"]) {
      this.#box.addEventListener(type, () => dragged.abort(), { signal });
    }
  }

  #onKey(event) {
    const direction = ARROWS[event.key];
    if (!direction) return;
    event.preventDefault();
    const change = direction.map((each) => each * STEP);
    const frame = this.#frame;
    this.#set(event.shiftKey ? resized(frame, "bottom right", ...change) : moved(frame, ...change));
  }

  #turn(quarters) {
    this.#turns = (this.#turns + quarters) % 4;
    for (let i = 0; i < quarters; i++) this.#frame = turned(this.#frame);
    this.#paint();
  }

  #set(frame) {
    this.#frame = frame;
    const { style } = this.#box;
    style.left = `${100 * frame.left}%`;
    style.top = `${100 * frame.top}%`;
    style.width = `${100 * (frame.right - frame.left)}%`;
    style.height = `${100 * (frame.bottom - frame.top)}%`;
    const [width, height] = this.#pixels(frame);
    this.#dialog.querySelector("output").textContent = `${width} × ${height}`;
  }

  #paint() {
    this.#cut(SHOWN_SIDE, WHOLE, this.#stage);
    this.#set(this.#frame);
  }

  /** The size of a part of the turned picture in pixels. */
  #pixels({ left, top, right, bottom }) {
    const [width, height] = this.#size();
    return [Math.round((right - left) * width), Math.round((bottom - top) * height)];
  }

  #size() {
    const { width, height } = this.#bitmap;
    return this.#turns % 2 ? [height, width] : [width, height];
  }

  /** A part of the turned picture on a canvas, whose sides are `most` pixels at most. */
  #cut(most, frame, canvas = document.createElement("canvas")) {
    const [width, height] = this.#pixels(frame);
    const scale = Math.min(1, most / Math.max(width, height));
    canvas.width = Math.max(1, Math.round(width * scale));
    canvas.height = Math.max(1, Math.round(height * scale));
    const [wholeWidth, wholeHeight] = this.#size();
    const context = canvas.getContext("2d");
    context.imageSmoothingQuality = "high";
    context.scale(scale, scale);
    context.translate(wholeWidth * (0.5 - frame.left), wholeHeight * (0.5 - frame.top));
    context.rotate((this.#turns * Math.PI) / 2);
    context.drawImage(this.#bitmap, -this.#bitmap.width / 2, -this.#bitmap.height / 2);
    return canvas;
  }

  #end(outcome) {
    this.#outcome = outcome;
    this.#dialog.close();
  }

  #find(id) {
    return this.#dialog.querySelector(`#${id}`);
  }
}
