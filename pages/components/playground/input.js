// The input of pointer and keys: drag a point, or select one with the keys and move it with the arrows.

import { pointerIn } from "../common.js";
import { drawnPoints, fromScreen } from "./draw.js";
import { ON_CIRCLE, unit } from "./math.js";

const ARROWS = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };

export function listen(state) {
  const { canvas } = state;
  const at = (event) => fromScreen(state, ...pointerIn(canvas, event));
  canvas.onpointerdown = (event) => {
    selectNearest(state, ...at(event));
    if (state.selected >= 0) {
      state.drag = true;
      canvas.setPointerCapture(event.pointerId);
    }
    state.wake();
  };
  canvas.onpointermove = (event) => {
    if (state.drag) move(state, ...at(event));
  };
  canvas.onpointerup = canvas.onpointercancel = () => {
    state.drag = false;
  };
  canvas.onkeydown = (event) => {
    if (press(state, event.key)) event.preventDefault();
  };
}

// Select the point nearest to (x, y), if one is near enough.
function selectNearest(state, x, y) {
  const z = drawnPoints(state);
  const distance = (k) => Math.hypot(z[2 * k] - x, z[2 * k + 1] - y);
  const [nearest] = Array.from({ length: z.length / 2 }, (_, k) => k).sort(
    (a, b) => distance(a) - distance(b),
  );
  state.selected = distance(nearest) < 0.08 * state.half ? nearest : -1;
}

function move(state, x, y) {
  if (state.selected < 0 || state.tied) return;
  const { z } = state.cloud;
  z[2 * state.selected] = x;
  z[2 * state.selected + 1] = y;
  if (ON_CIRCLE.has(state.name)) z.set(unit(z));
  state.wake();
}

// Act on a key; returns whether it has a meaning here.
function press(state, key) {
  const z = drawnPoints(state);
  const count = z.length / 2;
  const distance = 0.03 * state.half;
  if (ARROWS[key] && state.selected >= 0) {
    const [right, up] = ARROWS[key];
    move(state, z[2 * state.selected] + distance * right, z[2 * state.selected + 1] + distance * up);
  } else if (key === ".") select(state, (state.selected + 1) % count);
  else if (key === ",") select(state, state.selected < 1 ? count - 1 : state.selected - 1);
  else if (key === " ") state.ui.run.click();
  else if (key === "Escape") select(state, -1);
  else return false;
  return true;
}

function select(state, point) {
  state.selected = point;
  state.wake();
}
