// Chapter 1: the drawing as 784 numbers, and what becomes of one of them.

import { showPicture } from "./bars.js";

const SIDE = 28;
const HEADER = 16; // bytes of a file of pictures
const MEAN = 0.1307; // of all cells of MNIST, in 0..1
const DEVIATION = 0.3081;
const IN_A_LINE = 16; // of the batch

export function mount(element, story) {
  const find = (selector) => element.querySelector(selector);
  const write = (name, text) => (find(`[data-of=${name}]`).textContent = text);
  const { row: firstRow, column: firstColumn } = element.dataset;
  const cells = find(".cells");

  story.paper(find("canvas"));

  function setting(name, fallback, most) {
    const value = Number(story.get(`picture-${name}`, fallback));
    return Number.isInteger(value) ? Math.min(most, Math.max(0, value)) : Number(fallback);
  }

  function pointAt(event) {
    const { left, top, width, height } = cells.getBoundingClientRect();
    const along = (at, start, length) =>
      Math.min(SIDE - 1, Math.max(0, Math.floor((SIDE * (at - start)) / length)));
    story.set("picture-column", along(event.clientX, left, width));
    story.set("picture-row", along(event.clientY, top, height));
  }

  cells.addEventListener("pointermove", pointAt);
  cells.addEventListener("pointerdown", pointAt);
  for (const name of ["row", "column", "batch"]) {
    find(`[name=${name}]`).addEventListener("input", ({ target }) =>
      story.set(`picture-${name}`, target.value));
  }

  story.on(() => {
    const look = story.ways?.centered;
    const pixels = look?.pixels ?? Array(SIDE ** 2).fill(0);
    const row = setting("row", firstRow, SIDE - 1);
    const column = setting("column", firstColumn, SIDE - 1);
    const place = setting("batch", 0, 63);
    const value = pixels[SIDE * row + column];
    showPicture(find("img"), look?.seen);
    find("[name=row]").value = row;
    find("[name=column]").value = column;
    find("[name=batch]").value = place;
    const frame = find(".cells rect");
    frame.setAttribute("x", column);
    frame.setAttribute("y", row);
    write("place", `${row}, ${column}`);
    write("value", value);
    write("offset", HEADER + SIDE ** 2 * place + SIDE * row + column);
    write("hex", hex(value));
    write("tensor", (value / 255).toFixed(4));
    write("normalized", ((value / 255 - MEAN) / DEVIATION).toFixed(4).replace("-", "−"));
    write("index", `[${place}, 0, ${row}, ${column}]`);
    const line = pixels.slice(SIDE * row, SIDE * (row + 1)).map(hex);
    mark(find("[data-of=bytes]"), line, column);
    const picture = find(".batch image");
    picture.setAttribute("x", place % IN_A_LINE);
    picture.setAttribute("y", Math.floor(place / IN_A_LINE));
    picture.setAttribute("href", look?.seen ?? "");
    find(".numbers").textContent = pixels
      .map((each, i) => String(each).padStart(4) + ((i + 1) % SIDE ? "" : "\n"))
      .join("");
  });
}

function hex(value) {
  return value.toString(16).padStart(2, "0");
}

/** Write texts with blanks between, and mark one of them. */
function mark(place, texts, index) {
  const marked = document.createElement("mark");
  marked.textContent = texts[index];
  const before = texts.slice(0, index).map((text) => `${text} `).join("");
  const after = texts.slice(index + 1).map((text) => ` ${text}`).join("");
  place.replaceChildren(before, marked, `${after} `);
}
