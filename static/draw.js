// The drawing page: the editor, one model's answer, and what can be done with a drawing. What few
// visits need is imported when it is needed.

import { PredictionView } from "./answer.js";
import { Editor } from "./editor.js";
import { install } from "./install.js";
import { NumberView } from "./number.js";
import { keepOptions, options } from "./options.js";
import { offerPictures } from "./pictures.js";
import { remember, remembered } from "./settings.js";

const DIGIT_SIDE = 140; // of the square picture sent, in pixels; more detail changes no answer
const NUMBER_SIDE = 560;

const $ = (id) => document.getElementById(id);

class DrawView extends PredictionView {
  #number = new NumberView(this, (index) => editor.choose(index));

  constructor(root) {
    super(root);
    this.#number.onSwitch(() => editor.read());
    this.#number.onNumber((label) => editor.submit(label));
  }

  show(prediction) {
    super.show(prediction);
    this.#number.show(prediction);
  }

  showDigit(index) {
    this.#number.showDigit(index);
  }

  empty() {
    super.empty();
    this.#number.hide();
  }
}

keepOptions(); // before what is on the sheet is read
const view = new DrawView($("result"));
const editor = new Editor(view, (strokes) => {
  const chosen = options();
  const isDigit = chosen.mode === "digit" || (chosen.mode === "auto" && strokes.length < 2);
  return { ...chosen, side: isDigit ? DIGIT_SIDE : NUMBER_SIDE };
});
const { sheet, reader } = editor;

for (const select of [$("model"), $("mode")]) {
  select.addEventListener("change", () => editor.read());
}

offerPictures(editor);

install();

for (const type of ["input", "change"]) $("model").addEventListener(type, describeModel);
describeModel(); // browsers restore what was selected

sheet.addEventListener("change", () => {
  $("share").disabled = $("download").disabled = !sheet.strokes.length;
  $("notice").textContent = "";
});
$("share").disabled = $("download").disabled = !sheet.strokes.length;
$("share").addEventListener("click", () => {
  withPart(import("./share.js"), ({ share }) => share(sheet, view.words.share));
});
$("download").addEventListener("click", () => {
  withPart(import("./share.js"), ({ save }) => save(sheet, view.words.share));
});
addEventListener("hashchange", openLink);
openLink();

$("examples").addEventListener("click", ({ target }) => {
  const example = target.closest("[data-example]");
  if (!example) return;
  withPart(import("./examples.js"), async ({ showExample }) => {
    if (!(await showExample(example, sheet))) sayPartIsMissing();
  });
});

remember($("keep-history"), "keep-history");
let latest = null; // answer
let isFollowed = false;
reader.addEventListener("answer", ({ detail }) => {
  latest = detail;
  followAnswers();
});
if (remembered("history")) followAnswers();

function describeModel() {
  const [{ value, dataset }] = $("model").selectedOptions;
  $("about-model").textContent = dataset.about;
  $("look-inside").href = $("look-inside").href.replace(/[^/]+(?=\/inside$)/, encodeURIComponent(value));
}

function openLink() {
  if (!location.hash.startsWith("#drawing=")) return;
  withPart(import("./share.js"), ({ openLink: open }) => {
    if (!open(sheet)) $("notice").textContent = view.words.share.damaged;
  });
}

async function followAnswers() {
  if (isFollowed) return;
  isFollowed = true;
  let module;
  try {
    module = await import("./answered.js");
  } catch {
    isFollowed = false; // the next answer tries again
    return;
  }
  module.follow(sheet, reader, latest, view.words.history);
}

/** Use a part of the page that is on its way, or say that it did not load. */
async function withPart(part, use) {
  let module;
  try {
    module = await part;
    $("notice").textContent = "";
  } catch {
    sayPartIsMissing();
    return;
  }
  use(module);
}

function sayPartIsMissing() {
  $("notice").textContent = view.words.partMissing;
}
