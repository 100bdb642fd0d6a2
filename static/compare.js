// The comparison page: every model's answer to one drawing.

import { AnswerView, joined } from "./answer.js";
import { Editor } from "./editor.js";
import { drawLinked } from "./linked.js";
import { chance } from "./percent.js";

const SIDE = 140; // of the square picture sent, in pixels
const NOT_A_DIGIT = "not_a_digit";

class ComparisonView extends AnswerView {
  #models = new Map(
    [...document.querySelectorAll("[data-model]")].map((card) => [card.dataset.model, card]),
  );

  show({ models, several_digits: isSeveral }) {
    const { most, agree } = majority(models);
    for (const each of models) {
      this.#fill(this.#models.get(each.model.name), each, readingOf(each) !== most);
    }
    if (isSeveral && most === NOT_A_DIGIT) this.say(this.words.severalDigits);
    else if (agree === 1) this.say(this.words.disagreement);
    else this.say(this.#agreement(most, agree, models.length));
  }

  #agreement(most, agree, all) {
    const counted = this.words.agreement.replace("{agree}", agree).replace("{all}", all);
    return joined(counted, this.words.readings[most]);
  }

  #fill(card, { digit, confidence, is_digit: isDigit, probabilities }, differs) {
    if (!card) return; // a model added since the page was loaded
    card.querySelector(".digit").textContent = isDigit ? digit : "";
    card.querySelector(".share").textContent = isDigit ? chance(confidence) : "";
    card.classList.toggle("differs", differs);
    card.querySelector(".doubt").hidden = isDigit;
    this.#updateColumns(card, probabilities, isDigit);
  }

  empty() {
    for (const card of this.#models.values()) {
      card.querySelector(".digit").textContent = "";
      card.querySelector(".share").textContent = "";
      card.classList.remove("differs");
      card.querySelector(".doubt").hidden = true;
      this.#updateColumns(card, Array(10).fill(0), false);
    }
  }

  #updateColumns(card, probabilities, isDigit) {
    const best = Math.max(...probabilities);
    for (const column of card.querySelectorAll("[data-digit]")) {
      const p = probabilities[Number(column.dataset.digit)];
      column.dataset.probability = p;
      column.classList.toggle("best", isDigit && p === best);
      const bar = column.querySelector(".bar");
      bar.setAttribute("y", 30 - 30 * p);
      bar.setAttribute("height", 30 * p);
    }
  }
}

function readingOf({ digit, is_digit: isDigit }) {
  return isDigit ? String(digit) : NOT_A_DIGIT;
}

/** The reading that most models give, and how many do; of several such, the default model's. */
function majority(models) {
  const counts = new Map();
  for (const reading of models.map(readingOf)) counts.set(reading, (counts.get(reading) ?? 0) + 1);
  const agree = Math.max(...counts.values());
  const [most] = [...counts.keys()].filter((reading) => counts.get(reading) === agree);
  return { most, agree };
}

const editor = new Editor(new ComparisonView(), () => ({ mode: "digit", model: "all", side: SIDE }));
drawLinked(editor.sheet);
