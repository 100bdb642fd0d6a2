// Whether an answer was right: one touch or key says so, and the drawing is kept with it.

const URL = "/api/v1/feedback";

export class Correction {
  #form;
  #right; // none under the answers of several models
  #truths;
  #thanks;
  #words;
  #drawing; // () → promise of {image, strokes} of what was read
  #prediction = null;
  #kept = null; // the id of what was kept

  constructor(form, words, drawing) {
    this.#form = form;
    this.#right = form.querySelector("#right");
    this.#truths = form.querySelector("#truths");
    this.#thanks = form.querySelector("#thanks");
    this.#words = words;
    this.#drawing = drawing;
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.tell(event.submitter === this.#right ? "right" : event.submitter.value);
    });
    form.querySelector("#take-back").addEventListener("click", () => this.#takeBack());
  }

  /** Ask about this answer. */
  offer(prediction) {
    this.#prediction = prediction;
    this.#kept = null;
    if (this.#right) this.#right.value = prediction.digit;
    for (const button of this.#truths.querySelectorAll("button:not(#right)")) {
      button.classList.toggle("answered", button.value === String(prediction.digit));
    }
    this.#show("");
    this.#form.classList.remove("waiting");
    this.#form.inert = false;
  }

  /** There is no answer to ask about. */
  withdraw() {
    this.#prediction = null;
    this.#form.classList.add("waiting");
    this.#form.inert = true;
  }

  /** The truth about the drawing: "0" to "9", "not_a_digit", or "right" for the answer itself. */
  async tell(truth) {
    const shown = this.#prediction;
    if (!shown || this.#kept !== null || (truth === "right" && !this.#right)) return;
    const drawing = await this.#drawing(); // and the answer to it is there
    const prediction = this.#prediction;
    if (!prediction || this.#kept !== null) return;
    const label = toldAbout(prediction, shown, truth);
    if (label === null) return;
    this.#kept = "";
    const body = { label, prediction_id: prediction.prediction_id, ...drawing };
    const answer = await send("POST", URL, body);
    if (this.#prediction !== prediction) return; // another drawing came meanwhile
    if (answer.id !== undefined) {
      this.#kept = answer.id;
      this.#show(this.#words.kept[answer.label]);
      this.#form.querySelector("#take-back").hidden = !answer.id;
    } else {
      this.#kept = null;
      this.#show(this.#words.notKept[answer.code] ?? this.#words.notKept.not_kept);
      this.#form.querySelector("#take-back").hidden = true;
    }
  }

  async #takeBack() {
    const answer = await send("DELETE", `${URL}/${this.#kept}`);
    if (answer.code) return;
    this.#kept = null;
    this.#show("");
  }

  #show(sentence) {
    this.#thanks.querySelector("span").textContent = sentence;
    this.#thanks.hidden = !sentence;
    this.#truths.hidden = Boolean(sentence);
  }
}

/**
 * The label that a truth gives to an answer, where `shown` is the one that stood there when it was
 * told; null where it was told about another digit of a number.
 */
function toldAbout(prediction, shown, truth) {
  const isNumber = prediction.digits.length > 1;
  if (truth !== "right") return isNumber && prediction.digit !== shown.digit ? null : truth;
  if (!isNumber) return String(shown.digit);
  return prediction.text === shown.text ? String(prediction.digit) : null;
}

/** The body of the answer; {} of an empty one, and the code of what went wrong. */
async function send(method, url, body) {
  try {
    const response = await fetch(url, {
      method,
      headers: body ? { "Content-Type": "application/json" } : {},
      body: body && JSON.stringify(body),
    });
    return response.status === 204 ? {} : await response.json();
  } catch {
    return { code: "not_kept" };
  }
}
