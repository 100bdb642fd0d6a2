// Keeps the focus on the page: when what has it is disabled, hidden or removed, it goes to what is
// nearest, instead of to the top of the page.

const CONTROLS = "a[href], button, input, select, textarea, summary, [tabindex]";
const NEIGHBORS = "[role=group], form, dialog, section, article, main";

let last = null; // what had the focus

function canHaveFocus(element) {
  return element.tabIndex >= 0 && canKeepFocus(element);
}

/** Also of what only scripts focus, such as the pad. */
function canKeepFocus(element) {
  return element.isConnected && !element.matches(":disabled") &&
    !element.closest("[inert], [hidden]") && element.getClientRects().length > 0 &&
    getComputedStyle(element).visibility === "visible";
}

/** The control after `lost` within `place`, or else the one before it. */
function nearest(lost, place) {
  const controls = [...place.querySelectorAll(CONTROLS)].filter(canHaveFocus);
  const isAfter = (each) => lost.compareDocumentPosition(each) & Node.DOCUMENT_POSITION_FOLLOWING;
  return controls.find(isAfter) ?? controls.at(-1);
}

/** Move the focus on if `last` has lost it, or is about to. */
function mend() {
  const active = document.activeElement;
  if (!last || (active !== last && active !== document.body) || canKeepFocus(last)) return;
  const lost = last;
  last = null;
  let place = lost.isConnected ? lost.parentElement.closest(NEIGHBORS) : null;
  while (place) {
    const next = nearest(lost, place);
    if (next) {
      next.focus({ preventScroll: true });
      return;
    }
    place = place.parentElement?.closest(NEIGHBORS);
  }
  const main = document.getElementById("main");
  main.tabIndex = -1;
  main.focus({ preventScroll: true });
}

/** Call this once. */
export function keepFocus() {
  document.addEventListener("focusin", ({ target }) => {
    last = target;
  });
  document.addEventListener("focusout", ({ target, relatedTarget }) => {
    if (!relatedTarget && canKeepFocus(target)) last = null; // it was left on purpose
  });
  new MutationObserver(mend).observe(document.body, {
    subtree: true, childList: true, attributeFilter: ["class", "disabled", "hidden", "inert"],
  });
}
