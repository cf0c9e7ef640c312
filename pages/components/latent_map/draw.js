// How the map looks. Each point is a small stamp, blended by hand: thousands a frame without a graphics card.

const GREY = 255;

function mark(ctx, shape, x, y, r) {
  ctx.beginPath();
  if (shape === 1) ctx.rect(x - r * 0.86, y - r * 0.86, r * 1.72, r * 1.72);
  else if (shape === 2) { ctx.moveTo(x, y - r * 1.15); ctx.lineTo(x + r * 1.05, y + r * 0.8); ctx.lineTo(x - r * 1.05, y + r * 0.8); ctx.closePath(); }
  else if (shape === 3) { ctx.moveTo(x, y - r * 1.2); ctx.lineTo(x + r * 1.2, y); ctx.lineTo(x, y + r * 1.2); ctx.lineTo(x - r * 1.2, y); ctx.closePath(); }
  else ctx.arc(x, y, r, 0, 7);
}

// A mark's coverage at every quarter of a pixel, as bytes: what the canvas's own drawImage would take ten times longer for.
function stamps(S, r) {
  const key = `${r}|${S.dpr}`;
  if (S.stampsFor === key) return S.stamps;
  const g = Math.ceil(2 * (r * 1.25 + 1) * S.dpr) + 1, sheet = document.createElement("canvas"), masks = [];
  sheet.width = sheet.height = g;
  const ctx = sheet.getContext("2d", { willReadFrequently: true });
  for (let shape = 0; shape < 4; shape++) {
    for (let sub = 0; sub < 16; sub++) {
      ctx.clearRect(0, 0, g, g);
      mark(ctx, shape, g / 2 + (sub % 4) / 4 - 0.375, g / 2 + (sub >> 2) / 4 - 0.375, r * S.dpr);
      ctx.fill();
      masks.push(ctx.getImageData(0, 0, g, g).data.filter((_, i) => i % 4 === 3));
    }
  }
  Object.assign(S, { stampsFor: key, stamps: { g, masks } });
  return S.stamps;
}

function surface(S, M) {
  const w = M.canvas.width, h = M.canvas.height;
  if (!M.surface || M.surface.w !== w || M.surface.h !== h) {
    const canvas = document.createElement("canvas");
    canvas.width = w; canvas.height = h;
    const ctx = canvas.getContext("2d"), image = ctx.createImageData(w, h);
    M.surface = { w, h, canvas, ctx, image, pixels: new Uint32Array(image.data.buffer) };
  }
  M.surface.pixels.fill(0);
  return M.surface;
}

// One stamp, source over: `rgb` is 0xBBGGRR, `alpha` 0 to 255.
function stamp(to, mask, g, left, top, rgb, alpha) {
  const { w, h, pixels } = to;
  const x0 = Math.max(0, -left), x1 = Math.min(g, w - left), y0 = Math.max(0, -top), y1 = Math.min(g, h - top);
  const r = rgb & 255, gr = (rgb >> 8) & 255, b = rgb >> 16;
  for (let y = y0; y < y1; y++) {
    let at = (top + y) * w + left + x0, m = y * g + x0;
    for (let x = x0; x < x1; x++, at++, m++) {
      if (mask[m] === 0) continue;
      const sa = (mask[m] * alpha + 127) / 255 | 0, under = pixels[at], da = under >>> 24;
      if (da === 0 || sa === 255) { pixels[at] = (rgb | (sa << 24)) >>> 0; continue; }
      const keep = da * (255 - sa) / 255, oa = sa + keep;
      pixels[at] = (((r * sa + (under & 255) * keep) / oa) | (((gr * sa + ((under >> 8) & 255) * keep) / oa) << 8) |
        (((b * sa + ((under >> 16) & 255) * keep) / oa) << 16) | ((oa + 0.5) << 24)) >>> 0;
    }
  }
}

function inks(S, M) {
  const colours = M.spec.colour.palette, key = S.grey + colours.join();
  if (M.inksFor !== key) {
    const number = (hex) => parseInt(hex.slice(5, 7) + hex.slice(3, 5) + hex.slice(1, 3), 16);
    Object.assign(M, { inksFor: key, inks: Uint32Array.from({ length: 256 }, (_, c) => number(colours[c] || S.grey)) });
  }
  return M.inks;
}

const colourOf = (S, M, k) => M.spec.colour.palette[M.codes[k]] || S.grey;

function points(S, M, ctx) {
  const zoom = M.view.k / M.fitK, r = Math.round(2 * Math.min(7, Math.max(1.6, (M.n > 3000 ? 2.3 : 3.1) * (M.W < 380 ? 0.8 : 1) * Math.pow(zoom, 0.35)))) / 2;
  const { g, masks } = stamps(S, r), to = surface(S, M), ink = inks(S, M), shapes = M.spec.colour.shapes || [], d = S.dpr;
  const cloud = cloudOf(M), chosen = M.chosen, any = S.selection && S.selection.group === M.spec.group;
  const byCloud = M.spec.colour.views, images = S.show.images && M.sheet;
  for (const pass of [0, 1]) {                       // faint ones first, so that nothing hides what is meant
    for (let k = 0; k < M.n; k++) {
      if (!shown(S, M, k, cloud)) continue;
      const code = M.codes[k], faint = any ? !chosen[k] : S.only >= 0 ? code !== S.only : byCloud && cloud[k] < 0;
      if (faint === (pass === 1)) continue;
      const x = screenX(M, k), y = screenY(M, k);
      if (x < -9 || y < -9 || x > M.W + 9 || y > M.H + 9) continue;
      const px = x * d - g / 2, py = y * d - g / 2, left = Math.floor(px), top = Math.floor(py);
      const sub = (((px - left) * 4) | 0) + 4 * (((py - top) * 4) | 0);
      stamp(to, masks[(shapes[code] || 0) * 16 + sub], g, left, top, ink[code], faint ? (byCloud && !any ? 90 : 36) : images ? 76 : 226);
    }
  }
  to.ctx.putImageData(to.image, 0, 0);
  ctx.drawImage(to.canvas, 0, 0, M.W, M.H);
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
  const hovered = S.hover && S.hover.group === M.spec.group ? cloud[S.hover.point] : -1;
  for (const [id, s] of sums) {
    const x = s.x / s.n, y = s.y / s.n, a = s.xx / s.n - x * x, b = s.xy / s.n - x * y, c = s.yy / s.n - y * y;
    const mid = (a + c) / 2, gap = Math.sqrt(((a - c) / 2) ** 2 + b * b);
    ctx.beginPath();
    ctx.ellipse(x, y, 2 * Math.sqrt(mid + gap) + 3, 2 * Math.sqrt(Math.max(0, mid - gap)) + 3, 0.5 * Math.atan2(2 * b, a - c), 0, 7);
    ctx.strokeStyle = ctx.fillStyle = M.spec.colour.legend.kind === "scale" ? S.ink : colourOf(S, M, s.k);
    const meant = id === hovered, other = hovered >= 0 && !meant;
    ctx.globalAlpha = meant ? 0.25 : other ? 0 : 0.05; ctx.fill();
    ctx.globalAlpha = meant ? 1 : other ? 0.15 : 0.6; ctx.lineWidth = meant ? 2 : 1.2; ctx.stroke();
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

// An image and its neighbours in the whole representation, joined by lines; one drawn by hand lies at their mean.
function links(S, M, ctx, r) {
  const L = M.spec.links, near = L ? L.near.filter((k) => k < M.n) : [];
  const mine = S.selection && S.selection.points.length === 1 && S.selection.points[0];
  delete M.panel.dataset.guest;
  if (!near.length || (L.point >= 0 && L.point !== mine)) return;
  const at = (k) => [screenX(M, k), screenY(M, k)];
  const mean = (axis) => near.reduce((sum, k, i) => sum + (L.weights[i] || 0) * at(k)[axis], 0);
  const [x, y] = L.point >= 0 ? at(L.point) : [mean(0), mean(1)];
  ctx.strokeStyle = S.ink;
  for (const k of near) {
    ctx.globalAlpha = 0.55; ctx.lineWidth = 1.3;
    ctx.beginPath(); ctx.moveTo(x, y); ctx.lineTo(...at(k)); ctx.stroke();
    ctx.globalAlpha = 1; ctx.beginPath(); ctx.arc(...at(k), r + 2, 0, 7); ctx.lineWidth = 1.5; ctx.stroke();
  }
  if (L.point < 0) guest(S, M, ctx, x, y, L.picture);
}

function guest(S, M, ctx, x, y, url) {
  if (M.guestFor !== url) {
    M.guestFor = url; M.guest = new Image();
    M.guest.onload = () => wake(S);
    M.guest.src = url;
  }
  const half = 18;
  ctx.fillStyle = "#000"; ctx.fillRect(x - half, y - half, 2 * half, 2 * half);
  ctx.imageSmoothingEnabled = false;
  if (M.guest.complete && M.guest.width) ctx.drawImage(M.guest, x - half, y - half, 2 * half, 2 * half);
  ctx.lineWidth = 5; ctx.strokeStyle = S.paper; ctx.strokeRect(x - half - 2, y - half - 2, 2 * half + 4, 2 * half + 4);
  ctx.lineWidth = 3; ctx.strokeStyle = S.accent; ctx.strokeRect(x - half - 1, y - half - 1, 2 * half + 2, 2 * half + 2);
  ctx.font = "600 12px sans-serif"; ctx.textAlign = "center";
  ctx.lineWidth = 4; ctx.strokeStyle = S.paper; ctx.strokeText("yours", x, y + half + 15);
  ctx.fillStyle = S.ink; ctx.fillText("yours", x, y + half + 15);
  M.panel.dataset.guest = `${x.toFixed(0)},${y.toFixed(0)}`;
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
  links(S, M, ctx, r);
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
