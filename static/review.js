// The review queue: one drawing at a time, one key each. A decision is sent in the background while
// the next drawing is shown; if it fails, the drawing returns to the front of the queue.

import { ask } from "./admin.js";
import { at } from "./site.js";

const URL = at("/admin/api/drawings");
const FEW = 6; // fetch more when fewer than this are left

const $ = (id) => document.getElementById(id);
const percent = new Intl.NumberFormat(document.documentElement.lang, {
  style: "percent",
  minimumFractionDigits: 1,
});

let drawings = [];
let decided = []; // decided drawings as they were before, newest last, for undo
let sending = Promise.resolve(); // chains the requests, so that decisions arrive in order
let fetched = 0; // matching drawings at the last fetch, minus those decided since

async function load() {
  const filters = new URLSearchParams(new FormData($("filters")));
  for (const [name, value] of [...filters]) if (!value) filters.delete(name);
  await sending;
  const queue = await ask("GET", `${URL}?${filters}`);
  drawings = queue.drawings;
  fetched = queue.count;
  show();
}

function show() {
  const drawing = drawings[0];
  const { words, none } = $("count").dataset;
  $("count").textContent = drawing ? words.replace("{count}", fetched) : none;
  $("back").disabled = decided.length === 0;
  $("review").hidden = !drawing && decided.length === 0;
  $("review").classList.toggle("done", !drawing);
  if (!drawing) return;
  const word = (label) => ($("relabel").querySelector(`[value="${label}"]`).firstChild.data ?? "").trim();
  $("picture").src = drawing.picture;
  $("review-seen").src = drawing.seen;
  $("visitor-label").textContent = word(drawing.label);
  $("said").textContent = drawing.is_digit ? drawing.digit : word("not_a_digit");
  $("confidence").textContent = percent.format(drawing.confidence);
  const { dispute, vote } = $("votes").dataset;
  const votes = Object.entries(drawing.votes).map(([label, count]) =>
    vote.replace("{label}", word(label)).replace("{count}", count));
  $("votes").hidden = votes.length < 2;
  $("votes").textContent = dispute.replace("{votes}", votes.join(", "));
  $("review").classList.toggle("disagrees", $("visitor-label").textContent !== $("said").textContent);
}

function decide(state, label) {
  const drawing = drawings.shift();
  if (!drawing) return;
  decided.push(drawing);
  send(drawing, () => ask("POST", `${URL}/${drawing.id}`, { state, label: label ?? drawing.label }));
}

function remove() {
  const drawing = drawings.shift();
  if (drawing) send(drawing, () => ask("DELETE", `${URL}/${drawing.id}`));
}

function undo() {
  const drawing = decided.pop();
  if (!drawing) return;
  drawings.unshift(drawing);
  fetched += 2; // send() subtracts one
  const { id, state, label } = drawing;
  send(null, () => ask("POST", `${URL}/${id}`, { state, label }));
}

function send(drawing, request) {
  fetched -= 1;
  show();
  sending = sending.then(request).catch(() => {
    if (drawing) drawings.unshift(drawing);
    decided = decided.filter((each) => each !== drawing);
    show();
    $("count").textContent = $("count").dataset.failed;
  });
  if (drawings.length < FEW && fetched > drawings.length) load();
}

$("filters").addEventListener("change", () => {
  decided = [];
  load();
});
$("accept").addEventListener("click", () => decide("accepted"));
$("reject").addEventListener("click", () => decide("rejected"));
$("delete").addEventListener("click", remove);
$("back").addEventListener("click", undo);
$("relabel").addEventListener("click", ({ target }) => {
  const button = target.closest("button");
  if (button) decide("accepted", button.value);
});
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
  if (event.target.matches("select, input")) return;
  const key = event.key.toLowerCase();
  if (/^[0-9]$/.test(key)) decide("accepted", key);
  else if (key === "x") decide("accepted", "not_a_digit");
  else if (key === "a") decide("accepted");
  else if (key === "r") decide("rejected");
  else if (key === "d") remove();
  else if (key === "z") undo();
  else return;
  event.preventDefault();
});

load();
