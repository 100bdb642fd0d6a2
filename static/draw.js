// The drawing page: wires the paper, the server and the answer together.

import { Answer } from "./answer.js";
import { Pad } from "./pad.js";
import { Reader } from "./reader.js";
import { listenForFiles } from "./upload.js";

const LARGEST_FILE = 10 * 1024 * 1024;
const DIGIT_SIDE = 140; // pixels of the picture that is sent: more detail decides nothing
const NUMBER_SIDE = 560;
const STORED = "strokes";

const $ = (id) => document.getElementById(id);
const pad = new Pad($("pad"));
const answer = new Answer($("result"), JSON.parse($("words").textContent));
const reader = new Reader("/api/v1/predict");
let file = null; // the uploaded picture that lies on the sheet

function read() {
  if (file) ask(formRequest);
  else if (!pad.isDot) ask(jsonRequest); // an empty sheet is less than a dot
  else {
    reader.cancel();
    pad.frames = [];
    answer.invite();
  }
}

function ask(makeRequest) {
  reader.ask(makeRequest);
  answer.wait(true);
}

function jsonRequest() {
  return {
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({
      image: pad.toDataURL(isNumber() ? NUMBER_SIDE : DIGIT_SIDE),
      mode: $("mode").value,
      model: $("model").value,
    }),
  };
}

function formRequest() {
  const body = new FormData();
  body.append("image", file);
  body.append("mode", $("mode").value);
  body.append("model", $("model").value);
  return { body };
}

async function show(picture) {
  reader.cancel();
  file = picture.size > LARGEST_FILE ? null : picture;
  let bitmap = null;
  try {
    bitmap = await createImageBitmap(picture);
  } catch {
    // The server reads some pictures that this browser cannot show, and knows better why not.
  }
  if (file && file !== picture) return; // another came while this one was decoded
  if (bitmap) pad.showPicture(bitmap);
  else pad.clear();
  if (file) read();
  else answer.showProblem("too_large");
}

function isNumber() {
  return $("mode").value === "number";
}

function clear() {
  file = null;
  pad.clear();
}

pad.addEventListener("change", () => {
  if (!pad.isEmpty && file) {
    file = null;
    reader.cancel();
  }
  $("undo").disabled = pad.isEmpty;
  $("redo").disabled = !pad.canRedo;
  $("clear").disabled = pad.isEmpty && !pad.hasPicture;
  if (!pad.hasPicture) read();
});

reader.addEventListener("answer", ({ detail: prediction }) => {
  answer.show(prediction);
  pad.frames = file || isNumber() ? prediction.digits.map(({ box }) => box) : [];
});
reader.addEventListener("problem", ({ detail: code }) => {
  pad.frames = [];
  if (code === "empty_drawing" && !file) answer.invite(); // a blot: people see that they drew it
  else answer.showProblem(code);
});

$("undo").addEventListener("click", () => pad.undo());
$("redo").addEventListener("click", () => pad.redo());
$("clear").addEventListener("click", clear);
$("pen").addEventListener("input", (event) => {
  pad.width = Number(event.target.value);
});
$("model").addEventListener("change", read);
$("mode").addEventListener("change", () => {
  pad.frames = [];
  read();
});
$("read-number").addEventListener("click", () => {
  $("mode").value = "number";
  read();
});
$("show-keys").addEventListener("click", () => $("keys").showModal());
listenForFiles($("upload"), show);

document.addEventListener("keydown", (event) => {
  if ($("keys").open || event.target.matches("input:not([type=range]), select, textarea")) return;
  const command = event.ctrlKey || event.metaKey;
  const key = event.key.toLowerCase();
  if (command && key === "z") event.shiftKey ? pad.redo() : pad.undo();
  else if (command && key === "y") pad.redo();
  else if (command || event.altKey) return;
  else if (key === "escape" || key === "delete") clear();
  else if (key === "u") $("upload").click();
  else if (key === "?") $("keys").showModal();
  else return;
  event.preventDefault();
});

// The drawing outlives a change of language or a look at another page.
addEventListener("pagehide", () => {
  try {
    sessionStorage.setItem(STORED, JSON.stringify(pad.strokes));
  } catch {
    // storage may be full or forbidden; the page works without
  }
});
pad.width = Number($("pen").value);
try {
  const strokes = JSON.parse(sessionStorage.getItem(STORED) ?? "[]");
  if (strokes.length) pad.strokes = strokes;
} catch {
  // what was stored is not ours
}
