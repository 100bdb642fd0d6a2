// The comparison page: every model's answer to one drawing.

import { AnswerView } from "./answer.js";
import { Editor } from "./editor.js";

const SIDE = 140; // of the square picture sent, in pixels

class ComparisonView extends AnswerView {
  #models = new Map(
    [...document.querySelectorAll("[data-model]")].map((card) => [card.dataset.model, card]),
  );

  show({ models }) {
    const [first] = models; // the default model
    for (const each of models) this.#fill(this.#models.get(each.model.name), each, first);
    const agree = models.filter(({ digit }) => digit === first.digit).length;
    this.say(
      this.words.agreement.replace("{agree}", agree).replace("{all}", models.length),
    );
  }

  #fill(card, { digit, confidence, is_digit: isDigit, probabilities }, first) {
    if (!card) return; // a model added since the page was loaded
    card.querySelector(".digit").textContent = digit;
    card.querySelector(".share").textContent = this.percent.format(confidence);
    card.classList.toggle("differs", digit !== first.digit);
    card.querySelector(".doubt").hidden = isDigit;
    this.#updateColumns(card, probabilities);
  }

  empty() {
    for (const card of this.#models.values()) {
      card.querySelector(".digit").textContent = "";
      card.querySelector(".share").textContent = "";
      card.classList.remove("differs");
      card.querySelector(".doubt").hidden = true;
      this.#updateColumns(card, Array(10).fill(0));
    }
  }

  #updateColumns(card, probabilities) {
    const best = Math.max(...probabilities);
    for (const column of card.querySelectorAll("[data-digit]")) {
      const p = probabilities[Number(column.dataset.digit)];
      column.dataset.probability = p;
      column.classList.toggle("best", p > 0 && p === best);
      const bar = column.querySelector(".bar");
      bar.setAttribute("y", 30 - 30 * p);
      bar.setAttribute("height", 30 * p);
    }
  }
}

new Editor(new ComparisonView(), () => ({ mode: "digit", model: "all", side: SIDE }));
