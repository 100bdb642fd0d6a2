// Numbers on the drawing page: the digits of the answer as buttons, what the chosen one looked like,
// the whole number to correct, and the switch between one digit and several.

import { joined } from "./answer.js";
import { leastCertain, numberLabel } from "./labels.js";
import { choose } from "./options.js";

const $ = (id) => document.getElementById(id);

export class NumberView {
  #view;
  #prediction = null;
  #number = ""; // in one line, as it was read
  #choose;
  #mode = $("mode");
  #form = $("number-form"); // missing where nothing is kept

  /** `view` shows the answer; `choose(index)` chooses one of its digits. */
  constructor(view, choose) {
    this.#view = view;
    this.#choose = choose;
  }

  /** Call `read` after a press of the switch. */
  onSwitch(read) {
    const switches = { "read-number": "number", "read-digit": "digit" };
    for (const [id, mode] of Object.entries(switches)) {
      $(id).addEventListener("click", () => {
        choose({ mode });
        read();
        this.#mode.focus(); // the button is gone
      });
    }
  }

  /** Call `submit` with the number that somebody says it is. */
  onNumber(submit) {
    this.#form?.addEventListener("submit", (event) => {
      event.preventDefault();
      const label = numberLabel($("number").value);
      if (label) submit(label);
    });
  }

  show(prediction) {
    this.#prediction = prediction;
    const { digits, text, several_digits: several } = prediction;
    const isNumber = digits.length > 1;
    $("read-number").hidden = !several;
    $("read-digit").hidden = !isNumber || this.#mode.value !== "auto";
    const answer = $("answer"); // which has its buttons still, if the same answer comes again
    if (isNumber && text && !answer.children.length) answer.append(...this.#numerals(digits));
    this.#mark(leastCertain(prediction));
    if (!this.#form) return;
    this.#form.hidden = !(isNumber || several || this.#mode.value === "number");
    const number = isNumber ? text.replaceAll("\n", " ") : "";
    if (number === this.#number) return; // what is typed remains, when the same answer comes again
    this.#number = number;
    $("number").value = number;
  }

  hide() {
    this.#prediction = null;
    this.#number = "";
    $("read-number").hidden = $("read-digit").hidden = true;
    if (!this.#form) return;
    this.#form.hidden = true;
    $("number").value = "";
  }

  /** Show one digit of the number: its bars, and what the model saw of it. */
  showDigit(index) {
    const { digits, inverted, is_digit: isDigit } = this.#prediction;
    const { probabilities, seen } = digits[index];
    const { words } = this.#view;
    const which = words.chosen.replace("{index}", index + 1).replace("{count}", digits.length);
    const line = joined(which, words.seen[inverted ? "inverted" : "as is"]);
    this.#view.showBars(probabilities, seen, line, isDigit);
    this.#mark(index);
  }

  #numerals(digits) {
    $("answer").textContent = "";
    return digits.flatMap(({ digit, row }, index) => {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = digit;
      button.addEventListener("click", () => this.#choose(index));
      return index && row !== digits[index - 1].row ? ["\n", button] : [button];
    });
  }

  #mark(index) {
    [...$("answer").querySelectorAll("button")].forEach((button, i) => {
      button.setAttribute("aria-pressed", i === index);
    });
  }
}
