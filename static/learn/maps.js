// Chapter 3: a window of LeNet-5's first layer slides over the drawing and makes a map.

import { showPicture } from "./bars.js";
import { onceSeen } from "./seen.js";

const SIDE = 28;
const WINDOW = 5;
const REACH = 2; // cells around the middle of a window
const PER_STEP_MS = 30; // a step is a third of a row
const STEPS_A_ROW = 3;

export function mount(element, story) {
  const find = (selector) => element.querySelector(selector);
  const kernels = element.dataset.kernels.split(";").map((text) => text.split(" ").map(Number));
  const buttons = [...element.querySelectorAll(".kernels button")];
  const [from, to] = ["from", "to"].map((name) => find(`[data-of=${name}]`));
  const frame = from.querySelector("rect");
  const cursor = to.querySelector("rect");
  let step = Infinity; // of the slide; what comes after is not there yet
  let timer = 0;
  let isPicture = false; // whether a cell of the picture was pointed at

  /** A whole number of the state, from 0 to `most`. */
  function setting(name, fallback, most = SIDE - 1) {
    const value = Number(story.get(`maps-${name}`, fallback));
    return Number.isInteger(value) ? Math.min(most, Math.max(0, value)) : fallback;
  }

  function pointAt(event, place) {
    const { left, top, width, height } = place.getBoundingClientRect();
    const along = (at, start, length) =>
      Math.min(SIDE - 1, Math.max(0, Math.floor((SIDE * (at - start)) / length)));
    stop();
    isPicture = place === from;
    story.set("maps-column", along(event.clientX, left, width));
    story.set("maps-row", along(event.clientY, top, height));
    story.changed();
  }

  function stop() {
    clearInterval(timer);
    step = Infinity;
  }

  function slide() {
    stop();
    isPicture = false;
    if (matchMedia("(prefers-reduced-motion: reduce)").matches) return;
    step = 0;
    timer = setInterval(() => {
      step += 1;
      if (step >= SIDE * STEPS_A_ROW) stop();
      show();
    }, PER_STEP_MS);
  }

  function show() {
    const look = story.ways?.centered;
    const pixels = look?.pixels ?? Array(SIDE ** 2).fill(0);
    const number = setting("window", 0, kernels.length - 1);
    const isSliding = step !== Infinity;
    const row = isSliding ? Math.floor(step / STEPS_A_ROW) : setting("row", 14);
    const column = isSliding
      ? Math.round(((step % STEPS_A_ROW) * (SIDE - 1)) / (STEPS_A_ROW - 1)) : setting("column", 14);
    const isPositive = story.get("maps-relu", "yes") === "yes";
    const sums = convolved(pixels, kernels[number]);
    const until = isSliding ? SIDE * row + column : SIDE ** 2;
    paint(find("canvas"), isPositive ? sums.map((sum) => Math.max(0, sum)) : sums, until);
    showPicture(find(".framed img"), look?.seen);
    for (const button of buttons) button.setAttribute("aria-pressed", Number(button.value) === number);
    place(frame, row, column, isPicture ? 0 : REACH);
    place(cursor, row, column, isPicture ? REACH : 0);
    find("[name=row]").value = row;
    find("[name=column]").value = column;
    find("[name=relu]").checked = isPositive;
    const sum = sums[SIDE * row + column];
    const shown = (value) => value.toFixed(3).replace("-", "−");
    const bias = kernels[number].at(-1);
    find("[data-of=sum]").textContent = `${shown(sum - bias)} ${bias < 0 ? "−" : "+"} ${shown(Math.abs(bias))} = ${shown(sum)}`;
    find("[data-of=relu]").textContent = `ReLU: ${shown(Math.max(0, sum))}`;
  }

  from.addEventListener("pointermove", (event) => pointAt(event, from));
  to.addEventListener("pointermove", (event) => pointAt(event, to));
  from.addEventListener("pointerdown", (event) => pointAt(event, from));
  to.addEventListener("pointerdown", (event) => pointAt(event, to));
  to.addEventListener("click", slide);
  find("[data-do=slide]").addEventListener("click", slide);
  find(".kernels").addEventListener("click", ({ target }) => {
    const button = target.closest("button");
    if (!button) return;
    story.set("maps-window", button.value);
    slide();
  });
  for (const name of ["row", "column"]) {
    find(`[name=${name}]`).addEventListener("input", ({ target }) => {
      stop();
      isPicture = false;
      story.set(`maps-${name}`, target.value);
    });
  }
  find("[name=relu]").addEventListener("change", ({ target }) =>
    story.set("maps-relu", target.checked ? "yes" : "no"));

  story.on(show);
  onceSeen(find(".sliding"), () => {
    if (!story.get("maps-row")) slide();
  });
}

/** The sums under a window, 25 weights and a constant, at each of 784 places; paper is around. */
function convolved(pixels, kernel) {
  const bias = kernel.at(-1);
  return pixels.map((_, cell) => {
    const top = Math.floor(cell / SIDE) - REACH;
    const left = (cell % SIDE) - REACH;
    let sum = bias;
    for (let i = 0; i < WINDOW ** 2; i++) {
      const row = top + Math.floor(i / WINDOW);
      const column = left + (i % WINDOW);
      if (row < 0 || column < 0 || row >= SIDE || column >= SIDE) continue;
      sum += (kernel[i] * pixels[SIDE * row + column]) / 255;
    }
    return sum;
  });
}

/** Frame a cell, and so many around it. */
function place(rect, row, column, around) {
  rect.setAttribute("x", column - around);
  rect.setAttribute("y", row - around);
  rect.setAttribute("width", 2 * around + 1);
  rect.setAttribute("height", 2 * around + 1);
}

/** Paint a map up to a cell: black to white, or zero in gray where there are negative values. */
function paint(canvas, values, until) {
  const most = Math.max(...values.map(Math.abs), 1e-9);
  const hasNegative = values.some((value) => value < 0);
  const context = canvas.getContext("2d");
  const image = context.createImageData(SIDE, SIDE);
  values.forEach((value, i) => {
    const level = hasNegative ? 127.5 + (127.5 * value) / most : (255 * value) / most;
    image.data.set([level, level, level, i < until ? 255 : 0], 4 * i);
  });
  context.putImageData(image, 0, 0);
}
