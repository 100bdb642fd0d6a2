// Chapter 5: how sure the answer to the drawing is, and what a threshold would do to it.

import { chance, percent } from "../percent.js";
import { write as writeInto } from "./write.js";

export function mount(element, story) {
  const find = (selector) => element.querySelector(selector);
  const write = (name, text) => writeInto(find(`[data-of=${name}]`), text);
  const words = JSON.parse(find(".words").textContent);
  const slider = find("[name=threshold]");
  const shipped = words.thresholds.findIndex(({ threshold }) =>
    threshold === Number(element.dataset.shipped));
  let { answer } = words; // to the example, at first

  story.paper(find("canvas"));

  story.keepAsking({
    path: "/api/v1/predict",
    element,
    problem: find(".problem"),
    body: () => {
      const { strokes, pen } = story.request();
      return { strokes, pen, mode: "digit" };
    },
    show: (next) => {
      answer = next;
      show();
    },
  });
  slider.addEventListener("input", () => story.set("product-threshold", slider.value));

  function chosen() {
    const index = Number(story.get("product-threshold", shipped));
    return words.thresholds[index] ? index : shipped;
  }

  function sentence({ certainty, probabilities }) {
    const order = probabilities.map((_, digit) => digit)
      .sort((a, b) => probabilities[b] - probabilities[a]);
    const text = words.sentences[certainty].replace("{first}", words.digits[order[0]])
      .replace("{second}", words.digits[order[1]]);
    return text.charAt(0).toUpperCase() + text.slice(1);
  }

  /** The group of test answers that are as sure as this confidence. */
  function groupOf(confidence) {
    const index = Math.min(words.groups.length - 1, Math.floor(confidence * words.groups.length));
    return words.groups[index];
  }

  function show() {
    const index = chosen();
    const { threshold, digits, letters } = words.thresholds[index];
    const rounded = String(Number(threshold.toPrecision(3)));
    slider.value = index;
    for (const row of element.querySelectorAll(".thresholds tr")) {
      [...row.children].forEach((cell, i) => cell.classList.toggle("chosen", i === index + 1));
    }
    const line = find(".yours");
    const confidence = answer?.confidence ?? 0;
    line.setAttribute("x1", 100 * confidence);
    line.setAttribute("x2", 100 * confidence);
    line.classList.toggle("none", !answer);
    const group = answer && groupOf(confidence);
    write("sentence", answer ? sentence(answer) : words.invitation);
    write("promise", !answer ? "" : (group ? words.promise : words.noGroup)
      .replace("{confidence}", chance(confidence))
      .replace("{pictures}", group?.pictures.toLocaleString("en")).replace("{right}", group && percent(group.accuracy)));
    write("score", answer
      ? (answer.digit_score < threshold ? words.rejected : words.accepted)
        .replace("{score}", answer.digit_score.toFixed(3)).replace("{threshold}", rounded)
      : "");
    write("threshold", words.bargain.replace("{threshold}", rounded)
      .replace("{digits}", percent(digits)).replace("{letters}", percent(letters)));
  }

  story.on(show);
}
