// One request to read pictures, whose answers are streamed, one a line.

import { patientFetch } from "./reader.js";

const SILENCE_MS = 60_000; // after which the connection is given up
const UNAVAILABLE = new Set([502, 503, 504]);

/**
 * Send files; call `onCount` with the number of pictures that the server found in them, then
 * `onItem` with each answer. Returns the code of the problem that ended it, if any; an abort
 * returns "unreachable".
 */
export async function post(url, files, options, { onCount, onItem, signal }) {
  const body = new FormData();
  for (const file of files) body.append("image", file);
  for (const [name, value] of Object.entries(options)) body.append(name, value);
  const silence = new AbortController();
  const stop = () => silence.abort();
  signal.addEventListener("abort", stop);
  let timer = setTimeout(stop, SILENCE_MS);
  try {
    const response = await patientFetch(url, { method: "POST", body, signal: silence.signal });
    if (UNAVAILABLE.has(response.status)) return "unreachable";
    if (!response.ok) return await codeOf(response, files);
    const count = Number(response.headers.get("Picture-Count"));
    onCount(count);
    let received = 0;
    for await (const line of linesOf(response.body)) {
      clearTimeout(timer);
      timer = setTimeout(stop, SILENCE_MS);
      if (!line.startsWith("{")) continue; // the brackets of the list
      onItem(JSON.parse(line.replace(/,$/, "")));
      received += 1;
    }
    return received === count ? undefined : "unreachable";
  } catch (error) {
    return error instanceof SyntaxError ? "unexpected" : "unreachable";
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", stop);
  }
}

async function codeOf(response, files) {
  if (response.status !== 413) return (await response.json()).code;
  // By a proxy, too, which has its own page. Only an archive, which is sent alone, can be so large.
  const { code } = await response.json().catch(() => ({}));
  return code === "too_many_pictures" || files.length > 1 ? (code ?? "too_large") : "archive_too_large";
}

async function* linesOf(stream) {
  const reader = stream.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    const lines = (rest + value).split("\n");
    rest = lines.pop();
    yield* lines;
  }
}
