// Whether this browser lets pages read what they have painted: protection from fingerprinting (as of
// LibreWolf, or Firefox with resistFingerprinting) answers with noise or with a blank picture.

const SIDE = 8;
const MOST_CHANGE = 32; // of 255; some browsers change the last bits, which harms no answer

let answer = null;

export function canBeRead() {
  answer ??= check();
  return answer;
}

function check() {
  try {
    const [first, second, blank] = [painted(true), painted(true), painted(false)];
    const { data } = first.getContext("2d").getImageData(0, 0, SIDE, SIDE);
    const isTrue = data.every((value, i) => Math.abs(value - pattern(i >> 2)) <= MOST_CHANGE ||
      i % 4 === 3);
    const url = first.toDataURL();
    return isTrue && url === second.toDataURL() && url !== blank.toDataURL();
  } catch {
    return false;
  }
}

/** Black or white, 0 or 255, of a pixel. */
function pattern(pixel) {
  return (pixel * 7 + (pixel >> 3)) % 3 ? 255 : 0;
}

function painted(hasPattern) {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = SIDE;
  const context = canvas.getContext("2d", { alpha: false, willReadFrequently: true });
  for (let i = 0; i < SIDE ** 2; i++) {
    context.fillStyle = hasPattern && pattern(i) === 0 ? "#000" : "#fff";
    context.fillRect(i % SIDE, Math.floor(i / SIDE), 1, 1);
  }
  return canvas;
}
