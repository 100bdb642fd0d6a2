// What a part asks about the drawing: only while it is on the screen, and once pen and sliders rest.

import { Reader } from "../reader.js";
import { at } from "../site.js";
import { write } from "./write.js";

const REST_MS = 400;

/**
 * Ask `path` about the drawing while `element` is on the screen. `body` returns what is sent; `show`
 * gets the answer, or null once what is shown is of another drawing, or of none. `problem` is the
 * element that says why an answer is missing. The page has the answer to its example already.
 */
export function keepAsking(story, { path, element, problem, body, show }) {
  const reader = new Reader(at(path));
  let latest = null; // strokes
  let asked = null; // those that the answer is about, or will be
  let isShown = true;
  let isSeen = false;
  let timer = 0;

  function forget() {
    if (!isShown) return;
    isShown = false;
    asked = null;
    reader.cancel();
    write(problem, "");
    show(null);
  }

  function ask() {
    timer = 0;
    if (!isSeen || story.sheet.stroke || story.sheet.isDot || asked === latest) return;
    asked = latest;
    isShown = true;
    reader.ask(() => ({
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(body()),
    }));
  }

  function askSoon() {
    clearTimeout(timer);
    timer = setTimeout(ask, REST_MS);
  }

  reader.addEventListener("answer", ({ detail }) => {
    write(problem, "");
    show(detail);
  });
  reader.addEventListener("problem", ({ detail: code }) => {
    if (code !== "unreachable") forget(); // that passes, and is asked again
    write(problem, story.explain(code));
  });
  story.on(() => {
    if (story.strokes === latest) return;
    latest = story.strokes;
    if (story.isExample) asked = latest;
    else if (story.sheet.isDot) forget();
    else {
      if (!isSeen) forget();
      askSoon();
    }
  });
  new IntersectionObserver((entries) => {
    isSeen = entries.at(-1).isIntersecting;
    if (isSeen && !timer) askSoon();
  }).observe(element);
}
