// How the map looks. Each point is a small stamp copied from an atlas: thousands a frame without a graphics card.

const GREY = 255;

function mark(ctx, shape, x, y, r) {
  ctx.beginPath();
  if (shape === 1) ctx.rect(x - r * 0.86, y - r * 0.86, r * 1.72, r * 1.72);
  else if (shape === 2) { ctx.moveTo(x, y - r * 1.15); ctx.lineTo(x + r * 1.05, y + r * 0.8); ctx.lineTo(x - r * 1.05, y + r * 0.8); ctx.closePath(); }
  else if (shape === 3) { ctx.moveTo(x, y - r * 1.2); ctx.lineTo(x + r * 1.2, y); ctx.lineTo(x, y + r * 1.2); ctx.lineTo(x - r * 1.2, y); ctx.closePath(); }
  else ctx.arc(x, y, r, 0, 7);
}

function atlas(S, M, r) {
  const colours = M.spec.colour.palette, shapes = M.spec.colour.shapes || [];
  const key = `${r}|${S.dpr}|${S.grey}|${colours.join()}|${shapes.join()}`;
  if (M.atlasFor === key) return M.atlas;
  const g = Math.ceil(2 * (r * 1.25 + 1) * S.dpr), sheet = document.createElement("canvas");
  sheet.width = g * 256; sheet.height = g;
  const ctx = sheet.getContext("2d");
  for (let c = 0; c < 256; c++) {
    ctx.fillStyle = colours[c] || S.grey;
    if (colours[c] || c === GREY) { mark(ctx, shapes[c] || 0, c * g + g / 2, g / 2, r * S.dpr); ctx.fill(); }
  }
  Object.assign(M, { atlasFor: key, atlas: { sheet, g, half: g / S.dpr / 2, size: g / S.dpr } });
  return M.atlas;
}

const colourOf = (S, M, k) => M.spec.colour.palette[M.codes[k]] || S.grey;

function points(S, M, ctx) {
  const zoom = M.view.k / M.fitK, r = Math.round(2 * Math.min(7, Math.max(1.6, (M.n > 3000 ? 2.3 : 3.1) * (M.W < 380 ? 0.8 : 1) * Math.pow(zoom, 0.35)))) / 2;
  const a = atlas(S, M, r), cloud = cloudOf(M), chosen = M.chosen, any = S.selection && S.selection.group === M.spec.group;
  const byCloud = M.spec.colour.legend.kind === "instances", images = S.show.images && M.sheet;
  for (const pass of [0, 1]) {                       // faint ones first, so that nothing hides what is meant
    for (let k = 0; k < M.n; k++) {
      if (!shown(S, M, k, cloud)) continue;
      const code = M.codes[k], faint = any ? !chosen[k] : S.only >= 0 ? code !== S.only : byCloud && cloud[k] < 0;
      if (faint === (pass === 1)) continue;
      const x = screenX(M, k), y = screenY(M, k);
      if (x < -9 || y < -9 || x > M.W + 9 || y > M.H + 9) continue;
      ctx.globalAlpha = faint ? (byCloud && !any ? 0.35 : 0.14) : images ? 0.3 : 0.88;
      ctx.drawImage(a.sheet, code * a.g, 0, a.g, a.g, x - a.half, y - a.half, a.size, a.size);
    }
  }
  ctx.globalAlpha = 1;
  return r;
}

// Thumbnails where there is room; which ones is decided at rest, so that nothing flickers while points travel.
function images(S, M, ctx) {
  const size = Math.max(20, Math.min(56, 24 * Math.sqrt(M.view.k / M.fitK)));
  const cloud = cloudOf(M), any = S.selection && S.selection.group === M.spec.group;
  if (!M.pick || !S.moving) {
    const taken = new Set();
    M.pick = [];
    for (let k = 0; k < M.n; k++) {
      if (!shown(S, M, k, cloud) || (any && !M.chosen[k]) || (S.only >= 0 && M.codes[k] !== S.only)) continue;
      const x = screenX(M, k), y = screenY(M, k);
      if (x < 0 || y < 0 || x > M.W || y > M.H) continue;
      const gx = Math.floor(x / size), gy = Math.floor(y / size), here = gx * 4096 + gy;
      if (taken.has(here) || (M.pick.length && crowded(M, x, y, size))) continue;
      taken.add(here); M.pick.push(k);
    }
  }
  const [h, w] = M.spec.sheet.cell, cols = M.spec.sheet.columns;
  ctx.imageSmoothingEnabled = size * S.dpr < w;
  ctx.lineWidth = 2;
  for (const k of M.pick) {
    const x = screenX(M, k) - size / 2, y = screenY(M, k) - size / 2;
    ctx.drawImage(M.sheet, (k % cols) * w, Math.floor(k / cols) * h, w, h, x, y, size, size);
    ctx.strokeStyle = colourOf(S, M, k);
    ctx.strokeRect(x, y, size, size);
  }
}

function crowded(M, x, y, size) {
  for (let i = Math.max(0, M.pick.length - 400); i < M.pick.length; i++) {
    if (Math.abs(screenX(M, M.pick[i]) - x) < size && Math.abs(screenY(M, M.pick[i]) - y) < size) return true;
  }
  return false;
}

// The spread of one image's views, two standard deviations: p(z|y) as the map shows it.
function ellipses(S, M, ctx) {
  const cloud = cloudOf(M), sums = new Map();
  for (let k = 0; k < M.n; k++) {
    if (cloud[k] < 0) continue;
    const s = sums.get(cloud[k]) || sums.set(cloud[k], { n: 0, x: 0, y: 0, xx: 0, xy: 0, yy: 0, k }).get(cloud[k]);
    const x = screenX(M, k), y = screenY(M, k);
    s.n++; s.x += x; s.y += y; s.xx += x * x; s.xy += x * y; s.yy += y * y;
  }
  ctx.lineWidth = 1.5;
  for (const s of sums.values()) {
    const x = s.x / s.n, y = s.y / s.n, a = s.xx / s.n - x * x, b = s.xy / s.n - x * y, c = s.yy / s.n - y * y;
    const mid = (a + c) / 2, gap = Math.sqrt(((a - c) / 2) ** 2 + b * b);
    ctx.beginPath();
    ctx.ellipse(x, y, 2 * Math.sqrt(mid + gap) + 3, 2 * Math.sqrt(Math.max(0, mid - gap)) + 3, 0.5 * Math.atan2(2 * b, a - c), 0, 7);
    ctx.strokeStyle = ctx.fillStyle = M.spec.colour.legend.kind === "scale" ? S.ink : colourOf(S, M, s.k);
    ctx.globalAlpha = 0.12; ctx.fill();
    ctx.globalAlpha = 0.9; ctx.stroke();
  }
  ctx.globalAlpha = 1;
}

function trails(S, M, ctx) {
  const { steps, low, high } = M.spec.frames, now = stepAt(S), mine = S.selection.points.slice(0, 80);
  const ax = (high[0] - low[0]) / 65535, ay = (high[1] - low[1]) / 65535;
  ctx.lineWidth = 1.2; ctx.globalAlpha = 0.55;
  for (const k of mine) {
    ctx.beginPath();
    for (let f = 0; f < steps.length && steps[f] <= now; f++) {
      const p = (f * M.n + k) * 2;
      ctx.lineTo((low[0] + ax * M.frames[p] - M.view.x) * M.view.k + M.W / 2, M.H / 2 - (low[1] + ay * M.frames[p + 1] - M.view.y) * M.view.k);
    }
    ctx.lineTo(screenX(M, k), screenY(M, k));
    ctx.strokeStyle = colourOf(S, M, k);
    ctx.stroke();
  }
  ctx.globalAlpha = 1;
}

function ring(S, M, ctx, k, r) {
  const x = screenX(M, k), y = screenY(M, k);
  ctx.beginPath(); ctx.arc(x, y, r + 4, 0, 7); ctx.lineWidth = 4; ctx.strokeStyle = S.paper; ctx.stroke();
  ctx.lineWidth = 2; ctx.strokeStyle = S.ink; ctx.stroke();
  ctx.beginPath(); ctx.arc(x, y, r + 1, 0, 7); ctx.fillStyle = colourOf(S, M, k); ctx.fill();
}

function paint(S, M, ctx = M.ctx) {
  ctx.setTransform(S.dpr, 0, 0, S.dpr, 0, 0);
  ctx.clearRect(0, 0, M.W, M.H);
  place(M, stepAt(S));
  const chosen = S.selection && S.selection.group === M.spec.group;
  if (S.show.clouds) ellipses(S, M, ctx);
  if (chosen && S.show.trails) trails(S, M, ctx);
  const r = points(S, M, ctx);
  if (S.show.images && M.sheet) images(S, M, ctx);
  if (chosen && S.selection.points.length === 1) ring(S, M, ctx, S.selection.points[0], r);
  if (S.hover && S.hover.group === M.spec.group && S.hover.point < M.n) ring(S, M, ctx, S.hover.point, r);
  if (M.path && M.path.length > 1) {
    ctx.beginPath();
    M.path.forEach(([x, y]) => ctx.lineTo(x, y));
    ctx.closePath();
    ctx.globalAlpha = 0.12; ctx.fillStyle = S.accent; ctx.fill(); ctx.globalAlpha = 1;
    ctx.setLineDash([5, 4]); ctx.lineWidth = 1.5; ctx.strokeStyle = S.accent; ctx.stroke(); ctx.setLineDash([]);
  }
}
