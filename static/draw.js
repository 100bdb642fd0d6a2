// The drawing page: the desk, and one answer beside it.

import { Answer } from "./answer.js";
import { Desk } from "./desk.js";

const DIGIT_SIDE = 140; // pixels of the picture that is sent: more detail decides nothing
const NUMBER_SIDE = 560;

const $ = (id) => document.getElementById(id);

const desk = new Desk(new Answer($("result")), () => ({
  mode: $("mode").value,
  model: $("model").value,
  side: $("mode").value === "number" ? NUMBER_SIDE : DIGIT_SIDE,
}));

$("model").addEventListener("change", () => desk.read());
$("mode").addEventListener("change", () => desk.read());
$("read-number").addEventListener("click", () => {
  $("mode").value = "number";
  desk.read();
});
