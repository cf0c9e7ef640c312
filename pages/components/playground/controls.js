// A row for each term of the loss, to switch it off, and one for each setting.

import { element } from "../common.js";

export function roleRow(state, role) {
  const button = element("button", { type: "button", title: state.about.roles[role], textContent: role });
  const track = element("div", { className: "track" }, element("i"));
  const row = element("div", { className: "role" }, button, track, element("output"));
  row.style.setProperty("--role", state.roles[role]);
  row.dataset.role = role;
  const press = () => button.setAttribute("aria-pressed", String(!state.off.has(role)));
  press();
  button.onclick = () => {
    if (!state.off.delete(role)) state.off.add(role);
    state.told = "";
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
  // a step that suits a range without marks
  input.onkeydown = (event) => {
    const way = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1 }[event.key];
    if (!way) return;
    event.preventDefault();
    input.value = String(Number(input.value) + (way * (input.max - input.min)) / 40);
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
  state.told = "";
  knobsInUse(state);
  state.wake();
}

// Hide the knobs that now do nothing: γ² is part of a Gaussian p(y) only.
export function knobsInUse(state) {
  for (const row of state.ui.knobs.children) {
    row.hidden = row.dataset.name === "gamma2" && state.settings.prior !== "gaussian";
  }
}
