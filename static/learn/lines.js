// The lines of a training in the charts of chapter 4.

const HEIGHT = 1000; // of the charts
const SVG = "http://www.w3.org/2000/svg";

/** Add the lines of training and validation to a chart. */
export function addPaths(chart) {
  chart.querySelector(".now")?.remove();
  const group = document.createElementNS(SVG, "g");
  group.classList.add("now");
  const paths = ["train", "validation"].map((name) => {
    const path = document.createElementNS(SVG, "path");
    path.classList.add(name);
    group.append(path);
    return path;
  });
  chart.append(group);
  return { width: chart.viewBox.baseVal.width, paths };
}

/** A line through one figure of each point; where that is null there is a gap. */
export function lineOf(points, name, scale, highest) {
  let isAfterGap = true;
  return points.map((point) => {
    const value = point[name];
    const letter = isAfterGap ? "M" : "L";
    isAfterGap = value === null;
    const y = Math.round(HEIGHT - (HEIGHT * value) / highest);
    return isAfterGap ? "" : `${letter}${Math.round(point.step * scale)} ${y}`;
  }).join("");
}
