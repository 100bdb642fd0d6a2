// The drawing editor: pad, tools, keyboard shortcuts and uploads. It requests predictions and passes
// them to the page's own answer view.

import { Correction } from "./correct.js";
import { Pad } from "./pad.js";
import { Reader } from "./reader.js";

const LARGEST_FILE = 10 * 1024 * 1024;
const STORAGE_KEY = "strokes";
const FEEDBACK_KEYS = { r: "right", x: "not_a_digit" };

const $ = (id) => document.getElementById(id);

/**
 * `view` is the page's AnswerView. `getOptions()` returns the request's `mode` and `model`, and
 * `side`, the pixels of the square picture to send. `url` answers with a prediction.
 */
export class Editor {
  #pad = new Pad($("pad"));
  #reader;
  #file = null; // the uploaded picture on the pad
  #view;
  #getOptions;
  #correction = null;

  constructor(view, getOptions, url = "/api/v1/predict") {
    this.#reader = new Reader(url);
    this.#view = view;
    this.#getOptions = getOptions;
    const form = $("correct");
    if (form) this.#correction = new Correction(form, view.words, () => this.#drawingForFeedback());
    this.#listen();
    listenForFiles($("upload"), (picture) => this.#show(picture));
    document.addEventListener("keydown", (event) => this.#onKey(event));
    this.#restore();
  }

  /** Request a prediction for the drawing or picture on the pad, if there is one. */
  read() {
    this.#pad.frames = [];
    if (this.#file) this.#ask(() => this.#formRequest());
    else if (!this.#pad.isDot) this.#ask(() => this.#jsonRequest()); // isDot covers an empty pad
    else {
      this.#reader.cancel();
      this.#showInvitation();
    }
  }

  #showInvitation() {
    this.#view.showInvitation();
    this.#correction?.withdraw();
  }

  #showProblem(code) {
    if (!this.#view.showProblem(code)) this.#correction?.withdraw();
  }

  /** The body fields that feedback sends along: the picture, and the strokes if it was drawn. */
  async #drawingForFeedback() {
    await this.#reader.settled(); // the answer must belong to the drawing as it is now
    const { mode, side } = this.#getOptions();
    if (mode === "number") return {}; // feedback is on the least certain digit, which the server has
    if (this.#file) return { image: await dataURL(this.#file) };
    const strokes = this.#pad.strokes.map(({ points }) => points);
    return { image: this.#pad.toDataURL(side), strokes };
  }

  #ask(makeRequest) {
    this.#reader.ask(makeRequest);
    this.#view.wait(true);
  }

  #jsonRequest() {
    const { side, ...options } = this.#getOptions();
    return {
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ image: this.#pad.toDataURL(side), ...options }),
    };
  }

  #formRequest() {
    const { mode, model } = this.#getOptions();
    const body = new FormData();
    body.append("image", this.#file);
    body.append("mode", mode);
    body.append("model", model);
    return { body };
  }

  async #show(picture) {
    this.#reader.cancel();
    this.#file = picture.size > LARGEST_FILE ? null : picture;
    let bitmap = null;
    try {
      bitmap = await createImageBitmap(picture);
    } catch {
      // The server can read some pictures that this browser cannot, and explains those it can't.
    }
    if (this.#file && this.#file !== picture) return; // superseded while decoding
    if (bitmap) this.#pad.showPicture(bitmap);
    else this.#pad.clear();
    if (this.#file) this.read();
    else this.#showProblem("too_large");
  }

  #clear() {
    this.#file = null;
    this.#pad.clear();
  }

  #listen() {
    const pad = this.#pad;
    pad.addEventListener("change", () => {
      if (!pad.isEmpty && this.#file) {
        this.#file = null;
        this.#reader.cancel();
      }
      $("undo").disabled = pad.isEmpty;
      $("redo").disabled = !pad.canRedo;
      $("clear").disabled = pad.isEmpty && !pad.hasPicture;
      if (!pad.hasPicture) this.read();
    });
    this.#reader.addEventListener("answer", ({ detail: prediction }) => {
      this.#view.show(prediction);
      this.#correction?.offer(prediction);
      const framed = this.#file || this.#getOptions().mode === "number";
      pad.frames = framed ? framesOf(prediction) : [];
    });
    this.#reader.addEventListener("problem", ({ detail: code }) => {
      pad.frames = [];
      // The drawing is too small to read, which needs no explanation.
      if (code === "empty_drawing" && !this.#file) this.#showInvitation();
      else this.#showProblem(code);
    });
    $("undo").addEventListener("click", () => pad.undo());
    $("redo").addEventListener("click", () => pad.redo());
    $("clear").addEventListener("click", () => this.#clear());
    $("pen").addEventListener("input", (event) => {
      pad.width = Number(event.target.value);
    });
    $("show-keys").addEventListener("click", () => $("keys").showModal());
  }

  #onKey(event) {
    if ($("keys").open || event.target.matches("input:not([type=range]), select, textarea")) return;
    const command = event.ctrlKey || event.metaKey;
    const key = event.key.toLowerCase();
    if (command && key === "z") event.shiftKey ? this.#pad.redo() : this.#pad.undo();
    else if (command && key === "y") this.#pad.redo();
    else if (command || event.altKey) return;
    else if (key === "escape" || key === "delete") this.#clear();
    else if (key === "u") $("upload").click();
    else if (key === "?") $("keys").showModal();
    else if (!this.#giveFeedback(key)) return;
    event.preventDefault();
  }

  /** Give feedback if `key` stands for some. Returns whether it does. */
  #giveFeedback(key) {
    const feedback = /^[0-9]$/.test(key) ? key : FEEDBACK_KEYS[key];
    if (feedback) this.#correction?.submit(feedback);
    return Boolean(feedback && this.#correction);
  }

  /** Keep the drawing for the tab's session, so that it survives navigation. */
  #restore() {
    addEventListener("pagehide", () => {
      try {
        sessionStorage.setItem(STORAGE_KEY, JSON.stringify(this.#pad.strokes));
      } catch {
        // storage may be full or blocked; the page works without it
      }
    });
    this.#pad.width = Number($("pen").value);
    try {
      const strokes = JSON.parse(sessionStorage.getItem(STORAGE_KEY) ?? "[]");
      if (strokes.length) this.#pad.strokes = strokes;
    } catch {
      // not strokes: ignore it
    }
  }
}

/** What to frame: the digits, and the ink that is none of them. */
function framesOf({ digits, unread, text }) {
  const read = text || !unread.length ? digits : []; // otherwise nothing was read
  return [...read, ...unread.map((ink) => ({ ...ink, isUnread: true }))];
}

function dataURL(file) {
  return new Promise((resolve) => {
    const reader = new FileReader();
    reader.addEventListener("load", () => resolve(reader.result));
    reader.readAsDataURL(file);
  });
}

/** Call `onFile` with each picture that is chosen, pasted, or dropped anywhere on the page. */
function listenForFiles(input, onFile) {
  input.addEventListener("change", () => {
    if (input.files.length) onFile(input.files[0]);
    input.value = ""; // so that the same file can be chosen again
  });
  document.addEventListener("paste", (event) => {
    if (event.clipboardData?.files.length) onFile(event.clipboardData.files[0]);
  });
  let depth = 0; // dragenter and dragleave fire for every element crossed
  const mark = (change) => {
    depth = Math.max(0, depth + change);
    document.body.classList.toggle("dropping", depth > 0);
  };
  document.addEventListener("dragenter", () => mark(1));
  document.addEventListener("dragleave", () => mark(-1));
  document.addEventListener("dragover", (event) => event.preventDefault());
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    depth = 0;
    mark(0);
    if (event.dataTransfer.files.length) onFile(event.dataTransfer.files[0]);
  });
}
