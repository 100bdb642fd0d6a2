// The digits of a number: each is framed on the sheet, and a click on one chooses it, there or in
// the answer, so that its probabilities are shown and it can be corrected by itself.

import { leastCertain } from "./labels.js";

const CLICK_PX = 6; // what moves farther draws

/** Dispatches `choose` when somebody chooses a digit of the answer; its `index` is then another. */
export class Digits extends EventTarget {
  index = 0; // the chosen digit
  #canvas;
  #pad;
  #prediction = null;
  #chosenIn = ""; // the text of the number in which somebody chose a digit
  #held = null; // {down, index}: a pointer on a digit, which clicks or will yet draw
  #passing = false; // events that were held are dispatched again

  /** `pad` frames the digits on `canvas`, and knows which of the frames is where. */
  constructor(canvas, pad) {
    super();
    this.#canvas = canvas;
    this.#pad = pad;
    const options = { capture: true }; // before the hands that draw
    for (const type of ["pointerdown", "pointermove", "pointerup", "pointercancel"]) {
      canvas.parentElement.addEventListener(type, (event) => this.#on(event), options);
    }
  }

  /** Frame the digits of an answer, and the ink that is none of them. */
  show(prediction) {
    this.#prediction = prediction;
    // A later answer to the last stroke is often the same: what was chosen meanwhile remains.
    if (this.#chosenIn && this.#chosenIn === prediction.text) {
      this.choose(this.index);
    } else {
      this.#chosenIn = "";
      this.index = leastCertain(prediction);
      this.#frame();
    }
  }

  hide() {
    this.#prediction = null;
    this.#pad.frames = [];
  }

  choose(index) {
    if (!this.#prediction) return; // the sheet has changed, and the next answer is awaited
    this.index = index;
    this.#chosenIn = this.#prediction.text;
    this.#frame();
    this.dispatchEvent(new Event("choose"));
  }

  #frame() {
    const { digits, unread, text } = this.#prediction;
    const read = text ? digits : []; // otherwise nothing was read
    const chosen = read.length > 1 ? this.index : -1;
    this.#pad.frames = [
      ...read.map(({ box }, i) => ({ box, isChosen: i === chosen })),
      ...unread.map(({ box }) => ({ box, isUnread: true })),
    ];
  }

  #on(event) {
    if (this.#passing || event.target !== this.#canvas) return;
    if (event.type === "pointerdown") this.#down(event);
    else if (event.pointerId !== this.#held?.down.pointerId) return;
    else if (event.type === "pointerup") this.#click(event);
    else if (event.type === "pointercancel") this.#held = null;
    else if (distance(event, this.#held.down) > CLICK_PX) this.#draw();
    else event.stopPropagation();
  }

  #down(event) {
    this.#draw(); // another finger: the hands decide
    const { digits } = this.#prediction ?? { digits: [] };
    if (digits.length < 2 || event.button !== 0) return;
    const index = this.#pad.frameAt(event);
    if (index === -1 || index >= digits.length) return;
    event.stopPropagation();
    event.preventDefault();
    this.#held = { down: event, index };
  }

  /** It was a click: no stroke begins. */
  #click(event) {
    const { index } = this.#held;
    this.#held = null;
    event.stopPropagation();
    this.choose(index);
  }

  /** It is a stroke: begin it where the pointer came down. */
  #draw() {
    if (!this.#held) return;
    const { down } = this.#held;
    this.#held = null;
    this.#passing = true;
    this.#canvas.dispatchEvent(down);
    this.#passing = false;
  }
}

function distance(one, other) {
  return Math.hypot(one.clientX - other.clientX, one.clientY - other.clientY);
}
