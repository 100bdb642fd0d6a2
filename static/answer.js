// Shows an answer: numeral, sentence, bars, and the pixels the model saw.

import { chance } from "./percent.js";

const SPEAK_AFTER_MS = 700; // announce once drawing pauses, not at every stroke
const BUSY_AFTER_MS = 300; // shorter waits show nothing, so that nothing flashes
const GAP = document.documentElement.lang.startsWith("zh") ? "" : " "; // between sentences

/** Several sentences as one text; as `joined` in text.py. */
export function joined(...sentences) {
  return sentences.join(GAP);
}

/**
 * Base of the answer views: the sentence, also announced to screen readers. Subclasses implement
 * `show(prediction)` and `empty()`.
 */
export class AnswerView {
  words = JSON.parse(document.getElementById("words").textContent);
  #sentence = document.getElementById("sentence");
  #spoken = document.getElementById("spoken");
  #speech = 0;

  constructor() {
    // Until now it may say something else to browsers without scripts.
    if (this.#sentence.children.length) this.#sentence.textContent = this.words.invitation;
  }

  /** Explain a problem. Returns whether the last answer stays on the page. */
  showProblem(code) {
    const { problems } = this.words;
    const keepsAnswer = code === "unreachable";
    if (!keepsAnswer) this.empty();
    this.say(problems[code] ?? problems.unexpected);
    return keepsAnswer;
  }

  showInvitation() {
    this.empty();
    this.say(this.words.invitation);
  }

  /** The answer in words, worded by its calibrated certainty. */
  sentenceFor(prediction) {
    if (prediction.several_digits) return this.words.severalDigits;
    const answer = this.#inWords(prediction);
    const { length } = prediction.unread;
    if (!length || prediction.certainty === "not_a_digit") return answer;
    return joined(answer, this.words.unread[length === 1 ? "one" : "more"]);
  }

  #inWords({ certainty, probabilities, digits, text: number }) {
    if (digits.length > 1) {
      const rows = number.replaceAll("\n", "; ");
      return this.words.numberSentences[certainty].replace("{number}", rows);
    }
    const order = probabilities.map((_, digit) => digit);
    order.sort((a, b) => probabilities[b] - probabilities[a]);
    const [first, second] = order.map((digit) => this.words.digits[digit]);
    const text = this.words.sentences[certainty]
      .replace("{first}", first)
      .replace("{second}", second);
    return text.charAt(0).toUpperCase() + text.slice(1);
  }

  /** Show whether an answer is awaited. By default the last answer simply stays. */
  wait() {}

  say(sentence) {
    this.wait(false);
    this.#sentence.textContent = sentence;
    clearTimeout(this.#speech);
    this.#speech = setTimeout(() => {
      this.#spoken.textContent = sentence;
    }, SPEAK_AFTER_MS);
  }
}

export class PredictionView extends AnswerView {
  #elements;
  #busy = 0;

  constructor(root) {
    super();
    const find = (id) => document.getElementById(id);
    this.#elements = {
      root,
      answer: find("answer"),
      sentence: find("sentence"),
      rows: [...root.querySelectorAll("#bars [data-digit]")],
      afterAll: find("after-all"),
      saw: find("saw"),
      seen: find("seen"),
      seenLine: find("seen-line"),
    };
    this.#elements.initialLine = this.#elements.seenLine.textContent;
  }

  show(prediction) {
    announce(prediction);
    const { answer } = this.#elements;
    const length = Math.max(...prediction.text.split("\n").map((row) => row.length));
    if (answer.textContent !== prediction.text) answer.textContent = prediction.text; // keeps focus
    answer.classList.toggle("number", length > 1);
    answer.style.setProperty("--digits", length);
    this.#elements.afterAll.hidden = prediction.is_digit;
    const line = this.words.seen[prediction.inverted ? "inverted" : "as is"];
    const isNumber = prediction.digits.length > 1;
    const seenLine = isNumber ? joined(this.words.leastCertain, line) : line;
    this.showBars(prediction.probabilities, prediction.seen, seenLine, prediction.is_digit);
    this.say(this.sentenceFor(prediction));
  }

  /**
   * Show the probabilities of a digit, the pixels seen of it, and a line about these. No bar stands
   * out where the answer is that it is no digit. Dispatches `bars` on the document.
   */
  showBars(probabilities, pixels, line, isDigit) {
    const { saw, seen, seenLine } = this.#elements;
    this.#updateBars(probabilities, isDigit);
    document.dispatchEvent(new Event("bars"));
    saw.classList.remove("empty");
    seen.hidden = false;
    seen.src = pixels;
    seenLine.textContent = line;
  }

  wait(waiting) {
    clearTimeout(this.#busy);
    const { root, sentence } = this.#elements;
    root.setAttribute("aria-busy", "false");
    if (!waiting) return;
    this.#busy = setTimeout(() => {
      root.setAttribute("aria-busy", "true");
      sentence.textContent = this.words.reading;
    }, BUSY_AFTER_MS);
  }

  empty() {
    announce(null);
    const { answer, afterAll, rows, saw, seen, seenLine, initialLine } = this.#elements;
    answer.textContent = "";
    afterAll.hidden = true;
    for (const row of rows) this.#updateBar(row, 0, false, "");
    saw.classList.add("empty");
    seen.hidden = true;
    seen.removeAttribute("src");
    seenLine.textContent = initialLine;
  }

  #updateBars(probabilities, isDigit) {
    const best = isDigit && Math.max(...probabilities);
    for (const row of this.#elements.rows) {
      const p = probabilities[Number(row.dataset.digit)];
      this.#updateBar(row, p, p === best, chance(p));
    }
  }

  #updateBar(row, probability, isBest, text) {
    row.dataset.probability = probability;
    row.classList.toggle("best", isBest);
    row.querySelector("rect").setAttribute("width", `${100 * probability}%`);
    row.querySelector(".share").textContent = text;
  }
}

/** Let other scripts of the page know the answer that it shows, or null. */
function announce(answer) {
  document.dispatchEvent(new CustomEvent("answer", { detail: answer }));
}
