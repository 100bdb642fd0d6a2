// The drawing editor: pad, tools, keyboard shortcuts and uploads. It requests predictions and passes
// them to the page's own answer view.

import { Correction } from "./correct.js";
import { Digits } from "./digits.js";
import { dataURL, isArchive, listenForFiles, pictureOf, problemOf } from "./files.js";
import { keepFocus } from "./focus.js";
import { Hands } from "./hands.js";
import { isLeftAlone } from "./keys.js";
import { Pad } from "./pad.js";
import { preserve } from "./preserve.js";
import { Reader } from "./reader.js";
import { Sheet } from "./sheet.js";
import { at } from "./site.js";

const FEEDBACK_KEYS = { r: "right", x: "not_a_digit" };

const $ = (id) => document.getElementById(id);

/**
 * `view` is the page's AnswerView. `getOptions(strokes)` returns the request's `mode` and `model`,
 * and `side`, the pixels of the square picture to send. `url` answers with a prediction.
 */
export class Editor {
  #sheet = new Sheet();
  #pad = new Pad($("pad"), this.#sheet);
  #hands = new Hands($("pad"), this.#sheet);
  #digits = new Digits($("pad"), this.#pad);
  #reader;
  #picture = null; // the one on the sheet that was last read, if any
  #chosen = 0; // how many pictures were chosen; a later one wins while an earlier is decoded
  #view;
  #getOptions;
  #correction = null;
  #changes = 0; // of the sheet, so far

  constructor(view, getOptions, url = "/api/v1/predict") {
    this.#reader = new Reader(at(url));
    this.#view = view;
    this.#getOptions = getOptions;
    const form = $("correct");
    const drawing = (shown) => this.#drawingForFeedback(shown);
    if (form) this.#correction = new Correction(form, view.words, drawing);
    this.#listen();
    document.addEventListener("keydown", (event) => this.#onKey(event));
    keepFocus();
    preserve(this.#sheet, this.#hands);
    this.#catchUp();
    listenForFiles($("upload"), (files) => this.#take(files));
  }

  get sheet() {
    return this.#sheet;
  }

  get reader() {
    return this.#reader;
  }

  /** What is done with several files, or an archive; a page may replace it. */
  onSeveral = () => this.explain("one_picture");

  /** Request a prediction for the drawing or picture on the sheet, if there is one. */
  read() {
    this.#digits.hide();
    const problem = this.#file && problemOf(this.#file);
    if (problem) {
      this.#reader.cancel();
      this.explain(problem);
    } else if (this.#file) this.#ask(() => this.#formRequest());
    else if (!this.#sheet.isDot) this.#ask(() => this.#jsonRequest()); // isDot covers a blank sheet
    else {
      this.#reader.cancel();
      this.#showInvitation();
    }
  }

  /** Choose a digit of the number on the sheet. */
  choose(index) {
    this.#digits.choose(index);
  }

  /** Label the drawing, as the correction buttons do. */
  submit(label) {
    this.#correction?.submit(label);
  }

  get #file() {
    return this.#sheet.picture?.file;
  }

  #showInvitation() {
    this.#view.showInvitation();
    this.#correction?.withdraw();
  }

  /** Say why there is no answer, by the code of the problem. */
  explain(code) {
    if (!this.#view.showProblem(code)) this.#correction?.withdraw();
  }

  /**
   * The body fields that feedback sends along: the picture, and the strokes if it was drawn. null if
   * the sheet changes before its answer is there: the feedback was about what it showed before.
   */
  async #drawingForFeedback(shown) {
    const changes = this.#changes;
    await this.#reader.settled(); // the answer must belong to the drawing as it is now
    const drawing = await this.#drawingAndStrokes(shown);
    return changes === this.#changes ? drawing : null;
  }

  async #drawingAndStrokes({ digits, unread }) {
    if (digits.length === 1 && unread.length) return {}; // the server has that digit by itself
    const { side } = this.#options;
    if (this.#file) return { image: await dataURL(this.#file) };
    const strokes = this.#sheet.strokes.map(({ points }) => points);
    const { image } = this.#pad.drawing(side); // none where canvases cannot be read
    return { image, strokes };
  }

  #ask(makeRequest) {
    this.#reader.ask(makeRequest);
    this.#view.wait(true);
  }

  get #options() {
    return this.#getOptions(this.#sheet.strokes);
  }

  #jsonRequest() {
    const { side, ...options } = this.#options;
    return {
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ ...this.#pad.drawing(side), ...options }),
    };
  }

  #formRequest() {
    const { mode, model } = this.#options;
    const body = new FormData();
    body.append("image", this.#file);
    body.append("mode", mode);
    body.append("model", model);
    return { body };
  }

  #take(files) {
    if (files.length > 1 || isArchive(files[0])) this.onSeveral(files);
    else this.show(files[0]);
  }

  /** Show a picture file on the sheet, and read it. */
  async show(file) {
    const number = ++this.#chosen;
    const picture = await pictureOf(file);
    if (number === this.#chosen) this.#sheet.show(picture);
    else picture.bitmap?.close();
  }

  /** Do what was done at the sheet before the scripts had come. */
  #catchUp() {
    const { events, files } = window.takeEarly();
    for (const event of events) $("pad").dispatchEvent(event);
    if (files.length) queueMicrotask(() => this.#take(files)); // once the page is set up
  }

  #onChange() {
    const sheet = this.#sheet;
    this.#changes += 1;
    if (sheet.picture !== this.#picture) {
      this.#picture = sheet.picture;
      this.#reader.cancel(); // an answer to the picture is none to the strokes
    }
    $("undo").disabled = !sheet.canUndo;
    $("redo").disabled = !sheet.canRedo;
    $("clear").disabled = sheet.isBlank;
    $("pad").classList.toggle("blank", sheet.isBlank);
    this.read();
  }

  #setWidth() {
    this.#hands.width = this.#pad.width = Number($("pen").value);
  }

  #listen() {
    const sheet = this.#sheet;
    const pad = this.#pad;
    const hands = this.#hands;
    sheet.addEventListener("change", () => this.#onChange());
    this.#reader.addEventListener("answer", ({ detail: prediction }) => {
      this.#view.show(prediction);
      this.#correction?.offer(prediction);
      const { digits, unread } = prediction;
      const isNumber = digits.length > 1 || this.#options.mode === "number";
      if (this.#file || isNumber || unread.length) this.#digits.show(prediction);
    });
    this.#digits.addEventListener("choose", () => {
      this.#view.showDigit(this.#digits.index);
      this.#correction?.choose(this.#digits.index);
    });
    this.#reader.addEventListener("problem", ({ detail: code }) => {
      this.#digits.hide();
      // The drawing is too small to read, which needs no explanation.
      if (code === "empty_drawing" && !this.#file) this.#showInvitation();
      else this.explain(code);
    });
    $("undo").addEventListener("click", () => sheet.undo());
    $("redo").addEventListener("click", () => sheet.redo());
    $("clear").addEventListener("click", () => sheet.clear());
    $("pen").addEventListener("input", () => this.#setWidth());
    this.#setWidth();
    hands.addEventListener("penmode", () => {
      $("fingers").hidden = !hands.penMode;
    });
    $("fingers").addEventListener("click", () => {
      hands.penMode = false;
    });
    $("show-keys").addEventListener("click", () => $("keys").showModal());
  }

  #onKey(event) {
    if (document.querySelector("dialog[open]") || isLeftAlone(event)) return;
    if (event.target.matches("input:not([type=range]), select, textarea")) return;
    const command = event.ctrlKey || event.metaKey;
    const key = event.key.toLowerCase();
    if (command && key === "z") event.shiftKey ? this.#sheet.redo() : this.#sheet.undo();
    else if (command && key === "y") this.#sheet.redo();
    else if (command || event.altKey) return;
    else if (key === "escape" || key === "delete") this.#sheet.clear();
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
}
