// A point dragged over a plane of two directions: one question on its way at a time, always the newest answer shown.

const states = new WeakMap();
const GIVE_UP = 4000, STEP = 0.25;

function begin(root) {
  const find = (name) => root.querySelector(`.${name}`), field = find("field");
  const S = { root, field, at: [0, 0], key: null, seq: 0, asked: 0, pending: false, times: [],
    ui: Object.fromEntries(["cross", "after", "where", "centre", "up", "along"].map((n) => [n, find(n)])) };
  const place = (e) => {
    const b = field.getBoundingClientRect(), n = S.data.count, reach = S.data.reach;
    // the middle of the first tile is −reach, that of the last one +reach
    const along = (u) => Math.max(-reach, Math.min(reach, ((u * n - 0.5) / (n - 1)) * 2 * reach - reach));
    move(S, along((e.clientX - b.left) / b.width), -along((e.clientY - b.top) / b.height));
  };
  let down = false;
  field.onpointerdown = (e) => { if (e.button === 0) { down = true; field.setPointerCapture(e.pointerId); place(e); } };
  field.onpointermove = (e) => { if (down) place(e); };
  field.onpointerup = field.onpointercancel = () => { down = false; };
  field.ondblclick = () => move(S, 0, 0);
  field.onkeydown = (e) => {
    const by = { ArrowLeft: [-STEP, 0], ArrowRight: [STEP, 0], ArrowUp: [0, STEP], ArrowDown: [0, -STEP] }[e.key];
    if (!by) return;
    e.preventDefault();
    const r = S.data.reach, held = (v) => Math.max(-r, Math.min(r, v));
    move(S, held(S.at[0] + by[0]), held(S.at[1] + by[1]));
  };
  S.ui.centre.onclick = () => move(S, 0, 0);
  return S;
}

function move(S, x, y) {
  S.at = [x, y];
  draw(S);
  ask(S);
}

function ask(S) {
  if (S.asked && performance.now() - S.asked < GIVE_UP) { S.pending = true; return; }
  S.pending = false;
  S.asked = performance.now();
  S.seq += 1;
  S.send("move", { key: S.key, seq: S.seq, offsets: { 0: S.at[0], 1: S.at[1] } });
}

function heard(S, data) {
  if (!S.asked || data.seq < S.seq) return;
  S.times.push(performance.now() - S.asked);
  if (S.times.length > 40) S.times.shift();
  const sorted = [...S.times].sort((a, b) => a - b);
  S.root.dataset.answers = String(Number(S.root.dataset.answers || 0) + 1);
  S.root.dataset.median = sorted[Math.floor(sorted.length / 2)].toFixed(1);
  S.asked = 0;
  if (S.pending) ask(S);
}

function draw(S) {
  const { count, reach, names } = S.data, [x, y] = S.at;
  const spot = (v) => (100 * (((v + reach) / (2 * reach)) * (count - 1) + 0.5)) / count;
  S.ui.cross.style.left = `${spot(x)}%`;
  S.ui.cross.style.top = `${spot(-y)}%`;
  const say = (v) => `${v > 0 ? "+" : v < 0 ? "−" : ""}${Math.abs(v).toFixed(1)} σ`;
  S.ui.where.textContent = `${names[0]} ${say(x)}\n${names[1]} ${say(y)}`;
  S.field.setAttribute("aria-valuetext", S.ui.where.textContent);
  S.ui.centre.disabled = x === 0 && y === 0;
}

export default function (component) {
  const root = component.parentElement.querySelector(".plane"), data = component.data;
  let S = states.get(component.parentElement);
  if (!S || S.root !== root) { S = begin(root); states.set(component.parentElement, S); }
  S.send = component.setStateValue;
  S.data = data;
  if (S.key !== data.key) Object.assign(S, { key: data.key, at: data.at, asked: 0, pending: false });
  S.seq = Math.max(S.seq, data.seq);
  S.field.style.backgroundImage = `url("${new URL(data.grid, document.baseURI)}")`;
  S.ui.along.textContent = `${data.names[0]} →`;
  S.ui.up.textContent = `${data.names[1]} →`;
  if (S.ui.after.src !== data.after) S.ui.after.src = data.after;
  S.ui.after.alt = data.words;
  draw(S); heard(S, data);
  root.dataset.ready = "true";
}
