// The three steps of how a model sees: the drawing, its 28 × 28 pixels (which the answer brings), and
// the ten bars, in miniature.

const SIDE = 28; // of the picture of the bars, in its own units
const ROOM = SIDE - 2;

/** Show in `root` the steps to an answer with these probabilities; null for no answer. */
export function showSteps(root, pad, probabilities) {
  const bars = Array.from({ length: 10 }, (_, digit) => {
    const height = 1 + ROOM * (probabilities?.[digit] ?? 0);
    return `M${digit * 2.8 + 1.4} ${SIDE}v${-height}`;
  });
  root.querySelector("path").setAttribute("d", bars.join(""));
  const drawing = root.querySelector("canvas");
  const context = drawing.getContext("2d");
  context.clearRect(0, 0, drawing.width, drawing.height);
  if (probabilities) context.drawImage(pad, 0, 0, drawing.width, drawing.height);
}
