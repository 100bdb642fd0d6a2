// The shape of a stroke's ink.

import { getStroke } from "./vendor/perfect-freehand/perfect-freehand.js";

/** The outline of a stroke's ink as SVG path data, in thousandths of the sheet. */
export function outlineOf(stroke) {
  const outline = getStroke(stroke.points, {
    size: stroke.width,
    thinning: stroke.pressure ? 0.5 : 0,
    simulatePressure: false,
    smoothing: 0.5,
    streamline: 0.3,
    last: true,
  });
  const curves = outline.map(([x, y], i) => {
    const [nextX, nextY] = outline[(i + 1) % outline.length];
    return `Q${round(x)} ${round(y)} ${round((x + nextX) / 2)} ${round((y + nextY) / 2)}`;
  });
  return outline.length ? `M${outline[0].map(round).join(" ")}${curves.join("")}Z` : "";
}

function round(value) {
  return Math.round(value * 10) / 10;
}
