// What a hand does to the points: drag one, or choose it by keys and push it by the arrows.

import { pointerIn } from "../common.js";
import { fromScreen, shown } from "./draw.js";
import { ON_CIRCLE, unit } from "./math.js";

const ARROWS = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };

export function listen(state) {
  const { canvas } = state;
  const at = (event) => fromScreen(state, ...pointerIn(canvas, event));
  canvas.onpointerdown = (event) => {
    pick(state, ...at(event));
    if (state.chosen >= 0) {
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

// Choose the point nearest to (x, y), where one is near.
function pick(state, x, y) {
  const z = shown(state);
  const distance = (k) => Math.hypot(z[2 * k] - x, z[2 * k + 1] - y);
  const [nearest] = Array.from({ length: z.length / 2 }, (_, k) => k).sort(
    (a, b) => distance(a) - distance(b),
  );
  state.chosen = distance(nearest) < 0.08 * state.half ? nearest : -1;
}

function move(state, x, y) {
  if (state.chosen < 0 || state.tied) return;
  const { z } = state.cloud;
  z[2 * state.chosen] = x;
  z[2 * state.chosen + 1] = y;
  if (ON_CIRCLE.has(state.name)) z.set(unit(z));
  state.wake();
}

// Act on a key; returns whether it means anything here.
function press(state, key) {
  const z = shown(state);
  const count = z.length / 2;
  const far = 0.03 * state.half;
  if (ARROWS[key] && state.chosen >= 0) {
    const [right, up] = ARROWS[key];
    move(state, z[2 * state.chosen] + far * right, z[2 * state.chosen + 1] + far * up);
  } else if (key === ".") choose(state, (state.chosen + 1) % count);
  else if (key === ",") choose(state, state.chosen < 1 ? count - 1 : state.chosen - 1);
  else if (key === " ") state.ui.run.click();
  else if (key === "Escape") choose(state, -1);
  else return false;
  return true;
}

function choose(state, point) {
  state.chosen = point;
  state.wake();
}
