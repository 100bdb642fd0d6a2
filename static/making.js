// How a map was made: it is asked for, its window slides over what it was made of, and cells are chosen.

import { cellAt, largestOf, layoutOf, tableOf } from "./making_cells.js";
import { MakingView } from "./making_view.js";
import { Reader } from "./reader.js";
import { at } from "./site.js";

const STEP_MS = 30;
const STEPS_A_ROW = 3;
const MOST_REREADS = 3; // in a row: processes may have other versions than each other for a while
const NUMBERS = ".slider, [data-do=slide], .check, .pair, #made-of, .parts"; // of an answer
const MOVES = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };

/** Shows in `element` (templates/_making.html) what made a map of a stage of `model`. */
export class Making {
  #element;
  #problems;
  #find;
  #view;
  #reader;
  #explanation = null;
  #asked = null; // {stage, shape, index, button} that is to be shown
  #sent = null; // the same of the request under way
  #shown = null; // the same of the answer
  #made = null; // the answer
  #rereads = 0; // since the versions of explanation and answer were the same
  #reread;
  #cell = null; // {row, column} of the map
  #back = null; // the same of what it was made of, while a pointer is there
  #isChosen = false; // whether by hand
  #isNew = false; // whether the window slides once the answer has come
  #step = Infinity; // of the slide, if it is on
  #timer = 0;

  /** `reread` asks for the explanation again, as when another version of the model answers now. */
  constructor(element, { problems }, model, reread) {
    this.#element = element;
    this.#problems = problems;
    this.#find = (selector) => element.querySelector(selector);
    this.#view = new MakingView(element);
    this.#reader = new Reader(at(`/models/${model}/inside/map`));
    this.#reread = reread;
    this.#reader.addEventListener("answer", ({ detail }) => this.#take(detail));
    this.#reader.addEventListener("problem", ({ detail: code }) => {
      this.#tell(code);
      if (code === "invalid_request") this.#catchUp(); // this version has no such map
    });
    this.#listen();
  }

  /** Follow what the model says of the drawing; null: there is none. */
  follow(explanation) {
    this.#explanation = explanation;
    if (!this.#asked) return;
    const { stage: name, index } = this.#asked;
    const stage = explanation?.stages.find((each) => each.name === name && each.made);
    if (!stage) this.close();
    else {
      const { shape } = stage;
      Object.assign(this.#asked, { shape, index: Math.min(index, layoutOf(shape).count - 1) });
      this.#ask();
    }
  }

  /** Show what made the map at a place of a stage's picture, in 0..1, below its `button`. */
  open(stage, button, x, y) {
    const { name, shape } = this.#explanation.stages[stage];
    if (this.#asked?.stage !== name) {
      this.close();
      button.after(this.#element);
    }
    button.setAttribute("aria-expanded", "true");
    this.#stop();
    this.#isNew = true;
    this.#isChosen = false;
    this.#back = null;
    this.#asked = { stage: name, shape, button, index: cellAt(layoutOf(shape), x, y).index };
    this.#ask();
  }

  get isOpen() {
    return this.#asked !== null;
  }

  close() {
    if (!this.isOpen) return;
    this.#stop();
    this.#reader.cancel();
    const { button } = this.#asked;
    this.#asked = this.#made = null;
    button.setAttribute("aria-expanded", "false");
    button.querySelector("path").setAttribute("d", "");
    if (this.#element.contains(document.activeElement)) button.focus();
    this.#element.hidden = true;
  }

  #ask() {
    this.#reader.ask(() => {
      this.#sent = { ...this.#asked };
      const { stage, index } = this.#sent;
      return {
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify({ seen: this.#explanation.seen, stage, index }),
      };
    });
  }

  /** Ask for the explanation by the version that answers now. */
  #catchUp() {
    if (this.#rereads === MOST_REREADS) return;
    this.#rereads += 1;
    this.#reread();
  }

  #take(made) {
    if (made.version === this.#explanation.model.version) this.#rereads = 0;
    else this.#catchUp();
    this.#shown = this.#sent;
    const isAlike = String(this.#made?.shape) === String(made.shape);
    this.#made = made;
    this.#tell("");
    const { values, shape: [, columns] } = tableOf(made);
    if (!isAlike) {
      this.#isChosen = false;
      this.#back = null;
    }
    if (!this.#isChosen) this.#cell = largestOf(values, columns);
    if (this.#isNew) {
      this.#slide();
      this.#find(".pair").scrollIntoView({ block: "nearest" });
    } else this.#show();
    this.#isNew = false;
  }

  #tell(code) {
    this.#element.hidden = false;
    // What is left there may be of another stage.
    for (const part of this.#element.querySelectorAll(NUMBERS)) part.hidden = !this.#made;
    this.#find("[data-of=problem]").textContent =
      code && (this.#problems[code] ?? this.#problems.unexpected);
  }

  #slide() {
    this.#stop();
    this.#back = null;
    const { shape: [rows, columns] } = tableOf(this.#made);
    if (rows * columns > 1 && !isStill()) {
      this.#step = 0;
      this.#timer = setInterval(() => {
        this.#step += 1;
        if (this.#step >= rows * STEPS_A_ROW) this.#stop();
        this.#show();
      }, STEP_MS);
    }
    this.#show();
  }

  #stop() {
    clearInterval(this.#timer);
    this.#step = Infinity;
  }

  #show() {
    const isSliding = this.#step !== Infinity;
    const { shape: [, columns] } = tableOf(this.#made);
    const along = (this.#step % STEPS_A_ROW) / (STEPS_A_ROW - 1);
    const cell = isSliding
      ? { row: Math.floor(this.#step / STEPS_A_ROW), column: Math.round(along * (columns - 1)) }
      : this.#back ?? this.#cell;
    this.#view.show({ ...this.#shown, asked: this.#asked.index, made: this.#made, cell, isSliding });
  }

  #choose(cell) {
    this.#stop();
    this.#cell = cell;
    this.#back = null;
    this.#isChosen = true;
    this.#show();
  }

  /** The cell that the keys move from. */
  #at(row, column) {
    const { shape } = tableOf(this.#made);
    const inside = (value, most) => Math.min(most - 1, Math.max(0, value));
    return { row: inside(row, shape[0]), column: inside(column, shape[1]) };
  }

  #listen() {
    const [from, to] = ["from", "to"].map((name) => this.#find(`[data-of=${name}] .framed`));
    // Nothing is there to act on if the first answer is a problem.
    const on = (element, types, action) => types.forEach((type) =>
      element.addEventListener(type, (event) => this.#made && action(event)));
    on(to, ["pointermove", "pointerdown"], (event) => {
      const { row, column } = cellUnder(event, to, [1, ...tableOf(this.#made).shape]);
      this.#choose({ row, column });
    });
    on(from, ["pointermove", "pointerdown"], (event) => {
      const { inputs, input_shape: shape, kind } = this.#made;
      if (kind === "rows") return;
      this.#stop();
      this.#back = { ...cellUnder(event, from, [inputs.length, ...shape]), isBack: true };
      this.#show();
    });
    on(from, ["pointerleave"], ({ pointerType }) => {
      if (!this.#back || pointerType === "touch") return; // a finger leaves as soon as it has tapped
      this.#back = null;
      this.#show();
    });
    on(to, ["keydown"], (event) => {
      const move = MOVES[event.key];
      if (!move || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault(); // scrolling
      const { row, column } = this.#cell;
      this.#choose(this.#at(row + move[0], column + move[1]));
    });
    on(this.#find("[name=map]"), ["input"], ({ target }) => {
      this.#stop();
      this.#asked.index = Number(target.value) - 1;
      this.#ask();
    });
    on(this.#find("[name=relu]"), ["change"], () => this.#show());
    on(this.#find("[data-do=slide]"), ["click"], () => {
      if (!isStill()) {
        this.#slide();
        return;
      }
      const { row, column } = this.#cell;
      this.#choose(this.#at((row + 1) % tableOf(this.#made).shape[0], column));
    });
    this.#find("[data-do=close]").addEventListener("click", () => this.close());
  }
}

/** Whether people ask for less motion. */
function isStill() {
  return matchMedia("(prefers-reduced-motion: reduce)").matches;
}

function cellUnder({ clientX, clientY }, place, shape) {
  const { left, top, width, height } = place.getBoundingClientRect();
  return cellAt(layoutOf(shape), (clientX - left) / width, (clientY - top) / height);
}
