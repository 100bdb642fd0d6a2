// The drawing page: the desk, and one answer beside it.

import { Answer } from "./answer.js";
import { Correction } from "./correct.js";
import { Desk } from "./desk.js";

const DIGIT_SIDE = 140; // pixels of the picture that is sent: more detail decides nothing
const NUMBER_SIDE = 560;

const $ = (id) => document.getElementById(id);

class Asked extends Answer {
  correction = null; // where the site keeps corrections

  show(prediction) {
    super.show(prediction);
    this.correction?.offer(prediction);
  }

  empty() {
    super.empty();
    this.correction?.withdraw();
  }
}

const answer = new Asked($("result"));
const desk = new Desk(answer, () => ({
  mode: $("mode").value,
  model: $("model").value,
  side: $("mode").value === "number" ? NUMBER_SIDE : DIGIT_SIDE,
}));

if ($("correct")) {
  // Of a number, the answer's own picture of its least certain digit is what is told about.
  const drawing = async () => {
    const sent = await desk.drawing(DIGIT_SIDE);
    return $("mode").value === "number" ? {} : sent;
  };
  const correction = new Correction($("correct"), answer.words, drawing);
  answer.correction = correction;
  const truths = { r: "right", x: "not_a_digit" };
  desk.onKey = (key) => {
    const truth = /^[0-9]$/.test(key) ? key : truths[key];
    if (truth) correction.tell(truth);
    return Boolean(truth);
  };
}

$("model").addEventListener("change", () => desk.read());
$("mode").addEventListener("change", () => desk.read());
$("read-number").addEventListener("click", () => {
  $("mode").value = "number";
  desk.read();
});
