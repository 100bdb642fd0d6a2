// Asks the server: one request in flight, not too often, the newest wish only, late answers dropped.

const INTERVAL_MS = 120;
const TIMEOUT_MS = 15_000;
const RETRY_MS = [1_000, 2_000, 4_000, 8_000];
const AWAY = new Set([502, 503, 504]);

/** Tells of itself by `answer` (detail: the prediction) and `problem` (detail: its code). */
export class Reader extends EventTarget {
  #wish = null; // a function that makes the request's options; made late, so that it is the newest
  #flight = null; // AbortController of the request in flight
  #timer = 0;
  #started = -Infinity;
  #failures = 0;

  constructor(url) {
    super();
    this.url = url;
    addEventListener("online", () => this.#go(0));
  }

  /** Ask as soon as it is allowed; an older wish that has not been sent yet is forgotten. */
  ask(makeRequest) {
    this.#wish = makeRequest;
    if (!this.#failures) this.#go(this.#started + INTERVAL_MS - performance.now());
  }

  /** Forget the wish, and drop the answer that is still to come. */
  cancel() {
    clearTimeout(this.#timer);
    this.#flight?.abort();
    this.#flight = null;
    this.#wish = null;
    this.#failures = 0;
    this.#tell("cancel");
  }

  /** Wait until nothing is wished for: the newest answer has come, or a problem, or neither will. */
  async settled() {
    while (this.#flight || this.#wish) {
      await new Promise((resolve) => {
        for (const type of ["answer", "problem", "cancel"]) {
          this.addEventListener(type, resolve, { once: true });
        }
      });
    }
  }

  #go(delay) {
    if (this.#flight) return; // its end looks for the next wish
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#send(), Math.max(0, Math.ceil(delay)));
  }

  async #send() {
    if (this.#flight || !this.#wish) return;
    const wish = this.#wish;
    const flight = new AbortController();
    this.#wish = null;
    this.#flight = flight;
    const timeout = setTimeout(() => flight.abort("timeout"), TIMEOUT_MS);
    const outcome = await this.#fetch(wish, flight.signal);
    clearTimeout(timeout);
    if (this.#flight !== flight) return; // cancelled meanwhile: a late answer
    this.#flight = null;
    if (outcome.away) {
      this.#wish ??= wish;
      const pause = RETRY_MS[Math.min(this.#failures, RETRY_MS.length - 1)];
      this.#failures += 1;
      this.#tell("problem", "unreachable");
      this.#go(pause);
      return;
    }
    this.#failures = 0;
    if (outcome.prediction) this.#tell("answer", outcome.prediction);
    else this.#tell("problem", outcome.code);
    if (this.#wish) this.#go(this.#started + INTERVAL_MS - performance.now());
  }

  async #fetch(wish, signal) {
    try {
      const request = wish();
      this.#started = performance.now(); // making the picture has taken its time already
      const response = await fetch(this.url, { method: "POST", signal, ...request });
      if (AWAY.has(response.status)) return { away: true };
      const body = await response.json();
      return response.ok ? { prediction: body } : { code: body.code };
    } catch (error) {
      // Neither fetch's TypeError nor a timeout says more; a body that is no JSON is not ours.
      return error instanceof SyntaxError ? { code: "unexpected" } : { away: true };
    }
  }

  #tell(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}
