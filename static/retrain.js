// The retraining form: shows only the fields that apply to the current choice.

const form = document.getElementById("retrain");
const fromScratch = document.getElementById("from-scratch");

function show() {
  fromScratch.hidden = form.elements.start.value !== "scratch";
  const all = form.elements.all_data.value === "true";
  for (const choice of form.querySelectorAll(".choice")) choice.hidden = all;
}

form.addEventListener("change", show);
show();
