// A table of answers as a CSV file (RFC 4180).

const FORMULA = /^[=+\-@＝＋－＠\t\r]/; // what spreadsheets would compute instead of showing it

/** `rows` are {file, answer, confidence}; without an answer, `answer` is "" and `confidence` null. */
export function csvOf(rows) {
  const lines = [["file", "answer", "confidence"]];
  for (const { file, answer, confidence } of rows) {
    const share = confidence === null ? "" : String(Math.round(confidence * 1e4) / 1e4);
    lines.push([FORMULA.test(file) ? `'${file}` : file, answer, share]);
  }
  const text = lines.map((line) => `${line.map(quoted).join(",")}\r\n`).join("");
  // Excel takes a file for UTF-8 only by its mark, which other programs may show.
  return /[^\0-\x7f]/.test(text) ? `\ufeff${text}` : text;
}

function quoted(text) {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
