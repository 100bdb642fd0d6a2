// Requests predictions: one request at a time, rate-limited; only the newest drawing is sent, and late
// responses are dropped.

const INTERVAL_MS = 120;
const TIMEOUT_MS = 15_000;
const RETRY_MS = [1_000, 2_000, 4_000, 8_000];
const UNAVAILABLE = new Set([502, 503, 504]);
const LONGEST_PAUSE_MS = 10_000; // a longer Retry-After is no burst that passes

/** `fetch`, but a request that the server's rate limit refuses is sent once more, after the pause. */
export async function patientFetch(url, options) {
  const response = await fetch(url, options);
  const pause = 1000 * Number(response.headers.get("Retry-After") ?? Infinity);
  if (response.status !== 429 || !(pause <= LONGEST_PAUSE_MS)) return response;
  await new Promise((resolve) => setTimeout(resolve, pause));
  return fetch(url, options);
}

/** Dispatches `answer` (detail: the prediction), `problem` (detail: its code) and `cancel`. */
export class Reader extends EventTarget {
  #pending = null; // builds the next request's fetch options; called late, to send the newest drawing
  #inFlight = null; // AbortController of the request in flight
  #timer = 0;
  #started = -Infinity;
  #failures = 0;

  /** Ask `url`, at most once in so many milliseconds. */
  constructor(url, intervalMs = INTERVAL_MS) {
    super();
    this.url = url;
    this.intervalMs = intervalMs;
    addEventListener("online", () => this.#schedule(0));
  }

  /** Send a request as soon as the rate limit allows; replaces a pending one. */
  ask(makeRequest) {
    this.#pending = makeRequest;
    if (!this.#failures) this.#schedule(this.#untilNext());
  }

  /** Drop the pending request and the response to the one in flight. */
  cancel() {
    clearTimeout(this.#timer);
    this.#inFlight?.abort();
    this.#inFlight = null;
    this.#pending = null;
    this.#failures = 0;
    this.#emit("cancel");
  }

  /** Resolves once no request is pending or in flight. */
  async settled() {
    while (this.#inFlight || this.#pending) {
      await new Promise((resolve) => {
        for (const type of ["answer", "problem", "cancel"]) {
          this.addEventListener(type, resolve, { once: true });
        }
      });
    }
  }

  #untilNext() {
    return this.#started + this.intervalMs - performance.now();
  }

  #schedule(delay) {
    if (this.#inFlight) return; // the next request is scheduled when this one ends
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#send(), Math.max(0, Math.ceil(delay)));
  }

  async #send() {
    if (this.#inFlight || !this.#pending) return;
    const makeRequest = this.#pending;
    const controller = new AbortController();
    this.#pending = null;
    this.#inFlight = controller;
    const timeout = setTimeout(() => controller.abort("timeout"), TIMEOUT_MS);
    const outcome = await this.#fetch(makeRequest, controller.signal);
    clearTimeout(timeout);
    if (this.#inFlight !== controller) return; // cancelled meanwhile
    this.#inFlight = null;
    if (outcome.unavailable) {
      this.#pending ??= makeRequest;
      const pause = RETRY_MS[Math.min(this.#failures, RETRY_MS.length - 1)];
      this.#failures += 1;
      this.#emit("problem", "unreachable");
      this.#schedule(pause);
      return;
    }
    this.#failures = 0;
    if (outcome.prediction) this.#emit("answer", outcome.prediction);
    else this.#emit("problem", outcome.code);
    if (this.#pending) this.#schedule(this.#untilNext());
  }

  async #fetch(makeRequest, signal) {
    try {
      const { headers, ...request } = makeRequest();
      this.#started = performance.now(); // after rendering the picture, which takes a while
      const response = await patientFetch(this.url, {
        method: "POST",
        signal,
        headers: { Prefer: "handling=lenient", ...headers }, // or it would count as our error
        ...request,
      });
      if (response.status === 204) return { code: "empty_drawing" };
      if (UNAVAILABLE.has(response.status)) return { unavailable: true };
      const body = await response.json();
      return response.ok ? { prediction: body } : { code: body.code };
    } catch (error) {
      // A body that is not JSON did not come from this app; anything else is the network or a timeout.
      return error instanceof SyntaxError ? { code: "unexpected" } : { unavailable: true };
    }
  }

  #emit(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}
