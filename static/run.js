// A run's page: training curves, live while it runs.

import { follow } from "./follow.js";
import { percent } from "./percent.js";
import { at } from "./site.js";

const run = document.getElementById("run");
const words = JSON.parse(run.dataset.words);
const url = at(`/admin/api/runs/${run.dataset.id}`);
const LIVE = new Set(run.dataset.liveStates.split(" "));

const charts = [chart("loss", words.loss, 4), chart("accuracy", words.accuracy, 3)];

/** The color that a CSS variable has now. */
function resolved(variable) {
  return getComputedStyle(run).getPropertyValue(variable);
}

/** A chart of one metric over the epochs. Returns a function that updates it. */
function chart(id, title, places) {
  const place = document.getElementById(id);
  let plot = null;
  let data = [[0], [null], [null]];
  const draw = () => {
    const width = place.clientWidth;
    if (!width) return;
    const quiet = resolved("--quiet");
    const grid = { stroke: resolved("--line"), width: 1 };
    const axis = { stroke: quiet, grid, ticks: grid };
    plot?.destroy();
    plot = new uPlot({
      width, height: 220, title,
      legend: { show: false },
      cursor: { show: false },
      scales: { x: { time: false } },
      axes: [axis, { ...axis, size: 64, values: (_plot, values) => values.map((v) => v.toFixed(places - 1)) }],
      series: [
        { label: words.epoch },
        { label: words.training_curve, stroke: resolved("--field"), width: 1.5, spanGaps: true, points: { show: false } },
        { label: words.validation, stroke: resolved("--accent"), width: 2, spanGaps: true, points: { show: true, size: 7 } },
      ],
    }, data, place);
  };
  new ResizeObserver(draw).observe(place);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
  new MutationObserver(draw).observe(document.documentElement, { attributeFilter: ["data-theme"] });
  return (progress) => {
    const points = new Map(); // epochs → [training, validation]
    for (const point of progress.curve) points.set(point.epochs, [point[id], null]);
    for (const epoch of progress.epochs) points.set(epoch.epoch, [epoch[id], epoch[`validation_${id}`]]);
    const sorted = [...points].sort(([a], [b]) => a - b);
    if (!sorted.length) return;
    data = [sorted.map(([x]) => x), sorted.map(([, [y]]) => y), sorted.map(([, [, y]]) => y)];
    if (plot) plot.setData(data);
    else draw();
  };
}

function time(seconds) {
  return seconds < 90
    ? words.seconds.replace("{n}", Math.ceil(seconds))
    : words.minutes.replace("{n}", Math.round(seconds / 60));
}

function row(epoch) {
  const line = document.createElement("tr");
  const head = document.createElement("th");
  head.scope = "row";
  head.textContent = epoch.epoch;
  line.append(head);
  const share = (value) => percent(value, 2);
  for (const text of [epoch.loss.toFixed(4), share(epoch.accuracy), epoch.validation_loss.toFixed(4), share(epoch.validation_accuracy)]) {
    line.insertCell().textContent = text;
  }
  return line;
}

function show(view) {
  const { progress } = view;
  document.getElementById("figures").hidden = !progress.curve.length && !progress.epochs.length;
  for (const update of charts) update(progress);
  if (!LIVE.has(run.dataset.state)) return;
  // The server renders what a state change brings: the training data, the verdict, errors.
  if (view.state !== run.dataset.state) location.reload();
  const stage = view.cancelling ? "cancelling" : view.state === "queued" ? "queued" : progress.stage;
  const sentence = words[stage] ?? words.preparing;
  const place = document.getElementById("stage");
  if (place.textContent !== sentence) place.textContent = sentence;
  document.getElementById("bar").value = progress.share;
  const left = progress.seconds_left;
  document.getElementById("left").textContent = left === null ? "" : words.left.replace("{time}", time(left));
  document.getElementById("epochs").replaceChildren(...progress.epochs.map(row));
  document.getElementById("log").textContent = view.log;
}

show(JSON.parse(document.getElementById("view").textContent));
if (LIVE.has(run.dataset.state)) follow(url, "run", (text) => show(JSON.parse(text)));
