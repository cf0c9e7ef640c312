// The component: it builds the panels once and applies each newer description without losing zoom or selection.

import {
  download,
  element,
  fitCanvas,
  lifecycle,
  parts,
  pixelRatio,
  prefersCalm,
  readTheme,
} from "../common.js";
import { fitted, load, stepAt, timeline, timeOf } from "./data.js";
import { buttons, fit, keys, listen, mask, select } from "./input.js";
import { showLegends } from "./legends.js";
import { play, seek, wake } from "./motion.js";

const GREY = "#8b95a1"; // the colour of points without one

function begin(root) {
  const ui = parts(root, "play", "time", "step", "panels", "legends", "tip", "announcement", "clear");
  ui.trails = root.querySelector("[data-show=trails]");
  ui.panels.replaceChildren();
  const state = {
    root,
    ui,
    alive: true,
    maps: [],
    cache: new Map(),
    views: new Map(),
    steps: [],
    time: 0,
    mode: "move",
    only: -1,
    show: { images: false, clouds: false, trails: false },
    selection: null,
    calm: prefersCalm(),
  };
  state.wake = () => wake(state);
  play(state, false);
  wire(state);
  state.sizes = new ResizeObserver(() => measure(state));
  state.sizes.observe(ui.panels);
  return state;
}

function wire(state) {
  const { root, ui } = state;
  const seekTo = (settled) => seek(state, Number(ui.time.value) * (state.steps.length - 1), settled);
  ui.play.onclick = () => play(state, !state.playing);
  ui.time.oninput = () => seekTo(false);
  ui.time.onchange = () => seekTo(true);
  for (const button of root.querySelectorAll("[data-mode]")) {
    button.onclick = () => {
      state.mode = button.dataset.mode;
      buttons(state);
    };
  }
  for (const button of root.querySelectorAll("[data-show]")) {
    button.onclick = () => {
      state.show[button.dataset.show] = !state.show[button.dataset.show];
      buttons(state);
      wake(state);
    };
  }
  ui.clear.onclick = () => state.maps[0] && select(state, state.maps[0], []);
  root.querySelector(".fit").onclick = () => fit(state);
  root.querySelector(".png").onclick = () => savePicture(state);
  root.onkeydown = (event) => keys(state, event);
}

function layPanels(state) {
  const { specs, ui } = state;
  const old = new Map(state.maps.map((map) => [map.id, map]));
  state.maps = specs.map((spec) => old.get(spec.id) ?? makePanel(state, spec.id));
  for (const map of old.values()) if (!state.maps.includes(map)) map.panel.remove();
  state.maps.forEach((map, i) => {
    const { hue, title, note, count, colour } = specs[i];
    if (ui.panels.children[i] !== map.panel) ui.panels.insertBefore(map.panel, ui.panels.children[i] ?? null);
    map.panel.querySelector("i").style.background = hue;
    map.panel.querySelector("b").textContent = title;
    map.panel.querySelector("small").textContent = note;
    map.canvas.setAttribute("aria-label", `Map of ${title}, ${count} points, ${colour.legend.title}`);
  });
}

function makePanel(state, id) {
  const canvas = element("canvas", { role: "img" });
  const name = element("div", { className: "name" }, element("i"), element("b"), element("small"));
  const wait = element("div", { className: "wait", textContent: "Loading the map …" });
  const panel = element("div", { className: "panel" }, canvas, name, wait);
  const map = { id, panel, canvas, ctx: canvas.getContext("2d") };
  listen(state, map);
  return map;
}

function measure(state) {
  const totalWidth = state.ui.panels.clientWidth;
  const count = state.maps.length;
  const dpr = pixelRatio();
  if (!totalWidth || !count) return;
  const columns = count === 1 ? 1 : count === 3 && totalWidth > 900 ? 3 : 2;
  const panelWidth = totalWidth / columns;
  const oneRow = Math.min(state.height, Math.max(330, 1.15 * panelWidth));
  const manyRows = Math.min(Math.floor((state.height - 8) / 2) + 40, panelWidth);
  const panelHeight = count <= columns ? oneRow : manyRows;
  state.ui.panels.style.gridTemplateColumns = `repeat(${columns}, minmax(0, 1fr))`;
  for (const map of state.maps) {
    map.panel.style.height = `${panelHeight}px`;
    const width = map.panel.clientWidth;
    const height = map.panel.clientHeight;
    if (map.width === width && map.height === height && state.dpr === dpr) continue;
    const ratio = map.width ? Math.min(width, height) / Math.min(map.width, map.height) : 1;
    Object.assign(map, { width, height });
    fitCanvas(map.canvas, width, height);
    if (map.view && map.own) map.view = { ...map.view, k: map.view.k * ratio };
    if (map.view && map.spec && !map.own) map.view = fitted(map);
    map.refit = true;
  }
  state.dpr = dpr;
  wake(state);
}

function savePicture(state) {
  const { dpr, ui } = state;
  const box = ui.panels.getBoundingClientRect();
  const all = element("canvas", { width: box.width * dpr, height: box.height * dpr });
  const ctx = all.getContext("2d");
  ctx.fillStyle = state.paper;
  ctx.fillRect(0, 0, all.width, all.height);
  for (const { panel, canvas, spec } of state.maps) {
    const x = panel.offsetLeft - ui.panels.offsetLeft;
    const y = panel.offsetTop - ui.panels.offsetTop;
    ctx.drawImage(canvas, x * dpr, y * dpr);
    ctx.fillStyle = state.ink;
    ctx.font = `${14 * dpr}px sans-serif`;
    ctx.fillText(`${spec.title} · ${spec.note} · ${ui.step.textContent}`, (x + 10) * dpr, (y + 20) * dpr);
  }
  const name = `map-${state.maps.map((map) => map.id).join("-")}.png`;
  all.toBlob((blob) => download(blob, name));
}

function update(state, { data, setStateValue }) {
  state.send = setStateValue;
  Object.assign(state, readTheme(state.root), { grey: GREY });
  const first = !state.specs;
  const before = { first, end: state.steps.length - 1, step: first ? 0 : stepAt(state) };
  before.atEnd = first || (!state.playing && (state.goal ?? state.time) >= before.end - 1e-6);
  const legends = JSON.stringify(data.maps.map((spec) => spec.colour.legend));
  if (state.colourFor !== legends) {
    state.only = -1;
    state.show.clouds = data.maps.some((spec) => spec.colour.legend.kind === "instances");
    state.colourFor = legends;
  }
  state.specs = data.maps;
  state.height = data.height;
  layPanels(state);
  if (state.selection && !data.maps.some((spec) => spec.group === state.selection.group)) {
    state.selection = null;
  }
  if (first && data.selection) state.selection = data.selection;
  showLegends(state);
  buttons(state);
  measure(state);
  Promise.all(state.maps.map((map, i) => load(state, map, data.maps[i]))).then(() =>
    loaded(state, data, before),
  );
}

// All layouts of `data` are loaded: set the time so that it continues from where it was `before`.
function loaded(state, data, before) {
  if (!state.alive) return;
  for (const map of state.maps) {
    map.panel.querySelector(".wait").textContent = map.spec ? "" : map.error;
    mask(state, map);
    map.refit = true;
  }
  state.steps = timeline(state);
  const last = state.steps.length - 1;
  state.root.classList.toggle("still", last < 1);
  if (before.first) state.time = data.step == null || data.step < 0 ? last : timeOf(state, data.step);
  else if (!before.atEnd) state.time = timeOf(state, before.step);
  else if (before.end >= 0 && last > before.end) {
    state.time = Math.min(before.end, last);
    state.goal = last;
  } else state.time = last;
  const used = new Set(data.maps.flatMap((spec) => [spec.frames.url, spec.table.url, spec.sheet.url]));
  for (const url of state.cache.keys()) if (!used.has(url)) state.cache.delete(url);
  measure(state);
  wake(state);
}

function end(state) {
  state.alive = false;
  cancelAnimationFrame(state.frame);
  clearTimeout(state.timer);
  state.sizes.disconnect();
}

export default lifecycle(".map", { begin, update, end });
