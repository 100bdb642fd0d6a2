// The page that shows a model from the inside: each stage of it, for one drawing.

import { Verdict } from "./answer.js";
import { Desk } from "./desk.js";

const SIDE = 140; // pixels of the picture that is sent

const $ = (id) => document.getElementById(id);

class Inside extends Verdict {
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

  /** The list's items, made once: so nothing flashes from one answer to the next. */
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
new Desk(new Inside(), () => ({ mode: "digit", model, side: SIDE }), "/api/v1/explain");
