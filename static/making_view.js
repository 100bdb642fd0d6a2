// What the inside page shows of how a map was made: the map, what it was made of, and the numbers.

import {
  layoutOf, partsOf, readBy, readersOf, sizeOf, tableOf, valuesIn, within,
} from "./making_cells.js";
import { fillTable, paintMaps, pathOf, shown } from "./making_paint.js";

const MOST_PARTS = 3; // of a sum, the largest ones
const MOST_IN_TABLE = 49; // numbers; more are painted

export class MakingView {
  #element;
  #find;
  #painted = null; // the answer whose inputs are painted
  #words = JSON.parse(document.getElementById("making-words").textContent);

  constructor(element) {
    this.#element = element;
    this.#find = (selector) => element.querySelector(selector);
    if (matchMedia("(prefers-reduced-motion: reduce)").matches) {
      this.#find("[data-do=slide]").textContent = this.#words.step;
    }
  }

  /**
   * Show what made map `index` of a stage, whose picture of this `shape` is in `button`; and a `cell` of
   * it, or of what it was made of. While it slides, what comes after the cell is not there yet. `asked` is
   * the index that is to come.
   */
  show({ made, index, asked, shape, button, cell, isSliding }) {
    const { kind, count, inputs } = made;
    const table = tableOf(made);
    const isUnit = table.values.length === 1;
    const map = this.#words[isUnit || kind === "rows" ? "unit" : "map"]
      .replace("{index}", index + 1).replace("{count}", count);
    this.#element.dataset.kind = kind;
    this.#element.classList.toggle("many", inputs.length > 1);
    const slider = this.#find("[name=map]");
    slider.max = count;
    slider.value = asked + 1;
    this.#find("[data-of=which]").textContent = map;
    this.#find("[data-do=slide]").hidden = isUnit;
    this.#find(".check").hidden = isUnit || kind !== "sum" || !made.relu;
    const layout = layoutOf(shape);
    const whole = { row: 0, column: 0, height: layout.rows, width: layout.columns };
    frame(button, layout, [{ index, area: whole }]);
    this.#showMap(made, table, cell, isSliding, map);
    this.#showInputs(made, cell, isUnit);
    if (!isSliding) this.#showParts(made, cell);
    const sentence = this.#sentence(made, table, cell);
    const said = this.#find("#made-of");
    said.setAttribute("aria-live", isSliding ? "off" : "polite");
    if (said.textContent !== sentence) said.textContent = sentence;
  }

  #showMap(made, { values, shape }, cell, isSliding, caption) {
    const to = this.#find("[data-of=to]");
    to.hidden = values.length === 1;
    const layout = layoutOf([1, ...shape]);
    const isPositive = made.kind === "sum" && made.relu && this.#find("[name=relu]").checked;
    const until = isSliding ? cell.row * shape[1] + cell.column + 1 : values.length;
    const painted = isPositive ? values.map((each) => Math.max(0, each)) : values;
    paintMaps(to.querySelector("canvas"), layout, [painted], { until });
    to.querySelector("figcaption").textContent = caption;
    const area = cell.isBack
      ? readersOf(made.window, shape, cell.row, cell.column)
      : { ...cell, height: 1, width: 1 };
    frame(to, layout, [{ index: 0, area }]);
    const block = made.pool && !cell.isBack && blockOf(made.pool, cell);
    to.querySelector(".block").setAttribute("d", block
      ? pathOf(layout, [{ index: 0, area: within(shape, block) }]) : "");
  }

  #showInputs(made, cell, isUnit) {
    const { kind, inputs, input_shape: shape, window, source, forward } = made;
    const from = this.#find("[data-of=from]");
    from.hidden = isUnit && inputs.length === 1; // its numbers are shown below
    const layout = layoutOf([inputs.length, ...shape]);
    if (made !== this.#painted) {
      this.#painted = made;
      const isNegative = inputs.some((values) => values.some((value) => value < 0));
      paintMaps(from.querySelector("canvas"), layout, inputs, { isInk: !source });
      from.querySelector("figcaption").textContent = source
        ? this.#words.layer.replace("{layer}", source.split(" ")[1])
        : this.#words[isNegative ? "normal" : "pixels"];
    }
    let area = within(shape, readBy(window, cell.row, cell.column));
    if (cell.isBack) area = { ...cell, height: 1, width: 1 };
    if (kind === "rows") {
      area = { row: 0, column: 0, height: forward ? cell.row + 1 : shape[0], width: shape[1] };
    }
    frame(from, layout, isUnit ? [] : inputs.map((_, index) => ({ index, area })));
  }

  /** The largest parts of a sum, with their numbers; the others in one line. */
  #showParts(made, cell) {
    const { kind, window: [height, width], inputs, weights, source } = made;
    const parts = kind === "sum" && !cell.isBack ? partsOf(made, cell.row, cell.column) : [];
    const bySize = [...parts].sort((a, b) => Math.abs(b.sum) - Math.abs(a.sum));
    const items = bySize.slice(0, MOST_PARTS).map(({ index, values, products, sum }) => {
      const item = this.#find("template").content.cloneNode(true).firstElementChild;
      item.querySelector("p").textContent = this.#words[inputs.length > 1 ? "part" : "products"]
        .replace("{index}", index + 1).replace("{count}", values.length)
        .replace("{sum}", shown(sum));
      const numbers = [values, weights[index], products];
      if (inputs.length > 1) item.querySelector("figure:last-child").remove(); // it is long enough
      [...item.querySelectorAll("figure")].forEach((figure, i) => {
        const isPainted = height * width > MOST_IN_TABLE;
        const place = figure.querySelector(isPainted ? "canvas" : "table");
        figure.querySelector(isPainted ? "table" : "canvas").remove();
        if (!isPainted) fillTable(place, numbers[i], width);
        else paintMaps(place, layoutOf([1, height, width]), [numbers[i]], { isInk: !source });
      });
      return item;
    });
    const others = bySize.slice(MOST_PARTS);
    if (others.length) {
      const item = document.createElement("li");
      item.textContent = this.#words.others
        .replace("{count}", others.length).replace("{sum}", shown(summed(others)));
      items.push(item);
    }
    this.#find(".parts").replaceChildren(...items);
  }

  /** The numbers in words. */
  #sentence(made, { values, shape }, cell) {
    const fill = (name, given) => Object.entries(given).reduce(
      (text, [key, value]) => text.replace(`{${key}}`, value), this.#words[name]);
    const { kind, inputs, input_shape: inputShape, window, pool, bias, relu, rounded } = made;
    if (cell.isBack) {
      const { height, width } = readersOf(window, shape, cell.row, cell.column);
      return fill("back", { count: height * width });
    }
    const value = values[cell.row * shape[1] + cell.column];
    if (kind === "rows") {
      return fill(made.forward ? "rows" : "allRows", { row: cell.row + 1, value: shown(value) });
    }
    const said = values.length === 1
      ? [] : [fill("place", { row: cell.row + 1, column: cell.column + 1 })];
    if (kind === "sum") {
      const sign = bias < 0 ? "−" : "+";
      const equation = `${shown(value - bias)} ${sign} ${shown(Math.abs(bias))} = ${shown(value)}`;
      said.push(fill("sum", { equation }));
      if (pool) {
        const block = valuesIn(values, shape, blockOf(pool, cell));
        said.push(fill("pool", { count: block.length, value: shown(Math.max(...block)) }));
      }
      if (relu) said.push(fill("relu", { value: shown(Math.max(0, value)) }));
      if (rounded && !pool) {
        said.push(fill("rounded", { value: shown(made.values[cell.row * shape[1] + cell.column]) }));
      }
    } else if (kind === "area") {
      said.push(fill("area", { count: inputs.length, value: shown(value) }));
    } else {
      const read = valuesIn(inputs[0], inputShape, readBy(window, cell.row, cell.column));
      said.push(fill(kind, {
        count: read.length, before: read.map((each) => shown(each)).join(", "), value: shown(value),
      }));
    }
    return said.join(this.#words.gap);
  }
}

/** The cells of which the largest is kept, of those that a cell is one of. */
function blockOf(pool, { row, column }) {
  return readBy(pool, Math.floor((row + pool[4]) / pool[2]), Math.floor((column + pool[5]) / pool[3]));
}

function summed(parts) {
  return parts.reduce((all, { sum }) => all + sum, 0);
}

/** Frame rectangles in a picture of this layout. */
function frame(place, layout, rectangles) {
  const svg = place.querySelector("svg");
  svg.setAttribute("viewBox", `0 0 ${sizeOf(layout).join(" ")}`);
  svg.querySelector("path:last-child").setAttribute("d", pathOf(layout, rectangles));
}
