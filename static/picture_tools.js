// Many pictures, the camera and cropping: what the buttons do.

import { Batch } from "./batch.js";
import { takePicture as shoot } from "./camera.js";
import { cropped } from "./crop.js";
import { fileOf } from "./files.js";

const $ = (id) => document.getElementById(id);

let loading = null;
let batch = null;

/** Add what they show to the page: the HTML of this address, once. Rejects if it does not come. */
export function load(url) {
  loading ??= fetchParts(url).catch((error) => {
    loading = null; // it is asked for again the next time
    throw error;
  });
  return loading;
}

async function fetchParts(url) {
  const response = await fetch(url);
  if (!response.ok) throw new Error(response.statusText);
  const parts = document.createRange().createContextualFragment(await response.text());
  const style = parts.querySelector("link"); // before it has come, a dialog would lie elsewhere
  await new Promise((resolve, reject) => {
    style.addEventListener("load", resolve);
    style.addEventListener("error", reject);
    document.head.append(style);
  });
  $("main").append(parts);
}

/** Read these files, in a table that grows. */
export function readMany(files) {
  batch ??= new Batch($("batch"), JSON.parse($("words").textContent), () => ({
    mode: $("mode").value,
    model: $("model").value,
  }));
  batch.add(files);
}

/** Take a picture, crop it, and show it on the sheet. */
export async function takePicture(editor) {
  for (let again = true; again; ) {
    const shot = await shoot($("viewfinder"));
    if (shot === "file") $("upload").click();
    if (!shot || shot === "file") break;
    const canvas = await cropped($("cropper"), shot, true);
    shot.close();
    again = canvas === "again";
    if (canvas && !again) await editor.show(await fileOf(canvas, "photo.jpg", "image/jpeg"));
  }
  $("camera").focus();
}

/** Crop the picture on the sheet. */
export async function cropShown(editor) {
  const { file } = editor.sheet.picture;
  const whole = await createImageBitmap(file);
  const canvas = await cropped($("cropper"), whole, false);
  whole.close();
  if (canvas) await editor.show(await fileOf(canvas, file.name, "image/png"));
  $("crop").focus();
}
