// Chapter 3: what each model reads of the drawing, and one that reads it row by row.

import { percent } from "../percent.js";
import { Reader } from "../reader.js";
import { at } from "../site.js";
import { showBars, showPicture } from "./bars.js";
import { onceSeen } from "./seen.js";

const ROWS = 28;
const PER_ROW_MS = 130;
const JSON_TYPE = { "Content-Type": "application/json" };

export function mount(element, story) {
  const find = (selector) => element.querySelector(selector);
  const covers = [...element.querySelectorAll(".cover")];
  const slider = find("[name=rows]");
  const everyone = new Reader(at("/api/v1/predict"));
  const rowReader = new Reader(at("/learn/rows"));
  let asked = null; // the strokes that the answers are about
  let rows = null; // the answer to /learn/rows; the page has that to its example
  let timer = 0;

  story.paper(find("canvas"));

  everyone.addEventListener("answer", ({ detail }) => showAnswers(detail.models));
  rowReader.addEventListener("answer", ({ detail }) => {
    rows = detail;
    showPicture(find("[data-of=states]"), rows.states);
    showRows();
  });
  for (const reader of [everyone, rowReader]) {
    reader.addEventListener("problem", ({ detail: code }) => {
      if (code !== "unreachable") forget();
    });
  }

  function ask() {
    const { strokes, pen } = story.request();
    const post = (body) => () => ({ headers: JSON_TYPE, body: JSON.stringify(body) });
    everyone.ask(post({ strokes, pen, mode: "digit", model: "all" }));
    rowReader.ask(post(story.request()));
  }

  function forget() {
    everyone.cancel();
    rowReader.cancel();
    rows = null;
    showAnswers([]);
    showPicture(find("[data-of=states]"), "");
    showRows();
  }

  function showAnswers(answers) {
    for (const row of element.querySelectorAll("[data-model]")) {
      const answer = answers.find(({ model }) => model.name === row.dataset.model);
      row.querySelector(".digit").textContent = answer ? (answer.is_digit ? answer.digit : "–") : "";
      row.querySelector(".share").textContent = answer ? percent(answer.confidence, 0) : "";
    }
  }

  function rowsRead() {
    const value = Number(story.get("models-rows", ROWS));
    return Number.isInteger(value) ? Math.min(ROWS, Math.max(0, value)) : ROWS;
  }

  function showRows() {
    const count = rowsRead();
    slider.value = count;
    showPicture(find("[data-of=rows]"), story.ways?.centered?.seen);
    for (const cover of covers) cover.setAttribute("y", count);
    const probabilities = rows?.probabilities[count - 1];
    showBars(find("#rows-bars"), probabilities);
    const best = probabilities && Math.max(...probabilities);
    find("[data-of=said]").textContent = probabilities
      ? story.words.says
        .replace("{model}", element.querySelector("[data-model=rnn] th").textContent)
        .replace("{digit}", probabilities.indexOf(best)).replace("{share}", percent(best, 0))
      : "";
  }

  function stop() {
    clearInterval(timer);
    timer = 0;
  }

  function play() {
    stop();
    if (matchMedia("(prefers-reduced-motion: reduce)").matches) {
      story.set("models-rows", ROWS); // the slider goes row by row
      return;
    }
    story.set("models-rows", 0);
    timer = setInterval(() => {
      if (rowsRead() >= ROWS) stop();
      else story.set("models-rows", rowsRead() + 1);
    }, PER_ROW_MS);
  }

  find("[data-do=play]").addEventListener("click", play);
  slider.addEventListener("input", () => {
    stop();
    story.set("models-rows", slider.value);
  });

  story.on(() => {
    if (story.sheet.isDot) {
      if (asked) forget();
      asked = null;
    } else if (!story.sheet.stroke && story.strokes !== asked) {
      asked = story.strokes;
      if (story.isExample) rows = { probabilities: JSON.parse(element.dataset.rows) };
      else ask();
    }
    showRows();
  });
  onceSeen(find(".reading"), () => {
    if (!story.get("models-rows")) play();
  });
}
