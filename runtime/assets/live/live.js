// The connection to the server, and the cards of its sources.

import { Card, ago } from "./card.js";

// The server sends something every second, whatever happens.
const SILENT_AFTER = 3000;
// A browser gives up on some errors; then we do not.
const AGAIN_AFTER = 1000;
const TICK = 250;
// A screen reader says no more than this.
const ALERT_EVERY = 5000;

const cards = new Map();
const main = document.getElementById("cards");
const link = document.getElementById("link");
const spoken = document.getElementById("alert");

let source = null;
let heard = null;
let serverNow = 0;
let version = "";
let isFirst = true;
let alerted = 0;

// A defect, large.
const large = {
  dialog: document.getElementById("large"),
  open(id, title) {
    this.id = id;
    this.dialog.querySelector("p").textContent = title;
    this.show(true);
    this.dialog.showModal();
  },
  show(isHeated) {
    this.isHeated = isHeated;
    this.dialog.querySelector(".heat").setAttribute("aria-pressed", String(isHeated));
    const image = this.dialog.querySelector("img");
    image.alt = "";
    image.onerror = () => { image.alt = "This defect is no longer kept."; };
    image.src = `/defects/${this.id}.jpg?heat=${isHeated ? 1 : 0}`;
  },
};
large.dialog.querySelector(".heat").addEventListener("click", () => large.show(!large.isHeated));
large.dialog.querySelector(".close").addEventListener("click", () => large.dialog.close());
large.dialog.addEventListener("click", (event) => { if (event.target === large.dialog) large.dialog.close(); });

function connect() {
  source?.close();
  isFirst = true;
  source = new EventSource("/events");
  // After a loss the browser connects by itself, and the server begins with everything.
  source.onopen = () => { isFirst = true; };
  source.onmessage = (event) => update(JSON.parse(event.data));
  source.onerror = () => {
    if (source.readyState === EventSource.CLOSED) setTimeout(connect, AGAIN_AFTER);
  };
}

function update(report) {
  heard = performance.now();
  serverNow = report.now;
  version = report.version;
  const names = report.sources.map((source) => source.name);
  if (isFirst && JSON.stringify(names) !== JSON.stringify([...cards.values()].map((card) => card.report.name))) {
    cards.clear();
    report.sources.forEach((source, index) => cards.set(index, new Card(source, large)));
    main.replaceChildren(...[...cards.values()].map((card) => card.element));
  }
  report.sources.forEach((source, index) => cards.get(index)?.update(source, report.step, isFirst));
  isFirst = false;
  tick();
}

function tick() {
  const silence = heard === null ? null : performance.now() - heard;
  const isConnected = silence !== null && silence < SILENT_AFTER;
  const state = isConnected ? "open" : silence === null ? "opening" : "closed";
  const words = { open: `connected · ${version}`, opening: "connecting …", closed: `not connected for ${ago((silence ?? 0) / 1000)}, trying again` };
  link.dataset.link = state;
  // A status that changes several times a second would be read out as often.
  if (link.textContent !== words[state]) link.textContent = words[state];
  for (const card of cards.values()) card.tick(serverNow + (silence ?? 0) / 1000, (silence ?? 0) / 1000, isConnected);
  title();
}

// In the tab, and for screen readers: the worst first.
function title() {
  const order = ["defect", "wrong", "none", "ok"];
  const signs = { ok: "✓", defect: "✗", none: "?", wrong: "⚠" };
  const all = [...cards.values()].filter((card) => card.verdict !== undefined);
  const worst = all.toSorted((one, other) => order.indexOf(one.verdict.shape) - order.indexOf(other.verdict.shape))[0];
  document.title = worst === undefined ? "moead-edge" : `${signs[worst.verdict.shape]} ${worst.verdict.word} · ${worst.report.name}`;
  const now = performance.now();
  if (worst !== undefined && ["defect", "wrong"].includes(worst.verdict.shape) && now - alerted > ALERT_EVERY) {
    const text = `${worst.report.name}: ${worst.verdict.word.toLowerCase()}`;
    if (spoken.textContent !== text) {
      spoken.textContent = text;
      alerted = now;
    }
  } else if (worst !== undefined && !["defect", "wrong"].includes(worst.verdict.shape)) {
    spoken.textContent = "";
  }
}

// Nobody looks at a hidden page: the device is left alone.
document.addEventListener("visibilitychange", () => {
  if (document.hidden) source?.close();
  else connect();
});
connect();
setInterval(tick, TICK);
