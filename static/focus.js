// The keyboard's focus never falls to the page: when what has it is hidden, disabled or removed, it
// goes to what took its place in the same form, or to `fallback`.

const CONTROLS = "a[href], button, input:not([type=hidden]), select, textarea, summary";

/** Keep the focus on the page's controls; `fallback` can always have it. */
export function keepFocus(fallback) {
  let last = null;
  document.addEventListener("focusin", ({ target }) => {
    last = target;
  });
  document.addEventListener("focusout", () => {
    // A control that can still have the focus was left on purpose.
    if (last && canHaveFocus(last)) last = null;
  });
  const look = () => {
    if (!last || canHaveFocus(last)) return;
    const { activeElement: now } = document;
    const gone = last;
    last = null;
    if (now !== gone && now !== document.body) return;
    const form = gone.closest("form, dialog");
    const next = form && [...form.querySelectorAll(CONTROLS)].find(canHaveFocus);
    (next ?? fallback).focus({ preventScroll: true });
    fallback.classList.add("kept"); // shows the focus there, which a hand on it does not
    fallback.addEventListener("blur", () => fallback.classList.remove("kept"), { once: true });
  };
  new MutationObserver(look).observe(document.body, {
    attributeFilter: ["disabled", "hidden", "inert", "open"],
    childList: true,
    subtree: true,
  });
}

/** Whether `target` of a key is a control, for which keys have their own meaning. */
export function isControl(target) {
  return Boolean(target.closest?.(CONTROLS));
}

function canHaveFocus(element) {
  return element.isConnected && !element.closest(":disabled, [hidden], [inert]");
}
