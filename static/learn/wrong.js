// Chapter 2: the same drawing as tutorials prepare it and as MNIST was prepared, and what LeNet-5 reads.

import { chance } from "../percent.js";
import { showBars, showPicture } from "./bars.js";
import { placed, placeOf } from "./placing.js";
import { write } from "./write.js";

const SPEAK_AFTER_MS = 700; // once drawing pauses
const SHARES = ["x", "y", "size"]; // sliders in per cent

export function mount(element, story) {
  const find = (selector) => element.querySelector(selector);
  const sliders = [...element.querySelectorAll("input[type=range]")];
  const { words } = story;
  let base = null; // the strokes before the sliders moved them
  let moved = null; // and after
  let history = null; // of the sheet before that
  let speech = 0;

  story.paper(find("canvas"));

  function move() {
    if (story.isBlank) return;
    base ??= story.strokes;
    history ??= story.sheet.save(50);
    const place = Object.fromEntries(
      sliders.map(({ name, value }) => [name, SHARES.includes(name) ? value / 100 : Number(value)]),
    );
    moved = placed(base, story.side, place);
    // One step of the history, however far the sliders are moved.
    const { strokes, now, past } = history;
    story.sheet.restore({
      now: moved.map((_, i) => strokes.length + i),
      past: [...past, now],
      future: [],
      strokes: [...strokes, ...moved],
    });
    moved = story.strokes;
  }

  for (const slider of sliders) slider.addEventListener("input", move);
  find("[name=ink]").addEventListener("change", ({ target }) => {
    story.set("ink", target.value);
    story.read();
  });
  find("[name=invert]").addEventListener("change", ({ target }) => {
    story.set("invert", target.checked ? "yes" : "no");
    story.read();
  });

  function show() {
    if (moved?.some((stroke, i) => stroke !== story.strokes[i])) base = moved = history = null;
    if (!base && !story.isBlank) {
      const place = placeOf(story.strokes, story.side);
      for (const slider of sliders) {
        slider.value = place[slider.name] * (SHARES.includes(slider.name) ? 100 : 1);
      }
    }
    find("[name=ink]").value = story.get("ink", "#000000");
    find("[name=invert]").checked = story.get("invert", "yes") === "yes";
    const said = {};
    for (const way of ["scaled", "centered"]) {
      const look = story.ways?.[way];
      showPicture(find(`img[data-of=${way}]`), look?.seen);
      showBars(find(`#${way}-bars`), look?.probabilities);
      const share = look && chance(Math.max(...look.probabilities), 0);
      said[way] = look
        ? words.says.replace("{model}", "LeNet-5").replace("{digit}", look.digit).replace("{share}", share)
        : "";
      find(`.says[data-of=${way}]`).textContent = said[way];
    }
    clearTimeout(speech);
    speech = setTimeout(() => {
      if (!story.ways) return;
      write(find("[data-spoken]"), words.both
        .replace("{scaled}", said.scaled).replace("{centered}", said.centered || words.nothing));
    }, SPEAK_AFTER_MS);
  }

  story.on(show);
}
