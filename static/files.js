// Pictures: files that are chosen, pasted or dropped, and what is shown of them.

const LARGEST_FILE = 10 * 1024 * 1024; // in bytes, as for the server
const LARGEST_SIDE = 1500; // in pixels, of what is shown and kept in memory

/** A sheet's picture of a file. */
export async function pictureOf(file) {
  try {
    if (isTooLarge(file)) throw new RangeError("too large");
    const whole = await createImageBitmap(file);
    const { width, height } = whole;
    const scale = LARGEST_SIDE / Math.max(width, height);
    if (scale >= 1) return { file, bitmap: whole, width, height };
    const [resizeWidth, resizeHeight] = [width, height].map((n) => Math.ceil(n * scale));
    const bitmap = await createImageBitmap(whole, { resizeWidth, resizeHeight });
    whole.close();
    return { file, bitmap, width, height };
  } catch {
    // The server can read some pictures that this browser cannot, and explains those it can't.
    return { file, bitmap: null, width: 0, height: 0 };
  }
}

export function isTooLarge(file) {
  return file.size > LARGEST_FILE;
}

/** A data URL of the file's content, or undefined if it cannot be read any more. */
export function dataURL(file) {
  return new Promise((resolve) => {
    const reader = new FileReader();
    reader.addEventListener("loadend", () => resolve(reader.result ?? undefined));
    reader.readAsDataURL(file);
  });
}

/** Call `onFile` with each picture that is chosen, pasted, or dropped anywhere on the page. */
export function listenForFiles(input, onFile) {
  const choose = () => {
    if (input.files.length) onFile(input.files[0]);
    input.value = ""; // so that the same file can be chosen again
  };
  input.addEventListener("change", choose);
  choose(); // what was chosen before scripts had come
  document.addEventListener("paste", (event) => {
    if (event.clipboardData?.files.length) onFile(event.clipboardData.files[0]);
  });
  let depth = 0; // dragenter and dragleave fire for every element crossed
  const mark = (change) => {
    depth = Math.max(0, depth + change);
    document.body.classList.toggle("dropping", depth > 0);
  };
  document.addEventListener("dragenter", () => mark(1));
  document.addEventListener("dragleave", () => mark(-1));
  document.addEventListener("dragover", (event) => event.preventDefault());
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    depth = 0;
    mark(0);
    if (event.dataTransfer.files.length) onFile(event.dataTransfer.files[0]);
  });
}
