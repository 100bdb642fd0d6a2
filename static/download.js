// Saves what this page has made as a file.

const KEPT_MS = 60_000; // browsers may begin late to read it

/** Let the browser save a blob under this name. */
export function download(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), KEPT_MS);
}
