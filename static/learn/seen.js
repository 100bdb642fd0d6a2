// What moves by itself, once, for readers who only scroll.

const SHARE = 0.6; // of the element that is on the screen

/** Call `action` when `element` is first seen; it must respect who wants no motion. */
export function onceSeen(element, action) {
  const observer = new IntersectionObserver(([{ isIntersecting }]) => {
    if (!isIntersecting) return;
    observer.disconnect();
    action();
  }, { threshold: SHARE });
  observer.observe(element);
}
