// Chapter 5: how sure the answer to the drawing is, and what a threshold would do to it.

import { percent } from "../percent.js";
import { Reader } from "../reader.js";
import { at } from "../site.js";

export function mount(element, story) {
  const find = (selector) => element.querySelector(selector);
  const write = (name, text) => (find(`[data-of=${name}]`).textContent = text);
  const words = JSON.parse(find(".words").textContent);
  const reader = new Reader(at("/api/v1/predict"));
  const slider = find("[name=threshold]");
  const shipped = words.thresholds.findIndex(({ threshold }) =>
    threshold === Number(element.dataset.shipped));
  let asked = null; // the strokes that the answer is about
  let answer = null;

  story.paper(find("canvas"));

  reader.addEventListener("answer", ({ detail }) => {
    answer = detail;
    show();
  });
  reader.addEventListener("problem", ({ detail: code }) => {
    if (code === "unreachable") return;
    answer = null;
    show();
  });
  slider.addEventListener("input", () => story.set("product-threshold", slider.value));

  function ask() {
    const { strokes, pen } = story.request();
    reader.ask(() => ({
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ strokes, pen, mode: "digit" }),
    }));
  }

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
      .replace("{confidence}", percent(confidence))
      .replace("{pictures}", group?.pictures.toLocaleString("en")).replace("{right}", group && percent(group.accuracy)));
    write("score", answer
      ? (answer.digit_score < threshold ? words.rejected : words.accepted)
        .replace("{score}", answer.digit_score.toFixed(3)).replace("{threshold}", rounded)
      : "");
    write("threshold", words.bargain.replace("{threshold}", rounded)
      .replace("{digits}", percent(digits)).replace("{letters}", percent(letters)));
  }

  story.on(() => {
    if (story.sheet.isDot) {
      reader.cancel();
      asked = answer = null;
    } else if (!story.sheet.stroke && story.strokes !== asked) {
      asked = story.strokes;
      if (story.isExample) ({ answer } = words);
      else ask();
    }
    show();
  });
}
