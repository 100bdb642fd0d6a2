// Chapter 4: a recorded training, played; the curves of a mistake beside those of the right recipe.

import { percent } from "../percent.js";

const STEP_MS = 110;
const HEIGHT = 1000; // of the charts, whose coordinates are steps and shares of it
const HIGHEST_LOSS = 2.4;
const RIGHT = "none";

export function mount(element, story) {
  const find = (selector) => element.querySelector(selector);
  const steps = JSON.parse(element.dataset.steps);
  const frames = JSON.parse(element.dataset.frames);
  const last = steps.length - 1;
  const epoch = Number(element.dataset.epoch); // in steps
  const still = matchMedia("(prefers-reduced-motion: reduce)");
  const slider = find("[name=step]");
  const button = find("[data-do=play]");
  const choices = [...element.querySelectorAll("[name=mistake]")];
  const first = choices.find(({ checked }) => checked).value;
  const values = [...element.querySelectorAll(".plot svg")].map(readCurves);
  let timer = 0;

  /** Where the replay stands, as an index of `steps`. */
  function at() {
    const index = steps.indexOf(Number(story.get("training-step", steps[last])));
    return index < 0 ? last : index;
  }

  function pause() {
    clearInterval(timer);
    timer = 0;
    showButton();
  }

  /** Go on to the next epoch, for who wants no motion. */
  function goOn() {
    const next = at() === last ? 0 : steps.findIndex((step) => step >= steps[at()] + epoch);
    story.set("training-step", steps[next < 0 ? last : next]);
  }

  function play() {
    if (still.matches) {
      goOn();
      return;
    }
    if (at() === last) story.set("training-step", steps[0]);
    timer = setInterval(() => {
      story.set("training-step", steps[Math.min(last, at() + 1)]);
      if (at() === last) pause();
    }, STEP_MS);
    showButton();
  }

  function showButton() {
    const { pause: playing, play: paused, next } = button.dataset;
    button.textContent = timer ? playing : still.matches ? next : paused;
  }

  function showRow(row, recipe, step) {
    const [accuracy, loss] = values.map((chart) => chart.get(recipe));
    const share = (value) => (value === undefined ? "" : percent(value / HEIGHT));
    const trained = loss.train.get(step);
    const cells = find(`[data-row=${row}]`).querySelectorAll("td");
    cells[0].textContent =
      trained === undefined ? "" : ((trained / HEIGHT) * HIGHEST_LOSS).toFixed(2);
    cells[1].textContent = share(accuracy.train.get(step));
    cells[2].textContent = share(accuracy.validation.get(step));
  }

  function showLayer(step) {
    const frame = frames.findLastIndex((each) => each <= step);
    find(".scripted .layer img").className = `frame-${frame}`;
    const caption = find("[data-of=layer]");
    caption.textContent = caption.dataset.text.replace("{step}", frames[frame]);
  }

  const opener = find("[data-do=live]");
  const openLive = async () => {
    opener.parentElement.hidden = true;
    try {
      const live = await import(opener.dataset.module);
      await live.mount(element, story, opener.parentElement);
      story.set("training-live", "yes");
    } catch {
      opener.parentElement.hidden = false; // to try again
    }
  };
  opener?.addEventListener("click", openLive);
  if (opener && ("member" in opener.dataset || story.get("training-live"))) openLive();

  still.addEventListener("change", pause);
  button.addEventListener("click", () => (timer ? pause() : play()));
  slider.addEventListener("input", () => {
    pause();
    story.set("training-step", steps[slider.value]);
  });
  for (const choice of choices) {
    choice.addEventListener("change", () => story.set("training-mistake", choice.value));
  }

  showButton();
  story.on(() => {
    const step = steps[at()];
    const asked = story.get("training-mistake", first);
    const choice = choices.find(({ value }) => value === asked) ?? choices[0];
    choice.checked = true;
    slider.value = at();
    const when = find("[data-of=when]");
    const epochs = (step / epoch).toFixed(1);
    when.textContent = when.dataset.text.replace("{step}", step).replace("{epoch}", epochs);
    slider.setAttribute("aria-valuetext", when.textContent);
    for (const veil of element.querySelectorAll(".veil")) {
      veil.setAttribute("x", step);
      veil.setAttribute("width", steps[last] - step);
    }
    showRow(RIGHT, RIGHT, step);
    showRow("mistake", choice.value, step);
    find("[data-row=mistake]").hidden = choice.value === RIGHT;
    showLayer(step);
  });
}

/** A chart's curves by recipe, each as two maps from step to height: `train` and `validation`. */
function readCurves(chart) {
  const groups = [...chart.querySelectorAll("[data-recipe]")];
  return new Map(groups.map((group) => [group.dataset.recipe, {
    train: heights(group.querySelector(".train")),
    validation: heights(group.querySelector(".validation")),
  }]));
}

/** The heights of a line by step; its points but the first are relative to the one before. */
function heights(line) {
  const numbers = line.getAttribute("d").match(/-?\d+/g).map(Number);
  const found = new Map();
  let step = 0;
  let y = 0;
  for (let i = 0; i < numbers.length; i += 2) {
    step += numbers[i];
    y += numbers[i + 1];
    found.set(step, HEIGHT - y);
  }
  return found;
}
