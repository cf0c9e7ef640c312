// The animation: time while it plays, views that travel to where all points fit, and the loop that paints.

import { fitted, stepAt } from "./data.js";
import { paint } from "./draw.js";

const PLAY = "M2 1l9 5-9 5z"; // the shapes on the button
const PAUSE = "M2 1h3v10H2zM7 1h3v10H7z";

export function wake(state) {
  if (!state.frame && state.alive) state.frame = requestAnimationFrame((now) => drawFrame(state, now));
}

function drawFrame(state, now) {
  state.frame = 0;
  if (!state.alive) return;
  const passed = Math.min(100, now - (state.last || now));
  state.last = now;
  advance(state, passed);
  for (const map of state.maps) {
    if (!map.spec || !map.width) continue;
    settle(state, map, passed);
    paint(state, map);
  }
  state.root.dataset.draws = String(Number(state.root.dataset.draws || 0) + 1);
  readout(state);
  if (state.moving) wake(state);
  else state.last = 0;
}

// Advance the time by `passed` ms: while playing, and towards a new layout of a running training (no jump).
function advance(state, passed) {
  const end = Math.max(0, state.steps.length - 1);
  const pace = Math.min(600, Math.max(140, 12000 / Math.max(1, end)));
  state.moving = false;
  if (state.playing) {
    if (state.calm) {
      state.wait = (state.wait || 0) + passed;
      if (state.wait > 900) {
        state.wait = 0;
        state.time = Math.min(end, Math.floor(state.time) + 1);
      }
    } else state.time = Math.min(end, state.time + passed / pace);
    state.moving = state.time < end;
    if (!state.moving) play(state, false);
  } else if (state.goal != null) {
    const gap = state.goal - state.time;
    if (state.calm || Math.abs(gap) < 0.004) {
      state.time = state.goal;
      state.goal = null;
    } else {
      state.time += gap * Math.min(1, passed / 220);
      state.moving = true;
    }
  }
}

// Set the map's view: the visitor's own, or the one where all points fit, approached over a few frames.
function settle(state, map, passed) {
  const layout = map.spec.id + map.spec.frames.kind;
  if (!map.view || map.viewFor !== layout) {
    const own = state.views.get(layout);
    const best = fitted(map);
    Object.assign(map, { viewFor: layout, view: own ?? best, own: !!own, fitK: best.k, goal: null });
  } else if (map.refit) {
    const best = fitted(map);
    map.fitK = best.k;
    if (!map.own) map.goal = best;
  }
  map.refit = false;
  if (map.goal) approach(state, map, state.calm ? 1 : Math.min(1, passed / 140));
}

// Move the view by `share` of the way to its goal.
function approach(state, map, share) {
  const { view, goal } = map;
  const near = Math.hypot(goal.x - view.x, goal.y - view.y) * view.k < 0.5;
  const close = near && Math.abs(goal.k / view.k - 1) < 0.002;
  if (close || share === 1) {
    map.view = { ...goal };
    map.goal = null;
    return;
  }
  const x = view.x + share * (goal.x - view.x);
  const y = view.y + share * (goal.y - view.y);
  map.view = { x, y, k: view.k * Math.pow(goal.k / view.k, share) };
  state.moving = true;
}

export function play(state, on) {
  const end = state.steps.length - 1;
  if (on && end < 1) return;
  if (on && state.time >= end) state.time = 0;
  const wasPlaying = state.playing;
  state.playing = on;
  state.goal = null;
  state.wait = 0;
  state.ui.play.innerHTML = `<svg viewBox="0 0 12 12"><path d="${on ? PAUSE : PLAY}"/></svg>`;
  state.ui.play.setAttribute("aria-label", on ? "Pause" : "Play");
  if (wasPlaying && !on) sendStep(state);
  wake(state);
}

export function seek(state, time, settled) {
  if (state.playing) play(state, false);
  state.goal = null;
  state.time = Math.min(state.steps.length - 1, Math.max(0, time));
  if (settled) sendStep(state);
  wake(state);
}

// Send the step to the page once time stands still: the page looks neighbours up and keeps the step in the address.
function sendStep(state) {
  clearTimeout(state.timer);
  state.timer = setTimeout(() => {
    const end = state.steps.length - 1;
    const step = state.time >= end ? -1 : Math.round(stepAt(state));
    if (step !== state.sentStep) {
      state.sentStep = step;
      state.send("step", step);
    }
  }, 150);
}

// Show the step, and keep the state in data attributes, which the tests read.
function readout(state) {
  const { root, ui } = state;
  const step = String(Math.round(stepAt(state)));
  const end = Math.max(1, state.steps.length - 1);
  ui.step.textContent = state.steps.length ? `step ${Number(step).toLocaleString("en")}` : "";
  if (root.getRootNode().activeElement !== ui.time || state.playing) ui.time.value = String(state.time / end);
  ui.time.setAttribute("aria-valuetext", `step ${step}`);
  const viewText = ({ view }) =>
    view ? [view.x, view.y, view.k].map((v) => v.toPrecision(6)).join(",") : "";
  Object.assign(root.dataset, {
    step,
    time: state.time.toFixed(3),
    playing: String(!!state.playing),
    selected: String(state.selection ? state.selection.points.length : 0),
    view: state.maps.map(viewText).join(" "),
    ready: String(state.maps.length > 0 && state.maps.every((map) => map.spec && map.sheet)),
  });
}
