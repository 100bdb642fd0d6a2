// The drawing page: the editor, and one model's answer.

import { PredictionView } from "./answer.js";
import { Editor } from "./editor.js";

const DIGIT_SIDE = 140; // of the square picture sent, in pixels; more detail changes no answer
const NUMBER_SIDE = 560;

const $ = (id) => document.getElementById(id);

const editor = new Editor(new PredictionView($("result")), () => ({
  mode: $("mode").value,
  model: $("model").value,
  side: $("mode").value === "number" ? NUMBER_SIDE : DIGIT_SIDE,
}));

$("model").addEventListener("change", () => editor.read());
$("mode").addEventListener("change", () => editor.read());
$("read-number").addEventListener("click", () => {
  $("mode").value = "number";
  editor.read();
});
