// The controls: a row for each term of the loss, which switches it on or off, and a row for each setting.

import { element } from "../common.js";

export function roleRow(state, role) {
  const button = element("button", { type: "button", title: state.objective.roles[role], textContent: role });
  const track = element("div", { className: "track" }, element("i"));
  const row = element("div", { className: "role" }, button, track, element("output"));
  row.style.setProperty("--role", state.roles[role]);
  row.dataset.role = role;
  const press = () => button.setAttribute("aria-pressed", String(!state.off.has(role)));
  press();
  button.onclick = () => {
    if (!state.off.delete(role)) state.off.add(role);
    state.message = "";
    press();
    state.wake();
  };
  return row;
}

export function knobRow(state, knob) {
  const output = element("output");
  const control = knob.choices ? choiceBox(state, knob) : slider(state, knob, output);
  const name = element("span", { textContent: knob.label });
  const row = element("label", { className: "knob", title: knob.help }, name, output, control);
  row.dataset.name = knob.name;
  return row;
}

function choiceBox(state, knob) {
  const box = element("select", {}, ...knob.choices.map((choice) => new Option(choice, choice)));
  box.value = state.settings[knob.name];
  box.onchange = () => set(state, knob, box.value);
  return box;
}

function slider(state, knob, output) {
  const toRange = (value) => (knob.log ? Math.log(value) : value);
  const fromRange = (value) => (knob.log ? Math.exp(value) : value);
  const start = knob.name === "pace" ? state.pace : state.settings[knob.name];
  const [min, max] = [toRange(knob.low), toRange(knob.high)];
  const input = element("input", { type: "range", min, max, step: "any", value: toRange(start) });
  const write = () => {
    output.textContent = Number(fromRange(Number(input.value)).toPrecision(2)).toString();
    input.setAttribute("aria-valuetext", output.textContent);
  };
  input.oninput = () => {
    write();
    set(state, knob, fromRange(Number(input.value)));
  };
  // a step of a fortieth of the range: the browser's own would be too small
  input.onkeydown = (event) => {
    const direction = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1 }[event.key];
    if (!direction) return;
    event.preventDefault();
    input.value = String(Number(input.value) + (direction * (input.max - input.min)) / 40);
    input.oninput();
  };
  write();
  return input;
}

function set(state, knob, value) {
  if (knob.name === "pace") {
    state.pace = value;
    return;
  }
  state.values[state.name] = { ...state.values[state.name], [knob.name]: value };
  state.settings = { ...state.settings, [knob.name]: value };
  state.message = "";
  knobsInUse(state);
  state.wake();
}

// Hide the knobs that have no effect now: γ² belongs to a Gaussian p(y).
export function knobsInUse(state) {
  for (const row of state.ui.knobs.children) {
    row.hidden = row.dataset.name === "gamma2" && state.settings.prior !== "gaussian";
  }
}
