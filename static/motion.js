// A moment of motion where something is read, so that the eye finds what has changed.

const DURATION_MS = 120;

/** Let `element` settle in, unless people ask for less motion. */
export function settleIn(element) {
  if (matchMedia("(prefers-reduced-motion: reduce)").matches) return;
  const from = { opacity: 0.3, transform: "translateY(.08em) scale(.97)" };
  element.animate([from, { opacity: 1, transform: "none" }], DURATION_MS);
}
