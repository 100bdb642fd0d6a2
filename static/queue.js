// The queue of drawings to review. Decisions are sent in the background, in order; the first drawing
// changes only by what the reviewer does, however late an answer comes.

import { ask } from "./admin.js";
import { at } from "./site.js";

const URL = at("/admin/api/drawings");
const FEW = 6; // fetch more when fewer than this are left

/** Dispatches `change`, and `failure` when a decision was not saved: its drawing is next again. */
export class Queue extends EventTarget {
  #waiting = [];
  #steps = []; // what `undo` takes back, newest last: the drawings as they were before
  #decided = new Map(); // from the id of a decided drawing to the state that it got
  #count = 0; // drawings that match the filters and are not decided, on the server too
  #unsent = 0; // decisions on drawings that the server still counts
  #filters = {};
  #round = 0; // counts the changes of filters; answers to earlier ones are dropped
  #sending = Promise.resolve();
  #refilling = false;

  /** All that are here, the first one being under review. */
  get drawings() {
    return this.#waiting;
  }

  /** How many match the filters; more than are here. */
  get count() {
    return Math.max(this.#count, this.#waiting.length);
  }

  get canUndo() {
    return this.#steps.length > 0;
  }

  /** Start over with the drawings that match these filters. */
  load(filters) {
    this.#filters = filters;
    this.#round += 1;
    this.#waiting = [];
    this.#steps = [];
    this.#decided.clear();
    this.#unsent = 0;
    this.#refilling = false;
    return this.#refill();
  }

  /** Give drawings of the queue this state, and this label instead of their own. */
  decide(drawings, state, label) {
    if (!drawings.length) return;
    this.#steps.push(drawings);
    this.#take(drawings, state);
    for (const drawing of drawings) {
      const decision = { state, label: label ?? drawing.label };
      this.#send(drawing, () => ask("POST", `${URL}/${drawing.id}`, decision));
    }
    this.#next();
  }

  /** Delete drawings of the queue for good. */
  remove(drawings) {
    if (!drawings.length) return;
    this.#take(drawings, "deleted");
    for (const drawing of drawings) {
      this.#send(drawing, () => ask("DELETE", `${URL}/${drawing.id}`));
    }
    this.#next();
  }

  /** Put the drawings of the latest decision back in front, as they were. */
  undo() {
    const drawings = this.#steps.pop() ?? [];
    for (const { id } of drawings) this.#decided.delete(id);
    this.#waiting.unshift(...drawings);
    this.#count += drawings.length;
    for (const { id, state, label } of drawings) {
      this.#enqueue(() => ask("POST", `${URL}/${id}`, { state, label }), () => this.#fail());
    }
    this.#tell();
  }

  #take(drawings, state) {
    const taken = new Set(drawings);
    this.#waiting = this.#waiting.filter((each) => !taken.has(each));
    this.#count -= drawings.length;
    for (const { id } of drawings) this.#decided.set(id, state);
  }

  #send(drawing, request) {
    const round = this.#round;
    this.#unsent += 1;
    const sent = () => {
      if (round === this.#round) this.#unsent -= 1;
    };
    this.#enqueue(() => request().then(sent), () => {
      if (round !== this.#round) return;
      sent();
      this.#decided.delete(drawing.id);
      this.#steps = this.#steps.map((step) => step.filter((each) => each !== drawing))
        .filter((step) => step.length);
      this.#waiting.splice(1, 0, drawing); // not in front: another one is under review
      this.#count += 1;
      this.#fail();
    });
  }

  #next() {
    this.#tell();
    if (this.#waiting.length < FEW && this.#count > this.#waiting.length) this.#refill();
  }

  /** Ask for more; the answer counts all decisions that were made before. */
  #refill() {
    if (this.#refilling) return this.#sending;
    this.#refilling = true;
    const round = this.#round;
    return this.#enqueue(async () => {
      if (round !== this.#round) return;
      const again = [...this.#decided.values()].filter((state) => state === this.#filters.state);
      const query = new URLSearchParams({ ...this.#filters, skip: again.length });
      const { drawings, count } = await ask("GET", `${URL}?${query}`);
      if (round !== this.#round) return;
      this.#refilling = false;
      const known = new Set([...this.#waiting.map(({ id }) => id), ...this.#decided.keys()]);
      this.#waiting.push(...drawings.filter(({ id }) => !known.has(id)));
      this.#count = count - again.length - this.#unsent;
      this.#tell();
    }, () => {
      this.#refilling = false;
      this.#fail();
    });
  }

  #enqueue(request, onError) {
    this.#sending = this.#sending.then(request).catch(onError);
    return this.#sending;
  }

  #tell() {
    this.dispatchEvent(new Event("change"));
  }

  #fail() {
    this.#tell();
    this.dispatchEvent(new Event("failure"));
  }
}
