// What feedback labels a drawing with: a digit, "not_a_digit", or the text of a number.

const NOT_A_DIGIT = "not_a_digit";

/** The label that says what the answer's sentence says; null for digits that were only counted. */
export function rightLabel({ certainty, digits, digit, text, several_digits }) {
  if (several_digits) return null;
  if (certainty === NOT_A_DIGIT) return NOT_A_DIGIT;
  return digits.length > 1 ? text : String(digit);
}

/** The index of the digit of a number that is the least certain one. */
export function leastCertain({ digits }) {
  const confidences = digits.map(({ confidence }) => confidence);
  return confidences.indexOf(Math.min(...confidences));
}

/** The text of all digits of an answer, also of one that was rejected, with digit `index` changed. */
export function withDigit({ digits }, index, changed) {
  return digits
    .map(({ digit, row }, i) => {
      const begins = i > 0 && row !== digits[i - 1].row;
      return `${begins ? "\n" : ""}${i === index ? changed : digit}`;
    })
    .join("");
}

/** The label for a number as somebody types it, with spaces between its rows; "" if it is none. */
export function numberLabel(typed) {
  const rows = typed.normalize("NFKC").trim().split(/\s+/);
  return rows.every((row) => /^[0-9]+$/.test(row)) ? rows.join("\n") : "";
}
