// Strokes as short text: for links, and for what the browser keeps.
//
// Each stroke is its width, the number of its points, whether it has pressure, and the difference of
// each point from the one before, as integers of 7 bits a byte; two bytes at the end check the rest.

import { SIDE } from "./sheet.js";

const LONGEST_TEXT = 60_000; // characters
const MOST_STROKES = 1_000; // as for the server, like the points
const MOST_POINTS = 20_000;
const LARGEST_WIDTH = 200; // thousandths of the sheet; the widest pen has 100
const FARTHEST = 5 * SIDE; // a captured pointer may leave the sheet
const PRESSURES = 100;

/** Text in the alphabet of URLs. Throws a RangeError if `decode` would refuse it as too large. */
export function encode(strokes) {
  const count = strokes.reduce((sum, { points }) => sum + points.length, 0);
  if (count > MOST_POINTS || strokes.length > MOST_STROKES) throw new RangeError("too many points");
  const bytes = [];
  const add = (value) => {
    for (let rest = value; ; rest = Math.floor(rest / 128)) {
      bytes.push((rest % 128) + (rest < 128 ? 0 : 128));
      if (rest < 128) return;
    }
  };
  for (const { width, pressure, points } of strokes) {
    add(Math.round(width));
    add(2 * points.length + (pressure ? 1 : 0));
    let last = [0, 0, 0];
    for (const [x, y, force] of points) {
      const next = [...[x, y].map(onSheet), Math.round(force * PRESSURES)];
      next.slice(0, pressure ? 3 : 2).forEach((value, i) => add(zigzag(value - last[i])));
      last = next;
    }
  }
  const sum = checksum(bytes);
  bytes.push(sum >> 8, sum & 255);
  const text = btoa(bytes.map((byte) => String.fromCharCode(byte)).join(""));
  if (text.length > LONGEST_TEXT) throw new RangeError("too many points");
  return text.replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

/** The strokes of a text by `encode`. Throws an Error, whatever the text is, if it is no such text. */
export function decode(text) {
  if (text.length > LONGEST_TEXT) throw new RangeError("too long");
  const binary = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  const bytes = Array.from(binary, (character) => character.charCodeAt(0));
  const [high, low] = bytes.splice(-2);
  if (checksum(bytes) !== high * 256 + low) throw new RangeError("damaged");
  let at = 0;
  const take = (most) => {
    let value = 0;
    for (let factor = 1; ; factor *= 128) {
      const byte = bytes[at++];
      value += (byte % 128) * factor;
      if (!(value <= most)) throw new RangeError("ends early, or too large");
      if (byte < 128) return value;
    }
  };
  const strokes = [];
  let left = MOST_POINTS;
  while (at < bytes.length) {
    const width = take(LARGEST_WIDTH);
    const count = take(2 * left + 1);
    const pressure = count % 2 === 1;
    const length = (count - (count % 2)) / 2;
    left -= length;
    if (!width || !length || strokes.length === MOST_STROKES) throw new RangeError("no strokes");
    let last = [0, 0, pressure ? 0 : PRESSURES / 2];
    const points = [];
    for (let i = 0; i < length; i++) {
      last = last.map((value, part) =>
        part < 2 || pressure ? value + unzigzag(take(4 * FARTHEST)) : value,
      );
      const [x, y, force] = last;
      if (Math.max(Math.abs(x), Math.abs(y)) > FARTHEST) throw new RangeError("too far");
      points.push([x, y, Math.min(1, Math.max(0, force / PRESSURES))]);
    }
    strokes.push({ width, pressure, points });
  }
  if (!strokes.length) throw new RangeError("no strokes");
  return strokes;
}

function onSheet(value) {
  return Math.round(Math.max(-FARTHEST, Math.min(FARTHEST, value)));
}

function zigzag(value) {
  return value < 0 ? -2 * value - 1 : 2 * value;
}

function unzigzag(value) {
  return value % 2 ? -(value + 1) / 2 : value / 2;
}

function checksum(bytes) {
  return bytes.reduce((sum, byte) => (sum * 31 + byte + 1) % 65_521, 1);
}
