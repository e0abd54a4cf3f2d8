// One source: verdict, picture, chart, counters, defects.

import { describe, draw } from "./chart.js";

// Without news for so long, what is shown is no longer the present. Slow engines get three of their own intervals.
const STALE_AFTER = 5;
// A picture may come so much later than the numbers about it.
const PICTURE_BEHIND_AFTER = 3;
const KEPT = 300;

const STATES = {
  waiting: "NOT YET ITS TURN",
  connecting: "CONNECTING",
  stalled: "NO FRAMES",
  lost: "CAMERA LOST",
  frozen: "CAMERA FROZEN",
  dark: "CAMERA DARK",
  saturated: "CAMERA SATURATED",
  ended: "ENDED",
};
const WORDS = { ok: "OK", defect: "DEFECT" };

// Few digits; words for what is no number.
function number(value, digits = 3) {
  if (value === null) return "no number";
  if (value === 0) return "0";
  // Rounding comes first: 9.996 becomes 10.0 and has one digit more before the point.
  const exponent = Number(value.toExponential(digits - 1).split("e")[1]);
  return exponent < -4 || exponent > 5 ? value.toExponential(digits - 1) : value.toFixed(Math.max(0, digits - 1 - exponent));
}

// Two numbers with as many digits as it takes to see that they differ.
function toldApart(one, other) {
  for (let digits = 3; digits < 9; digits += 1) {
    const texts = [number(one, digits), number(other, digits)];
    if (one === other || texts[0] !== texts[1]) return texts;
  }
  return [String(one), String(other)];
}

// How long ago, for people.
export function ago(seconds) {
  if (seconds < 10) return `${Math.max(0, seconds).toFixed(1)} s`;
  if (seconds < 120) return `${Math.round(seconds)} s`;
  if (seconds < 7200) return `${Math.round(seconds / 60)} min`;
  return `${Math.round(seconds / 3600)} h`;
}

const clock = (time) => new Date(time).toLocaleTimeString();

export class Card {
  constructor(report, large) {
    this.element = document.getElementById("card").content.firstElementChild.cloneNode(true);
    this.large = large;
    this.points = [];
    this.shown = 0;
    this.shownAt = 0;
    this.loading = false;
    this.isHeated = true;
    this.find("h2").textContent = report.name;
    this.find(".heat").addEventListener("click", () => this.heat(!this.isHeated));
  }

  find(selector) {
    return this.element.querySelector(selector);
  }

  text(selector, text) {
    const element = this.find(selector);
    // Screen readers and selections are not disturbed for nothing.
    if (element.textContent !== text) element.textContent = text;
  }

  heat(on) {
    this.isHeated = on;
    this.find(".heat").setAttribute("aria-pressed", String(on));
    this.element.classList.toggle("plain", !on);
    this.shown = 0;
    this.load();
  }

  // What the server says about this source.
  update(report, step, isFirst) {
    this.report = report;
    if (isFirst) this.points = [];
    for (const point of report.history) {
      const last = this.points.at(-1);
      if (last !== undefined && last.at >= point.at) this.points.pop();
      this.points.push(point);
    }
    const oldest = (this.points.at(-1)?.at ?? 0) - KEPT;
    this.points = this.points.filter((point) => point.at >= oldest - step);
    this.counters();
    if (report.defects !== undefined) this.defects();
    if (isFirst) this.shown = 0;
    this.load();
  }

  // The newest picture, one at a time: whoever is slow sees fewer of them.
  load() {
    const { picture, name } = this.report;
    if (picture === null || this.loading || picture.number === this.shown) return;
    this.loading = true;
    const wanted = picture.number, isHeated = this.isHeated;
    const next = new Image();
    const done = (isLoaded) => {
      this.loading = false;
      if (isLoaded && isHeated === this.isHeated) {
        next.alt = `${name}, frame ${picture.frame}${isHeated ? ", under its anomaly map" : ""}`;
        this.find(".frame img").replaceWith(next);
        this.find(".frame").style.aspectRatio = `${picture.width} / ${picture.height}`;
        this.shown = wanted;
        this.caption(picture);
        this.shownAt = performance.now();
      }
      if (isLoaded && isHeated !== this.isHeated) this.load();
    };
    next.onload = () => done(true);
    next.onerror = () => done(false);
    next.src = `/snapshot.jpg?source=${encodeURIComponent(name)}&heat=${isHeated ? 1 : 0}&number=${wanted}`;
  }

  // What is true at this moment; `now` is the server's time, `silence` how long it has not been heard.
  judge(now, silence, isConnected) {
    const { state, state_cause: cause, state_since: since, last } = this.report;
    const age = last === null ? null : now - last.captured;
    const patience = Math.max(STALE_AFTER, 3 * (last?.interval ?? 0));
    const past = last?.verdict ? `The last verdict was ${last.verdict}, ${ago(age)} ago.` : "";
    if (!isConnected) return { shape: "wrong", word: "NOT CONNECTED", why: `Nothing heard for ${ago(silence)}. ${past}`, age };
    if (state === "ended" || state === "waiting") return { shape: "none", word: STATES[state], why: past, age };
    if (state !== "streaming") {
      return { shape: "wrong", word: STATES[state] ?? state.toUpperCase(), why: cause ?? `For ${ago(now - since)}.`, age };
    }
    if (last === null) return { shape: "none", word: "WAITING", why: "for the first result", age };
    if (now - last.answered > patience) return { shape: "wrong", word: "NO RESULT", why: `For ${ago(now - last.answered)}. ${past}`, age };
    if (last.verdict === null) return { shape: "none", word: "NO VERDICT", why: last.cause ?? "", age, isNow: true };
    return { shape: last.verdict, word: WORDS[last.verdict] ?? last.verdict, why: this.lastDefect(now), age, isNow: true };
  }

  // A defect passes faster than anybody looks.
  lastDefect(now) {
    if (this.report.last.verdict === "defect") return "";
    const defect = this.points.findLast((point) => point.verdict === "defect");
    return defect === undefined ? "no defect in the last 5 minutes" : `last defect ${ago(now - defect.at)} ago`;
  }

  // What a calibration knows about the last frame.
  product() {
    const { product, severity } = this.report.last;
    return [product, severity === null ? null : `severity ${number(severity)}`].filter((part) => part !== null).join(", ");
  }

  // Slow changes that have begun and are not over.
  drift() {
    const drifting = this.report.drift.filter(({ drifting }) => drifting);
    const words = ({ product, measure }) => `drift${product === null ? "" : ` of ${product}`}: ${number(measure)} times what good parts show`;
    return drifting.map(words).join("; ");
  }

  // Several times a second: ages grow while nothing comes.
  tick(now, silence, isConnected) {
    const { state, last } = this.report;
    const verdict = this.judge(now, silence, isConnected);
    this.verdict = verdict;
    this.element.dataset.shape = verdict.shape;
    this.text(".word", verdict.word);
    this.text(".why", verdict.why);
    const isScored = verdict.isNow && last.score !== null;
    this.find(".score").hidden = !isScored;
    if (isScored) {
      const [score, threshold] = last.threshold === null ? [number(last.score), ""] : toldApart(last.score, last.threshold);
      const sign = last.score >= last.threshold ? "≥" : "<";
      this.text(".score b", score);
      this.text(".score span", last.threshold === null ? "score, no threshold" : `${sign} threshold ${threshold}`);
    }
    this.text(".product", isScored ? this.product() : "");
    this.text(".drift", this.drift());
    this.text(".state", `${isConnected ? state : "not connected"}${verdict.age === null ? "" : ` · last frame ${ago(verdict.age)} ago`}`);
    this.picture(verdict, now);
    const own = last === null || last.threshold === null;
    this.find(".scale").classList.toggle("own", own);
    this.text(".scale i", own ? "low" : "0");
    this.text(".scale .top", own ? "high" : number(2 * last.threshold));
    const canvas = this.find("canvas");
    const threshold = last?.threshold ?? null;
    draw(canvas, { points: this.points, threshold, now, interval: last?.interval });
    const label = describe(this.points, threshold);
    if (canvas.getAttribute("aria-label") !== label) canvas.setAttribute("aria-label", label);
  }

  picture(verdict, now) {
    const { picture, last } = this.report;
    const isBehind = picture !== null && picture.number !== this.shown && performance.now() - this.shownAt > 1000 * PICTURE_BEHIND_AFTER;
    const isStale = !verdict.isNow || isBehind;
    this.element.classList.toggle("stale", isStale && this.shown > 0);
    const old = this.shown === 0 ? "" : !verdict.isNow ? `Not live: ${ago(now - last.captured)} old` : isBehind ? "The picture is behind" : "";
    this.text(".old", old);
  }

  // Which frame the picture shows: the numbers may be about a later one.
  caption({ frame, score, verdict }) {
    this.text(".age", `frame ${frame}: ${verdict ?? "no verdict"}${score === null ? "" : `, ${number(score)}`}`);
  }

  counters() {
    const { frames, verdicts, reconnects, last } = this.report;
    const list = this.find("dl");
    // What is above 0 and should not be is marked.
    const rows = [
      ["judged", frames.judged],
      ["ok", verdicts.ok],
      ["defect", verdicts.defect],
      ["no verdict", verdicts.null, true],
      ["received", frames.received],
      ["dropped: busy", frames.dropped.policy],
      ["dropped: driver", frames.dropped.driver, true],
      ["dropped: output", frames.dropped.sink, true],
      ["corrupt", frames.corrupt, true],
      ["repeated", frames.repeated, true],
      ["late", frames.late, true],
      ["reconnects", reconnects, true],
    ];
    if (last !== null) {
      rows.push(["result after", `${last.latency_ms.age.toFixed(0)} ms`], ["inference", `${last.latency_ms.inference.toFixed(0)} ms`]);
    }
    for (const [index, [name, value, isTrouble]] of rows.entries()) {
      const row = list.children[index] ?? list.appendChild(document.createElement("div"));
      if (row.childElementCount === 0) row.append(document.createElement("dt"), document.createElement("dd"));
      row.firstChild.textContent = name;
      row.lastChild.textContent = value.toLocaleString();
      row.className = value === 0 ? "zero" : isTrouble ? "attention" : "";
    }
  }

  // A thumbnail stays the same element while it is listed, so its picture is loaded once.
  defects() {
    const list = this.find(".defects ul");
    const key = ({ id, time }) => `${id} ${time}`;
    const old = new Map([...list.children].map((item) => [item.dataset.key, item]));
    list.replaceChildren(...this.report.defects.map((defect) => old.get(key(defect)) ?? this.thumbnail(defect, key(defect))));
  }

  thumbnail(defect, key) {
    const item = document.getElementById("thumbnail").content.firstElementChild.cloneNode(true);
    item.dataset.key = key;
    const title = `${this.report.name}, frame ${defect.frame}, ${new Date(defect.time).toLocaleString()}, score ${number(defect.score)}`;
    const image = item.querySelector("img");
    image.src = `/defects/${defect.id}.jpg`;
    image.alt = `defect, frame ${defect.frame}`;
    item.querySelector(".at").textContent = clock(defect.time);
    item.querySelector("b").textContent = number(defect.score);
    item.querySelector("button").title = title;
    item.querySelector("button").addEventListener("click", () => this.large.open(defect.id, title));
    return item;
  }
}
