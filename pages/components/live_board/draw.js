// Draws a panel's canvas: axes, curves or bands, reference lines, marks, and the pointer's line.

import { fitCanvas } from "../common.js";

const PAD = { left: 40, right: 8, top: 10, bottom: 18 };

export function draw(panel, state) {
  const { canvas, spec } = panel;
  const width = canvas.clientWidth;
  const height = canvas.clientHeight;
  if (!width || !height) return;
  const ratio = fitCanvas(canvas, width, height);
  const ctx = canvas.getContext("2d");
  ctx.setTransform(ratio, 0, 0, ratio, 0, 0);
  ctx.clearRect(0, 0, width, height);
  ctx.font = `11px ${state.theme.font}`;
  const curves = panel.series.filter((s) => !state.hidden.has(s.id));
  const bands = spec.kind === "stack" ? stack(curves) : null;
  panel.range = state.zoom ?? [0, lastStep(panel.series, state.data.total)];
  const [x0, x1] = panel.range;
  const [y0, y1] =
    spec.low != null && spec.high != null ? [spec.low, spec.high] : valueRange(curves, bands, x0, x1, spec);
  const box = { left: PAD.left, right: width - PAD.right, top: PAD.top, bottom: height - PAD.bottom };
  const sx = (x) => box.left + ((x - x0) / (x1 - x0 || 1)) * (box.right - box.left);
  const sy = (y) => box.bottom - ((y - y0) / (y1 - y0 || 1)) * (box.bottom - box.top);
  panel.toX = (px) => Math.min(x1, Math.max(x0, x0 + ((px - box.left) / (box.right - box.left)) * (x1 - x0)));
  axes(ctx, box, state.theme, x0, x1, y0, y1, sx, sy);
  ctx.save();
  ctx.beginPath();
  ctx.rect(box.left, box.top - 2, box.right - box.left, box.bottom - box.top + 4);
  ctx.clip();
  for (const line of spec.lines ?? []) reference(ctx, box, state.theme, line, sy);
  if (bands) for (const band of bands) area(ctx, band, sx, sy);
  else for (const s of curves) curve(ctx, s, sx, sy);
  ctx.restore();
  marks(ctx, box, state, sx, x0, x1);
  overlay(ctx, box, state, sx, x0, x1);
  readOut(panel, state);
  if (!panel.series.some((s) => s.x.length)) writeEmpty(ctx, box, state.theme, state.data.live);
}

// The end of the axis of steps: a little past the last step, but not past the planned end.
function lastStep(series, total) {
  const last = Math.max(1, ...series.map((s) => s.x[s.x.length - 1] || 0));
  return total && last <= total ? Math.min(total, Math.max(last * 1.12, total / 20)) : last;
}

// The range of the axis of values. The first values can be a hundred times larger than all that follow, so the range
// holds the bulk (2 % to 98 %) and not the outliers.
function valueRange(curves, bands, x0, x1, spec) {
  const values = bands ? [0] : [];
  for (const s of bands ?? curves) {
    for (let i = 0; i < s.x.length; i++) {
      if (s.x[i] >= x0 && s.x[i] <= x1) values.push(...(bands ? [s.from[i], s.to[i]] : [s.y[i]]));
    }
  }
  const sorted = values.filter(Number.isFinite).sort((a, b) => a - b);
  if (!sorted.length) return [0, 1];
  const q = (share) => sorted[Math.round(share * (sorted.length - 1))];
  let [low, high] = [q(0.02), q(0.98)];
  const room = high - low || Math.abs(high) || 1;
  low = sorted[0] > low - room ? sorted[0] : low;
  high = q(1) < high + room ? q(1) : high;
  low -= 0.06 * room;
  high += 0.06 * room;
  return [spec.low ?? low, spec.high ?? high];
}

// Positive terms pile up from zero, negative ones down from it, so that none hides another.
function stack(curves) {
  const length = Math.min(...curves.map((s) => s.x.length));
  const up = new Float32Array(curves.length ? length : 0);
  const down = new Float32Array(up.length);
  return curves.map((s) => {
    const [from, to] = [new Float32Array(up.length), new Float32Array(up.length)];
    for (let i = 0; i < up.length; i++) {
      const pile = s.y[i] >= 0 ? up : down;
      from[i] = pile[i];
      pile[i] += s.y[i];
      to[i] = pile[i];
    }
    return { x: s.x.subarray(0, up.length), from, to, colour: s.colour };
  });
}

function area(ctx, band, sx, sy) {
  if (!band.x.length) return;
  ctx.beginPath();
  for (let i = 0; i < band.x.length; i++) ctx.lineTo(sx(band.x[i]), sy(band.to[i]));
  for (let i = band.x.length - 1; i >= 0; i--) ctx.lineTo(sx(band.x[i]), sy(band.from[i]));
  ctx.fillStyle = band.colour;
  ctx.globalAlpha = 0.75;
  ctx.fill();
  ctx.globalAlpha = 1;
}

function curve(ctx, s, sx, sy) {
  ctx.strokeStyle = ctx.fillStyle = s.colour;
  ctx.lineWidth = 2;
  ctx.lineJoin = "round";
  ctx.setLineDash(s.dash ? [2, 4] : []);
  ctx.beginPath();
  for (let i = 0; i < s.x.length; i++) ctx.lineTo(sx(s.x[i]), sy(s.y[i]));
  ctx.stroke();
  ctx.setLineDash([]);
  const last = s.x.length - 1;
  if (last >= 0) {
    ctx.beginPath();
    ctx.arc(sx(s.x[last]), sy(s.y[last]), 3, 0, 7);
    ctx.fill();
  }
}

function axes(ctx, box, theme, x0, x1, y0, y1, sx, sy) {
  ctx.strokeStyle = theme.line;
  ctx.fillStyle = theme.ink;
  ctx.lineWidth = 1;
  ctx.textAlign = "right";
  ctx.textBaseline = "middle";
  for (const y of ticks(y0, y1, 4)) {
    ctx.globalAlpha = y === 0 ? 1 : 0.6;
    ctx.beginPath();
    ctx.moveTo(box.left, Math.round(sy(y)) + 0.5);
    ctx.lineTo(box.right, Math.round(sy(y)) + 0.5);
    ctx.stroke();
    ctx.globalAlpha = 0.8;
    ctx.fillText(short(y), box.left - 5, sy(y));
  }
  ctx.textBaseline = "top";
  ctx.textAlign = "center";
  for (const x of ticks(x0, x1, 4)) {
    const label = short(x);
    const half = ctx.measureText(label).width / 2;
    ctx.fillText(label, Math.min(box.right - half, Math.max(box.left + half, sx(x))), box.bottom + 5);
  }
  ctx.globalAlpha = 1;
}

function reference(ctx, box, theme, line, sy) {
  ctx.strokeStyle = ctx.fillStyle = theme.ink;
  ctx.globalAlpha = 0.55;
  ctx.setLineDash([4, 4]);
  ctx.beginPath();
  ctx.moveTo(box.left, sy(line.y));
  ctx.lineTo(box.right, sy(line.y));
  ctx.stroke();
  ctx.setLineDash([]);
  ctx.textAlign = "right";
  ctx.textBaseline = "bottom";
  ctx.globalAlpha = 0.75;
  ctx.fillText(line.text, box.right - 2, sy(line.y) - 2);
  ctx.globalAlpha = 1;
}

// A line for each change that was made by hand during the training; its text where the pointer is near, and for the
// newest change.
function marks(ctx, box, state, sx, x0, x1) {
  const list = (state.data.marks ?? []).filter((m) => m.x >= x0 && m.x <= x1);
  const near = list.filter((m) => state.hover != null && Math.abs(sx(m.x) - sx(state.hover)) < 7);
  // a text that nobody points at must not hide the curves
  const fits = (mark) => ctx.measureText(mark.text).width < 0.45 * (box.right - box.left);
  const labelled = near.length ? near.slice(-2) : list.slice(-1).filter(fits);
  ctx.strokeStyle = ctx.fillStyle = state.theme.ink;
  for (const mark of list) {
    const x = Math.round(sx(mark.x)) + 0.5;
    ctx.globalAlpha = 0.55;
    ctx.setLineDash([3, 3]);
    ctx.beginPath();
    ctx.moveTo(x, box.top);
    ctx.lineTo(x, box.bottom);
    ctx.stroke();
    ctx.setLineDash([]);
    ctx.globalAlpha = 0.9;
    ctx.beginPath();
    ctx.moveTo(x - 4, box.top - 5);
    ctx.lineTo(x + 4, box.top - 5);
    ctx.lineTo(x, box.top + 1);
    ctx.fill();
  }
  ctx.textBaseline = "top";
  ctx.textAlign = "left";
  labelled.forEach((mark, row) => {
    const wide = ctx.measureText(mark.text).width;
    const x = Math.max(box.left + 2, Math.min(sx(mark.x) + 6, box.right - wide - 2));
    const y = box.top + 1 + row * 13;
    ctx.fillStyle = state.theme.paper;
    ctx.globalAlpha = 0.8;
    ctx.fillRect(x - 2, y - 1, wide + 4, 13);
    ctx.fillStyle = state.theme.ink;
    ctx.globalAlpha = 0.9;
    ctx.fillText(mark.text, x, y);
  });
  ctx.globalAlpha = 1;
}

function overlay(ctx, box, state, sx, x0, x1) {
  if (state.drag) {
    ctx.fillStyle = state.theme.ink;
    ctx.globalAlpha = 0.12;
    ctx.fillRect(sx(state.drag[0]), box.top, sx(state.drag[1]) - sx(state.drag[0]), box.bottom - box.top);
    ctx.globalAlpha = 1;
  }
  if (state.hover == null || state.hover < x0 || state.hover > x1) return;
  ctx.strokeStyle = state.theme.ink;
  ctx.globalAlpha = 0.5;
  ctx.beginPath();
  ctx.moveTo(sx(state.hover), box.top);
  ctx.lineTo(sx(state.hover), box.bottom);
  ctx.stroke();
  ctx.globalAlpha = 1;
}

function writeEmpty(ctx, box, theme, live) {
  ctx.fillStyle = theme.ink;
  ctx.globalAlpha = 0.6;
  ctx.textAlign = "center";
  ctx.textBaseline = "middle";
  ctx.fillText(
    live ? "not measured yet…" : "not measured",
    (box.left + box.right) / 2,
    (box.top + box.bottom) / 2,
  );
  ctx.globalAlpha = 1;
}

function readOut(panel, state) {
  const values = panel.legend.querySelectorAll("b");
  panel.series.forEach((s, k) => {
    const i = state.hover == null ? s.x.length - 1 : nearest(s.x, state.hover);
    values[k].textContent = i >= 0 ? short(s.y[i]) : "–";
  });
  const zoomed = state.zoom ? "zoomed · double-click resets" : "";
  panel.step.textContent = state.hover == null ? zoomed : `step ${Math.round(state.hover)}`;
}

function nearest(x, target) {
  let [low, high] = [0, x.length - 1];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (x[middle] < target) low = middle;
    else high = middle;
  }
  return high < 0 ? -1 : target - x[low] < x[high] - target ? low : high;
}

function ticks(low, high, count) {
  const raw = (high - low) / count;
  if (!(raw > 0)) return [low];
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = power * [1, 2, 5, 10].find((m) => m * power >= raw);
  const list = [];
  for (let i = Math.ceil(low / step); i * step <= high + 1e-9 * step; i++) list.push(i * step);
  return list;
}

function short(value) {
  if (!Number.isFinite(value)) return "–";
  const size = Math.abs(value);
  if (size >= 1e6) return `${+(value / 1e6).toFixed(1)}M`;
  if (size >= 1e4) return `${+(value / 1e3).toFixed(1)}k`;
  if (size >= 100 || Number.isInteger(value)) return value.toFixed(0);
  return size >= 10
    ? value.toFixed(1)
    : size >= 0.1
      ? String(+value.toFixed(2))
      : String(+value.toPrecision(2));
}
