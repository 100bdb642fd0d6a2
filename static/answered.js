// What follows an answer on the drawing page: how it came about, and the history. Few visits are over
// before, but the first paint need not wait for it.

import { History } from "./history.js";
import { settleIn } from "./motion.js";
import { showSteps } from "./steps.js";

const $ = (id) => document.getElementById(id);

/** Follow the answers of `reader` to `sheet`, from `latest` on, if it is not null. */
export function follow(sheet, reader, latest, words) {
  const history = new History($("history"), $("keep-history"), words, sheet, reader);
  let text = "";
  const show = (prediction) => {
    history.note(prediction);
    if (prediction.text !== text) settleIn($("answer"));
    text = prediction.text;
  };
  const showBars = () => showSteps($("saw"), sheet, sheet.isBlank ? null : shownProbabilities());
  document.addEventListener("bars", showBars);
  reader.addEventListener("answer", ({ detail }) => show(detail));
  sheet.addEventListener("change", () => {
    if (!sheet.isBlank) return;
    text = "";
    showSteps($("saw"), sheet, null);
  });
  if (!latest) return;
  show(latest);
  showBars();
}

/** Those of the bars on the page: of a number's digits, somebody may have chosen another one. */
function shownProbabilities() {
  return [...document.querySelectorAll("#bars [data-digit]")].map(({ dataset }) =>
    Number(dataset.probability));
}
