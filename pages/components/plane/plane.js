// A point to drag over a plane of two directions.

import { cssUrl, lifecycle, parts, pointerIn } from "../common.js";
import { answered, ask, deviations, questions } from "../questions.js";

const STEP = 0.25; // standard deviations that an arrow key moves the point

function begin(root) {
  const ui = parts(root, "field", "cross", "after", "where", "centre", "up", "along");
  const state = { ...questions(), at: [0, 0], ui };
  state.offsets = () => ({ 0: state.at[0], 1: state.at[1] });
  ui.centre.onclick = () => move(state, 0, 0);
  listen(state, ui.field);
  return state;
}

function listen(state, field) {
  let down = false;
  field.onpointerdown = (event) => {
    if (event.button !== 0) return;
    down = true;
    field.setPointerCapture(event.pointerId);
    moveToPointer(state, event);
  };
  field.onpointermove = (event) => {
    if (down) moveToPointer(state, event);
  };
  field.onpointerup = field.onpointercancel = () => {
    down = false;
  };
  field.ondblclick = () => move(state, 0, 0);
  field.onkeydown = (event) => {
    const steps = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[event.key];
    if (!steps) return;
    event.preventDefault();
    move(state, state.at[0] + STEP * steps[0], state.at[1] + STEP * steps[1]);
  };
}

function moveToPointer(state, event) {
  const { field } = state.ui;
  const { count, reach } = state.data;
  const [x, y] = pointerIn(field, event);
  const box = field.getBoundingClientRect();
  // the middle of the first tile lies at −reach, that of the last tile at +reach
  const toOffset = (share) => ((share * count - 0.5) / (count - 1)) * 2 * reach - reach;
  move(state, toOffset(x / box.width), -toOffset(y / box.height));
}

function move(state, x, y) {
  const { reach } = state.data;
  const within = (value) => Math.max(-reach, Math.min(reach, value));
  state.at = [within(x), within(y)];
  draw(state);
  ask(state);
}

function draw(state) {
  const { ui } = state;
  const { count, reach, names } = state.data;
  const [x, y] = state.at;
  const percent = (value) => (100 * (((value + reach) / (2 * reach)) * (count - 1) + 0.5)) / count;
  ui.cross.style.left = `${percent(x)}%`;
  ui.cross.style.top = `${percent(-y)}%`;
  ui.where.textContent = `${names[0]} ${deviations(x)}\n${names[1]} ${deviations(y)}`;
  ui.field.setAttribute("aria-valuetext", ui.where.textContent);
  ui.centre.disabled = x === 0 && y === 0;
}

function update(state, { data, setStateValue }) {
  const { ui } = state;
  state.send = setStateValue;
  state.data = data;
  if (state.key !== data.key) Object.assign(state, { key: data.key, at: data.at, sentAt: 0, pending: false });
  state.seq = Math.max(state.seq, data.seq);
  ui.field.style.backgroundImage = cssUrl(data.grid);
  ui.along.textContent = `${data.names[0]} →`;
  ui.up.textContent = `${data.names[1]} →`;
  if (ui.after.src !== data.after) ui.after.src = data.after;
  ui.after.alt = data.words;
  draw(state);
  answered(state, data);
  state.root.dataset.ready = "true";
}

export default lifecycle(".plane", { begin, update, end: () => {} });
