/** Write a text, but not the same again: it would be spoken anew where it is a live region. */
export function write(element, text) {
  if (element.textContent !== text) element.textContent = text;
}
