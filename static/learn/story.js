// The learn page's story: one drawing, what is read of it, and the state of all parts, which stands in
// the address's fragment.

import { Hands } from "../hands.js";
import { Pad } from "../pad.js";
import { hasPreserved, keep, preserve } from "../preserve.js";
import { Reader } from "../reader.js";
import { SIDE, Sheet } from "../sheet.js";
import { at } from "../site.js";
import { decode, encode } from "../stroke_code.js";
import { keepAsking } from "./asking.js";
import { write } from "./write.js";

const WRITE_AFTER_MS = 300; // browsers limit how often an address changes
const READ_EVERY_MS = 240; // a reading of two ways costs as much as two of the drawing page's
const INK = "#000000";
const EXAMPLE = "example"; // what a link says instead of a drawing
const BLANK = "none";

export class Story {
  sheet = new Sheet();
  words;
  ways; // the answer to /learn/ways for the drawing; null without one
  #example;
  #isExample = false;
  #state = new Map();
  #reader = new Reader(at("/learn/ways"), READ_EVERY_MS);
  #papers = []; // {canvas, hands, pad}
  #listeners = new Set();
  #notice = ""; // about a link
  #frame = 0;
  #timer = 0;

  /** Begin with what the page shows before a hand has drawn, and its `words`. */
  constructor({ strokes, pen, ways, words }) {
    this.words = words;
    this.ways = ways;
    this.#example = strokes.map((points) => ({
      width: pen,
      pressure: false,
      points: points.map(([x, y]) => [x, y, 0.5]),
    }));
    this.#reader.addEventListener("answer", ({ detail }) => this.#show(detail, ""));
    this.#reader.addEventListener("problem", ({ detail: code }) => {
      if (code === "unreachable") this.#tell(code);
      else this.#show(null, code);
    });
    addEventListener("hashchange", () => this.#open({ scrolls: true }));
  }

  /** Take the drawing from the link, or from where the visitor drew before, or show the example. */
  begin() {
    const [{ hands }] = this.#papers;
    const isKept = hasPreserved();
    if (isKept) preserve(this.sheet, hands);
    else this.sheet.draw(this.#example);
    this.#isExample = !isKept;
    this.sheet.addEventListener("change", () => this.#drawn());
    // The example is nobody's drawing, and not kept.
    const keepFromNow = () => keep(this.sheet, hands);
    if (!isKept) this.sheet.addEventListener("change", keepFromNow, { once: true });
    if (isKept) {
      this.ways = null;
      this.read();
    }
    // After a reload, what the tab has kept is newer than its address.
    this.#open({ scrolls: isFresh(), isDrawn: isKept && !isFresh() });
    this.changed();
  }

  get strokes() {
    return this.sheet.strokes;
  }

  /** Whether nobody has drawn yet: what the page shows is right. */
  get isExample() {
    return this.#isExample;
  }

  /** Length of the sheet's sides, in the unit of the strokes. */
  get side() {
    return SIDE;
  }

  get isBlank() {
    return this.sheet.isBlank;
  }

  /** The width of the pen, in thousandths of the sheet. */
  get pen() {
    return this.strokes.at(-1)?.width ?? this.#papers[0].hands.width;
  }

  /** A part's setting, a string. */
  get(name, fallback = "") {
    return this.#state.get(name) ?? fallback;
  }

  set(name, value) {
    if (this.get(name) === String(value)) return;
    this.#state.set(name, String(value));
    this.#writeSoon();
    this.changed();
  }

  /** Call `change(this)` now, and once a frame after changes of drawing, answer or state. */
  on(change) {
    this.#listeners.add(change);
    change(this);
  }

  /** Let all know of a change. */
  changed() {
    this.#frame ||= requestAnimationFrame(() => {
      this.#frame = 0;
      const ink = this.get("ink", INK);
      for (const { canvas, pad, hands } of this.#papers) {
        hands.width = this.pen;
        pad.width = this.pen;
        if (canvas.style.color === ink) continue;
        canvas.style.color = ink;
        pad.repaint();
      }
      for (const change of this.#listeners) change(this);
    });
  }

  /** Let `canvas` show the drawing, and be drawn on. The example gives way to whoever begins. */
  paper(canvas) {
    canvas.addEventListener("pointerdown", () => this.#isExample && this.sheet.clear());
    const hands = new Hands(canvas, this.sheet);
    const [first] = this.#papers;
    if (first) {
      hands.penMode = first.hands.penMode;
      for (const [one, other] of [[hands, first.hands], [first.hands, hands]]) {
        one.addEventListener("penmode", () => (other.penMode = one.penMode));
      }
    }
    this.#papers.push({ canvas, hands, pad: new Pad(canvas, this.sheet) });
    this.changed();
  }

  /** The body of a request about the drawing where it is on the sheet. */
  request() {
    const ink = this.get("ink", INK);
    return {
      strokes: this.strokes.map(({ points }) => points.map(([x, y]) => [x, y])),
      pen: this.pen,
      ink: [1, 3, 5].map((from) => parseInt(ink.slice(from, from + 2), 16)),
      invert: this.get("invert", "yes") === "yes",
    };
  }

  /** Keep asking a part's question about the drawing, see asking.js. */
  keepAsking(question) {
    keepAsking(this, question);
  }

  /** Ask what is read of the drawing. */
  read() {
    if (!this.sheet.isDot) {
      this.#reader.ask(() => ({
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify(this.request()),
      }));
      return;
    }
    this.#reader.cancel();
    this.#show(null, "");
  }

  /** The strokes as text: empty if there are none, null if they are too large for a link. */
  get code() {
    try {
      return this.isBlank ? "" : encode(this.strokes);
    } catch {
      return null;
    }
  }

  /** The page's address with the drawing and all of the state; null if the drawing is too large. */
  get link() {
    const fields = new URLSearchParams(this.#state);
    const { code } = this;
    if (code === null) return null;
    fields.set("drawing", code === encode(this.#example) ? EXAMPLE : code || BLANK);
    return `${location.pathname}${location.search}#${fields}`;
  }

  /** Write the link into the address now; if there is none, no older one is left there. */
  write() {
    clearTimeout(this.#timer);
    try {
      history.replaceState(null, "", this.link ?? location.pathname + location.search);
    } catch {
      // the address changed too often for this browser: the next change writes it
    }
  }

  #writeSoon() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.write(), WRITE_AFTER_MS);
  }

  #drawn() {
    this.#isExample = false;
    this.#notice = "";
    this.read();
    this.#writeSoon();
    this.changed();
  }

  #show(ways, problem) {
    this.ways = ways;
    this.#tell(problem);
    this.changed();
  }

  #tell(problem) {
    write(document.getElementById("problem"), this.explain(problem) || this.#notice);
  }

  /** What a problem's code stands for; empty for an empty drawing, or for none. */
  explain(code) {
    const { problems } = this.words;
    return code && code !== "empty_drawing" ? problems[code] ?? problems.unexpected : "";
  }

  /** Take over what a link's fragment says, if it is one of ours; `isDrawn`: but for its drawing. */
  #open({ scrolls, isDrawn = false }) {
    const fields = new URLSearchParams(location.hash.slice(1));
    const drawing = fields.get("drawing") || EXAMPLE;
    if (!fields.get("drawing") && !fields.get("chapter")) {
      if (location.hash) this.#writeSoon(); // from the list of chapters
      return;
    }
    fields.delete("drawing");
    this.#state = new Map([...fields].map(([name, value]) => [name, value]));
    if (!/^#[0-9a-f]{6}$/.test(this.get("ink", INK))) this.#state.delete("ink");
    if (!isDrawn) this.#draw(drawing);
    if (scrolls) document.getElementById(`chapter-${this.get("chapter")}`)?.scrollIntoView();
    this.changed();
  }

  /** Draw what a link says, unless the sheet has it; and read it in this state. */
  #draw(drawing) {
    try {
      const code = drawing === EXAMPLE ? encode(this.#example) : drawing;
      if (drawing === BLANK) this.sheet.clear();
      else if (code === this.code) this.read();
      else this.sheet.draw(decode(code));
    } catch {
      this.#notice = this.words.damaged; // until something else is drawn
      this.#tell(null);
    }
  }
}

/** Whether the page was not loaded again: then the browser knows how far it was scrolled. */
function isFresh() {
  return performance.getEntriesByType("navigation")[0]?.type === "navigate";
}
