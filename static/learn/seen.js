// What moves by itself, once, for readers who only scroll.

const SHARE = 0.6; // of the element that is on the screen

/** Call `action` when `element` is first seen; it must respect who wants no motion. */
export function onceSeen(element, action) {
  onceEachSeen([element], action);
}

/**
 * Call `action(element)` when each is first seen, in this order for those that come into sight at once.
 * One observer tells of them: of several, the order in which they report is up to the browser.
 */
export function onceEachSeen(elements, action) {
  const observer = new IntersectionObserver((entries) => {
    const seen = new Set(entries.filter(({ isIntersecting }) => isIntersecting).map(({ target }) => target));
    for (const element of elements.filter((each) => seen.has(each))) {
      observer.unobserve(element);
      action(element);
    }
  }, { threshold: SHARE });
  for (const element of elements) observer.observe(element);
}
