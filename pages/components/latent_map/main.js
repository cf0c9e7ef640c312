// The component: builds the panels once, takes each newer description, and never forgets what the hand did.

const states = new WeakMap();

function begin(root) {
  const ui = { root, play: root.querySelector(".play"), time: root.querySelector(".time"), step: root.querySelector(".step"),
    panels: root.querySelector(".panels"), legends: root.querySelector(".legends"), tip: root.querySelector(".tip"),
    said: root.querySelector(".said"), clear: root.querySelector(".clear"), trails: root.querySelector('[data-show="trails"]') };
  const S = { root, ui, alive: true, maps: [], cache: new Map(), views: new Map(), steps: [], time: 0, mode: "move", only: -1,
    show: { images: false, clouds: false, trails: false }, selection: null, calm: matchMedia("(prefers-reduced-motion: reduce)").matches };
  play(S, false);
  ui.play.onclick = () => play(S, !S.playing);
  ui.time.oninput = () => seek(S, Number(ui.time.value) * (S.steps.length - 1), false);
  ui.time.onchange = () => seek(S, Number(ui.time.value) * (S.steps.length - 1), true);
  root.querySelectorAll("[data-mode]").forEach((b) => { b.onclick = () => { S.mode = b.dataset.mode; buttons(S); }; });
  root.querySelectorAll("[data-show]").forEach((b) => { b.onclick = () => { S.show[b.dataset.show] = !S.show[b.dataset.show]; buttons(S); wake(S); }; });
  ui.clear.onclick = () => S.maps[0] && select(S, S.maps[0], []);
  root.querySelector(".fit").onclick = () => fit(S);
  root.querySelector(".png").onclick = () => picture(S);
  root.onkeydown = (e) => keys(S, e);
  S.watch = new ResizeObserver(() => measure(S));
  S.watch.observe(ui.panels);
  return S;
}

function buttons(S) {
  S.root.querySelectorAll("[data-mode]").forEach((b) => b.setAttribute("aria-pressed", String(b.dataset.mode === S.mode)));
  S.root.querySelectorAll("[data-show]").forEach((b) => b.setAttribute("aria-pressed", String(!!S.show[b.dataset.show])));
  S.maps.forEach((M) => M.canvas.classList.toggle("picking", S.mode !== "move"));
  S.ui.trails.disabled = S.ui.clear.disabled = !S.selection;
}

function theme(S) {
  const style = getComputedStyle(S.root), v = (name, or) => style.getPropertyValue(name).trim() || or;
  Object.assign(S, { ink: v("--st-text-color", "#1b2430"), paper: v("--st-background-color", "#ffffff"), accent: v("--st-primary-color", "#0072b2"), grey: "#8b95a1", dpr: window.devicePixelRatio || 1 });
}

function panelsFor(S, specs) {
  const had = new Map(S.maps.map((M) => [M.id, M]));
  S.maps = specs.map((spec) => had.get(spec.id) || { id: spec.id });
  for (const [id, M] of had) if (!S.maps.includes(M)) { M.panel.remove(); had.delete(id); }
  S.maps.forEach((M, i) => {
    if (!M.panel) {
      M.panel = document.createElement("div");
      M.panel.className = "panel";
      M.panel.innerHTML = '<canvas role="img"></canvas><div class="name"><i></i><b></b><small></small></div><div class="wait">Loading the map …</div>';
      M.canvas = M.panel.querySelector("canvas");
      M.ctx = M.canvas.getContext("2d");
      hands(S, M);
    }
    if (S.ui.panels.children[i] !== M.panel) S.ui.panels.insertBefore(M.panel, S.ui.panels.children[i] || null);
    M.panel.querySelector("i").style.background = specs[i].hue;
    M.panel.querySelector("b").textContent = specs[i].title;
    M.panel.querySelector("small").textContent = specs[i].note;
    M.canvas.setAttribute("aria-label", `Map of ${specs[i].title}, ${specs[i].count} points, ${specs[i].colour.legend.title}`);
  });
}

function measure(S) {
  const wide = S.ui.panels.clientWidth, n = S.maps.length, dpr = window.devicePixelRatio || 1;
  if (!wide || !n) return;
  const columns = n === 1 ? 1 : n === 3 && wide > 900 ? 3 : 2, rows = Math.ceil(n / columns);
  S.ui.panels.style.gridTemplateColumns = `repeat(${columns}, minmax(0, 1fr))`;
  const each = wide / columns, high = rows === 1 ? Math.min(S.height, Math.max(330, 1.15 * each)) : Math.min(Math.floor((S.height - 8) / 2) + 40, each);
  for (const M of S.maps) {
    M.panel.style.height = `${high}px`;
    const W = M.panel.clientWidth, H = M.panel.clientHeight;
    if (M.W === W && M.H === H && S.dpr === dpr) continue;
    const ratio = M.W ? Math.min(W, H) / Math.min(M.W, M.H) : 1;
    Object.assign(M, { W, H });
    M.canvas.width = Math.round(W * dpr); M.canvas.height = Math.round(H * dpr);
    if (M.view && M.own) M.view = { ...M.view, k: M.view.k * ratio };
    if (M.view && M.spec && !M.own) M.view = fitted(M);
    M.refit = true;
  }
  S.dpr = dpr;
  wake(S);
}

function legends(S, specs) {
  const kinds = new Map();
  for (const spec of specs) {
    const text = JSON.stringify([spec.colour.legend, spec.colour.palette]);
    if (!kinds.has(text)) kinds.set(text, { colour: spec.colour, of: [] });
    kinds.get(text).of.push(spec.title);
  }
  const key = [...kinds.keys()].join() + S.only + S.ink;
  if (S.legendFor === key) return;
  S.legendFor = key;
  S.ui.legends.replaceChildren(...[...kinds.values()].map(({ colour, of }) => legend(S, colour, kinds.size > 1 ? `${of.join(", ")}: ` : "")));
}

function legend(S, colour, before) {
  const box = document.createElement("div"), { legend: L, palette, shapes } = colour;
  const text = (t) => { const e = document.createElement("span"); e.textContent = t; box.append(e); };
  box.className = "legend";
  text(before + L.title);
  if (L.kind === "scale") { text(L.low); strip("scale", `linear-gradient(90deg, ${palette.filter((_, i) => i % 25 === 0).join()})`); text(L.high); }
  if (L.kind === "circle") { strip("ring", `conic-gradient(${palette.filter((_, i) => i % 25 === 0).join()}, ${palette[0]})`); text(L.note); }
  if (L.kind === "instances") text(L.note);
  function strip(name, fill) { const e = document.createElement("div"); e.className = name; e.style.background = fill; box.append(e); }
  for (const item of L.items || []) {
    const b = document.createElement("button"), chip = document.createElement("canvas"), ctx = chip.getContext("2d");
    chip.width = chip.height = 24;
    ctx.fillStyle = palette[item.code] || S.grey;
    mark(ctx, (shapes || [])[item.code] || 0, 12, 12, 8); ctx.fill();
    b.className = "item"; b.type = "button"; b.title = "Show only these";
    b.append(chip, item.name);
    b.setAttribute("aria-pressed", String(S.only === item.code));
    b.onclick = () => { S.only = S.only === item.code ? -1 : item.code; S.legendFor = ""; legends(S, S.specs); wake(S); };
    box.append(b);
  }
  return box;
}

function picture(S) {
  const all = document.createElement("canvas"), box = S.ui.panels.getBoundingClientRect(), d = S.dpr;
  all.width = box.width * d; all.height = box.height * d;
  const ctx = all.getContext("2d");
  ctx.fillStyle = S.paper; ctx.fillRect(0, 0, all.width, all.height);
  for (const M of S.maps) {
    const x = M.panel.offsetLeft - S.ui.panels.offsetLeft, y = M.panel.offsetTop - S.ui.panels.offsetTop;
    ctx.drawImage(M.canvas, x * d, y * d);
    ctx.fillStyle = S.ink; ctx.font = `${14 * d}px sans-serif`;
    ctx.fillText(`${M.spec.title} · ${M.spec.note} · ${S.ui.step.textContent}`, (x + 10) * d, (y + 20) * d);
  }
  all.toBlob((blob) => {
    const a = document.createElement("a");
    a.href = URL.createObjectURL(blob);
    a.download = `map-${S.maps.map((M) => M.id).join("-")}.png`;
    a.click();
    setTimeout(() => URL.revokeObjectURL(a.href), 1000);
  });
}

function take(S, data) {
  const before = S.steps.length - 1, first = !S.specs, ended = first || (!S.playing && (S.goal ?? S.time) >= before - 1e-6);
  const now = first ? 0 : stepAt(S), kind = JSON.stringify(data.maps.map((m) => m.colour.legend));
  if (S.colourFor !== kind) { S.only = -1; S.show.clouds = data.maps.some((m) => m.colour.legend.kind === "instances"); S.colourFor = kind; }
  S.specs = data.maps; S.height = data.height;
  panelsFor(S, data.maps);
  if (S.selection && !data.maps.some((m) => m.group === S.selection.group)) S.selection = null;
  if (first && data.selection) S.selection = data.selection;
  legends(S, data.maps); buttons(S); measure(S);
  Promise.all(S.maps.map((M, i) => load(S, M, data.maps[i]))).then(() => {
    if (!S.alive) return;
    S.maps.forEach((M) => { M.panel.querySelector(".wait").textContent = M.spec ? "" : M.lost; mask(S, M); M.refit = true; });
    S.steps = timeline(S);
    const end = S.steps.length - 1;
    S.root.classList.toggle("still", end < 1);
    if (first) S.time = data.step == null || data.step < 0 ? end : timeOf(S, data.step);
    else if (!ended) S.time = timeOf(S, now);
    else if (before >= 0 && end > before) { S.time = Math.min(before, end); S.goal = end; }
    else S.time = end;
    const used = new Set(data.maps.flatMap((m) => [m.frames.url, m.table.url, m.sheet.url]));
    for (const url of S.cache.keys()) if (!used.has(url)) S.cache.delete(url);
    measure(S); wake(S);
  });
}

export default function (component) {
  const root = component.parentElement.querySelector(".map");
  let S = states.get(component.parentElement);
  if (!S || S.root !== root) { S = begin(root); states.set(component.parentElement, S); }
  S.send = component.setStateValue;
  S.alive = true;
  theme(S);
  take(S, component.data);
  return () => { S.alive = false; cancelAnimationFrame(S.frame); clearTimeout(S.timer); S.watch.disconnect(); };
}
