// Small moving maps, one for each member of a race: the points travel from their last layout to the newest one.

import { element, fitCanvas, lifecycle, prefersCalm, readTheme, unpack } from "../common.js";

const TRAVEL = 700; // ms
const INTERVAL = 28; // ms between two pictures: 30 a second are enough for the eye, half the rate of most screens

function begin(root) {
  root.replaceChildren();
  const state = { maps: new Map(), pending: 0, painted: 0, received: "", ink: "", calm: prefersCalm() };
  state.watcher = new ResizeObserver(() => {
    for (const map of state.maps.values()) map.dirty = true;
    wake(state);
  });
  state.watcher.observe(root);
  return state;
}

function wake(state) {
  state.pending ||= requestAnimationFrame((now) => tick(state, now));
}

function tick(state, now) {
  state.pending = 0;
  if (now - state.painted < INTERVAL) return wake(state);
  state.painted = now;
  let moving = false;
  for (const map of state.maps.values()) moving = paint(map, now, state.ink) || moving;
  if (moving) wake(state);
}

function update(state, { data }) {
  state.ink = readTheme(state.root).ink;
  const received = JSON.stringify([data, state.ink]);
  if (received === state.received) return; // the page updates every second, but new layouts are rare
  state.received = received;
  const ids = new Set(data.maps.map((spec) => spec.id));
  for (const [id, map] of state.maps) {
    if (ids.has(id)) continue;
    map.figure.remove();
    state.maps.delete(id);
  }
  for (const spec of data.maps) {
    if (!state.maps.has(spec.id)) state.maps.set(spec.id, makeMap());
    const map = state.maps.get(spec.id);
    state.root.append(map.figure);
    receive(map, spec, data, state.calm);
  }
  wake(state);
}

function end(state) {
  state.watcher.disconnect();
  cancelAnimationFrame(state.pending);
}

function makeMap() {
  const canvas = element("canvas", { role: "img" });
  const dot = element("i");
  const name = element("span");
  const note = element("small");
  const figure = element("figure", {}, element("figcaption", {}, dot, name, note), canvas);
  return { canvas, dot, name, note, figure, stamp: null };
}

function receive(map, spec, { colours, live }, calm) {
  map.dot.style.background = spec.colour;
  map.name.textContent = spec.title;
  map.note.textContent = spec.note;
  map.canvas.setAttribute("aria-label", `Map of ${spec.title}, ${spec.note}`);
  map.colours = colours;
  map.emptyText = live ? "first map on its way…" : "no map was drawn";
  map.dirty = true;
  map.figure.dataset.frame = spec.stamp ?? "";
  if (map.stamp === spec.stamp) return;
  const to = spec.points ? unpack(spec.points, Float32Array) : new Float32Array();
  const travels = map.to && map.to.length === to.length && !calm;
  map.from = travels ? (map.now ?? map.to).slice() : to;
  map.to = to;
  const classes = spec.classes ? unpack(spec.classes, Uint8Array) : new Uint8Array(to.length / 2);
  map.rows = colours.map((_, code) =>
    [...classes.keys()].filter((row) => classes[row] % colours.length === code),
  );
  map.bounds = { from: travels ? map.boundsNow : bounds(to), to: bounds(to) };
  map.since = travels ? performance.now() : -Infinity;
  map.stamp = spec.stamp;
}

// Centre and half-width of the square that holds all but the farthest half per cent.
function bounds(points) {
  if (!points.length) return [0, 0, 1];
  const side = (axis) => {
    const values = points.filter((_, i) => i % 2 === axis).sort();
    const cut = Math.floor(values.length * 0.005);
    return [values[cut], values[values.length - 1 - cut]];
  };
  const [x0, x1] = side(0);
  const [y0, y1] = side(1);
  return [(x0 + x1) / 2, (y0 + y1) / 2, 0.54 * Math.max(x1 - x0, y1 - y0, 1e-6)];
}

// Draw the map at the time `now` (ms), if anything changed; returns whether its points still travel.
function paint(map, now, ink) {
  const share = Math.min(1, Math.max(0, (now - map.since) / TRAVEL));
  const moving = share < 1;
  if (!moving && !map.dirty && map.arrived) return false;
  map.arrived = !moving;
  map.dirty = false;
  const size = map.canvas.clientWidth;
  if (!size) return moving;
  const ratio = fitCanvas(map.canvas, size, size);
  const ctx = map.canvas.getContext("2d");
  ctx.setTransform(ratio, 0, 0, ratio, 0, 0);
  ctx.clearRect(0, 0, size, size);
  if (!map.to?.length) {
    writeCentred(ctx, size, ink, map.emptyText);
    return false;
  }
  travel(map, share * share * (3 - 2 * share));
  dots(map, ctx, size);
  return moving;
}

// Put the points and the bounds at `share` (0 to 1) of their way.
function travel(map, share) {
  const between = (a, b) => a + (b - a) * share;
  map.boundsNow = map.bounds.from.map((value, i) => between(value, map.bounds.to[i]));
  if (map.now?.length !== map.to.length) map.now = new Float32Array(map.to.length);
  for (let i = 0; i < map.to.length; i++) map.now[i] = between(map.from[i], map.to[i]);
}

function dots(map, ctx, size) {
  const [cx, cy, half] = map.boundsNow;
  const radius = Math.max(1.3, Math.min(2.8, size / 110));
  ctx.globalAlpha = 0.85;
  map.rows.forEach((rows, code) => {
    ctx.fillStyle = map.colours[code];
    ctx.beginPath();
    for (const row of rows) {
      const x = ((map.now[2 * row] - cx) / half + 1) * size * 0.5;
      const y = (1 - (map.now[2 * row + 1] - cy) / half) * size * 0.5;
      ctx.moveTo(x + radius, y);
      ctx.arc(x, y, radius, 0, 7);
    }
    ctx.fill();
  });
  ctx.globalAlpha = 1;
}

function writeCentred(ctx, size, ink, text) {
  ctx.fillStyle = ink;
  ctx.globalAlpha = 0.6;
  ctx.font = "12px sans-serif";
  ctx.textAlign = "center";
  ctx.fillText(text, size / 2, size / 2);
  ctx.globalAlpha = 1;
}

export default lifecycle(".maps", { begin, update, end });
