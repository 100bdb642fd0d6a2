// Where a drawing is on its sheet, how large and how thick; all in thousandths of the sheet.

/** {x, y, size, pen}: the place in the room that is left, 0..1, and the longer side's share, 0..1. */
export function placeOf(strokes, side) {
  const { low, extent } = boundsOf(strokes);
  const pen = strokes.at(-1).width;
  const space = side - pen;
  const share = (axis) => {
    const room = space - extent[axis];
    return room > 0 ? Math.min(1, Math.max(0, (low[axis] - pen / 2) / room)) : 0.5;
  };
  return { x: share(0), y: share(1), size: Math.max(...extent) / space, pen };
}

/** The strokes at another place, in another size, by another pen. */
export function placed(strokes, side, { x, y, size, pen }) {
  const { low, extent } = boundsOf(strokes);
  const space = side - pen;
  const scale = (size * space) / Math.max(...extent, 1);
  const offset = [x, y].map((share, axis) => (space - extent[axis] * scale) * share + pen / 2);
  return strokes.map(({ pressure, points }) => ({
    width: pen,
    pressure,
    points: points.map(([px, py, force]) => [
      round((px - low[0]) * scale + offset[0]),
      round((py - low[1]) * scale + offset[1]),
      force,
    ]),
  }));
}

function boundsOf(strokes) {
  const points = strokes.flatMap((stroke) => stroke.points);
  const along = (axis, choose) => points.reduce((best, point) => choose(best, point[axis]), points[0][axis]);
  const low = [0, 1].map((axis) => along(axis, Math.min));
  return { low, extent: [0, 1].map((axis) => along(axis, Math.max) - low[axis]) };
}

function round(value) {
  return Math.round(value * 10) / 10;
}
