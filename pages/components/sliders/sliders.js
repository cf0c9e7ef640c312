// Sliders whose picture follows while they are dragged.

import { cssUrl, element, lifecycle, parts, pointerIn } from "../common.js";
import { answered, ask, deviations, questions } from "../questions.js";

const STILL = 0.04; // standard deviations; a slider nearer to zero counts as not moved

function begin(root) {
  const ui = parts(root, "before", "after", "what", "near", "scale", "reset", "rows", "more");
  const state = { ...questions(), values: {}, ui };
  state.offsets = () => Object.fromEntries(Object.entries(state.values).filter(([, value]) => value !== 0));
  ui.reset.onclick = () => {
    state.values = {};
    draw(state);
    ask(state);
  };
  ui.more.onclick = () => state.send("all", !state.data.all);
  return state;
}

// Make the rows of sliders, unless neither their dimensions nor their pictures changed.
function layRows(state, data) {
  const shape = JSON.stringify([data.dims, data.strip.offsets, data.strip.url, state.key]);
  if (state.shape === shape) return;
  state.shape = shape;
  state.ui.rows.style.setProperty("--count", data.strip.offsets.length);
  state.rows = data.dims.map((dimension, i) => makeRow(state, data, dimension, i));
  state.ui.rows.replaceChildren(...state.rows.map((row) => row.line));
}

function makeRow(state, data, dimension, place) {
  const { offsets, url } = data.strip;
  const reach = offsets[offsets.length - 1];
  const strip = makeStrip(url, place, data.dims.length);
  strip.onclick = (event) => {
    const share = pointerIn(strip, event)[0] / strip.getBoundingClientRect().width;
    set(state, dimension.k, offsets[Math.min(offsets.length - 1, Math.floor(offsets.length * share))]);
  };
  const input = element("input", { type: "range", step: "0.05", min: -reach, max: reach });
  input.setAttribute("aria-label", `${dimension.name}, in standard deviations`);
  input.oninput = () => set(state, dimension.k, Number(input.value));
  input.ondblclick = () => set(state, dimension.k, 0);
  const here = element("div", { className: "here" });
  const value = element("div", { className: "value" });
  const name = element("span", { textContent: dimension.name });
  const note = element("small", { textContent: dimension.note });
  const line = element(
    "div",
    { className: "row" },
    element("div", { className: "name" }, name, note),
    element("div", { className: "track" }, strip, here, input),
    value,
  );
  return { line, k: dimension.k, input, here, value, reach, count: offsets.length };
}

function makeStrip(url, place, count) {
  const strip = element("div", { className: "strip" });
  strip.style.backgroundImage = cssUrl(url);
  strip.style.backgroundSize = `100% ${100 * count}%`;
  strip.style.backgroundPosition = `0 ${count > 1 ? (100 * place) / (count - 1) : 0}%`;
  return strip;
}

function set(state, k, value) {
  state.values[k] = Math.abs(value) < STILL ? 0 : value;
  draw(state);
  ask(state);
}

function draw(state) {
  const { ui, data } = state;
  for (const row of state.rows) {
    const value = state.values[row.k] || 0;
    if (Number(row.input.value) !== value) row.input.value = String(value);
    const tiles = ((value + row.reach) / (2 * row.reach)) * (row.count - 1);
    row.here.style.left = `calc(${tiles} * var(--w))`;
    row.value.textContent = deviations(value);
  }
  const moved = Object.values(state.values).some((value) => value !== 0);
  ui.reset.disabled = !moved;
  ui.what.textContent = moved ? data.words.moved : data.words.still;
  ui.after.alt = ui.what.textContent;
}

function update(state, { data, setStateValue }) {
  const { root, ui } = state;
  state.send = setStateValue;
  state.data = data;
  if (state.key !== data.key) Object.assign(state, { key: data.key, values: {}, sentAt: 0, pending: false });
  state.seq = Math.max(state.seq, data.seq);
  ui.before.src = data.before;
  ui.before.alt = data.words.image;
  if (ui.after.src !== data.after) ui.after.src = data.after;
  ui.near.hidden = !data.near;
  if (data.near && ui.near.src !== data.near) ui.near.src = data.near;
  ui.scale.textContent = data.words.scale;
  ui.more.hidden = !data.more;
  ui.more.textContent = data.more;
  layRows(state, data);
  draw(state);
  answered(state, data);
  root.dataset.ready = "true";
  root.dataset.seq = String(data.seq);
}

export default lifecycle(".traverse", { begin, update, end: () => {} });
