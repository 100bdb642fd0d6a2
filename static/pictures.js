// Many pictures, the camera and cropping: the buttons, and the modules behind them, which come when
// they are used. A module that comes later has copies of its own of what it imports, so it is
// given what it shares with the page.

import { fileOf, isArchive, problemOf, sendable, smallCopy } from "./files.js";
import { patientFetch } from "./reader.js";

const $ = (id) => document.getElementById(id);

/** Offer them for an editor, whose page has `_pictures.html`. */
export function offerPictures(editor) {
  document.querySelector(".sheet").append($("picture-tools").content);
  $("upload").multiple = true;
  $("upload").accept += ",application/zip,.zip";
  const { sheet } = editor;
  const hasCamera = Boolean(navigator.mediaDevices?.getUserMedia); // not over plain HTTP
  const update = () => {
    $("camera").hidden = !hasCamera || sheet.strokes.length > 0;
    $("crop").hidden = !sheet.picture?.bitmap;
  };
  sheet.addEventListener("change", update);
  update();

  editor.onSeveral = (files) => readMany(files, editor);
  $("camera").addEventListener("click", () => takePicture(editor));
  $("crop").addEventListener("click", () => cropShown(editor));
}

let batch = null;

async function readMany(files, editor) {
  const module = await part(() => import("./batch.js"), editor);
  if (!module) return;
  if (!batch) {
    const { problems, sentences, severalDigits } = JSON.parse($("words").textContent);
    batch = new module.Batch(attached("batch-panel"), {
      words: { ...problems, not_a_digit: sentences.not_a_digit, several_digits: severalDigits },
      options: () => ({ mode: $("mode").value, model: $("model").value }),
      fetch: patientFetch,
      files: { isArchive, problemOf, sendable, smallCopy },
    });
  }
  batch.add(files);
}

async function takePicture(editor) {
  const [camera, crop] = await Promise.all([
    part(() => import("./camera.js"), editor),
    part(() => import("./crop.js"), editor),
  ]);
  if (!camera || !crop) return;
  for (let again = true; again; ) {
    const shot = await camera.takePicture(attached("viewfinder-panel"));
    if (shot === "file") $("upload").click();
    if (!shot || shot === "file") break;
    const cropped = await crop.cropped(attached("cropper-panel"), shot, true);
    shot.close();
    again = cropped === "again";
    if (cropped && !again) await editor.show(await fileOf(cropped, "photo.jpg", "image/jpeg"));
  }
  $("camera").focus();
}

async function cropShown(editor) {
  const { file } = editor.sheet.picture;
  const crop = await part(() => import("./crop.js"), editor);
  if (!crop) return;
  const whole = await createImageBitmap(file);
  const cropped = await crop.cropped(attached("cropper-panel"), whole, false);
  whole.close();
  if (cropped) await editor.show(await fileOf(cropped, file.name, "image/png"));
  $("crop").focus();
}

async function part(load, editor) {
  try {
    return await load();
  } catch {
    editor.explain("part_missing");
    return null;
  }
}

/** The element in a template, which is added to the page when it is first asked for. */
function attached(id) {
  const template = $(id);
  if (template.content.childElementCount) template.before(template.content);
  return template.previousElementSibling;
}
