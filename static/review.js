// The review page: one drawing at a time, one key each, or a grid of which several are chosen.

import { keepFocus } from "./focus.js";
import { numberLabel } from "./labels.js";
import { chance } from "./percent.js";
import { Queue } from "./queue.js";
import { Replay } from "./replay.js";

const $ = (id) => document.getElementById(id);
const queue = new Queue();
const replay = new Replay($("replay"), $("replayed"), $("picture"));
const grid = $("grid");

/** The drawings that a decision is for: what is shown, and nothing that came since. */
function chosen() {
  if (grid.hidden) return shown ? [shown] : [];
  const ids = new Set([...grid.querySelectorAll(":checked")].map(({ value }) => value));
  return queue.drawings.filter(({ id }) => ids.has(id));
}

let shown = null; // the drawing on the page

function show() {
  const { drawings, count } = queue;
  const { words, none } = $("count").dataset;
  $("count").textContent = drawings.length ? words.replace("{count}", count) : none;
  $("back").disabled = !queue.canUndo;
  $("review").hidden = !drawings.length && !queue.canUndo;
  $("review").classList.toggle("done", !drawings.length);
  showGrid(drawings);
  if (shown === (drawings[0] ?? null)) return;
  [shown = null] = drawings;
  if (shown) showOne(shown);
}

function word(label) {
  return label === "not_a_digit" ? $("no-digit").firstChild.data.trim() : inOneLine(label);
}

/** What the model said: a digit, a number, or that it is none. */
function said({ answer }) {
  return word(answer);
}

function showOne(drawing) {
  $("picture").src = drawing.picture;
  $("review-seen").src = drawing.seen;
  $("visitor-label").textContent = word(drawing.label);
  $("said").textContent = said(drawing);
  const isNumber = drawing.label.length > 1 && drawing.label !== "not_a_digit";
  $("number").value = isNumber ? inOneLine(drawing.label) : "";
  const { closest } = $("confidence").dataset;
  const sure = chance(drawing.confidence);
  $("confidence").textContent = drawing.is_digit ? sure
    : closest.replace("{digit}", drawing.digit).replace("{confidence}", sure);
  $("held-out").hidden = !drawing.held_back;
  replay.set(drawing);
  const { dispute, vote } = $("votes").dataset;
  const votes = Object.entries(drawing.votes).map(([label, count]) =>
    vote.replace("{label}", word(label)).replace("{count}", count));
  $("votes").hidden = votes.length < 2;
  $("votes").textContent = dispute.replace("{votes}", votes.join(", "));
  $("review").classList.toggle("disagrees", word(drawing.label) !== said(drawing));
}

/** One item for each drawing; those that stay keep their place and whether they are chosen. */
function showGrid(drawings) {
  const items = new Map([...grid.children].map((item) => [item.querySelector("input").value, item]));
  grid.replaceChildren(...(grid.hidden ? [] : drawings).map((each) => items.get(each.id) ?? item(each)));
  $("none-chosen").hidden = grid.hidden || chosen().length > 0;
}

function item(drawing) {
  const made = $("grid-item").content.firstElementChild.cloneNode(true);
  made.querySelector("input").value = drawing.id;
  made.querySelector("img").src = drawing.picture;
  made.querySelector("strong").textContent = word(drawing.label);
  made.querySelector(".model-said").textContent = said(drawing);
  made.classList.toggle("differs", word(drawing.label) !== said(drawing));
  made.querySelector(".held-out").hidden = !drawing.held_back;
  return made;
}

function inOneLine(label) {
  return label.replaceAll("\n", "; ");
}

function decide(state, label) {
  queue.decide(chosen(), state, label);
}

let asked = []; // the drawings that are deleted if that is confirmed

function askToRemove() {
  asked = chosen();
  if (!asked.length) return;
  const question = $("deletion-question");
  question.textContent = question.dataset.words.replace("{count}", asked.length);
  $("deletion").showModal();
}

queue.addEventListener("change", show);
queue.addEventListener("failure", () => {
  $("count").textContent = $("count").dataset.failed;
});

function load() {
  const filters = Object.fromEntries(new FormData($("filters")));
  for (const [name, value] of Object.entries(filters)) if (!value) delete filters[name];
  queue.load(filters);
}

$("filters").addEventListener("change", load);
$("accept").addEventListener("click", () => decide("accepted"));
$("reject").addEventListener("click", () => decide("rejected"));
$("delete").addEventListener("click", askToRemove);
$("delete-them").addEventListener("click", () => { // a dialog's `close` comes late, if not twice
  queue.remove(asked);
  asked = [];
});
$("back").addEventListener("click", () => queue.undo());
$("relabel").addEventListener("click", ({ target }) => {
  const button = target.closest("button");
  if (button) decide("accepted", button.value);
});
$("as-grid").addEventListener("click", () => {
  grid.hidden = !grid.hidden;
  $("as-grid").setAttribute("aria-pressed", !grid.hidden);
  $("all").hidden = grid.hidden;
  $("review").classList.toggle("many", !grid.hidden);
  show();
});
$("all").addEventListener("click", () => {
  const boxes = [...grid.querySelectorAll("input")];
  const isChosen = boxes.some(({ checked }) => !checked);
  for (const box of boxes) box.checked = isChosen;
  showGrid(queue.drawings);
});
grid.addEventListener("change", () => showGrid(queue.drawings));
$("relabel-number").addEventListener("submit", (event) => {
  event.preventDefault();
  const label = numberLabel($("number").value);
  if (label) decide("accepted", label);
  $("number").blur();
});
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
  if ($("deletion").open || event.target.matches("select, #filters input, #number")) return;
  const key = event.key.toLowerCase();
  if (/^[0-9]$/.test(key)) decide("accepted", key);
  else if (key === "x") decide("accepted", "not_a_digit");
  else if (key === "a") decide("accepted");
  else if (key === "r") decide("rejected");
  else if (key === "d") askToRemove();
  else if (key === "z") queue.undo();
  else if (key === "g") $("as-grid").click();
  else if (key === "p") replay.start();
  else if (key === "n") $("number").focus();
  else return;
  event.preventDefault();
});

keepFocus();
const { drawing } = Object.fromEntries(new URLSearchParams(location.search));
if (drawing) queue.load({ id: drawing });
else load();
