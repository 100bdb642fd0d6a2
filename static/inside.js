// The inside page of a model: the output of each layer for one drawing.

import { AnswerView } from "./answer.js";
import { Editor } from "./editor.js";
import { drawLinked } from "./linked.js";

const SIDE = 140; // of the square picture sent, in pixels

const $ = (id) => document.getElementById(id);

class ExplanationView extends AnswerView {
  onShown = () => {}; // gets the explanation, or null

  show(explanation) {
    $("insight").hidden = false;
    $("seen").src = explanation.seen;
    $("occlusion").src = explanation.occlusion;
    const items = this.#items(explanation.stages.length);
    explanation.stages.forEach((stage, index) => this.#fill(items[index], stage));
    this.say(this.sentenceFor(explanation));
    this.onShown(explanation);
  }

  empty() {
    $("insight").hidden = true;
    this.onShown(null);
  }

  /** The list items, reused from one answer to the next so that nothing flashes. */
  #items(count) {
    const list = $("stages");
    while (list.children.length < count) list.append($("stage").content.cloneNode(true));
    while (list.children.length > count) list.lastElementChild.remove(); // another version has fewer
    return list.children;
  }

  #fill(item, { name, shape, made, picture }) {
    const kind = name.split(" ")[1];
    item.querySelector("strong").textContent = kind;
    item.querySelector("span").textContent = shape.join(" × ");
    item.querySelector(".about").textContent = this.words.stages[kind] ?? "";
    item.querySelector("img").src = picture;
    const button = item.querySelector("button");
    if (!button) return;
    button.disabled = !made;
    item.querySelector("strong").id = name.replaceAll(" ", "-");
    button.setAttribute("aria-describedby", name.replaceAll(" ", "-"));
  }
}

const { model } = $("inside").dataset;
const view = new ExplanationView();
const editor = new Editor(view, () => ({ mode: "digit", model, side: SIDE }), "/api/v1/explain");
drawLinked(editor.sheet);

let making = null;
let shown = null;
view.onShown = (explanation) => {
  shown = explanation;
  making?.follow(shown);
};
$("stages").addEventListener("click", async (event) => {
  const button = event.target.closest(".maps");
  if (!button) return;
  const { left, top, width, height } = button.getBoundingClientRect();
  const isKey = event.detail === 0;
  const [x, y] = isKey ? [0, 0] : [(event.clientX - left) / width, (event.clientY - top) / height];
  try {
    const { Making } = await import("./making.js");
    making ??= new Making($("making"), view.words, model, () => editor.read());
  } catch {
    view.showProblem("unreachable");
    return;
  }
  making.follow(shown);
  if (shown) making.open([...$("stages").children].indexOf(button.parentElement), button, x, y);
});
$("stages").addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || !making?.isOpen) return;
  event.stopPropagation(); // elsewhere it clears the sheet
  making.close();
});
