// The scores of the last five minutes, with the threshold. What reaches it is a cross, so that no colour is needed to see it.

const SPAN = 300;
const MARGIN = { left: 38, right: 8, top: 8, bottom: 18 };

// Points that lie further apart than this are not joined: in between nothing was judged.
const gap = (interval) => Math.max(2.5, 3 * (interval ?? 0));

// The smallest of 1, 2, 5 times a power of ten that is not below a quarter of the span.
function step(span) {
  const power = 10 ** Math.floor(Math.log10(span / 4));
  return [1, 2, 5, 10].map((factor) => factor * power).find((size) => size >= span / 4) ?? span;
}

export function draw(canvas, { points, threshold, now, interval }) {
  const width = canvas.clientWidth, height = canvas.clientHeight;
  if (width === 0 || height === 0) return;
  const ratio = window.devicePixelRatio || 1;
  // Setting the size clears the canvas, too.
  canvas.width = Math.round(width * ratio);
  canvas.height = Math.round(height * ratio);
  const context = canvas.getContext("2d");
  context.scale(ratio, ratio);
  const style = getComputedStyle(canvas);
  const colour = (name) => style.getPropertyValue(`--${name}`).trim();
  context.font = `12px ${style.fontFamily}`;

  const scores = points.map((point) => point.score).filter((score) => score !== null);
  const top = Math.max(1e-6, 1.08 * Math.max(...scores, 0), 1.25 * (threshold ?? 0));
  const inner = { width: width - MARGIN.left - MARGIN.right, height: height - MARGIN.top - MARGIN.bottom };
  const x = (at) => MARGIN.left + inner.width * (1 - (now - at) / SPAN);
  const y = (score) => MARGIN.top + inner.height * (1 - score / top);
  const line = (x1, y1, x2, y2) => { context.beginPath(); context.moveTo(x1, y1); context.lineTo(x2, y2); context.stroke(); };

  context.lineWidth = 1;
  context.strokeStyle = colour("edge");
  context.fillStyle = colour("faint");
  context.textBaseline = "middle";
  context.textAlign = "right";
  const size = step(top);
  const decimals = Math.max(0, -Math.floor(Math.log10(size) + 1e-9));
  for (let value = 0; value <= top; value += size) {
    line(MARGIN.left, y(value), width - MARGIN.right, y(value));
    context.fillText(value.toFixed(Math.min(decimals, 6)), MARGIN.left - 6, y(value));
  }
  context.textBaseline = "alphabetic";
  context.textAlign = "center";
  for (const minutes of [4, 3, 2, 1]) {
    context.fillText(`−${minutes} min`, x(now - 60 * minutes), height - 4);
  }
  context.textAlign = "right";
  context.fillText("now", width - MARGIN.right, height - 4);

  const seen = points.filter((point) => point.at >= now - SPAN);
  context.strokeStyle = colour("line");
  context.lineWidth = 1.25;
  context.lineJoin = "round";
  context.beginPath();
  let last = null;
  for (const point of seen) {
    if (point.score === null) { last = null; continue; }
    const joined = last !== null && point.at - last.at <= gap(interval);
    if (joined) context.lineTo(x(point.at), y(point.score));
    else { context.moveTo(x(point.at) - 1, y(point.score)); context.lineTo(x(point.at), y(point.score)); }
    last = point;
  }
  context.stroke();
  if (threshold !== null) {
    context.strokeStyle = colour("ink");
    context.lineWidth = 1.5;
    context.setLineDash([6, 4]);
    line(MARGIN.left, y(threshold), width - MARGIN.right, y(threshold));
    context.setLineDash([]);
    context.fillStyle = colour("ink");
    context.textAlign = "left";
    // A halo, or the line behind it could not be told from the letters.
    context.strokeStyle = colour("sheet");
    context.lineWidth = 4;
    context.strokeText("threshold", MARGIN.left + 4, y(threshold) - 5);
    context.fillText("threshold", MARGIN.left + 4, y(threshold) - 5);
  }

  context.strokeStyle = colour("defect");
  context.lineWidth = 2;
  for (const point of seen.filter((point) => point.verdict === "defect" && point.score !== null)) {
    const [at, up] = [x(point.at), y(point.score)];
    line(at - 4, up - 4, at + 4, up + 4);
    line(at - 4, up + 4, at + 4, up - 4);
  }
}

// The same in words.
export function describe(points, threshold) {
  const scores = points.map((point) => point.score).filter((score) => score !== null);
  if (scores.length === 0) return "no scores in the last 5 minutes";
  const defects = points.filter((point) => point.verdict === "defect").length;
  const above = threshold === null ? "" : `, threshold ${threshold}, ${defects} of ${points.length} half seconds with a defect`;
  return `scores of the last 5 minutes: largest ${Math.max(...scores).toPrecision(3)}${above}`;
}
