// The table of many pictures: a row for each, with what was read, and how far it is.

import { chance } from "./percent.js";
import { Thumbnails } from "./thumbnails.js";

export class Rows {
  #section;
  #words;
  #thumbnails = new Thumbnails();

  constructor(section, words) {
    this.#section = section;
    const { problems, sentences, severalDigits } = words;
    const rejected = { not_a_digit: sentences.not_a_digit, several_digits: severalDigits };
    const busy = { too_many_requests: problems.overloaded };
    this.#words = { ...problems, ...rejected, ...busy, ...section.dataset };
  }

  /** An entry {file, name, row, tries, item} for each file, with a row at the end of the table. */
  add(files) {
    const entries = files.map((file) => this.#entry(file.name, file));
    this.#find("tbody").append(...entries.map(({ row }) => row));
    return entries;
  }

  /** An entry for a picture in an archive, with a row before that of the archive. */
  insert(archive, name) {
    const entry = this.#entry(name, null);
    archive.row.before(entry.row);
    return entry;
  }

  /** Show what was read, or why nothing was. */
  fill({ row, file, item: { answer, problem } }) {
    const [thumbnail, , read, sure] = row.cells;
    row.classList.toggle("unread", !answer?.text);
    read.colSpan = answer?.text ? 1 : 2; // a sentence needs more room
    sure.hidden = !answer?.text;
    if (problem) read.textContent = this.#words[problem.code] ?? this.#words.unexpected;
    if (!answer) return;
    const otherwise = answer.several_digits ? "several_digits" : "not_a_digit";
    read.textContent = answer.text || this.#words[otherwise];
    if (answer.text) {
      const word = this.#section.dataset[answer.certainty];
      sure.textContent = `${chance(answer.confidence)} · ${word}`;
    }
    if (!file) {
      const seen = new Image(thumbnail.firstElementChild.width, thumbnail.firstElementChild.height);
      seen.src = answer.seen;
      seen.alt = "";
      thumbnail.replaceChildren(seen);
    }
  }

  /** Show how far it is, and what can be done now. */
  progress(done, all, isRunning) {
    const bar = this.#find("progress");
    bar.max = all;
    bar.value = done;
    this.#find("output").textContent = this.#said("progress", done, all);
    this.#section.setAttribute("aria-busy", String(isRunning));
    for (const [id, isShown] of [
      ["batch-cancel", isRunning],
      ["batch-go-on", !isRunning && done < all],
      ["csv", !isRunning],
    ]) {
      this.#find(`#${id}`).hidden = !isShown;
    }
  }

  /** Tell screen readers how it ended; how far it is would be too much to hear. */
  tellEnd(entries) {
    const read = entries.filter(({ item }) => item?.answer?.text).length;
    this.#find("[role=status]").textContent = this.#said("ended", read, entries.length);
  }

  /** Show the section, and lead keyboards and screen readers to it. */
  reveal(isFull) {
    this.#find("[role=status]").textContent = isFull ? this.#section.dataset.full : "";
    if (!this.#section.hidden) return;
    this.#section.hidden = false;
    this.#find("h2").focus();
    this.#section.scrollIntoView({ block: "nearest" });
  }

  clear() {
    this.#thumbnails.clear();
    this.#find("tbody").replaceChildren();
    this.#section.hidden = true;
    document.getElementById("upload").focus();
  }

  #entry(name, file) {
    const row = document.getElementById("batch-row").content.firstElementChild.cloneNode(true);
    row.cells[1].textContent = name;
    if (file) this.#thumbnails.add(row.querySelector("canvas"), file);
    return { file, name, row, tries: 0, item: null };
  }

  #said(sentence, done, all) {
    return this.#section.dataset[sentence].replace("{done}", done).replace("{all}", all);
  }

  #find(selector) {
    return this.#section.querySelector(selector);
  }
}
