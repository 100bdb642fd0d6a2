// Lets each picture grow out of the one before it: paper, ink, 28 × 28, maps, bars.

import { onceEachSeen } from "./seen.js";

const FLIGHT_MS = 800;
const THERE = 0.25; // of a flight: by then it has appeared, where it comes from
const BAR_MS = 60; // from one bar to the next

// Parts of pictures: how far from the middle, and how wide, in shares of the picture's width.
const ALL = { x: 0, y: 0, side: 1 };
const INK = { x: 0, y: 0, side: 0.84 }; // of the picture of the ink, see `.ink` in learn.css
const DIGIT = { x: 0, y: 0, side: 20 / 28 }; // of the 28 × 28 pixels

const [TILES_ACROSS, TILES_DOWN, TILE] = [3, 2, 28]; // of the picture of the maps, a cell apart

const asksForLess = matchMedia("(prefers-reduced-motion: reduce)");

let places = new Map(); // of pictures at rest, while some of them move

function placeOf(picture) {
  return places.get(picture) ?? picture.getBoundingClientRect();
}

/** How `to` is moved for its part `own` to lie over a part of `from`. */
function over(to, from, part, own) {
  const [a, b] = [placeOf(from), placeOf(to)];
  const scale = (part.side * a.width) / (own.side * b.width);
  const apart = (along, size) => a[along] + a[size] / 2 - b[along] - b[size] / 2;
  const x = apart("left", "width") + part.x * a.width - own.x * b.width * scale;
  const y = apart("top", "height") + part.y * a.width - own.y * b.width * scale;
  return `translate(${x}px,${y}px) scale(${scale})`;
}

/** Let `to` come from a part of `from`; where less motion is asked for, only appear in its turn. */
function fly(to, from, delay, part = ALL, own = ALL) {
  const frames = asksForLess.matches
    ? [{ opacity: 0 }, { opacity: 0, offset: 0.99 }, { opacity: 1 }]
    : [over(to, from, part, own)].flatMap((transform) => [
      { transform, opacity: 0 }, { transform, opacity: 1, offset: THERE }, { transform: "none", opacity: 1 },
    ]);
  const how = { duration: FLIGHT_MS, delay, fill: "backwards", easing: "ease-in-out" };
  return [to.animate(frames, how)];
}

/** Let each map come from the whole picture, as its window was over all of it. */
function fan(maps, pixels, delay) {
  if (asksForLess.matches) return fly(maps, pixels, delay);
  const width = TILES_ACROSS * (TILE + 1) - 1;
  const flights = Array.from({ length: TILES_ACROSS * TILES_DOWN }, (_, tile) => {
    const [left, top] = [(tile % TILES_ACROSS) * (TILE + 1), Math.floor(tile / TILES_ACROSS) * (TILE + 1)];
    const copy = maps.cloneNode();
    copy.removeAttribute("id");
    copy.alt = "";
    copy.className = "pixels wide tile";
    const height = TILES_DOWN * (TILE + 1) - 1;
    const inset = [top / height, (width - left - TILE) / width, (height - top - TILE) / height, left / width];
    copy.style.clipPath = `inset(${inset.map((share) => `${100 * share}%`).join(" ")})`;
    maps.after(copy);
    places.set(copy, placeOf(maps));
    const own = {
      x: (left + TILE / 2 - width / 2) / width,
      y: (top + TILE / 2 - height / 2) / width,
      side: TILE / width,
    };
    const [flight] = fly(copy, pixels, delay, ALL, own);
    flight.onfinish = flight.oncancel = () => copy.remove();
    return flight;
  });
  const hidden = { duration: FLIGHT_MS, delay, fill: "backwards" };
  return [...flights, maps.animate([{ opacity: 0 }, { opacity: 0 }], hidden)];
}

/** Let the bars come from the maps, and rise. */
function rise(bars, maps, delay) {
  const flights = fly(bars, maps, delay);
  if (asksForLess.matches) return flights;
  return [...flights, ...[...bars.querySelectorAll("rect")].map((bar, i) =>
    bar.animate([{ transform: "scaleY(0)" }, { transform: "none" }], {
      duration: FLIGHT_MS / 2, delay: delay + FLIGHT_MS + i * BAR_MS, fill: "backwards", easing: "ease-out",
    }))];
}

/** Where the ink is on a paper. */
function inkOf({ ways }) {
  const [x, y, width, height] = ways.box.map((length) => length / 1000);
  return { x: x + width / 2 - 0.5, y: y + height / 2 - 0.5, side: Math.max(width, height) };
}

/**
 * Let the pictures of the path grow as they come into sight, and those of the parts that name what they
 * come from in `data-from`. Returns `play`, which does it all again, and `playNext`, once the drawing has
 * been read.
 */
export function grow(story, { paper, ink, pixels, maps, bars }) {
  const steps = [
    [ink, (delay) => fly(ink, paper, delay, inkOf(story), INK)],
    [pixels, (delay) => fly(pixels, ink, delay, INK, DIGIT)],
    [maps, (delay) => fan(maps, pixels, delay)],
    [bars, (delay) => rise(bars, maps, delay)],
  ];
  let running = [];
  let free = 0; // when the last one ends
  let before; // the answer after which it is played

  function begin(step) {
    if (!story.ways?.box) return;
    const delay = Math.max(0, free - performance.now());
    if (!delay) {
      places = new Map();
      places = new Map([paper, ink, pixels, maps, bars].map((each) => [each, placeOf(each)]));
    }
    running.push(...step(delay));
    free = performance.now() + delay + FLIGHT_MS;
  }

  function finish() {
    for (const each of running) each.finish();
    running = [];
    free = 0;
  }

  // These wait for none: whoever scrolls on before the path has grown would look at blank places.
  const parts = [...document.querySelectorAll("[data-from]")].map((picture) => {
    const from = document.getElementById(picture.dataset.from);
    const own = picture.dataset.own === "digit" ? DIGIT : ALL;
    return [picture, () => {
      if (story.ways?.box) running.push(...fly(picture, from, 0, own === DIGIT ? inkOf(story) : ALL, own));
    }];
  });
  const actions = new Map([...steps.map(([picture, step]) => [picture, () => begin(step)]), ...parts]);
  onceEachSeen([...actions.keys()], (picture) => asksForLess.matches || actions.get(picture)());
  // What is drawn meanwhile is seen at once, and paper does not move.
  story.sheet.addEventListener("change", finish);
  addEventListener("beforeprint", finish);

  function play() {
    finish();
    for (const [, step] of steps) begin(step);
  }

  story.on(({ ways }) => {
    if (before === undefined || !ways || ways === before) return;
    before = undefined;
    if (!asksForLess.matches) play();
  });
  return { play, playNext: () => (before = story.ways ?? null) };
}
