// Paints maps and windows in the colors of the stages' pictures (webapp/inference/explain.py).

import { placeOf, sizeOf } from "./making_cells.js";

const GRAY = [110, 110, 110]; // zero, where there are negative values
const [FOR, AGAINST] = [[255, 150, 50], [90, 160, 255]];
const MAGMA = [[0, 0, 4], [81, 18, 124], [183, 55, 121], [252, 137, 97], [252, 253, 191]];
const INK = [[0, 0, 0], [255, 255, 255]];

/**
 * Paint maps as `layout` has them, up to the cell `until` of each. Without negative values from dark to
 * bright, as ink if `isInk`; otherwise zero is gray, and negative values are blue.
 */
export function paintMaps(canvas, layout, maps, { isInk = false, until = Infinity } = {}) {
  const [width, height] = sizeOf(layout);
  canvas.width = width;
  canvas.height = height;
  const context = canvas.getContext("2d");
  const image = context.createImageData(width, height);
  const colorOf = colorsOf(maps.flat(), isInk);
  maps.forEach((values, index) => {
    const [left, top] = placeOf(layout, index);
    values.slice(0, until).forEach((value, i) => {
      const [x, y] = [left + (i % layout.columns), top + Math.floor(i / layout.columns)];
      image.data.set([...colorOf(value), 255], 4 * (y * width + x));
    });
  });
  context.putImageData(image, 0, 0);
}

/** The SVG path of rectangles, {row, column, height, width}, in the tiles of a picture. */
export function pathOf(layout, rectangles) {
  return rectangles
    .filter(({ area }) => area.height && area.width)
    .map(({ index, area: { row, column, height, width } }) => {
      const [left, top] = placeOf(layout, index);
      return `M${left + column} ${top + row}h${width}v${height}h${-width}z`;
    })
    .join("");
}

/** Fill a table with numbers, each tinted by its share of the largest. */
export function fillTable(table, values, width) {
  const most = Math.max(...values.map(Math.abs), 1e-9);
  const rows = Array.from({ length: values.length / width }, (_, row) => {
    const line = document.createElement("tr");
    line.append(...values.slice(row * width, (row + 1) * width).map((value) => {
      const cell = document.createElement("td");
      cell.textContent = shown(value, 2);
      const color = value < 0 ? AGAINST : FOR;
      cell.style.backgroundColor = `rgb(${color.join(" ")} / ${(0.45 * Math.abs(value)) / most})`;
      return cell;
    }));
    return line;
  });
  table.tBodies[0].replaceChildren(...rows);
}

/** A number with a true minus. */
export function shown(value, digits = 3) {
  const text = value.toFixed(digits);
  return Number(text) < 0 ? text.replace("-", "−") : text.replace("-", "");
}

function colorsOf(values, isInk) {
  const reach = values.reduce((most, value) => Math.max(most, Math.abs(value)), 1e-9);
  if (values.some((value) => value < 0)) {
    return (value) => mixed(GRAY, value < 0 ? AGAINST : FOR, Math.abs(value) / reach);
  }
  const colors = isInk ? INK : MAGMA;
  return (value) => {
    const at = (value / reach) * (colors.length - 1);
    const first = Math.min(colors.length - 2, Math.floor(at));
    return mixed(colors[first], colors[first + 1], at - first);
  };
}

function mixed(one, other, share) {
  return one.map((level, i) => level + (other[i] - level) * share);
}
