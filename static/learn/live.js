// Chapter 4, live: the site's worker trains a small model, and its curve is drawn over the recorded
// ones as it comes.

import { follow } from "../follow.js";
import { percent } from "../percent.js";
import { at } from "../site.js";
import { addPaths, lineOf } from "./lines.js";
import { write } from "./write.js";

const PATH = at("/learn/training");
const STEP_MS = 80; // between two points, however quickly they came
const LOOK_MS = 3_000; // while nothing is followed
const HIGHEST = [1, 2.4]; // of accuracy and loss
const RIGHT = "none";
const NO_BREAK = "\u00a0";
const LIVE = new Set(["queued", "running"]);

/** Insert what trains a model after `place`, within the part `element` of chapter 4. */
export async function mount(element, story, place) {
  const answer = await fetch(PATH);
  if (!answer.ok) throw new Error(`status ${answer.status}`);
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  element.querySelector(".live-training")?.remove();
  place.after(...page.querySelectorAll("link, .live-training"));
  const section = element.querySelector(".live-training");
  const form = section.querySelector("form");
  if (form) offerToJoin(form, section, () => mount(element, story, place));
  else new Live(element, section, story);
  return section;
}

/** Send JSON; returns the answer's content, or throws an error whose message is a code. */
async function send(section, path, body = {}) {
  const answer = await fetch(PATH + path, {
    method: "POST",
    headers: {
      Accept: "application/json",
      "Content-Type": "application/json",
      "X-CSRF-Token": section.dataset.csrf,
    },
    body: JSON.stringify(body),
  }).catch(() => null);
  if (!answer) throw new Refused("unreachable");
  const content = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Refused(content.code, answer.headers.get("Retry-After"));
  return content;
}

class Refused extends Error {
  constructor(code, seconds) {
    super(code);
    this.minutes = Math.ceil(Number(seconds ?? 60) / 60);
  }
}

/** The sentence for what was refused. */
function explain(section, error) {
  const { problems } = JSON.parse(section.dataset.words);
  return (problems[error.message] ?? problems.unexpected).replace("{minutes}", error.minutes);
}

function offerToJoin(form, section, next) {
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    try {
      await send(section, "/join", { token: form.elements.token.value });
      (await next()).querySelector("[data-do=train]")?.focus();
    } catch (error) {
      write(section.querySelector("[data-live=problem]"), explain(section, error));
    }
  });
}

class Live {
  #element;
  #section;
  #story;
  #words;
  #lesson = null;
  #shown = 0; // of its points
  #stop = null; // following
  #timer = 0;
  #idle; // the timer of looking while nothing is followed
  #isAsking = false;
  #charts; // of each, the paths of training and validation

  constructor(element, section, story) {
    this.#element = element;
    this.#section = section;
    this.#story = story;
    this.#words = JSON.parse(section.dataset.words);
    this.#charts = [...element.querySelectorAll(".plot svg")].map(addPaths);
    this.#button("train").addEventListener("click", () => this.#train());
    this.#button("cancel").addEventListener("click", () => this.#cancel());
    // Somebody else of the class may begin one at any time.
    const lookIfIdle = () => {
      if (!document.hidden && !this.#stop && !this.#isAsking) this.#look();
    };
    document.addEventListener("visibilitychange", lookIfIdle);
    this.#idle = setInterval(lookIfIdle, LOOK_MS);
    this.#look();
  }

  #find(name) {
    return this.#section.querySelector(`[data-live=${name}]`);
  }

  #button(name) {
    return this.#section.querySelector(`[data-do=${name}]`);
  }

  async #look() {
    const answer = await fetch(`${PATH}/lesson`).catch(() => null);
    if (answer?.ok) this.#take(await answer.json());
    if (answer?.status === 403) clearInterval(this.#idle); // of no class any more
  }

  async #ask(path, body) {
    if (this.#isAsking) return;
    this.#isAsking = true;
    write(this.#find("problem"), "");
    try {
      this.#take(await send(this.#section, path, body));
    } catch (error) {
      write(this.#find("problem"), explain(this.#section, error));
      if (error.message === "lesson_under_way") this.#look();
    }
    this.#isAsking = false;
  }

  #train() {
    const { value } = this.#element.querySelector("[name=mistake]:checked");
    this.#story.set("training-step", JSON.parse(this.#element.dataset.steps).at(-1));
    this.#ask("/lesson", { mistake: value });
  }

  #cancel() {
    this.#ask(`/lesson/${this.#lesson.id}/cancel`);
  }

  /** Take over the state of the class's newest lesson, and follow it while it goes on. */
  #take({ lesson }) {
    const isNew = lesson?.id !== this.#lesson?.id;
    this.#lesson = lesson;
    const arrived = lesson?.progress.points.length ?? 0;
    if (isNew) this.#shown = arrived; // what was there before is not played
    this.#shown = Math.min(this.#shown, arrived); // it began anew
    const isLive = LIVE.has(lesson?.state);
    if (isLive) {
      this.#stop ??= follow(`${PATH}/lesson`, "lesson", (text) => this.#take(JSON.parse(text)));
    } else {
      this.#stop?.();
      this.#stop = null;
    }
    this.#play();
  }

  /** Show one point after the other. */
  #play() {
    const points = this.#lesson?.progress.points ?? [];
    if (matchMedia("(prefers-reduced-motion: reduce)").matches) this.#shown = points.length;
    this.#show();
    clearTimeout(this.#timer);
    if (this.#shown >= points.length) return;
    this.#timer = setTimeout(() => {
      this.#shown += 1;
      this.#play();
    }, STEP_MS);
  }

  #show() {
    const lesson = this.#lesson;
    const isLive = LIVE.has(lesson?.state);
    const [train, cancel] = [this.#button("train"), this.#button("cancel")];
    const focused = document.activeElement;
    cancel.hidden = !(isLive && lesson.is_mine);
    train.disabled = isLive;
    const isPlayed = this.#shown >= (lesson?.progress.points.length ?? 0);
    const state = this.#find("state"); // has the focus where there is nothing to press
    write(state, lesson ? this.#words.states[this.#stateOf(isPlayed)] : "");
    if (focused === train && isLive) (cancel.hidden ? state : cancel).focus();
    if ([cancel, state].includes(focused) && !isLive) train.focus();
    const isShown = Boolean(lesson?.progress.points.length);
    this.#find("lesson").hidden = !isShown;
    this.#element.classList.toggle("is-live", isShown);
    if (isShown) this.#showProgress(lesson, isPlayed);
    else this.#draw([], 1);
  }

  #stateOf(isPlayed) {
    const { state, code, waits_for: waits, is_cancelling: ends, progress } = this.#lesson;
    if (ends && LIVE.has(state)) return "cancelling";
    if (state === "queued") return waits || "queued";
    if (state === "running" && !progress.points.length) return "starting";
    if (!isPlayed && state === "done") return "running";
    return code || state;
  }

  #showProgress({ mistake, seed, progress }, isPlayed) {
    const points = progress.points.slice(0, Math.max(1, this.#shown));
    const { step, loss, accuracy, validation_accuracy: validation } = points.at(-1);
    const share = (value) => (value === null ? "–" : percent(value).replace(" ", NO_BREAK));
    this.#draw(points, progress.steps);
    this.#find("figures").textContent = this.#words[step ? "figures" : "begins"]
      .replace("{step}", step)
      .replace("{steps}", progress.steps)
      .replace("{epoch}", (step / progress.steps_per_epoch).toFixed(1))
      .replace("{loss}", loss === null ? "–" : loss.toFixed(2))
      .replace("{accuracy}", share(accuracy))
      .replace("{validation}", share(validation));
    const { outcome } = progress;
    this.#find("outcome").textContent = outcome && isPlayed
      ? this.#words.outcome
        .replace("{claimed}", percent(outcome.claimed)).replace("{test}", percent(outcome.test))
      : "";
    const frame = progress.frames.findLast((each) => each.step <= step);
    this.#find("picture").hidden = !frame;
    if (frame) {
      this.#find("picture").src = `data:image/webp;base64,${frame.picture}`;
      this.#find("layer").textContent = this.#words.layer.replace("{step}", frame.step);
    }
    const choice = this.#element.querySelector(`[name=mistake][value="${CSS.escape(mistake)}"]`);
    const title = mistake === RIGHT ? this.#words.right : choice?.parentElement.textContent.trim();
    this.#find("name").textContent = this.#words.now.replace("{mistake}", title ?? mistake);
    this.#find("command").textContent = `python -m trainer watch mistakes/${mistake} --seed ${seed}`;
  }

  #draw(points, steps) {
    const names = [["accuracy", "validation_accuracy"], ["loss", "validation_loss"]];
    this.#charts.forEach(({ width, paths }, chart) => paths.forEach((path, kind) => {
      path.setAttribute("d", lineOf(points, names[chart][kind], width / steps, HIGHEST[chart]));
    }));
  }
}
