// Charts of a running training: panels with one shared x axis. Zoom, hover and hidden curves survive every update,
// because they are kept here and not in the data.

import { element, lifecycle, pointerIn, readTheme, unpack } from "../common.js";
import { draw } from "./draw.js";
import { saveCsv, savePng } from "./save.js";

const CLICK = 5; // pixels that a pointer may move before its press becomes a drag

function begin(root) {
  const state = { panels: new Map(), zoom: null, hover: null, drag: null, hidden: new Set(), pending: 0 };
  state.watcher = new ResizeObserver(() => redraw(state));
  state.watcher.observe(root);
  return state;
}

function redraw(state) {
  state.pending ||= requestAnimationFrame(() => {
    state.pending = 0;
    for (const panel of state.panels.values()) draw(panel, state);
  });
}

function update(state, { data }) {
  const theme = readTheme(state.root);
  const received = JSON.stringify([data, theme]);
  if (received === state.received) return; // the page updates every second, often without anything new
  Object.assign(state, { data, theme, received });
  layout(state);
  for (const section of data.sections) {
    for (const spec of section.panels) fill(state, state.panels.get(spec.id), spec);
  }
  redraw(state);
}

function end(state) {
  state.watcher.disconnect();
  cancelAnimationFrame(state.pending);
}

// ---- the elements, made once and then reused
function layout(state) {
  const { sections } = state.data;
  const shape = JSON.stringify(
    sections.map((s) => [s.title, s.caption, s.panels.map((p) => [p.id, p.title])]),
  );
  if (state.shape === shape) return;
  state.shape = shape;
  const old = state.panels;
  state.panels = new Map();
  state.root.replaceChildren(...sections.map((section) => makeSection(state, section, old)));
}

function makeSection(state, section, old) {
  const grid = element("div", { className: "panels" });
  for (const spec of section.panels) {
    const panel = old.get(spec.id) ?? makePanel(state);
    panel.heading.textContent = spec.title;
    state.panels.set(spec.id, panel);
    grid.append(panel.figure);
  }
  const box = element("section", { className: "section" }, grid);
  if (section.title) box.prepend(element("h3", { textContent: section.title }));
  if (section.caption) box.append(element("p", { textContent: section.caption }));
  return box;
}

function makePanel(state) {
  const panel = {
    canvas: element("canvas", { tabIndex: 0 }),
    heading: element("h4"),
    legend: element("div", { className: "legend" }),
    step: element("span", { className: "step" }),
  };
  const tool = (text, title, onclick) =>
    element("button", { type: "button", textContent: text, title, onclick });
  const tools = element(
    "span",
    { className: "tools" },
    tool("CSV", "Download the numbers", () => saveCsv(panel)),
    tool("PNG", "Download the picture", () => savePng(panel, state.theme)),
  );
  const header = element("header", {}, panel.heading, panel.step, tools);
  panel.figure = element("figure", { className: "panel" }, header, panel.legend, panel.canvas);
  listenToPointer(state, panel);
  listenToKeys(state, panel);
  return panel;
}

function listenToPointer(state, panel) {
  const { canvas } = panel;
  const at = (event) => panel.toX?.(pointerIn(canvas, event)[0]);
  let start = null;
  canvas.onpointerdown = (event) => {
    start = { px: event.clientX, x: at(event) };
    canvas.setPointerCapture(event.pointerId);
  };
  canvas.onpointermove = (event) => {
    state.hover = at(event);
    state.drag = start && Math.abs(event.clientX - start.px) > CLICK ? [start.x, state.hover] : null;
    redraw(state);
  };
  canvas.onpointerup = () => {
    if (state.drag) {
      const [low, high] = [...state.drag].sort((a, b) => a - b);
      if (high > low) state.zoom = [low, high];
    }
    start = null;
    state.drag = null;
    redraw(state);
  };
  canvas.onpointerleave = () => {
    state.hover = null;
    redraw(state);
  };
  canvas.ondblclick = () => {
    state.zoom = null;
    redraw(state);
  };
}

function listenToKeys(state, panel) {
  panel.canvas.onkeydown = (event) => {
    const [low, high] = panel.range ?? [0, 1];
    const move = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (move) {
      const to = (state.hover ?? high) + (move * (high - low)) / 50;
      state.hover = Math.min(high, Math.max(low, to));
    } else if (event.key === "Escape") {
      state.zoom = null;
      state.hover = null;
    } else return;
    event.preventDefault();
    redraw(state);
  };
}

function fill(state, panel, spec) {
  panel.spec = spec;
  panel.series = spec.series.map((curve) => ({
    ...curve,
    x: unpack(curve.x, Float32Array),
    y: unpack(curve.y, Float32Array),
    id: `${spec.id}/${curve.name}`,
  }));
  const names = spec.series.map((curve) => curve.name).join(", ");
  panel.canvas.setAttribute("aria-label", `${spec.title}: chart of ${names} by step`);
  panel.canvas.setAttribute("role", "img");
  const entries = JSON.stringify(spec.series.map((curve) => [curve.name, curve.colour, curve.dash]));
  if (panel.entries === entries) return;
  panel.entries = entries;
  panel.legend.replaceChildren(...panel.series.map((curve) => legendEntry(state, curve)));
}

function legendEntry(state, curve) {
  const line = element("i", { className: curve.dash ? "dash" : "" });
  line.style.borderColor = curve.colour;
  const name = element("span", { textContent: curve.name });
  const button = element("button", { type: "button", title: "Show or hide" }, line, name, element("b"));
  const press = () => button.setAttribute("aria-pressed", String(!state.hidden.has(curve.id)));
  press();
  button.onclick = () => {
    if (!state.hidden.delete(curve.id)) state.hidden.add(curve.id);
    press();
    redraw(state);
  };
  return button;
}

export default lifecycle(".board", { begin, update, end });
