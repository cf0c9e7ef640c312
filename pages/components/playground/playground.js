// The component: its controls, the loop that moves the points, and the numbers and the note about them.

import { element, fitCanvas, lifecycle, parts, prefersCalm, readTheme } from "../common.js";
import { knobRow, knobsInUse, roleRow } from "./controls.js";
import { draw, drawnPoints } from "./draw.js";
import { listen } from "./input.js";
import { OBJECTIVES } from "./math.js";
import { forces, makeCloud, measures, place, step } from "./world.js";

const [J, N] = [4, 8]; // views of each datum, data
const JUMP = 60; // steps at one press where motion is reduced
const BUTTONS = ["run", "once", "reset", "again", "try"];
const CHOICES = ["objective", "tied", "roles", "unit", "knobs"];
const FACTS = ["count", "share", "rank", "spread", "note"];

function begin(root, { data }) {
  const state = {
    root,
    data,
    ui: parts(root, ...BUTTONS, ...CHOICES, ...FACTS),
    canvas: root.querySelector("canvas"),
    roles: data.colours,
    colours: data.classes,
    calm: prefersCalm(),
    alive: true,
    visible: true,
    running: false,
    tied: false,
    off: new Set(),
    values: {},
    seed: 7,
    selected: -1,
    pace: 1,
    steps: 0,
  };
  state.wake = () => wake(state);
  wire(state);
  listen(state);
  watch(state);
  choose(state, data.start in OBJECTIVES ? data.start : "simclr");
  const experiment = data.experiments.find(({ name }) => name === data.start);
  if (experiment) prepare(state, experiment);
  return state;
}

function wire(state) {
  const { ui, data } = state;
  ui.objective.replaceChildren(...data.objectives.map(({ title, name }) => new Option(title, name)));
  ui.objective.onchange = () => choose(state, ui.objective.value);
  ui.tied.onchange = () => {
    state.tied = !!ui.tied.value;
    restart(state);
  };
  ui.run.onclick = () => (state.calm ? advance(state, JUMP) : run(state, !state.running));
  ui.once.onclick = () => {
    run(state, false);
    advance(state, 1);
  };
  ui.reset.onclick = () => restart(state);
  ui.again.onclick = () => {
    state.seed += 1;
    restart(state);
  };
  if (state.calm) ui.run.textContent = `${JUMP} steps`;
  ui.try.replaceChildren(...data.experiments.map((experiment) => experimentButton(state, experiment)));
}

function experimentButton(state, experiment) {
  const onclick = () => {
    prepare(state, experiment);
    if (state.calm) advance(state, 4 * JUMP);
    else run(state, true);
  };
  return element("button", { type: "button", className: "tool", textContent: experiment.title, onclick });
}

// Follow the size of the canvas, and whether it is in sight: nothing is drawn while it is not.
function watch(state) {
  state.sizes = new ResizeObserver(() => {
    measure(state);
    wake(state);
  });
  state.sizes.observe(state.canvas);
  state.visibility = new IntersectionObserver((entries) => {
    state.visible = entries[entries.length - 1].isIntersecting;
    wake(state);
  });
  state.visibility.observe(state.canvas);
  document.addEventListener("visibilitychange", state.wake);
}

// Switch to the objective `name`, with the terms `off` switched off.
function choose(state, name, off = []) {
  const { ui } = state;
  state.name = name;
  state.objective = state.data.objectives.find((objective) => objective.name === name);
  state.off = new Set(off);
  ui.objective.value = name;
  state.half = 0;
  state.settings = { ...state.objective.settings, ...state.values[name] };
  const roles = Object.keys(OBJECTIVES[name](makeCloud(2, 2, 1), state.settings));
  ui.roles.replaceChildren(...roles.filter((role) => role !== "other").map((role) => roleRow(state, role)));
  ui.unit.textContent = state.objective.unit;
  ui.knobs.replaceChildren(
    ...[...state.objective.knobs, state.data.pace].map((knob) => knobRow(state, knob)),
  );
  knobsInUse(state);
  restart(state);
}

// Set up `experiment` and put the points at their start.
function prepare(state, experiment) {
  state.values[experiment.objective] = {};
  state.tied = experiment.tied;
  state.ui.tied.value = experiment.tied ? "1" : "";
  choose(state, experiment.objective, experiment.off);
  state.message = experiment.see;
}

function restart(state) {
  run(state, false);
  state.cloud = makeCloud(J, N, state.seed);
  place(state.cloud, state.name, state.tied);
  state.steps = 0;
  state.selected = -1;
  state.message = "";
  state.first = measures(state.cloud, drawnPoints(state)).spread;
  state.canvas.setAttribute("aria-label", `${N} data in ${J} views each, moved by ${state.objective.title}`);
  wake(state);
}

function run(state, go) {
  state.running = go;
  if (!state.calm) {
    state.ui.run.textContent = go ? "Pause" : "Run";
    state.ui.run.setAttribute("aria-pressed", String(go));
  }
  wake(state);
}

function advance(state, count) {
  for (let k = 0; k < count; k++) {
    step(state.cloud, state.name, state.settings, state.off, state.tied, state.pace);
  }
  state.steps += count;
  wake(state);
}

function wake(state) {
  if (state.frame || !state.alive || !state.visible || document.hidden) return;
  state.frame = requestAnimationFrame(() => {
    state.frame = 0;
    if (state.running) {
      step(state.cloud, state.name, state.settings, state.off, state.tied, state.pace);
      state.steps += 1;
    }
    if (state.size > 0) {
      const { terms } = forces(state.cloud, state.name, state.settings, state.off);
      const moving = draw(state, terms);
      showNumbers(state, terms);
      if (moving || state.running) wake(state);
    }
  });
}

function showNumbers(state, terms) {
  const { ui, root } = state;
  const { share, rank, spread } = measures(state.cloud, drawnPoints(state));
  const collapsed = spread < 0.05 * state.first || spread < 0.01;
  showTerms(state, terms);
  ui.count.textContent = `step ${state.steps.toLocaleString("en")}`;
  ui.share.textContent = collapsed || Number.isNaN(share) ? "–" : share.toFixed(2);
  ui.rank.textContent = collapsed ? "–" : rank.toFixed(2);
  ui.spread.textContent = spread.toFixed(2);
  const note = noteOn(state, collapsed, share);
  if (ui.note.textContent !== note) ui.note.textContent = note;
  Object.assign(root.dataset, { steps: state.steps, share, spread, collapsed, objective: state.name });
}

// Show each term's value as a bar from the middle and as a number.
function showTerms(state, terms) {
  const values = Object.entries(terms).map(([role, term]) => (role === "other" ? 0 : Math.abs(term.value)));
  const longest = Math.max(1e-9, state.objective.scale, ...values);
  for (const row of state.ui.roles.children) {
    const { value } = terms[row.dataset.role];
    const length = (50 * Math.abs(value)) / longest;
    const bar = row.querySelector("i");
    bar.style.left = `${value < 0 ? 50 - length : 50}%`;
    bar.style.width = `${length}%`;
    const number = Math.abs(value) < 0.005 ? 0 : value;
    row.querySelector("output").textContent = number.toFixed(2).replace("-", "−");
  }
}

function noteOn(state, collapsed, share) {
  if (collapsed) return "Collapsed: every image has the same representation. Nothing pushes them apart.";
  if (state.message) return state.message;
  const coincide = share < 0.02 && state.steps > 20;
  if (coincide) return "The views of each datum coincide: content is kept, style is gone.";
  return "Solid ellipse: p(z|y) as the points imply it. Dashed: the model’s own σ, where it has one.";
}

function measure(state) {
  const { canvas } = state;
  state.width = canvas.clientWidth;
  state.height = canvas.clientHeight;
  state.size = Math.min(state.width, state.height);
  state.dpr = fitCanvas(canvas, state.width, state.height);
}

// Follow the theme; the browser's own sliders and boxes become as light or dark as the canvas.
function followTheme(state) {
  Object.assign(state, readTheme(state.root));
  const background = getComputedStyle(state.canvas).backgroundColor;
  const [red, green, blue] = background.match(/[\d.]+/g).map(Number);
  state.root.style.colorScheme = 0.3 * red + 0.6 * green + 0.1 * blue < 128 ? "dark" : "light";
}

function update(state) {
  followTheme(state);
  measure(state);
  wake(state);
  state.root.dataset.ready = "true";
}

function end(state) {
  state.alive = false;
  cancelAnimationFrame(state.frame);
  state.sizes.disconnect();
  state.visibility.disconnect();
  document.removeEventListener("visibilitychange", state.wake);
}

export default lifecycle(".play", { begin, update, end });
