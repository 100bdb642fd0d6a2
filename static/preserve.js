// Keeps the sheet for the tab's session as one draws, so that it survives navigation and the death
// of the tab.

const KEY = "sheet";
const PEN_MODE_KEY = "pen-mode";
const EVERY_MS = 500; // while a stroke is being drawn
const STEPS = [50, 0]; // of the history; without it if there is no room

/** Whether there are strokes to restore. */
export function hasPreserved() {
  try {
    return JSON.parse(sessionStorage.getItem(KEY)).now.length > 0;
  } catch {
    return false; // nothing is stored, it is no sheet, or storage is blocked
  }
}

/** Restore `sheet` and the pen mode of `hands`, and store them as they change. */
export function preserve(sheet, hands) {
  try {
    const saved = sessionStorage.getItem(KEY);
    if (saved) sheet.restore(JSON.parse(saved));
    hands.penMode = sessionStorage.getItem(PEN_MODE_KEY) === "on";
  } catch {
    // not a sheet, or storage is blocked; the page works without it
  }
  keep(sheet, hands);
}

/** Store `sheet` and the pen mode of `hands` as they change. */
export function keep(sheet, hands) {
  let timer = 0;
  const save = () => {
    clearTimeout(timer);
    timer = 0;
    STEPS.some((steps) => store(KEY, JSON.stringify(sheet.save(steps))));
  };
  sheet.addEventListener("change", () => {
    if (!sheet.stroke) save();
    else timer ||= setTimeout(save, EVERY_MS);
  });
  addEventListener("pagehide", save);
  hands.addEventListener("penmode", () => store(PEN_MODE_KEY, hands.penMode ? "on" : "off"));
}

/** Returns whether it was stored, for the tab's session. */
export function store(key, value) {
  try {
    sessionStorage.setItem(key, value);
    return true;
  } catch {
    return false; // storage may be full or blocked
  }
}
