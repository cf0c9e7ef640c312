// Draws a map: points, images, ellipses of views, trails, links to neighbours, the lasso.

import { cloudOf, isDrawn, place, screenX, screenY, stepAt } from "./data.js";
import { stamp, stamps, surface } from "./stamps.js";

// The colours of the codes 0 to 255 as 0xBBGGRR.
function inks(state, map) {
  const colours = map.spec.colour.palette;
  const key = state.grey + colours.join();
  if (map.inksFor !== key) {
    const number = (hex) => parseInt(hex.slice(5, 7) + hex.slice(3, 5) + hex.slice(1, 3), 16);
    Object.assign(map, {
      inksFor: key,
      inks: Uint32Array.from({ length: 256 }, (_, c) => number(colours[c] || state.grey)),
    });
  }
  return map.inks;
}

const colourOf = (state, map, k) => map.spec.colour.palette[map.codes[k]] || state.grey;

// A point's radius in pixels: it grows a little with the zoom and is smaller for many points or a narrow map.
function radiusOf(map) {
  const base = (map.count > 3000 ? 2.3 : 3.1) * (map.width < 380 ? 0.8 : 1);
  const zoomed = base * Math.pow(map.view.k / map.fitK, 0.35);
  return Math.round(2 * Math.min(7, Math.max(1.6, zoomed))) / 2;
}

function points(state, map, ctx) {
  const radius = radiusOf(map);
  const { g, masks } = stamps(state, radius);
  const to = surface(map);
  const ink = inks(state, map);
  const shapes = map.spec.colour.shapes || [];
  const cloud = cloudOf(map);
  const selecting = state.selection && state.selection.group === map.spec.group;
  const byCloud = map.spec.colour.views;
  const faintAlpha = byCloud && !selecting ? 90 : 36;
  const alpha = state.show.images && map.sheet ? 76 : 226;
  // faint points first, so that they do not hide the others
  for (const faintPass of [true, false]) {
    for (let k = 0; k < map.count; k++) {
      if (!isDrawn(state, map, k, cloud)) continue;
      const code = map.codes[k];
      const faint = selecting
        ? !map.selected[k]
        : state.only >= 0
          ? code !== state.only
          : byCloud && cloud[k] < 0;
      if (!!faint !== faintPass) continue;
      const x = screenX(map, k);
      const y = screenY(map, k);
      if (x < -9 || y < -9 || x > map.width + 9 || y > map.height + 9) continue;
      const exactX = x * state.dpr - g / 2;
      const exactY = y * state.dpr - g / 2;
      const left = Math.floor(exactX);
      const top = Math.floor(exactY);
      const quarter = (((exactX - left) * 4) | 0) + 4 * (((exactY - top) * 4) | 0);
      const mask = masks[(shapes[code] || 0) * 16 + quarter];
      stamp(to, mask, g, left, top, ink[code], faint ? faintAlpha : alpha);
    }
  }
  to.ctx.putImageData(to.image, 0, 0);
  ctx.drawImage(to.canvas, 0, 0, map.width, map.height);
  return radius;
}

// Thumbnails where there is room. They are picked again only at rest, so that none flickers while points travel.
function images(state, map, ctx) {
  const size = Math.max(20, Math.min(56, 24 * Math.sqrt(map.view.k / map.fitK)));
  if (!map.thumbnails || !state.moving) pickThumbnails(state, map, size);
  const { cell, columns } = map.spec.sheet;
  const [height, width] = cell;
  ctx.imageSmoothingEnabled = size * state.dpr < width;
  ctx.lineWidth = 2;
  for (const k of map.thumbnails) {
    const x = screenX(map, k) - size / 2;
    const y = screenY(map, k) - size / 2;
    const from = [(k % columns) * width, Math.floor(k / columns) * height, width, height];
    ctx.drawImage(map.sheet, ...from, x, y, size, size);
    ctx.strokeStyle = colourOf(state, map, k);
    ctx.strokeRect(x, y, size, size);
  }
}

function pickThumbnails(state, map, size) {
  const cloud = cloudOf(map);
  const selecting = state.selection && state.selection.group === map.spec.group;
  const taken = new Set();
  map.thumbnails = [];
  for (let k = 0; k < map.count; k++) {
    const unselected = selecting && !map.selected[k];
    const hidden = state.only >= 0 && map.codes[k] !== state.only;
    if (unselected || hidden || !isDrawn(state, map, k, cloud)) continue;
    const x = screenX(map, k);
    const y = screenY(map, k);
    if (x < 0 || y < 0 || x > map.width || y > map.height) continue;
    const cell = Math.floor(x / size) * 4096 + Math.floor(y / size);
    if (taken.has(cell) || crowded(map, x, y, size)) continue;
    taken.add(cell);
    map.thumbnails.push(k);
  }
}

function crowded(map, x, y, size) {
  for (let i = Math.max(0, map.thumbnails.length - 400); i < map.thumbnails.length; i++) {
    if (
      Math.abs(screenX(map, map.thumbnails[i]) - x) < size &&
      Math.abs(screenY(map, map.thumbnails[i]) - y) < size
    ) {
      return true;
    }
  }
  return false;
}

// The spread of each image's views as an ellipse of two standard deviations: p(z|y) on the map.
function ellipses(state, map, ctx) {
  const hovered = state.hover?.group === map.spec.group ? cloudOf(map)[state.hover.point] : -1;
  const byScale = map.spec.colour.legend.kind === "scale";
  for (const [id, sums] of cloudSums(map)) {
    const x = sums.x / sums.n;
    const y = sums.y / sums.n;
    const a = sums.xx / sums.n - x * x;
    const b = sums.xy / sums.n - x * y;
    const c = sums.yy / sums.n - y * y;
    const middle = (a + c) / 2;
    const gap = Math.sqrt(((a - c) / 2) ** 2 + b * b);
    const long = 2 * Math.sqrt(middle + gap) + 3;
    const short = 2 * Math.sqrt(Math.max(0, middle - gap)) + 3;
    ctx.beginPath();
    ctx.ellipse(x, y, long, short, 0.5 * Math.atan2(2 * b, a - c), 0, 7);
    ctx.strokeStyle = ctx.fillStyle = byScale ? state.ink : colourOf(state, map, sums.k);
    const isHovered = id === hovered;
    const isOther = hovered >= 0 && !isHovered;
    ctx.globalAlpha = isHovered ? 0.25 : isOther ? 0 : 0.05;
    ctx.fill();
    ctx.globalAlpha = isHovered ? 1 : isOther ? 0.15 : 0.6;
    ctx.lineWidth = isHovered ? 2 : 1.2;
    ctx.stroke();
  }
  ctx.globalAlpha = 1;
}

// By cloud: the sums of its views' screen positions and of their squares, and its first row.
function cloudSums(map) {
  const cloud = cloudOf(map);
  const clouds = new Map();
  for (let k = 0; k < map.count; k++) {
    if (cloud[k] < 0) continue;
    if (!clouds.has(cloud[k])) clouds.set(cloud[k], { n: 0, x: 0, y: 0, xx: 0, xy: 0, yy: 0, k });
    const sums = clouds.get(cloud[k]);
    const x = screenX(map, k);
    const y = screenY(map, k);
    sums.n += 1;
    sums.x += x;
    sums.y += y;
    sums.xx += x * x;
    sums.xy += x * y;
    sums.yy += y * y;
  }
  return clouds;
}

// The paths of the first 80 selected points through the layouts up to now.
function trails(state, map, ctx) {
  const { steps, low, high } = map.spec.frames;
  const currentStep = stepAt(state);
  const rows = state.selection.points.slice(0, 80);
  const ax = (high[0] - low[0]) / 65535;
  const ay = (high[1] - low[1]) / 65535;
  ctx.lineWidth = 1.2;
  ctx.globalAlpha = 0.55;
  for (const k of rows) {
    ctx.beginPath();
    for (let f = 0; f < steps.length && steps[f] <= currentStep; f++) {
      const p = (f * map.count + k) * 2;
      ctx.lineTo(
        (low[0] + ax * map.frames[p] - map.view.x) * map.view.k + map.width / 2,
        map.height / 2 - (low[1] + ay * map.frames[p + 1] - map.view.y) * map.view.k,
      );
    }
    ctx.lineTo(screenX(map, k), screenY(map, k));
    ctx.strokeStyle = colourOf(state, map, k);
    ctx.stroke();
  }
  ctx.globalAlpha = 1;
}

function ring(state, map, ctx, k, r) {
  const x = screenX(map, k);
  const y = screenY(map, k);
  ctx.beginPath();
  ctx.arc(x, y, r + 4, 0, 7);
  ctx.lineWidth = 4;
  ctx.strokeStyle = state.paper;
  ctx.stroke();
  ctx.lineWidth = 2;
  ctx.strokeStyle = state.ink;
  ctx.stroke();
  ctx.beginPath();
  ctx.arc(x, y, r + 1, 0, 7);
  ctx.fillStyle = colourOf(state, map, k);
  ctx.fill();
}

// Lines from an image to its neighbours in the whole representation. The visitor's own drawing lies at their mean.
function links(state, map, ctx, radius) {
  delete map.panel.dataset.guest;
  if (!map.spec.links) return;
  const { point, weights, picture } = map.spec.links;
  const near = map.spec.links.near.filter((k) => k < map.count);
  const selected = state.selection?.points.length === 1 ? state.selection.points[0] : -1;
  if (!near.length || (point >= 0 && point !== selected)) return;
  const at = (k) => [screenX(map, k), screenY(map, k)];
  const mean = (axis) => near.reduce((sum, k, i) => sum + (weights[i] || 0) * at(k)[axis], 0);
  const [x, y] = point >= 0 ? at(point) : [mean(0), mean(1)];
  ctx.strokeStyle = state.ink;
  for (const k of near) {
    ctx.globalAlpha = 0.55;
    ctx.lineWidth = 1.3;
    ctx.beginPath();
    ctx.moveTo(x, y);
    ctx.lineTo(...at(k));
    ctx.stroke();
    ctx.globalAlpha = 1;
    ctx.beginPath();
    ctx.arc(...at(k), radius + 2, 0, 7);
    ctx.lineWidth = 1.5;
    ctx.stroke();
  }
  if (point < 0) guest(state, map, ctx, x, y, picture);
}

// The visitor's own drawing, with a frame and a label.
function guest(state, map, ctx, x, y, url) {
  if (map.guestFor !== url) {
    map.guestFor = url;
    map.guest = new Image();
    map.guest.onload = () => state.wake();
    map.guest.src = url;
  }
  const half = 18;
  ctx.fillStyle = "#000";
  ctx.fillRect(x - half, y - half, 2 * half, 2 * half);
  ctx.imageSmoothingEnabled = false;
  if (map.guest.complete && map.guest.width) ctx.drawImage(map.guest, x - half, y - half, 2 * half, 2 * half);
  ctx.lineWidth = 5;
  ctx.strokeStyle = state.paper;
  ctx.strokeRect(x - half - 2, y - half - 2, 2 * half + 4, 2 * half + 4);
  ctx.lineWidth = 3;
  ctx.strokeStyle = state.accent;
  ctx.strokeRect(x - half - 1, y - half - 1, 2 * half + 2, 2 * half + 2);
  ctx.font = "600 12px sans-serif";
  ctx.textAlign = "center";
  ctx.lineWidth = 4;
  ctx.strokeStyle = state.paper;
  ctx.strokeText("yours", x, y + half + 15);
  ctx.fillStyle = state.ink;
  ctx.fillText("yours", x, y + half + 15);
  map.panel.dataset.guest = `${x.toFixed(0)},${y.toFixed(0)}`;
}

export function paint(state, map) {
  const { ctx } = map;
  const { selection, hover, show } = state;
  ctx.setTransform(state.dpr, 0, 0, state.dpr, 0, 0);
  ctx.clearRect(0, 0, map.width, map.height);
  place(map, stepAt(state));
  const selecting = selection && selection.group === map.spec.group;
  if (show.clouds) ellipses(state, map, ctx);
  if (selecting && show.trails) trails(state, map, ctx);
  const radius = points(state, map, ctx);
  if (show.images && map.sheet) images(state, map, ctx);
  links(state, map, ctx, radius);
  if (selecting && selection.points.length === 1) ring(state, map, ctx, selection.points[0], radius);
  const hovered = hover && hover.group === map.spec.group && hover.point < map.count;
  if (hovered) ring(state, map, ctx, hover.point, radius);
  if (map.path?.length > 1) lasso(state, map, ctx);
}

function lasso(state, map, ctx) {
  ctx.beginPath();
  for (const [x, y] of map.path) ctx.lineTo(x, y);
  ctx.closePath();
  ctx.globalAlpha = 0.12;
  ctx.fillStyle = state.accent;
  ctx.fill();
  ctx.globalAlpha = 1;
  ctx.setLineDash([5, 4]);
  ctx.lineWidth = 1.5;
  ctx.strokeStyle = state.accent;
  ctx.stroke();
  ctx.setLineDash([]);
}
