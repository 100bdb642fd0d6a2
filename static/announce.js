// Fills live regions, of which screen readers tell only what changes while they are shown.

const latest = new WeakMap(); // from an element to the text that it is to have

/** Give `element`, which has just been shown, this text once assistive technology knows of it. */
export function announce(element, text) {
  latest.set(element, text);
  element.textContent = "";
  if (!text) return;
  // Two frames: the first one shows the empty element.
  requestAnimationFrame(() => requestAnimationFrame(() => {
    if (latest.get(element) === text) element.textContent = text;
  }));
}
