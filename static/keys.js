// Keys of one character, which do not act while a control has the focus, nor when switched off.

import { remember } from "./settings.js";

const CONTROLS = "a, button, input, select, textarea, summary";

const checkbox = document.getElementById("single-keys");
remember(checkbox, "single-keys");

/** Whether this key is of one character, and must not act. */
export function isLeftAlone({ key, ctrlKey, metaKey, target }) {
  const isCharacter = key.length === 1 && !ctrlKey && !metaKey;
  return isCharacter && (!checkbox.checked || Boolean(target.closest(CONTROLS)));
}
