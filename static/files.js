// Pictures: files that are chosen, pasted or dropped, and what is shown of them.

// The limits of the server. Whatever else this browser can decode is sent as a smaller copy.
const LARGEST_FILE = 10 * 1024 * 1024; // in bytes
const LARGEST_AREA = 25_000_000; // in pixels
const LARGEST_JPEG_AREA = 110_000_000;
const OPAQUE = /jpe?g|hei[cf]|bmp|tiff/;
const FORMATS = /^image\/(png|jpeg|webp|gif|bmp|tiff)$/;

const LARGEST_SIDE = 1500; // in pixels, of what is shown and kept in memory, and of a copy
const QUALITY = 0.92;

/** A sheet's picture of a file; its `file` is what is to be sent. */
export async function pictureOf(file) {
  let whole = null;
  let bitmap = null;
  try {
    whole = await createImageBitmap(file);
    const { width, height } = whole;
    bitmap = await reduced(whole);
    if (isReadable(file, width * height)) return { file, bitmap, width, height };
    const copy = await encoded(bitmap, file);
    return { file: copy, bitmap, width: bitmap.width, height: bitmap.height };
  } catch {
    bitmap?.close();
    // The server can read some pictures that this browser cannot, and explains those it can't.
    return { file, bitmap: null, width: 0, height: 0 };
  } finally {
    if (whole !== bitmap) whole?.close();
  }
}

/** What to send of a file: itself, or a copy if only that can be read by the server. */
export async function sendable(file) {
  if (isReadable(file, 0)) return file;
  return smallCopy(file);
}

/** A copy of a picture that is small enough in any case; the file itself if there is none. */
export async function smallCopy(file) {
  let whole = null;
  let bitmap = null;
  try {
    whole = await createImageBitmap(file);
    bitmap = await reduced(whole);
    return await encoded(bitmap, file);
  } catch {
    return file;
  } finally {
    bitmap?.close();
    whole?.close();
  }
}

/** The problem code of a file that need not be sent, if any. */
export function problemOf(file) {
  if (file.type === "application/pdf" || /\.pdf$/i.test(file.name)) return "pdf";
  return file.size > LARGEST_FILE ? "too_large" : undefined;
}

export function isArchive(file) {
  return /zip/.test(file.type) || /\.zip$/i.test(file.name);
}

function isReadable({ type, size }, area) {
  if (type && !FORMATS.test(type)) return false;
  return size <= LARGEST_FILE && area <= (type === "image/jpeg" ? LARGEST_JPEG_AREA : LARGEST_AREA);
}

/** The picture itself, or a smaller one if it is large. */
async function reduced(whole) {
  const { width, height } = whole;
  const scale = LARGEST_SIDE / Math.max(width, height);
  if (scale >= 1) return whole;
  const [resizeWidth, resizeHeight] = [width, height].map((n) => Math.ceil(n * scale));
  return createImageBitmap(whole, { resizeWidth, resizeHeight });
}

/** A file of this picture: PNG, which may be transparent, unless the original could not be. */
async function encoded(bitmap, { name, type }) {
  const canvas = document.createElement("canvas");
  canvas.width = bitmap.width;
  canvas.height = bitmap.height;
  canvas.getContext("2d").drawImage(bitmap, 0, 0);
  return fileOf(canvas, name, OPAQUE.test(type) ? "image/jpeg" : "image/png");
}

/** A file with what is on a canvas. */
export async function fileOf(canvas, name, type) {
  const blob = await new Promise((resolve) => canvas.toBlob(resolve, type, QUALITY));
  return new File([blob], name, { type });
}

/** A data URL of the file's content, or undefined if it cannot be read any more. */
export function dataURL(file) {
  return new Promise((resolve) => {
    const reader = new FileReader();
    reader.addEventListener("loadend", () => resolve(reader.result ?? undefined));
    reader.readAsDataURL(file);
  });
}

/** Call `onFiles` with the files that are chosen, pasted, or dropped anywhere on the page. */
export function listenForFiles(input, onFiles) {
  const take = (list) => {
    if (list?.length) onFiles([...list]);
  };
  const choose = () => {
    take(input.files);
    input.value = ""; // so that the same file can be chosen again
  };
  input.addEventListener("change", choose);
  queueMicrotask(choose); // what was chosen before scripts had come
  document.addEventListener("paste", (event) => take(event.clipboardData?.files));
  // What is no file, such as a link from another tab, is left to the browser.
  const onDrag = (type, listener) =>
    document.addEventListener(type, (event) => {
      if (event.dataTransfer?.types.includes("Files")) listener(event);
    });
  let depth = 0; // dragenter and dragleave fire for every element crossed
  const mark = (change) => {
    depth = Math.max(0, depth + change);
    document.body.classList.toggle("dropping", depth > 0);
  };
  onDrag("dragenter", () => mark(1));
  onDrag("dragleave", () => mark(-1));
  onDrag("dragover", (event) => event.preventDefault());
  onDrag("drop", (event) => {
    event.preventDefault();
    depth = 0;
    mark(0);
    take(event.dataTransfer.files);
  });
}
