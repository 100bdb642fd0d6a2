// The answer's side of the page: numeral, sentence, bars, and what the model saw.

const SPEAK_AFTER_MS = 700; // the live region speaks once drawing pauses, not at every stroke
const BUSY_AFTER_MS = 300; // nothing flashes for a wait shorter than this

/** What stands on every answer's side: one sentence, which is spoken too. `empty()` is the page's. */
export class Verdict {
  words = JSON.parse(document.getElementById("words").textContent);
  percent = new Intl.NumberFormat(document.documentElement.lang, {
    style: "percent",
    minimumFractionDigits: 1,
    maximumFractionDigits: 1,
  });
  #sentence = document.getElementById("sentence");
  #spoken = document.getElementById("spoken");
  #speech = 0;

  /** Say what went wrong; whether the last answer still stands. */
  showProblem(code) {
    const { problems } = this.words;
    const stands = code === "unreachable";
    if (!stands) this.empty();
    this.say(problems[code] ?? problems.unexpected);
    return stands;
  }

  invite() {
    this.empty();
    this.say(this.words.invitation);
  }

  /** An answer in words, as honest as its probability deserves. */
  sentenceFor({ certainty, probabilities, digits, text: number, several_digits: several }) {
    if (several) return this.words.severalDigits;
    if (digits.length > 1) {
      return this.words.numberSentences[certainty].replace("{number}", number);
    }
    const order = probabilities.map((_, digit) => digit);
    order.sort((a, b) => probabilities[b] - probabilities[a]);
    const [first, second] = order.map((digit) => this.words.digits[digit]);
    const text = this.words.sentences[certainty]
      .replace("{first}", first)
      .replace("{second}", second);
    return text.charAt(0).toUpperCase() + text.slice(1);
  }

  /** Show that an answer is awaited, or no longer; a page may leave the last one standing. */
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

export class Answer extends Verdict {
  #parts;
  #busy = 0;

  constructor(root) {
    super();
    const find = (id) => root.querySelector(`#${id}`);
    this.#parts = {
      root,
      answer: find("answer"),
      sentence: find("sentence"),
      rows: [...root.querySelectorAll("#bars [data-digit]")],
      readNumber: find("read-number"),
      saw: find("saw"),
      seen: find("seen"),
      seenLine: find("seen-line"),
    };
    this.#parts.initialLine = this.#parts.seenLine.textContent;
  }

  show(prediction) {
    const { answer, readNumber, saw, seen, seenLine } = this.#parts;
    const { length } = prediction.text;
    answer.textContent = prediction.text;
    answer.classList.toggle("number", length > 1);
    answer.style.setProperty("--digits", length);
    readNumber.hidden = !prediction.several_digits;
    this.#bars(prediction.probabilities);
    saw.classList.remove("empty");
    seen.hidden = false;
    seen.src = prediction.seen;
    const line = this.words.seen[prediction.inverted ? "inverted" : "as is"];
    const isNumber = prediction.digits.length > 1;
    seenLine.textContent = isNumber ? `${this.words.leastCertain} ${line}` : line;
    this.say(this.sentenceFor(prediction));
  }

  wait(waiting) {
    clearTimeout(this.#busy);
    const { root, sentence } = this.#parts;
    root.setAttribute("aria-busy", "false");
    if (!waiting) return;
    this.#busy = setTimeout(() => {
      root.setAttribute("aria-busy", "true");
      sentence.textContent = this.words.reading;
    }, BUSY_AFTER_MS);
  }

  empty() {
    const { answer, readNumber, rows, saw, seen, seenLine, initialLine } = this.#parts;
    answer.textContent = "";
    readNumber.hidden = true;
    for (const row of rows) this.#bar(row, 0, false, "");
    saw.classList.add("empty");
    seen.hidden = true;
    seen.removeAttribute("src");
    seenLine.textContent = initialLine;
  }

  #bars(probabilities) {
    const best = Math.max(...probabilities);
    for (const row of this.#parts.rows) {
      const p = probabilities[Number(row.dataset.digit)];
      this.#bar(row, p, p === best, this.percent.format(p));
    }
  }

  #bar(row, probability, isBest, text) {
    row.dataset.probability = probability;
    row.classList.toggle("best", isBest);
    row.querySelector("rect").setAttribute("width", `${100 * probability}%`);
    row.querySelector(".share").textContent = text;
  }
}
