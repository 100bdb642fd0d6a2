// What made a cell of a map: places of cells and windows, and the products behind a sum. Maps are lists
// of numbers, row by row; a window is [height, width, down, right, top, left], see
// webapp/schemas/making.py.

const UNITS_PER_ROW = 32; // as in trainer/recognition/activation_layout.py

/** How a stage of this shape lies in its picture: the size of a tile, and how many are in a row. */
export function layoutOf(shape) {
  if (shape.length === 3) {
    const [count, rows, columns] = shape;
    const across = Math.min(count, Math.round(Math.sqrt(2 * count)));
    return { count, rows, columns, across, gap: 1 };
  }
  const count = shape.at(-1);
  if (shape.length === 2) return { count, rows: shape[0], columns: 1, across: count, gap: 0 };
  return { count, rows: 1, columns: 1, across: Math.min(count, UNITS_PER_ROW), gap: 0 };
}

/** The width and the height of a picture, in cells. */
export function sizeOf({ count, rows, columns, across, gap }) {
  const down = Math.ceil(count / across);
  return [across * (columns + gap) - gap, down * (rows + gap) - gap];
}

/** The first cell of a tile, as [x, y] in the picture. */
export function placeOf({ rows, columns, across, gap }, index) {
  return [(index % across) * (columns + gap), Math.floor(index / across) * (rows + gap)];
}

/** The tile, row and column at a place of the picture, which is in 0..1. */
export function cellAt(layout, x, y) {
  const [width, height] = sizeOf(layout);
  const { count, rows, columns, across, gap } = layout;
  const along = (part, all, length) => {
    const at = Math.min(all - 1, Math.max(0, part * all));
    const tile = Math.floor(at / (length + gap));
    return [tile, Math.min(length - 1, Math.floor(at - tile * (length + gap)))];
  };
  const [column, inColumn] = along(x, width, columns);
  const [row, inRow] = along(y, height, rows);
  return { index: Math.min(count - 1, row * across + column), row: inRow, column: inColumn };
}

/** The cells that a cell reads, as {row, column, height, width}; they may lie beyond the map. */
export function readBy([height, width, down, right, top, left], row, column) {
  return { row: row * down - top, column: column * right - left, height, width };
}

/** The cells of a map, of [rows, columns], that read a cell of what it is made of. */
export function readersOf([height, width, down, right, top, left], [rows, columns], row, column) {
  const along = (at, size, step, before, most) => {
    const first = Math.max(0, Math.ceil((at + before - size + 1) / step));
    return [first, Math.max(0, Math.min(most - 1, Math.floor((at + before) / step)) - first + 1)];
  };
  const [fromRow, down_] = along(row, height, down, top, rows);
  const [fromColumn, across] = along(column, width, right, left, columns);
  return { row: fromRow, column: fromColumn, height: down_, width: across };
}

/** What lies within a map of [rows, columns]. */
export function within([rows, columns], { row, column, height, width }) {
  const [top, left] = [Math.max(0, row), Math.max(0, column)];
  return {
    row: top,
    column: left,
    height: Math.max(0, Math.min(rows, row + height) - top),
    width: Math.max(0, Math.min(columns, column + width) - left),
  };
}

/** The values of these cells; beyond the map is nothing, 0. */
export function valuesIn(values, [rows, columns], { row, column, height, width }) {
  return Array.from({ length: height * width }, (_, i) => {
    const [y, x] = [row + Math.floor(i / width), column + (i % width)];
    return y < 0 || x < 0 || y >= rows || x >= columns ? 0 : values[y * columns + x] ?? 0;
  });
}

/** For each input of a sum: its values in the window, the products with the weights, their sum. */
export function partsOf({ inputs, input_shape: shape, window, weights }, row, column) {
  const area = readBy(window, row, column);
  return inputs.map((input, index) => {
    const values = valuesIn(input, shape, area);
    const products = values.map((value, i) => value * (weights[index][i] ?? 0));
    return { index, values, products, sum: products.reduce((all, each) => all + each, 0) };
  });
}

/** The map that the window makes: the sums, if there are any, or else the values. */
export function tableOf({ sums, sums_shape: shape, values, shape: own }) {
  return sums.length ? { values: sums, shape } : { values, shape: own };
}

/** The place of the largest of a map's values. */
export function largestOf(values, columns) {
  const at = values.indexOf(Math.max(...values));
  return { row: Math.floor(at / columns), column: at % columns };
}
