// The learn page: the drawing's path at its top, the chapters, and their parts, which come when they
// are near.

import { showBars, showPicture } from "./learn/bars.js";
import { grow } from "./learn/growing.js";
import { Story } from "./learn/story.js";
import { outlineOf } from "./outline.js";

const NEAR = "900px"; // below or above the screen
const STEP = 12; // between the points of an example, in thousandths of the sheet
const WIDTH = 42; // of its pen

const $ = (id) => document.getElementById(id);

const story = new Story(JSON.parse($("story").textContent));
const SVG = "http://www.w3.org/2000/svg";

const ACTIONS = {
  clear: () => story.sheet.clear(),
  undo: () => story.sheet.undo(),
  grow: () => growth.play(),
  async link() {
    const { link, words } = story;
    story.write();
    copied = link;
    if (!link) {
      $("copied").textContent = words.tooLong;
      return;
    }
    try {
      await navigator.clipboard.writeText(new URL(link, location).href);
      $("copied").textContent = words.copied;
    } catch {
      $("copied").textContent = words.notCopied;
    }
  },
};

let copied = null; // the link that #copied is about

/** What was said of a link holds until there is another. */
function forgetCopied() {
  if ($("copied").textContent && story.link !== copied) $("copied").textContent = "";
}

function showPath({ strokes, ways }) {
  const box = ways?.box;
  const ink = $("path-ink");
  ink.setAttribute("viewBox", (box ?? [0, 0, 1000, 1000]).join(" "));
  ink.replaceChildren(...strokes.map((stroke) => {
    const path = document.createElementNS(SVG, "path");
    path.setAttribute("d", outlineOf(stroke));
    path.classList.add("outline");
    return path;
  }));
  showPicture($("path-pixels"), ways?.centered?.seen);
  showPicture($("path-maps"), ways?.maps);
  showBars($("path-bars"), ways?.centered?.probabilities);
}

/** The strokes of an example, which its button shows. */
function strokesOf(button) {
  return [...button.querySelectorAll("path")].map((path) => {
    const length = path.getTotalLength();
    const count = Math.ceil(length / STEP);
    const points = Array.from({ length: count + 1 }, (_, i) => {
      const { x, y } = path.getPointAtLength((length * i) / count);
      return [Math.round(x), Math.round(y), 0.5];
    });
    return { width: WIDTH, pressure: false, points };
  });
}

/** Start a part; if it does not come, its still stays. */
async function start(part) {
  const { mount } = await import(part.dataset.script);
  mount(part, story);
  part.dataset.isAlive = "";
}

const parts = new IntersectionObserver((entries) => {
  for (const { isIntersecting, target } of entries) {
    if (!isIntersecting) continue;
    parts.unobserve(target);
    start(target);
  }
}, { rootMargin: NEAR });

/** The chapter in the middle of the screen is the one in the link. */
const chapters = new IntersectionObserver((entries) => {
  const middle = entries.find(({ isIntersecting }) => isIntersecting)?.target;
  if (!middle) return;
  story.set("chapter", middle.id.replace("chapter-", ""));
  for (const link of document.querySelectorAll(".chapters a")) {
    if (link.hash === `#${middle.id}`) link.setAttribute("aria-current", "true");
    else link.removeAttribute("aria-current");
  }
}, { rootMargin: "-50% 0px -50% 0px" });

story.paper($("path-paper"));
story.begin();
story.on(showPath);
story.on(forgetCopied);
const growth = grow(story, {
  paper: $("path-paper"), ink: $("path-ink"), pixels: $("path-pixels"), maps: $("path-maps"), bars: $("path-bars"),
});
for (const part of document.querySelectorAll("[data-script]")) parts.observe(part);
for (const chapter of document.querySelectorAll(".chapter")) chapters.observe(chapter);
document.querySelector(".learn").addEventListener("click", ({ target }) => {
  const button = target.closest("button");
  if (button?.dataset.example) {
    growth.playNext();
    story.sheet.draw(strokesOf(button));
  } else ACTIONS[button?.dataset.do]?.();
});
document.addEventListener("keydown", (event) => {
  if (!(event.ctrlKey || event.metaKey) || event.key.toLowerCase() !== "z") return;
  event.shiftKey ? story.sheet.redo() : story.sheet.undo();
  event.preventDefault();
});
