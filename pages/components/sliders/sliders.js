// Sliders that act while they are dragged: one question on its way at a time, and always the newest answer shown.

const states = new WeakMap();
const GIVE_UP = 4000;    // an answer that takes longer is not waited for: the next drag asks again

function begin(root) {
  const find = (name) => root.querySelector(`.${name}`);
  const S = { root, values: {}, key: null, seq: 0, asked: 0, pending: false, times: [],
    ui: Object.fromEntries(["before", "after", "what", "near", "scale", "reset", "rows", "more"].map((n) => [n, find(n)])) };
  S.ui.reset.onclick = () => { S.values = {}; draw(S); ask(S); };
  S.ui.more.onclick = () => S.send("all", !S.data.all);
  return S;
}

function ask(S) {
  if (S.asked && performance.now() - S.asked < GIVE_UP) { S.pending = true; return; }
  S.pending = false;
  S.asked = performance.now();
  S.seq += 1;
  const offsets = Object.fromEntries(Object.entries(S.values).filter(([, v]) => v !== 0));
  S.send("move", { key: S.key, seq: S.seq, offsets });
}

function heard(S, data) {
  if (S.asked && data.seq >= S.seq) {
    S.times.push(performance.now() - S.asked);
    if (S.times.length > 40) S.times.shift();
    const sorted = [...S.times].sort((a, b) => a - b);
    S.root.dataset.answers = String(Number(S.root.dataset.answers || 0) + 1);
    S.root.dataset.median = sorted[Math.floor(sorted.length / 2)].toFixed(1);
    S.asked = 0;
    if (S.pending) ask(S);
  }
}

function rows(S, data) {
  const shape = JSON.stringify([data.dims, data.strip.offsets, data.strip.url, S.key]);
  if (S.shape === shape) return;
  S.shape = shape;
  const { offsets, url } = data.strip, count = offsets.length, reach = offsets[count - 1];
  S.ui.rows.style.setProperty("--count", count);
  S.ui.rows.replaceChildren(...data.dims.map((dim, i) => {
    const row = document.createElement("div");
    row.className = "row";
    row.innerHTML = '<div class="name"><span></span><small></small></div><div class="track"><div class="strip"></div><div class="here"></div><input type="range" step="0.05" /></div><div class="value"></div>';
    row.querySelector("span").textContent = dim.name;
    row.querySelector("small").textContent = dim.note;
    const strip = row.querySelector(".strip"), input = row.querySelector("input");
    strip.style.backgroundImage = `url("${new URL(url, document.baseURI)}")`;
    strip.style.backgroundSize = `100% ${100 * data.dims.length}%`;
    strip.style.backgroundPosition = `0 ${data.dims.length > 1 ? (100 * i) / (data.dims.length - 1) : 0}%`;
    strip.onclick = (e) => { const b = strip.getBoundingClientRect(); set(S, dim.k, offsets[Math.min(count - 1, Math.floor((count * (e.clientX - b.left)) / b.width))]); };
    input.min = -reach; input.max = reach;
    input.setAttribute("aria-label", `${dim.name}, in standard deviations`);
    input.oninput = () => set(S, dim.k, Number(input.value));
    input.ondblclick = () => set(S, dim.k, 0);
    Object.assign(row, { dim, input, here: row.querySelector(".here"), value: row.querySelector(".value"), reach, count });
    return row;
  }));
}

function set(S, k, value) {
  S.values[k] = Math.abs(value) < 0.04 ? 0 : value;
  draw(S);
  ask(S);
}

function draw(S) {
  for (const row of S.ui.rows.children) {
    const v = S.values[row.dim.k] || 0;
    if (Number(row.input.value) !== v) row.input.value = String(v);
    row.here.style.left = `calc(${((v + row.reach) / (2 * row.reach)) * (row.count - 1)} * var(--w))`;
    row.value.textContent = `${v > 0 ? "+" : v < 0 ? "−" : ""}${Math.abs(v).toFixed(1)} σ`;
  }
  const moved = Object.values(S.values).some((v) => v !== 0);
  S.ui.reset.disabled = !moved;
  S.ui.what.textContent = moved ? S.data.words.moved : S.data.words.still;
  S.ui.after.alt = S.ui.what.textContent;
}

export default function (component) {
  const root = component.parentElement.querySelector(".traverse"), data = component.data;
  let S = states.get(component.parentElement);
  if (!S || S.root !== root) { S = begin(root); states.set(component.parentElement, S); }
  S.send = component.setStateValue;
  S.data = data;
  if (S.key !== data.key) Object.assign(S, { key: data.key, values: {}, asked: 0, pending: false });
  S.seq = Math.max(S.seq, data.seq);
  S.ui.before.src = data.before; S.ui.before.alt = data.words.image;
  if (S.ui.after.src !== data.after) S.ui.after.src = data.after;
  S.ui.near.hidden = !data.near;
  if (data.near && S.ui.near.src !== data.near) S.ui.near.src = data.near;
  S.ui.scale.textContent = data.words.scale;
  S.ui.more.hidden = !data.more; S.ui.more.textContent = data.more;
  rows(S, data); draw(S); heard(S, data);
  root.dataset.ready = "true"; root.dataset.seq = String(data.seq);
}
