// What a hand does to the map: pan, zoom, hover, lasso, keys.

function wake(S) {
  if (!S.frame && S.alive) S.frame = requestAnimationFrame((now) => beat(S, now));
}

function beat(S, now) {
  S.frame = 0;
  if (!S.alive) return;
  const passed = Math.min(100, now - (S.last || now));
  S.last = now;
  advance(S, passed);
  for (const M of S.maps) {
    if (!M.spec || !M.W) continue;
    settle(S, M, passed);
    paint(S, M);
  }
  S.root.dataset.draws = String(Number(S.root.dataset.draws || 0) + 1);
  readout(S);
  if (S.moving) wake(S); else S.last = 0;
}

// Time: playing goes from layout to layout; a new layout of a running training is travelled to, not jumped to.
function advance(S, passed) {
  const end = Math.max(0, S.steps.length - 1), pace = Math.min(600, Math.max(140, 12000 / Math.max(1, end)));
  S.moving = false;
  if (S.playing) {
    if (S.calm) {
      S.wait = (S.wait || 0) + passed;
      if (S.wait > 900) { S.wait = 0; S.time = Math.min(end, Math.floor(S.time) + 1); }
    } else S.time = Math.min(end, S.time + passed / pace);
    S.moving = S.time < end;
    if (!S.moving) { play(S, false); }
  } else if (S.goal != null) {
    const gap = S.goal - S.time;
    if (S.calm || Math.abs(gap) < 0.004) { S.time = S.goal; S.goal = null; }
    else { S.time += gap * Math.min(1, passed / 220); S.moving = true; }
  }
}

function settle(S, M, passed) {
  if (!M.view || M.viewFor !== M.spec.id + M.spec.frames.kind) {
    const kept = S.views.get(M.spec.id + M.spec.frames.kind), best = fitted(M);
    Object.assign(M, { viewFor: M.spec.id + M.spec.frames.kind, view: kept ? kept.view : best, own: !!kept, fitK: best.k, goal: null });
  } else if (M.refit) {
    const best = fitted(M);
    M.fitK = best.k;
    if (!M.own) M.goal = best;
  }
  M.refit = false;
  if (M.goal) {
    const u = S.calm ? 1 : Math.min(1, passed / 140), v = M.view, g = M.goal;
    const close = Math.abs(g.k / v.k - 1) < 0.002 && Math.hypot(g.x - v.x, g.y - v.y) * v.k < 0.5;
    M.view = close || u === 1 ? { ...g } : { x: v.x + u * (g.x - v.x), y: v.y + u * (g.y - v.y), k: v.k * Math.pow(g.k / v.k, u) };
    if (close || u === 1) M.goal = null; else S.moving = true;
  }
}

function play(S, on) {
  const end = S.steps.length - 1;
  if (on && end < 1) return;
  if (on && S.time >= end) S.time = 0;
  const was = S.playing;
  S.playing = on; S.goal = null; S.wait = 0;
  S.ui.play.innerHTML = on ? '<svg viewBox="0 0 12 12"><path d="M2 1h3v10H2zM7 1h3v10H7z"/></svg>' : '<svg viewBox="0 0 12 12"><path d="M2 1l9 5-9 5z"/></svg>';
  S.ui.play.setAttribute("aria-label", on ? "Pause" : "Play");
  if (was && !on) tellTime(S);
  wake(S);
}

function seek(S, time, settled) {
  if (S.playing) play(S, false);
  S.goal = null;
  S.time = Math.min(S.steps.length - 1, Math.max(0, time));
  if (settled) tellTime(S);
  wake(S);
}

// The page hears of time only when it stands still: it looks neighbours up and keeps the link.
function tellTime(S) {
  clearTimeout(S.timer);
  S.timer = setTimeout(() => {
    const end = S.steps.length - 1, step = S.time >= end ? -1 : Math.round(stepAt(S));
    if (step !== S.told) { S.told = step; S.send("step", step); }
  }, 150);
}

function readout(S) {
  const step = Math.round(stepAt(S)), end = Math.max(1, S.steps.length - 1);
  S.ui.step.textContent = S.steps.length ? `step ${step.toLocaleString("en")}` : "";
  if (S.root.getRootNode().activeElement !== S.ui.time || S.playing) S.ui.time.value = String(S.time / end);
  S.ui.time.setAttribute("aria-valuetext", `step ${step}`);
  Object.assign(S.root.dataset, { step: String(step), time: S.time.toFixed(3), playing: String(!!S.playing), selected: String(S.selection ? S.selection.points.length : 0) });
  S.root.dataset.view = S.maps.map((M) => (M.view ? [M.view.x, M.view.y, M.view.k].map((v) => v.toPrecision(6)).join(",") : "")).join(" ");
  S.root.dataset.ready = String(S.maps.length > 0 && S.maps.every((M) => M.spec && M.sheet));
}

function select(S, M, found, tell = true) {
  S.selection = found.length ? { run: M.spec.id, group: M.spec.group, points: found } : null;
  for (const other of S.maps) mask(S, other);
  S.ui.said.textContent = found.length ? `${found.length} points selected` : "Selection cleared";
  if (tell) S.send("selection", S.selection ? { ...S.selection, at: Date.now() } : null);
  buttons(S);
  wake(S);
}

function mask(S, M) {
  if (!M.spec) return;
  M.chosen = new Uint8Array(M.n);
  if (S.selection && S.selection.group === M.spec.group) for (const k of S.selection.points) if (k < M.n) M.chosen[k] = 1;
}

function hover(S, M, x, y) {
  const k = M && M.spec ? nearest(S, M, x, y) : -1;
  const was = S.hover ? S.hover.point : -1;
  S.hover = k < 0 ? null : { group: M.spec.group, point: k, M };
  if (k !== was) wake(S);
  tip(S, M, k);
}

function tip(S, M, k) {
  const box = S.ui.tip;
  if (k < 0) { box.hidden = true; return; }
  const ctx = box.querySelector("canvas").getContext("2d"), { cell: [h, w], columns } = M.spec.sheet;
  ctx.imageSmoothingEnabled = false;
  ctx.clearRect(0, 0, 96, 96);
  const fit = 96 / Math.max(h, w);
  if (M.sheet) ctx.drawImage(M.sheet, (k % columns) * w, Math.floor(k / columns) * h, w, h, (96 - w * fit) / 2, (96 - h * fit) / 2, w * fit, h * fit);
  const facts = box.querySelector(".facts"), label = labelOf(M)[k], cloud = cloudOf(M)[k];
  facts.replaceChildren();
  const add = (tag, text) => { const e = document.createElement(tag); e.textContent = text; facts.append(e); };
  add("b", label >= 0 ? M.spec.classes[label] || `class ${label}` : "no label");
  if (cloud >= 0) { add("span", "a view of image"); add("span", String(cloud + 1)); }
  M.spec.table.factors.slice(0, 8).forEach((f, i) => {
    const v = column(M, i + 2)[k];
    if (Number.isNaN(v)) return;
    add("span", f.title);
    add("span", f.kind === "discrete" && f.classes.length ? f.classes[Math.round(v)] || String(v) : f.kind === "circular" ? `${Math.round((((v * 180) / Math.PI) % 360 + 360) % 360)}°` : v.toFixed(2));
  });
  box.hidden = false;
  const panel = M.panel, px = panel.offsetLeft + screenX(M, k), py = panel.offsetTop + screenY(M, k);
  const right = px + 16 + box.offsetWidth < S.root.clientWidth;
  box.style.left = `${Math.max(0, right ? px + 16 : px - 16 - box.offsetWidth)}px`;
  box.style.top = `${Math.max(0, Math.min(py - box.offsetHeight / 2, S.root.clientHeight - box.offsetHeight))}px`;
}

function zoom(S, M, x, y, factor) {
  const v = M.view, k = Math.min(M.fitK * 60, Math.max(M.fitK * 0.2, v.k * factor));
  const wx = v.x + (x - M.W / 2) / v.k, wy = v.y - (y - M.H / 2) / v.k;
  setView(S, M, { x: wx - (x - M.W / 2) / k, y: wy + (y - M.H / 2) / k, k });
}

function setView(S, M, view) {
  Object.assign(M, { view, own: true, goal: null });
  S.views.set(M.viewFor, { view });
  wake(S);
}

function fit(S) {
  for (const M of S.maps) if (M.spec) { S.views.delete(M.viewFor); M.own = false; M.refit = true; }
  wake(S);
}

function hands(S, M) {
  const c = M.canvas, at = (e) => { const b = c.getBoundingClientRect(); return [e.clientX - b.left, e.clientY - b.top]; };
  let down = null;
  c.onpointerdown = (e) => {
    if (e.button !== 0 || !M.view) return;
    S.root.focus({ preventScroll: true });
    c.setPointerCapture(e.pointerId);
    const mode = e.shiftKey ? (S.mode === "box" ? "box" : "lasso") : S.mode;
    down = { mode, from: at(e), last: at(e), far: false };
    if (mode !== "move") M.path = [down.from];
  };
  c.onpointermove = (e) => {
    const [x, y] = at(e);
    if (!down) return hover(S, M, x, y);
    if (Math.hypot(x - down.from[0], y - down.from[1]) > 4) down.far = true;
    if (!down.far) return;
    S.ui.tip.hidden = true; S.hover = null;
    if (down.mode === "move") {
      c.classList.add("dragging");
      setView(S, M, { ...M.view, x: M.view.x - (x - down.last[0]) / M.view.k, y: M.view.y + (y - down.last[1]) / M.view.k });
    } else if (down.mode === "box") {
      const [a, b] = down.from;
      M.path = [[a, b], [x, b], [x, y], [a, y]];
    } else M.path.push([x, y]);
    down.last = [x, y];
    wake(S);
  };
  c.onpointerup = (e) => {
    if (!down) return;
    const { mode, far } = down, path = M.path;
    down = null; M.path = null;
    c.classList.remove("dragging");
    if (far && mode !== "move" && path.length > 2) select(S, M, within(S, M, path));
    else if (!far) {
      const k = nearest(S, M, ...at(e));
      if (k >= 0) select(S, M, [k]); else if (S.selection) select(S, M, []);
    }
    wake(S);
  };
  c.onpointercancel = () => { down = null; M.path = null; wake(S); };
  c.onpointerleave = () => { if (!down) hover(S, M, -1e4, -1e4); };
  c.ondblclick = () => fit(S);
  c.onwheel = (e) => {
    if (!M.view) return;
    e.preventDefault();
    zoom(S, M, ...at(e), Math.exp(-e.deltaY * (e.deltaMode ? 0.05 : 0.0016)));
  };
}

function keys(S, e) {
  const typed = e.composedPath()[0], end = S.steps.length - 1, plain = !e.ctrlKey && !e.metaKey && !e.altKey;
  if (!plain) return;
  const middle = (factor) => { for (const M of S.maps) if (M.view) zoom(S, M, M.W / 2, M.H / 2, factor); };
  const acts = {
    " ": () => typed.tagName !== "BUTTON" && (play(S, !S.playing), true),
    ArrowRight: () => (seek(S, Math.min(end, Math.floor(S.time + 1e-6) + 1), true), true),
    ArrowLeft: () => (seek(S, Math.max(0, Math.ceil(S.time - 1e-6) - 1), true), true),
    Home: () => (seek(S, 0, true), true),
    End: () => (seek(S, end, true), true),
    Escape: () => S.selection && S.maps[0] && (select(S, S.maps[0], []), true),
    "+": () => (middle(1.25), true), "=": () => (middle(1.25), true), "-": () => (middle(0.8), true),
    0: () => (fit(S), true),
  };
  if (acts[e.key] && acts[e.key]()) { e.preventDefault(); e.stopPropagation(); }
}
