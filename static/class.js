// The class page: games for a projector. Drawings are sent to be read; all else stays in this tab.

import { AnswerView } from "./answer.js";
import { Editor } from "./editor.js";
import { store } from "./preserve.js";

const KEY = "class";
const SIDE = 140; // of the square picture sent, in pixels
const MOST_TRIES = 60; // that are shown
const SEVERAL = "several";

const $ = (id) => document.getElementById(id);

/** What the model read: "0" to "9", "" for no digit, or SEVERAL. */
function readingOf({ digit, is_digit: isDigit, several_digits: isSeveral }) {
  if (isSeveral) return SEVERAL;
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
      $("answer").textContent = prediction.is_digit ? prediction.digit : "";
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
const isRead = (reading, wanted) => reading === wanted;
const isFooled = (reading, wanted) => ![wanted, SEVERAL].includes(reading);
const GAMES = {
  guess: { hasChoice: true, counts: isRead, rounds: Infinity },
  challenge: { hasChoice: false, counts: isRead, rounds: 10 },
  fool: { hasChoice: true, counts: isFooled, rounds: Infinity },
};

let name = "guess"; // of the game
let tried = []; // of each try, whether it counts
let tries = []; // those that are shown, {wanted, reading, counts, seen}, the newest first
let chosen = null; // the value of the button that was pressed
let isRevealed = false;

const isOver = () => tried.length === GAMES[name].rounds;

function show() {
  const { hasChoice } = GAMES[name];
  const round = tried.length - (isRevealed ? 1 : 0);
  $("task").textContent = isOver() ? words.over : words.tasks[name].replace("{digit}", round);
  $("guesses").hidden = !hasChoice;
  for (const button of $("guesses").children) {
    button.setAttribute("aria-pressed", button.value === chosen);
    button.disabled = isRevealed;
  }
  const isReady = view.prediction && !view.isWaiting && (!hasChoice || chosen !== null);
  $("done").disabled = isOver() || !(isRevealed || isReady);
  $("done").textContent = isRevealed ? words.next : words.done[name];
  const hits = tried.filter(Boolean).length;
  $("tally").textContent = tried.length
    ? words.tallies[name].replace("{hits}", hits).replace("{all}", tried.length) : "";
  store(KEY, JSON.stringify({ name, tried, tries, chosen, isRevealed }));
}

/** Continue what this tab has played before it came to this page again. Returns whether it did. */
function resume() {
  try {
    const saved = JSON.parse(sessionStorage.getItem(KEY));
    if (!Object.hasOwn(GAMES, saved.name)) return false;
    $("tries").replaceChildren(...saved.tries.map(itemOf));
    ({ name, tried, tries, chosen, isRevealed } = saved);
  } catch {
    return false; // nothing is stored, or storage is blocked
  }
  $("game").value = name;
  view.cover(!isRevealed);
  return true;
}

function itemOf({ wanted, reading, counts, seen }) {
  const item = $("try").content.firstElementChild.cloneNode(true);
  const inWords = (each) => (each === SEVERAL ? words.several : each || words.none);
  item.classList.toggle("counts", counts);
  item.querySelector("img").src = seen;
  item.querySelector("span").textContent = words.tried[name]
    .replace("{wanted}", inWords(wanted)).replace("{reading}", inWords(reading));
  return item;
}

function reveal() {
  const { prediction } = view;
  const reading = readingOf(prediction);
  const wanted = GAMES[name].hasChoice ? chosen : String(tried.length);
  const counts = GAMES[name].counts(reading, wanted);
  tried.push(counts);
  tries = [{ wanted, reading, counts, seen: prediction.seen }, ...tries].slice(0, MOST_TRIES);
  $("tries").prepend(itemOf(tries[0]));
  if ($("tries").children.length > MOST_TRIES) $("tries").lastElementChild.remove();
  isRevealed = true;
  view.cover(false);
}

/** Begin the next round, with what is on the sheet. */
function begin() {
  isRevealed = false;
  chosen = null;
  view.cover(true);
}

function next() {
  begin();
  $("clear").click();
}

function restart() {
  tried = [];
  tries = [];
  $("tries").replaceChildren();
  next();
}

const isResumed = resume();
view.onChange = show;
const { model } = $("lesson").dataset;
const { sheet } = new Editor(view, () => ({ mode: "digit", model, side: SIDE }));
sheet.addEventListener("change", () => {
  if (isRevealed && !isOver()) begin(); // whoever writes does not wait for a button
});
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
if (!isResumed) restart();
else if (isRevealed && sheet.isBlank && !isOver()) begin(); // an uploaded picture is gone
else show();
