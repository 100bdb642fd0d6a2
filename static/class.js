// The class page: games for a projector. Drawings are sent to be read; all else stays in this tab.

import { AnswerView } from "./answer.js";
import { Editor } from "./editor.js";

const SIDE = 140; // of the square picture sent, in pixels
const MOST_TRIES = 60; // that are shown

const $ = (id) => document.getElementById(id);

/** What the model read: "0" to "9", or "" for no digit. */
function readingOf({ digit, is_digit: isDigit }) {
  return isDigit ? String(digit) : "";
}

/** Keeps the answer covered until it is to be seen. */
class CoveredView extends AnswerView {
  prediction = null;
  isWaiting = false; // for the answer to what was drawn since
  onChange = () => {};
  #isCovered = true;

  show(prediction) {
    this.prediction = prediction;
    this.#update();
  }

  empty() {
    this.prediction = null;
    this.#update();
  }

  wait(isWaiting) {
    this.isWaiting = isWaiting;
    this.onChange();
  }

  cover(isCovered) {
    this.#isCovered = isCovered;
    this.#update();
  }

  #update() {
    const { prediction } = this;
    if (!prediction) $("answer").textContent = "";
    else if (this.#isCovered) {
      $("answer").textContent = "?";
      this.say(this.words.lesson.covered);
    } else {
      $("answer").textContent = readingOf(prediction);
      this.say(this.sentenceFor(prediction));
    }
    this.onChange();
  }
}

const view = new CoveredView();
const words = view.words.lesson;

/**
 * The games: whether a digit is to be chosen beforehand, whether a try counts, and after how many
 * rounds it is over. The digit of a round of the challenge is its number.
 */
const GAMES = {
  guess: { hasChoice: true, counts: (reading, wanted) => reading === wanted, rounds: Infinity },
  challenge: { hasChoice: false, counts: (reading, wanted) => reading === wanted, rounds: 10 },
  fool: { hasChoice: true, counts: (reading, wanted) => reading !== wanted, rounds: Infinity },
};

let name = "guess"; // of the game
let tried = []; // of each try, whether it counts
let chosen = null; // the value of the button that was pressed
let isRevealed = false;

function show() {
  const { hasChoice, rounds } = GAMES[name];
  const isOver = tried.length === rounds;
  const round = tried.length - (isRevealed ? 1 : 0);
  $("task").textContent = isOver ? words.over : words.tasks[name].replace("{digit}", round);
  $("guesses").hidden = !hasChoice;
  for (const button of $("guesses").children) {
    button.setAttribute("aria-pressed", button.value === chosen);
    button.disabled = isRevealed;
  }
  const isReady = view.prediction && !view.isWaiting && (!hasChoice || chosen !== null);
  $("done").disabled = isOver || !(isRevealed || isReady);
  $("done").textContent = isRevealed ? words.next : words.done[name];
  const hits = tried.filter(Boolean).length;
  $("tally").textContent = tried.length
    ? words.tallies[name].replace("{hits}", hits).replace("{all}", tried.length) : "";
}

function reveal() {
  const { prediction } = view;
  const reading = readingOf(prediction);
  const wanted = GAMES[name].hasChoice ? chosen : String(tried.length);
  tried.push(GAMES[name].counts(reading, wanted));
  const item = $("try").content.firstElementChild.cloneNode(true);
  item.classList.toggle("counts", tried.at(-1));
  item.querySelector("img").src = prediction.seen;
  item.querySelector("span").textContent = words.tried[name]
    .replace("{wanted}", wanted || words.none).replace("{reading}", reading || words.none);
  $("tries").prepend(item);
  if ($("tries").children.length > MOST_TRIES) $("tries").lastElementChild.remove();
  isRevealed = true;
  view.cover(false);
}

function next() {
  isRevealed = false;
  chosen = null;
  view.cover(true);
  $("clear").click();
  show();
}

function restart() {
  tried = [];
  $("tries").replaceChildren();
  next();
}

view.onChange = show;
new Editor(view, () => ({ mode: "digit", model: $("lesson").dataset.model, side: SIDE }));
$("guesses").addEventListener("click", ({ target }) => {
  chosen = target.closest("button")?.value ?? chosen;
  show();
});
$("done").addEventListener("click", () => (isRevealed ? next() : reveal()));
$("restart").addEventListener("click", restart);
$("game").addEventListener("change", () => {
  name = $("game").value;
  restart();
});
$("full-screen").hidden = !document.fullscreenEnabled;
$("full-screen").addEventListener("click", () => {
  if (document.fullscreenElement) document.exitFullscreen();
  else $("lesson").requestFullscreen();
});
document.addEventListener("fullscreenchange", () => {
  $("full-screen").setAttribute("aria-pressed", Boolean(document.fullscreenElement));
});
restart();
