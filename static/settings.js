// Settings that this browser remembers.

/** What is stored under `key`, or null if nothing is or storage is blocked. */
export function remembered(key) {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}

/** Let `checkbox` stand for the setting `key`, which is on until it is switched off. */
export function remember(checkbox, key) {
  checkbox.checked = remembered(key) !== "off";
  checkbox.addEventListener("change", () => {
    try {
      if (checkbox.checked) localStorage.removeItem(key);
      else localStorage.setItem(key, "off");
    } catch {
      // storage is blocked: the setting lasts as long as the page
    }
  });
}
