// The component: sliders and switches, the loop that moves the points, and what is told of them.

const states = new WeakMap();
const J = 4, N = 8, JUMP = 60;    // without motion one press makes this many steps

function begin(root, data) {
  const find = (name) => root.querySelector(`.${name}`);
  const S = { root, canvas: root.querySelector("canvas"), seed: 7, off: new Set(), values: {}, chosen: -1, pace: 1, steps: 0, running: false, tied: false,
    calm: matchMedia("(prefers-reduced-motion: reduce)").matches, visible: true, data, roles: data.colours, colours: data.classes,
    ui: Object.fromEntries(["run", "once", "reset", "again", "count", "objective", "tied", "try", "roles", "unit", "knobs", "share", "rank", "spread", "note"].map((n) => [n, find(n)])) };
  for (const o of data.objectives) S.ui.objective.add(new Option(o.title, o.name));
  S.ui.objective.onchange = () => choose(S, S.ui.objective.value);
  S.ui.tied.onchange = () => { S.tied = !!S.ui.tied.value; restart(S); };
  S.ui.run.onclick = () => (S.calm ? advance(S, JUMP) : run(S, !S.running));
  S.ui.once.onclick = () => { run(S, false); advance(S, 1); };
  S.ui.reset.onclick = () => restart(S);
  S.ui.again.onclick = () => { S.seed += 1; restart(S); };
  if (S.calm) S.ui.run.textContent = `${JUMP} steps`;
  S.ui.try.replaceChildren(...data.experiments.map((e) => {
    const b = document.createElement("button");
    Object.assign(b, { type: "button", className: "tool", textContent: e.title, onclick: () => experiment(S, e) });
    return b;
  }));
  hands(S);
  S.watch = new ResizeObserver(() => { measure(S); wake(S); });
  S.watch.observe(S.canvas);
  S.seen = new IntersectionObserver((e) => { S.visible = e[e.length - 1].isIntersecting; wake(S); });
  S.seen.observe(S.canvas);
  S.onHidden = () => wake(S);
  document.addEventListener("visibilitychange", S.onHidden);
  choose(S, data.start in OBJECTIVES ? data.start : "simclr");
  const first = data.experiments.find((e) => e.name === data.start);
  if (first) experiment(S, first, false);
  return S;
}

function choose(S, name, off = []) {
  S.name = name; S.about = S.data.objectives.find((o) => o.name === name);
  S.off = new Set(off); S.ui.objective.value = name; S.half = 0;
  S.settings = { ...S.about.settings, ...S.values[name] };
  const roles = Object.keys(OBJECTIVES[name](cloud(2, 2, 1), S.settings)).filter((r) => r !== "other");
  S.ui.roles.replaceChildren(...roles.map((role) => roleRow(S, role)));
  S.ui.unit.textContent = S.about.unit;
  S.ui.knobs.replaceChildren(...S.about.knobs.map((k) => knobRow(S, k)), knobRow(S, S.data.pace));
  needed(S);
  restart(S);
}

function experiment(S, e, go = true) {
  S.values[e.objective] = {};
  S.tied = e.tied; S.ui.tied.value = e.tied ? "1" : "";
  choose(S, e.objective, e.off);
  S.told = e.see;
  if (go) S.calm ? advance(S, 4 * JUMP) : run(S, true);
}

function restart(S) {
  run(S, false);
  S.C = cloud(J, N, S.seed); place(S.C, S.name, S.tied);
  S.steps = 0; S.chosen = -1; S.told = ""; S.first = measures(S.C, shown(S)).spread;
  S.canvas.setAttribute("aria-label", `${N} data in ${J} views each, moved by ${S.about.title}`);
  wake(S);
}

function roleRow(S, role) {
  const row = document.createElement("div"), words = S.about.roles[role];
  row.className = "role"; row.style.setProperty("--role", S.roles[role]); row.dataset.role = role;
  row.innerHTML = '<button type="button"></button><div class="track"><i></i></div><output></output>';
  const button = row.querySelector("button");
  button.title = words;
  button.setAttribute("aria-pressed", String(!S.off.has(role)));
  button.textContent = role;
  button.onclick = () => {
    if (!S.off.delete(role)) S.off.add(role);
    S.told = "";
    button.setAttribute("aria-pressed", String(!S.off.has(role)));
    wake(S);
  };
  return row;
}

function knobRow(S, k) {
  const row = document.createElement("label"), name = document.createElement("span"), out = document.createElement("output"), input = document.createElement("input");
  row.className = "knob"; row.title = k.help; row.dataset.name = k.name;
  name.textContent = k.label;
  if (k.choices) {
    const box = document.createElement("select");
    k.choices.forEach((c) => box.add(new Option(c, c)));
    box.value = S.settings[k.name];
    box.onchange = () => { put(S, k, box.value); };
    row.append(name, out, box);
    return row;
  }
  const up = (v) => (k.log ? Math.log(v) : v), down = (v) => (k.log ? Math.exp(v) : v);
  Object.assign(input, { type: "range", min: up(k.low), max: up(k.high), step: "any", value: up(k.name === "pace" ? S.pace : S.settings[k.name]) });
  const show = () => { out.textContent = Number(down(Number(input.value)).toPrecision(2)).toString(); input.setAttribute("aria-valuetext", out.textContent); };
  input.oninput = () => { show(); put(S, k, down(Number(input.value))); };
  input.onkeydown = (e) => {    // a step that suits a range without marks
    const way = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1 }[e.key];
    if (!way) return;
    e.preventDefault();
    input.value = String(Number(input.value) + (way * (input.max - input.min)) / 40);
    input.oninput();
  };
  show();
  row.append(name, out, input);
  return row;
}

function needed(S) {    // γ² is part of a Gaussian p(y) only
  for (const row of S.ui.knobs.children) row.hidden = row.dataset.name === "gamma2" && S.settings.prior !== "gaussian";
}

function put(S, k, value) {
  if (k.name === "pace") { S.pace = value; return; }
  S.values[S.name] = { ...S.values[S.name], [k.name]: value };
  S.settings = { ...S.settings, [k.name]: value };
  S.told = "";
  needed(S);
  wake(S);
}

function run(S, go) {
  S.running = go;
  if (!S.calm) { S.ui.run.textContent = go ? "Pause" : "Run"; S.ui.run.setAttribute("aria-pressed", String(go)); }
  wake(S);
}

function advance(S, count) {
  for (let k = 0; k < count; k++) step(S.C, S.name, S.settings, S.off, S.tied, S.pace);
  S.steps += count;
  wake(S);
}

function wake(S) {
  if (S.frame || !S.alive || !S.visible || document.hidden) return;
  S.frame = requestAnimationFrame(() => {
    S.frame = 0;
    if (S.running) { step(S.C, S.name, S.settings, S.off, S.tied, S.pace); S.steps += 1; }
    if (S.size > 0) { const { terms } = forces(S.C, S.name, S.settings, S.off), moving = draw(S, terms); tell(S, terms); if (moving || S.running) wake(S); }
  });
}

function tell(S, terms) {
  const m = measures(S.C, shown(S)), most = Math.max(1e-9, ...Object.entries(terms).filter(([r]) => r !== "other").map(([, t]) => Math.abs(t.value)));
  for (const row of S.ui.roles.children) {
    const value = terms[row.dataset.role].value, bar = row.querySelector("i"), part = (50 * Math.abs(value)) / Math.max(most, S.about.scale);
    bar.style.left = `${value < 0 ? 50 - part : 50}%`; bar.style.width = `${part}%`;
    row.querySelector("output").textContent = (Math.abs(value) < 0.005 ? 0 : value).toFixed(2).replace("-", "−");
  }
  const collapsed = m.spread < 0.05 * S.first || m.spread < 0.01;
  S.ui.count.textContent = `step ${S.steps.toLocaleString("en")}`;
  S.ui.share.textContent = collapsed || Number.isNaN(m.share) ? "–" : m.share.toFixed(2);
  S.ui.rank.textContent = collapsed ? "–" : m.rank.toFixed(2);
  S.ui.spread.textContent = m.spread.toFixed(2);
  const note = collapsed ? "Collapsed: every image has the same representation. Nothing pushes them apart."
    : S.told || (m.share < 0.02 && S.steps > 20 ? "The views of each datum coincide: content is kept, style is gone." : "Solid ellipse: p(z|y) as the points imply it. Dashed: the model’s own σ, where it has one.");
  if (S.ui.note.textContent !== note) S.ui.note.textContent = note;
  Object.assign(S.root.dataset, { steps: S.steps, share: m.share, spread: m.spread, collapsed, objective: S.name });
}

function hands(S) {
  const at = (e) => { const b = S.canvas.getBoundingClientRect(); return fromScreen(S, e.clientX - b.left, e.clientY - b.top); };
  const move = (x, y) => {
    if (S.chosen < 0 || S.tied) return;
    S.C.z[2 * S.chosen] = x; S.C.z[2 * S.chosen + 1] = y;
    if (ON_CIRCLE.has(S.name)) S.C.z.set(unit(S.C.z));
    wake(S);
  };
  S.canvas.onpointerdown = (e) => {
    const [x, y] = at(e), z = shown(S), near = (k) => Math.hypot(z[2 * k] - x, z[2 * k + 1] - y);
    const best = Array.from({ length: J * N }, (_, k) => k).sort((a, b) => near(a) - near(b))[0];
    S.chosen = near(best) < 0.08 * S.half ? best : -1;
    if (S.chosen >= 0) { S.drag = true; S.canvas.setPointerCapture(e.pointerId); }
    wake(S);
  };
  S.canvas.onpointermove = (e) => { if (S.drag) move(...at(e)); };
  S.canvas.onpointerup = S.canvas.onpointercancel = () => { S.drag = false; };
  S.canvas.onkeydown = (e) => {
    const way = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[e.key], z = shown(S), far = 0.03 * S.half;
    if (way && S.chosen >= 0) move(z[2 * S.chosen] + far * way[0], z[2 * S.chosen + 1] + far * way[1]);
    else if (e.key === "." || e.key === ",") { S.chosen = (S.chosen + (e.key === "." ? 1 : J * N - 1 + (S.chosen < 0))) % (J * N); wake(S); }
    else if (e.key === " ") S.ui.run.click();
    else if (e.key === "Escape") { S.chosen = -1; wake(S); }
    else return;
    e.preventDefault();
  };
}

function measure(S) {
  S.dpr = window.devicePixelRatio || 1; S.W = S.canvas.clientWidth; S.H = S.canvas.clientHeight; S.size = Math.min(S.W, S.H);
  S.canvas.width = Math.round(S.W * S.dpr); S.canvas.height = Math.round(S.H * S.dpr);
}

function theme(S) {
  const style = getComputedStyle(S.root), v = (name, or) => style.getPropertyValue(name).trim() || or;
  Object.assign(S, { ink: v("--st-text-color", "#1b2430"), paper: v("--st-background-color", "#ffffff"), line: v("--st-border-color", "#dce2e8") });
  const [r, g, b] = getComputedStyle(S.canvas).backgroundColor.match(/[\d.]+/g).map(Number);
  S.root.style.colorScheme = 0.3 * r + 0.6 * g + 0.1 * b < 128 ? "dark" : "light";    // the browser's own sliders and boxes
}

export default function (component) {
  const root = component.parentElement.querySelector(".play"), data = component.data;
  let S = states.get(component.parentElement);
  if (!S || S.root !== root) {
    S = begin(root, data);
    states.set(component.parentElement, S);
  }
  S.alive = true;
  theme(S); measure(S); wake(S);
  root.dataset.ready = "true";
  return () => { S.alive = false; cancelAnimationFrame(S.frame); S.frame = 0; S.watch.disconnect(); S.seen.disconnect(); document.removeEventListener("visibilitychange", S.onHidden); };
}
