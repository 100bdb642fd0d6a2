// Feedback on an answer: one click or key labels the drawing, which is then stored.

import { announce } from "./announce.js";
import { leastCertain, rightLabel, withDigit } from "./labels.js";
import { patientFetch } from "./reader.js";
import { at } from "./site.js";

const URL = at("/api/v1/feedback");

export class Correction {
  #form;
  #right; // missing where several models answer
  #choices;
  #thanks;
  #takeBack;
  #words;
  #getDrawing; // (prediction) → promise of {image, strokes} of the drawing, null if it has changed
  #prediction = null;
  #index = 0; // of the digit of a number that the choices are about
  #storedId = null; // null: nothing stored; "": being stored, or stored by somebody else

  constructor(form, words, getDrawing) {
    this.#form = form;
    this.#right = form.querySelector("#right");
    this.#choices = form.querySelector("#truths");
    this.#thanks = form.querySelector("#thanks");
    this.#words = words;
    this.#getDrawing = getDrawing;
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.submit(event.submitter === this.#right ? "right" : event.submitter.value);
    });
    this.#takeBack = form.querySelector("#take-back");
    this.#takeBack.addEventListener("click", () => this.#delete());
  }

  /** Ask for feedback on this answer. */
  offer(prediction) {
    this.#prediction = prediction;
    this.#storedId = null;
    this.choose(leastCertain(prediction));
    if (this.#right) this.#right.hidden = rightLabel(prediction) === null;
    this.#showUnlabeled("");
    this.#form.classList.remove("waiting");
    this.#form.inert = false;
  }

  /** From now on the choices are about another digit of the number. */
  choose(index) {
    this.#index = index;
    const { certainty, digits } = this.#prediction;
    const answered = certainty === "not_a_digit" ? certainty : String(digits[index].digit);
    for (const button of this.#choices.querySelectorAll("button:not(#right)")) {
      button.classList.toggle("answered", button.value === answered);
    }
  }

  /** Stop asking: there is no answer on the page. */
  withdraw() {
    this.#prediction = null;
    this.#form.classList.add("waiting");
    this.#form.inert = true;
  }

  /** Send feedback: "0" to "9", "not_a_digit", a number, or "right" if the answer is correct. */
  async submit(feedback) {
    const [shown, index] = [this.#prediction, this.#index];
    if (!shown || this.#storedId !== null || (feedback === "right" && !this.#right)) return;
    this.#form.setAttribute("aria-busy", "true");
    const drawing = await this.#getDrawing(shown); // resolves once this drawing has been answered
    this.#form.removeAttribute("aria-busy");
    const prediction = this.#prediction;
    if (!drawing || !prediction || this.#storedId !== null) return;
    const label = labelFor(feedback, shown, index, prediction);
    if (label === null) return;
    this.#storedId = "";
    const body = { label, prediction_id: prediction.prediction_id, ...drawing };
    const response = await send("POST", URL, body);
    if (this.#prediction !== prediction) return; // a new drawing was answered meanwhile
    if (response.id !== undefined) {
      this.#storedId = response.id;
      this.#showStored(response.disputed ? this.#words.disputed : this.#thanksFor(response.label));
    } else {
      this.#storedId = null;
      this.#showUnlabeled(this.#words.notKept[response.code] ?? this.#words.notKept.not_kept);
    }
  }

  async #delete() {
    const id = this.#storedId;
    const { code } = await send("DELETE", `${URL}/${id}`);
    if (id !== this.#storedId) return; // a new drawing was answered meanwhile
    const { notDeleted } = this.#words;
    if (code && code !== "not_found") {
      this.#showStored(notDeleted[code] ?? notDeleted.not_deleted); // and may be tried again
      return;
    }
    this.#storedId = null;
    this.#showUnlabeled(code ? notDeleted.not_found : "");
  }

  #thanksFor(label) {
    const { kept } = this.#words;
    return kept[label] ?? kept.number.replace("{number}", label.replaceAll("\n", "; "));
  }

  /** The drawing is stored: say so, or why it could not be deleted, instead of the choices. */
  #showStored(sentence) {
    this.#say(sentence);
    this.#choices.hidden = true;
    this.#form.classList.add("stored");
    this.#takeBack.hidden = !this.#storedId;
  }

  /** The drawing is not stored: offer the choices, and say why it is not if it was to be. */
  #showUnlabeled(sentence) {
    this.#say(sentence);
    this.#choices.hidden = false;
    this.#form.classList.remove("stored");
    this.#takeBack.hidden = true;
  }

  #say(sentence) {
    this.#thanks.hidden = !sentence;
    announce(this.#thanks.querySelector("span"), sentence);
  }
}

/**
 * The label for `prediction`, given feedback on `shown`, the answer on the page at that moment, and
 * its digit `index`. null if the feedback no longer applies, because it was about another number, or
 * says that an answer without a reading is right.
 */
function labelFor(feedback, shown, index, prediction) {
  const isNumber = shown.digits.length > 1;
  const isDigit = /^[0-9]$/.test(feedback);
  if (feedback !== "right" && !(isDigit && isNumber)) return feedback;
  if ((isNumber || prediction.digits.length > 1) && prediction.text !== shown.text) return null;
  return isDigit ? withDigit(shown, index, feedback) : rightLabel(shown);
}

/** The response's JSON, {} if it has no body, or {code} if the request failed. */
async function send(method, url, body) {
  try {
    const response = await patientFetch(url, {
      method,
      headers: body ? { "Content-Type": "application/json" } : {},
      body: body && JSON.stringify(body),
    });
    return response.status === 204 ? {} : await response.json();
  } catch {
    return { code: "unreachable" };
  }
}
