// Follow something that the server does, by server-sent events with polling as fallback.

const POLL_MS = 1_000;
const SILENCE_MS = 5_000;

/**
 * Call `receive(text)` with what the server tells of `url`: the events `name` of `url`/events. Where
 * a proxy holds events back, or when none has arrived for a while, it is asked for. Returns a
 * function that ends this.
 */
export function follow(url, name, receive) {
  let heard = 0;
  let isOver = false;
  const take = (text) => {
    heard = performance.now();
    if (!isOver) receive(text);
  };
  const events = new EventSource(`${url}/events`);
  events.addEventListener(name, ({ data }) => take(data));
  const timer = setInterval(async () => {
    const patience = events.readyState === EventSource.OPEN ? SILENCE_MS : POLL_MS;
    if (performance.now() - heard < patience) return;
    heard = performance.now();
    const answer = await fetch(url).catch(() => null);
    if (answer?.ok) take(await answer.text());
    if (answer?.status === 403) end(); // it may not be seen any more
  }, POLL_MS);
  return end;

  function end() {
    isOver = true;
    events.close();
    clearInterval(timer);
  }
}
