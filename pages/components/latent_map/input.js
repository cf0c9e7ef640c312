// The input of pointer and keys: pan, zoom, hover, lasso, time.

import { element, pointerIn } from "../common.js";
import { cloudOf, column, labelOf, nearest, screenX, screenY, within } from "./data.js";
import { play, seek, wake } from "./motion.js";

const TIP = 96; // pixels of the image in the tip
const CLICK = 4; // pixels that a pointer may move before its press becomes a drag

// Select `points` on all maps that share them, and tell the page.
export function select(state, map, points) {
  state.selection = points.length ? { run: map.spec.id, group: map.spec.group, points } : null;
  for (const other of state.maps) mask(state, other);
  state.ui.announcement.textContent = points.length
    ? `${points.length} points selected`
    : "Selection cleared";
  state.send("selection", state.selection ? { ...state.selection, at: Date.now() } : null);
  buttons(state);
  wake(state);
}

// Mark the selected points of the map.
export function mask(state, map) {
  if (!map.spec) return;
  map.selected = new Uint8Array(map.count);
  if (state.selection && state.selection.group === map.spec.group) {
    for (const k of state.selection.points) if (k < map.count) map.selected[k] = 1;
  }
}

function hover(state, map, x, y) {
  const k = map.spec ? nearest(state, map, x, y) : -1;
  const before = state.hover ? state.hover.point : -1;
  state.hover = k < 0 ? null : { group: map.spec.group, point: k };
  if (k !== before) wake(state);
  tip(state, map, k);
}

function tip(state, map, k) {
  const box = state.ui.tip;
  box.hidden = k < 0;
  if (k < 0) return;
  tipImage(box.querySelector("canvas"), map, k);
  box.querySelector(".facts").replaceChildren(...tipFacts(map, k));
  const { panel } = map;
  const x = panel.offsetLeft + screenX(map, k);
  const y = panel.offsetTop + screenY(map, k);
  const fits = x + 16 + box.offsetWidth < state.root.clientWidth;
  const left = fits ? x + 16 : x - 16 - box.offsetWidth;
  const top = Math.min(y - box.offsetHeight / 2, state.root.clientHeight - box.offsetHeight);
  box.style.left = `${Math.max(0, left)}px`;
  box.style.top = `${Math.max(0, top)}px`;
}

function tipImage(canvas, map, k) {
  const { cell, columns } = map.spec.sheet;
  const [height, width] = cell;
  const ctx = canvas.getContext("2d");
  ctx.imageSmoothingEnabled = false;
  ctx.clearRect(0, 0, TIP, TIP);
  if (!map.sheet) return;
  const scale = TIP / Math.max(height, width);
  const [wide, high] = [width * scale, height * scale];
  const from = [(k % columns) * width, Math.floor(k / columns) * height, width, height];
  ctx.drawImage(map.sheet, ...from, (TIP - wide) / 2, (TIP - high) / 2, wide, high);
}

function tipFacts(map, k) {
  const { classes, table } = map.spec;
  const label = labelOf(map)[k];
  const cloud = cloudOf(map)[k];
  const text = (textContent) => element("span", { textContent });
  const title = label >= 0 ? classes[label] || `class ${label}` : "no label";
  const facts = [element("b", { textContent: title })];
  if (cloud >= 0) facts.push(text("a view of image"), text(String(cloud + 1)));
  table.factors.slice(0, 8).forEach((factor, i) => {
    const value = column(map, i + 2)[k];
    if (!Number.isNaN(value)) facts.push(text(factor.title), text(factorText(factor, value)));
  });
  return facts;
}

function factorText({ kind, classes }, value) {
  if (kind === "discrete" && classes.length) return classes[Math.round(value)] || String(value);
  if (kind === "circular") return `${Math.round(((((value * 180) / Math.PI) % 360) + 360) % 360)}°`;
  return value.toFixed(2);
}

function zoom(state, map, x, y, factor) {
  const v = map.view;
  const k = Math.min(map.fitK * 60, Math.max(map.fitK * 0.2, v.k * factor));
  const wx = v.x + (x - map.width / 2) / v.k;
  const wy = v.y - (y - map.height / 2) / v.k;
  setView(state, map, { x: wx - (x - map.width / 2) / k, y: wy + (y - map.height / 2) / k, k });
}

function setView(state, map, view) {
  Object.assign(map, { view, own: true, goal: null });
  state.views.set(map.viewFor, view);
  wake(state);
}

export function fit(state) {
  for (const map of state.maps) {
    if (map.spec) {
      state.views.delete(map.viewFor);
      map.own = false;
      map.refit = true;
    }
  }
  wake(state);
}

export function listen(state, map) {
  const { canvas } = map;
  let drag = null;
  canvas.onpointerdown = (event) => {
    if (event.button !== 0 || !map.view) return;
    state.root.focus({ preventScroll: true });
    canvas.setPointerCapture(event.pointerId);
    const [from, last] = [pointerIn(canvas, event), pointerIn(canvas, event)];
    const mode = event.shiftKey && state.mode === "move" ? "lasso" : state.mode;
    drag = { mode, from, last, far: false };
    if (mode !== "move") map.path = [from];
  };
  canvas.onpointermove = (event) => {
    const [x, y] = pointerIn(canvas, event);
    if (drag) dragTo(state, map, drag, x, y);
    else hover(state, map, x, y);
  };
  canvas.onpointerup = (event) => {
    if (!drag) return;
    const { mode, far } = drag;
    const path = map.path;
    drag = null;
    map.path = null;
    canvas.classList.remove("dragging");
    if (far && mode !== "move" && path.length > 2) select(state, map, within(state, map, path));
    else if (!far) selectNearest(state, map, ...pointerIn(canvas, event));
    wake(state);
  };
  canvas.onpointercancel = () => {
    drag = null;
    map.path = null;
    wake(state);
  };
  canvas.onpointerleave = () => {
    if (!drag) hover(state, map, -1e4, -1e4);
  };
  canvas.ondblclick = () => fit(state);
  canvas.onwheel = (event) => {
    if (!map.view) return;
    event.preventDefault();
    const rate = event.deltaMode ? 0.05 : 0.0016; // by lines or by pixels
    zoom(state, map, ...pointerIn(canvas, event), Math.exp(-event.deltaY * rate));
  };
}

function dragTo(state, map, drag, x, y) {
  const [left, top] = drag.from;
  if (Math.hypot(x - left, y - top) > CLICK) drag.far = true;
  if (!drag.far) return;
  state.ui.tip.hidden = true;
  state.hover = null;
  if (drag.mode === "move") {
    const { view } = map;
    const [lastX, lastY] = drag.last;
    map.canvas.classList.add("dragging");
    setView(state, map, { ...view, x: view.x - (x - lastX) / view.k, y: view.y + (y - lastY) / view.k });
  } else if (drag.mode === "box") {
    const [topRight, bottomRight, bottomLeft] = [
      [x, top],
      [x, y],
      [left, y],
    ];
    map.path = [drag.from, topRight, bottomRight, bottomLeft];
  } else map.path.push([x, y]);
  drag.last = [x, y];
  wake(state);
}

function selectNearest(state, map, x, y) {
  const k = nearest(state, map, x, y);
  if (k >= 0) select(state, map, [k]);
  else if (state.selection) select(state, map, []);
}

export function keys(state, event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (!press(state, event.key, event.composedPath()[0])) return;
  event.preventDefault();
  event.stopPropagation();
}

// Act on a key; returns whether it has a meaning here. The space bar still presses a button that has the focus.
function press(state, key, focused) {
  const end = state.steps.length - 1;
  if (key === " " && focused.tagName !== "BUTTON") play(state, !state.playing);
  else if (key === "ArrowRight") seek(state, Math.min(end, Math.floor(state.time + 1e-6) + 1), true);
  else if (key === "ArrowLeft") seek(state, Math.max(0, Math.ceil(state.time - 1e-6) - 1), true);
  else if (key === "Home") seek(state, 0, true);
  else if (key === "End") seek(state, end, true);
  else if (key === "Escape" && state.selection && state.maps[0]) select(state, state.maps[0], []);
  else if (key === "+" || key === "=") zoomAll(state, 1.25);
  else if (key === "-") zoomAll(state, 0.8);
  else if (key === "0") fit(state);
  else return false;
  return true;
}

function zoomAll(state, factor) {
  for (const map of state.maps) if (map.view) zoom(state, map, map.width / 2, map.height / 2, factor);
}

// Update the buttons: what dragging does, what is drawn, whether there is a selection to clear.
export function buttons(state) {
  const { root, ui } = state;
  const setPressed = (button, on) => button.setAttribute("aria-pressed", String(on));
  for (const button of root.querySelectorAll("[data-mode]")) {
    setPressed(button, button.dataset.mode === state.mode);
  }
  for (const button of root.querySelectorAll("[data-show]")) {
    setPressed(button, !!state.show[button.dataset.show]);
  }
  for (const map of state.maps) map.canvas.classList.toggle("picking", state.mode !== "move");
  ui.trails.disabled = ui.clear.disabled = !state.selection;
}
