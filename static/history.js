// The latest drawings with their answers, in this browser alone.

import { choose, options } from "./options.js";
import { SIDE } from "./sheet.js";
import { decode, encode } from "./stroke_code.js";

const KEY = "history";
const MOST = 20;
const MOST_CHARACTERS = 400_000; // in all, of the 5 million that a site may store
const SVG = "http://www.w3.org/2000/svg";

/**
 * A list of entries {code, text, mode, model}, the newest first: the strokes, the answer (empty for
 * no digit) and the options it was given to.
 */
export class History {
  #section;
  #sheet;
  #reader;
  #keep;
  #words;
  #latest = null; // the answer to what is on the sheet
  #current = null; // the code of the entry that goes on growing as one draws
  #first = null; // its first stroke
  #deleted = null; // the list before the latest deletion

  /** `keep` is the switch for keeping anything; `words` has the labels of the buttons. */
  constructor(section, keep, words, sheet, reader) {
    this.#section = section;
    this.#keep = keep;
    this.#words = words;
    this.#sheet = sheet;
    this.#reader = reader;
    keep.addEventListener("change", () => this.#switch());
    for (const type of ["problem", "cancel"]) {
      reader.addEventListener(type, () => (this.#latest = null));
    }
    section.querySelector("#forget").addEventListener("click", () => this.#delete(() => false));
    section.querySelector("#remember").addEventListener("click", () => this.#undelete());
    addEventListener("storage", ({ key }) => {
      if (key === KEY) this.#show();
    });
    this.#show();
  }

  /** Keep what is on the sheet with its answer, unless another one comes. */
  async note(prediction) {
    this.#latest = prediction;
    await this.#reader.settled();
    const sheet = this.#sheet;
    if (this.#latest !== prediction || !this.#keep.checked) return;
    if (sheet.stroke || sheet.picture || sheet.isBlank) return;
    let code;
    try {
      code = encode(sheet.strokes);
    } catch {
      return; // minutes of drawing
    }
    const [first] = sheet.strokes;
    if (first !== this.#first) this.#current = null; // another drawing
    this.#first = first;
    const entry = { code, text: prediction.text, ...options() };
    const entries = stored();
    const known = entries.findIndex((each) => each.code === code);
    if (known >= 0) {
      if (JSON.stringify(entries[known]) === JSON.stringify(entry)) return;
      entries[known] = entry;
      store(entries);
    } else {
      store([entry, ...entries.filter((each) => each.code !== this.#current)]);
      this.#current = code;
      this.#deleted = null;
    }
    this.#show();
  }

  #switch() {
    if (!this.#keep.checked) store([]);
    this.#deleted = null;
    this.#current = null;
    this.#show();
  }

  #delete(stays) {
    const entries = stored();
    this.#deleted = entries;
    this.#current = null;
    store(entries.filter(stays));
    this.#show();
    this.#section.querySelector("#remember").focus();
  }

  #undelete() {
    const entries = stored();
    const codes = new Set(entries.map(({ code }) => code));
    store([...entries, ...this.#deleted.filter(({ code }) => !codes.has(code))]);
    this.#deleted = null;
    this.#show();
    this.#section.querySelector("li button").focus();
  }

  #restore({ code, mode, model }) {
    this.#current = null; // what is added from here on is another drawing
    choose({ mode, model });
    this.#sheet.draw(decode(code));
  }

  #show() {
    const entries = stored();
    const section = this.#section;
    section.hidden = !entries.length && !this.#deleted;
    section.querySelector("#forget").hidden = !entries.length;
    section.querySelector("#remember").hidden = !this.#deleted;
    section.querySelector("ol").replaceChildren(...entries.map((entry) => this.#item(entry)));
  }

  #item(entry) {
    const item = document.createElement("li");
    const text = entry.text.replaceAll("\n", "; ");
    const name = text || this.#words.noDigit;
    const restore = button(this.#words.restore.replace("{answer}", name), () => this.#restore(entry));
    const answer = document.createElement("span");
    answer.textContent = text || "–";
    restore.append(thumbnail(decode(entry.code)), answer);
    const forget = button(this.#words.forget.replace("{answer}", name), () =>
      this.#delete(({ code }) => code !== entry.code),
    );
    forget.className = "quiet";
    forget.textContent = "×";
    item.append(restore, forget);
    return item;
  }
}

function button(label, onClick) {
  const element = document.createElement("button");
  element.type = "button";
  element.setAttribute("aria-label", label);
  element.title = label;
  element.addEventListener("click", onClick);
  return element;
}

/** The strokes as lines, in an SVG element. */
function thumbnail(strokes) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", `0 0 ${SIDE} ${SIDE}`);
  svg.setAttribute("aria-hidden", "true");
  for (const { width, points } of strokes) {
    const line = document.createElementNS(SVG, "polyline");
    line.setAttribute("points", points.map(([x, y]) => `${x},${y}`).join(" "));
    line.setAttribute("stroke-width", Math.max(40, width));
    svg.append(line);
  }
  return svg;
}

/** The entries that are kept; what is none of ours is left out. */
function stored() {
  try {
    return JSON.parse(localStorage.getItem(KEY) ?? "[]").slice(0, MOST).filter(isEntry);
  } catch {
    return []; // storage is blocked, or has something else
  }
}

function isEntry(entry) {
  try {
    const { code, text, mode, model } = entry;
    return [code, text, mode, model].every((each) => typeof each === "string") && decode(code);
  } catch {
    return false;
  }
}

/** Keep the newest entries, as many as there is room for. */
function store(entries) {
  let left = MOST_CHARACTERS;
  const fitting = entries.slice(0, MOST).filter(({ code }) => (left -= code.length) >= 0);
  try {
    if (fitting.length) localStorage.setItem(KEY, JSON.stringify(fitting));
    else localStorage.removeItem(KEY);
  } catch {
    // storage is full or blocked: the page works without it
  }
}
