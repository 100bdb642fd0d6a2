// Many pictures: sends them in groups, and shows the answers in a table as they come.

import { post } from "./batch_request.js";
import { Rows } from "./batch_rows.js";
import { csvOf } from "./csv.js";
import { download } from "./download.js";
import { isArchive, problemOf, sendable, smallCopy } from "./files.js";

const MOST_FILES = 20; // of a request, so that it takes about a second
const MOST_BYTES = 8 * 1024 * 1024;
const LARGEST_ARCHIVE = 64 * 1024 * 1024;
const MOST_ENTRIES = 1_000; // in the table, beside those of archives
const MOST_TRIES = 5;
const PAUSE_MS = 2_000; // times the number of tries
const LATER = new Set(["overloaded", "unreachable", "too_many_requests"]); // may be read later

/**
 * Reads pictures into a section of the page, with the page's `words`. `getOptions()` returns the
 * requests' `mode` and `model`.
 */
export class Batch {
  #rows;
  #url;
  #getOptions;
  #entries = []; // {file, row, name, tries, item}: `item` is what the server said, or a problem
  #running = null; // the AbortController while it runs

  constructor(section, words, getOptions) {
    this.#url = section.dataset.url;
    this.#getOptions = getOptions;
    this.#rows = new Rows(section, words);
    this.#on("batch-cancel", () => this.#running?.abort());
    this.#on("batch-go-on", () => this.#run());
    this.#on("batch-close", () => this.#close());
    this.#on("csv", () => this.#download());
  }

  /** Read these files after those that are being read. */
  add(files) {
    const room = Math.max(0, MOST_ENTRIES - this.#entries.length);
    this.#entries.push(...this.#rows.add(files.slice(0, room)));
    this.#rows.reveal(files.length > room);
    if (!this.#running) this.#run();
  }

  #on(id, listener) {
    document.getElementById(id).addEventListener("click", listener);
  }

  async #run() {
    const running = new AbortController();
    const { signal } = running;
    this.#running = running;
    for (const entry of this.#entries) {
      entry.tries = 0;
      if (entry.item && isForLater(entry.item)) entry.item = null;
    }
    this.#show();
    while (!signal.aborted) {
      const group = await this.#nextGroup();
      if (!group.length) break;
      await this.#read(group, signal);
      this.#show();
    }
    if (this.#running !== running) return; // the table was closed
    this.#running = null;
    this.#show();
    this.#rows.tellEnd(this.#entries);
  }

  /** The next files to send together; an archive alone. */
  async #nextGroup() {
    const group = [];
    let bytes = 0;
    for (const entry of this.#entries) {
      if (entry.item) continue;
      const isAlone = isArchive(entry.file);
      if (!isAlone) entry.file = await prepared(entry);
      const problem = await problemBefore(entry.file);
      if (problem) {
        this.#settle(entry, { problem: { code: problem } });
        continue;
      }
      bytes += entry.file.size;
      const isFull = group.length === MOST_FILES || bytes > MOST_BYTES;
      if (group.length && (isFull || isAlone)) break;
      group.push(entry);
      if (isAlone) break;
    }
    return group;
  }

  async #read(group, signal) {
    const [first] = group;
    const isUnpacked = isArchive(first.file);
    const onCount = (count) => {
      if (isUnpacked) first.count = count;
    };
    let received = 0;
    const onItem = (item) => {
      if (isUnpacked) this.#unpack(first, received, item);
      else this.#receive(group[received], item);
      received += 1;
      this.#show();
    };
    const files = group.map(({ file }) => file);
    const code = await post(this.#url, files, this.#getOptions(), { onCount, onItem, signal });
    if (signal.aborted) return;
    if (isUnpacked && !code) this.#replace(first);
    if (!code) return;
    for (const entry of group) if (!entry.item) this.#failed(entry, code);
    if (!LATER.has(code)) return;
    if (first.tries < MOST_TRIES) await pause(PAUSE_MS * first.tries, signal);
    else this.#running.abort(); // it is no use to go on now
  }

  #receive(entry, item) {
    const code = item.problem?.code;
    if (code === "overloaded") this.#failed(entry, code);
    // It has too many pixels, which this browser may be able to reduce.
    else if (code === "too_large" && !entry.needsCopy) entry.needsCopy = true;
    else this.#settle(entry, item);
  }

  /** Note that a file was not read this time; it is tried again a few times. */
  #failed(entry, code) {
    entry.tries += 1;
    if (!LATER.has(code) || entry.tries >= MOST_TRIES) this.#settle(entry, { problem: { code } });
  }

  #settle(entry, item) {
    entry.item = item;
    this.#rows.fill(entry);
  }

  /** Show an item of an archive in a row of its own, before the archive's. */
  #unpack(archive, number, item) {
    archive.items ??= [];
    if (number < archive.items.length) return; // it came before the last try failed
    const entry = this.#rows.insert(archive, item.file);
    archive.items.push(entry);
    this.#settle(entry, item);
  }

  /** Let the items of an archive stand in its place. */
  #replace(archive) {
    this.#entries.splice(this.#entries.indexOf(archive), 1, ...(archive.items ?? []));
    archive.row.remove();
  }

  #show() {
    let done = 0;
    let all = 0;
    for (const { item, items, count } of this.#entries) {
      const isLeft = !item || isForLater(item);
      done += isLeft ? (items?.length ?? 0) : (count ?? 1);
      all += count ?? 1;
    }
    this.#rows.progress(done, all, Boolean(this.#running));
  }

  #download() {
    const rows = this.#entries.flatMap((entry) => [...(entry.items ?? []), entry]);
    const text = csvOf(rows.map(({ name, item }) => {
      const answer = item?.answer?.text.replaceAll("\n", " ") ?? "";
      return { file: name, answer, confidence: answer ? item.answer.confidence : null };
    }));
    download(new Blob([text], { type: "text/csv" }), "inkling.csv");
  }

  #close() {
    this.#running?.abort();
    this.#running = null;
    this.#entries = [];
    this.#rows.clear();
  }
}

function isForLater({ problem }) {
  return LATER.has(problem?.code);
}

function prepared({ file, needsCopy }) {
  return needsCopy ? smallCopy(file) : sendable(file);
}

/** The problem code of a file that need not be sent, if any. */
async function problemBefore(file) {
  try {
    await file.slice(0, 1).arrayBuffer();
  } catch {
    return "broken_picture"; // it is a folder, or not there any more
  }
  if (!isArchive(file)) return problemOf(file);
  return file.size > LARGEST_ARCHIVE ? "archive_too_large" : undefined;
}

function pause(milliseconds, signal) {
  return new Promise((resolve) => {
    setTimeout(resolve, milliseconds);
    signal.addEventListener("abort", resolve, { once: true });
  });
}
