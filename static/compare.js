// The page that lays every model's answer beside one drawing.

import { Verdict } from "./answer.js";
import { Desk } from "./desk.js";

const SIDE = 140; // pixels of the picture that is sent

class Comparison extends Verdict {
  #models = new Map(
    [...document.querySelectorAll("[data-model]")].map((part) => [part.dataset.model, part]),
  );

  show({ models }) {
    const [ours] = models;
    for (const each of models) this.#fill(this.#models.get(each.model.name), each, ours);
    const agree = models.filter(({ digit }) => digit === ours.digit).length;
    this.say(
      this.words.agreement.replace("{agree}", agree).replace("{all}", models.length),
    );
  }

  #fill(part, { digit, confidence, is_digit: isDigit, probabilities }, ours) {
    if (!part) return; // a model that came after the page
    part.querySelector(".digit").textContent = digit;
    part.querySelector(".share").textContent = this.percent.format(confidence);
    part.classList.toggle("differs", digit !== ours.digit);
    part.querySelector(".doubt").hidden = isDigit;
    this.#columns(part, probabilities);
  }

  empty() {
    for (const part of this.#models.values()) {
      part.querySelector(".digit").textContent = "";
      part.querySelector(".share").textContent = "";
      part.classList.remove("differs");
      part.querySelector(".doubt").hidden = true;
      this.#columns(part, Array(10).fill(0));
    }
  }

  #columns(part, probabilities) {
    const best = Math.max(...probabilities);
    for (const column of part.querySelectorAll("[data-digit]")) {
      const p = probabilities[Number(column.dataset.digit)];
      column.dataset.probability = p;
      column.classList.toggle("best", p > 0 && p === best);
      const bar = column.querySelector(".bar");
      bar.setAttribute("y", 30 - 30 * p);
      bar.setAttribute("height", 30 * p);
    }
  }
}

new Desk(new Comparison(), () => ({ mode: "digit", model: "all", side: SIDE }));
