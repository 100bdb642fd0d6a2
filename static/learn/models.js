// Chapter 3: what each model reads of the drawing, and one that reads it row by row.

import { chance } from "../percent.js";
import { showBars, showPicture } from "./bars.js";
import { onceSeen } from "./seen.js";

const ROWS = 28;
const PER_ROW_MS = 130;

export function mount(element, story) {
  const find = (selector) => element.querySelector(selector);
  const covers = [...element.querySelectorAll(".cover")];
  const slider = find("[name=rows]");
  const links = [...element.querySelectorAll("a")];
  let rows = { probabilities: JSON.parse(element.dataset.rows) }; // the answer to /learn/rows
  let linked = null; // the strokes that the links carry
  let step = Infinity; // of the replay, in rows; what comes after is not read yet
  let timer = 0;

  story.paper(find("canvas"));

  story.keepAsking({
    path: "/api/v1/predict",
    element: find(".seven"),
    problem: find("[data-problem=models]"),
    body: () => {
      const { strokes, pen } = story.request();
      return { strokes, pen, mode: "digit", model: "all" };
    },
    show: (answer) => showAnswers(answer?.models ?? []),
  });
  story.keepAsking({
    path: "/learn/rows",
    element: find(".reading"),
    problem: find("[data-problem=rows]"),
    body: () => story.request(),
    show: (answer) => {
      rows = answer;
      showPicture(find("[data-of=states]"), rows?.states);
      showRows();
    },
  });

  /** Let the links carry the drawing: a page that they lead to may be in another tab. */
  function link() {
    if (story.sheet.stroke || story.strokes === linked) return;
    linked = story.strokes;
    for (const each of links) each.hash = story.code ? `drawing=${story.code}` : "";
  }

  function showAnswers(answers) {
    for (const row of element.querySelectorAll("[data-model]")) {
      const answer = answers.find(({ model }) => model.name === row.dataset.model);
      row.querySelector(".digit").textContent = answer ? (answer.is_digit ? answer.digit : "–") : "";
      row.querySelector(".share").textContent = answer ? chance(answer.confidence, 0) : "";
    }
  }

  function rowsRead() {
    const value = Number(story.get("models-rows", ROWS));
    return Number.isInteger(value) ? Math.min(ROWS, Math.max(0, value)) : ROWS;
  }

  function showRows() {
    const count = Math.min(step, rowsRead());
    slider.value = count;
    showPicture(find("[data-of=rows]"), story.ways?.centered?.seen);
    for (const cover of covers) cover.setAttribute("y", count);
    const probabilities = rows?.probabilities[count - 1];
    showBars(find("#rows-bars"), probabilities);
    const best = probabilities && Math.max(...probabilities);
    find("[data-of=said]").textContent = probabilities
      ? story.words.says
        .replace("{model}", element.querySelector("[data-model=rnn] th").textContent)
        .replace("{digit}", probabilities.indexOf(best)).replace("{share}", chance(best, 0))
      : "";
  }

  function stop() {
    clearInterval(timer);
    step = Infinity;
  }

  function play() {
    stop();
    if (matchMedia("(prefers-reduced-motion: reduce)").matches) return; // the slider goes row by row
    step = 0;
    timer = setInterval(() => {
      step += 1;
      if (step >= ROWS) stop();
      showRows();
    }, PER_ROW_MS);
  }

  find("[data-do=play]").addEventListener("click", () => {
    story.set("models-rows", ROWS);
    play();
  });
  slider.addEventListener("input", () => {
    stop();
    story.set("models-rows", slider.value);
  });

  story.on(() => {
    link();
    showRows();
  });
  onceSeen(find(".reading"), () => {
    if (!story.get("models-rows")) play();
  });
}
