// The desk: paper, tools, keys and files, and what asks the server about them. Pages lay their own
// answer beside it.

import { Correction } from "./correct.js";
import { Pad } from "./pad.js";
import { Reader } from "./reader.js";

const LARGEST_FILE = 10 * 1024 * 1024;
const STORED = "strokes";
const TRUTHS = { r: "right", x: "not_a_digit" }; // by key

const $ = (id) => document.getElementById(id);

/**
 * `answer` shows predictions: show(prediction), showProblem(code), invite(), wait(waiting), and has
 * the page's `words`. Under it people say what is right, where the site keeps that.
 * `wishes()` gives the request's mode and model, and `side`, the pixels of the picture that is sent.
 * `url` is asked; what it answers is a prediction at least.
 */
export class Desk {
  #pad = new Pad($("pad"));
  #reader;
  #file = null; // the uploaded picture that lies on the sheet
  #answer;
  #wishes;
  #correction = null;

  constructor(answer, wishes, url = "/api/v1/predict") {
    this.#reader = new Reader(url);
    this.#answer = answer;
    this.#wishes = wishes;
    const form = $("correct");
    if (form) this.#correction = new Correction(form, answer.words, () => this.#corrected());
    this.#listen();
    listenForFiles($("upload"), (picture) => this.#show(picture));
    document.addEventListener("keydown", (event) => this.#onKey(event));
    this.#remember();
  }

  /** Ask about what lies on the sheet, if anything does. */
  read() {
    this.#pad.frames = [];
    if (this.#file) this.#ask(() => this.#formRequest());
    else if (!this.#pad.isDot) this.#ask(() => this.#jsonRequest()); // an empty sheet is less
    else {
      this.#reader.cancel();
      this.#invite();
    }
  }

  #invite() {
    this.#answer.invite();
    this.#correction?.withdraw();
  }

  #showProblem(code) {
    if (!this.#answer.showProblem(code)) this.#correction?.withdraw();
  }

  /** What lies on the sheet, as a correction sends it: a picture, and the strokes of a drawing. */
  async #corrected() {
    await this.#reader.settled(); // the answer that is told about must be to this very drawing
    const { mode, side } = this.#wishes();
    if (mode === "number") return {}; // told about is its least certain digit, as the answer has it
    if (this.#file) return { image: await dataURL(this.#file) };
    const strokes = this.#pad.strokes.map(({ points }) => points);
    return { image: this.#pad.toDataURL(side), strokes };
  }

  #ask(makeRequest) {
    this.#reader.ask(makeRequest);
    this.#answer.wait(true);
  }

  #jsonRequest() {
    const { side, ...wishes } = this.#wishes();
    return {
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ image: this.#pad.toDataURL(side), ...wishes }),
    };
  }

  #formRequest() {
    const { mode, model } = this.#wishes();
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
      // The server reads some pictures that this browser cannot show, and knows better why not.
    }
    if (this.#file && this.#file !== picture) return; // another came while this one was decoded
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
      this.#answer.show(prediction);
      this.#correction?.offer(prediction);
      const framed = this.#file || this.#wishes().mode === "number";
      pad.frames = framed ? prediction.digits.map(({ box }) => box) : [];
    });
    this.#reader.addEventListener("problem", ({ detail: code }) => {
      pad.frames = [];
      // A blot: people see that they drew it.
      if (code === "empty_drawing" && !this.#file) this.#invite();
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
    else if (!this.#tell(key)) return;
    event.preventDefault();
  }

  /** Say by a key what is right; whether it was such a key. */
  #tell(key) {
    const truth = /^[0-9]$/.test(key) ? key : TRUTHS[key];
    if (truth) this.#correction?.tell(truth);
    return Boolean(truth && this.#correction);
  }

  /** The drawing outlives a change of language or a look at another page. */
  #remember() {
    addEventListener("pagehide", () => {
      try {
        sessionStorage.setItem(STORED, JSON.stringify(this.#pad.strokes));
      } catch {
        // storage may be full or forbidden; the page works without
      }
    });
    this.#pad.width = Number($("pen").value);
    try {
      const strokes = JSON.parse(sessionStorage.getItem(STORED) ?? "[]");
      if (strokes.length) this.#pad.strokes = strokes;
    } catch {
      // what was stored is not ours
    }
  }
}

function dataURL(file) {
  return new Promise((resolve) => {
    const reader = new FileReader();
    reader.addEventListener("load", () => resolve(reader.result));
    reader.readAsDataURL(file);
  });
}

// Pictures by button, by drop anywhere on the page, and by paste.

/** Call `onFile` with each picture file that the person gives. */
function listenForFiles(input, onFile) {
  input.addEventListener("change", () => {
    if (input.files.length) onFile(input.files[0]);
    input.value = ""; // so that the same file can be chosen again
  });
  document.addEventListener("paste", (event) => {
    if (event.clipboardData?.files.length) onFile(event.clipboardData.files[0]);
  });
  let depth = 0; // dragenter and dragleave come for every element on the way
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
