// The inside page of a model: the output of each layer for one drawing.

import { AnswerView } from "./answer.js";
import { Editor } from "./editor.js";
import { drawLinked } from "./linked.js";

const SIDE = 140; // of the square picture sent, in pixels

const $ = (id) => document.getElementById(id);

class ExplanationView extends AnswerView {
  show(explanation) {
    $("insight").hidden = false;
    $("seen").src = explanation.seen;
    $("occlusion").src = explanation.occlusion;
    const items = this.#items(explanation.stages.length);
    explanation.stages.forEach((stage, index) => this.#fill(items[index], stage));
    this.say(this.sentenceFor(explanation));
  }

  empty() {
    $("insight").hidden = true;
  }

  /** The list items, reused from one answer to the next so that nothing flashes. */
  #items(count) {
    const list = $("stages");
    while (list.children.length < count) list.append($("stage").content.cloneNode(true));
    return list.children;
  }

  #fill(item, { name, shape, picture }) {
    const kind = name.split(" ")[1];
    item.querySelector("strong").textContent = kind;
    item.querySelector("span").textContent = shape.join(" × ");
    item.querySelector(".about").textContent = this.words.stages[kind] ?? "";
    item.querySelector("img").src = picture;
  }
}

const { model } = $("inside").dataset;
const editor = new Editor(new ExplanationView(), () => ({ mode: "digit", model, side: SIDE }), "/api/v1/explain");
drawLinked(editor.sheet);
