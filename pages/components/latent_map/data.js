// The data of a map: points, layouts over time, images. Large data are fetched once by address and cached.

import { unpack } from "../common.js";

async function get(state, url, kind) {
  if (!state.cache.has(url)) {
    const request = async () => {
      const response = await fetch(new URL(url, document.baseURI));
      if (!response.ok) throw new Error(`${response.status} ${url}`);
      return kind === "image" ? createImageBitmap(await response.blob()) : response.arrayBuffer();
    };
    const content = request();
    content.catch(() => state.cache.delete(url)); // the file was replaced: the next rerun names the new one
    state.cache.set(url, content);
  }
  return state.cache.get(url);
}

// Load the data that `spec` describes; the map keeps its old picture until they have arrived.
export async function load(state, map, spec) {
  map.request = spec.frames.url + spec.codes;
  try {
    const [frames, table] = await Promise.all([get(state, spec.frames.url), get(state, spec.table.url)]);
    if (map.request !== spec.frames.url + spec.codes) return; // overtaken by a newer description
    const newFrames = map.framesUrl !== spec.frames.url;
    const kind = map.spec && map.spec.frames.kind;
    Object.assign(map, { spec, count: spec.count, framesUrl: spec.frames.url, error: "" });
    map.frames = new Uint16Array(frames);
    map.table = new Float32Array(table);
    map.codes = unpack(spec.codes, Uint8Array);
    if (newFrames) {
      map.at = null;
      map.xs = new Float32Array(map.count);
      map.ys = new Float32Array(map.count);
    }
    if (kind && kind !== spec.frames.kind) map.thumbnails = null;
    get(state, spec.sheet.url, "image").then(
      (sheet) => {
        map.sheet = sheet;
        state.wake();
      },
      () => {},
    );
  } catch (error) {
    map.error = "The map could not be loaded. Reload the page to try again.";
    console.warn(error);
  }
}

export const column = (map, k) => map.table.subarray(k * map.count, (k + 1) * map.count);
export const labelOf = (map) => column(map, 0);
export const cloudOf = (map) => column(map, 1);

// Set the positions at training step `step`, interpolated between the two layouts around it.
export function place(map, step) {
  if (map.at === step) return;
  const { steps, low, high } = map.spec.frames;
  const { count, frames } = map;
  let i = 0;
  while (i < steps.length - 2 && steps[i + 1] <= step) i++;
  const j = Math.min(i + 1, steps.length - 1);
  const share = j === i ? 0 : Math.min(1, Math.max(0, (step - steps[i]) / (steps[j] - steps[i])));
  const [unitX, unitY] = [(high[0] - low[0]) / 65535, (high[1] - low[1]) / 65535];
  const [before, after] = [i * count * 2, j * count * 2];
  for (let k = 0; k < count; k++) {
    const p = before + 2 * k;
    const q = after + 2 * k;
    map.xs[k] = low[0] + unitX * (frames[p] + share * (frames[q] - frames[p]));
    map.ys[k] = low[1] + unitY * (frames[p + 1] + share * (frames[q + 1] - frames[p + 1]));
  }
  map.at = step;
}

// The axis of time that all maps share: every step at which any of them was measured.
export function timeline(state) {
  const all = new Set();
  for (const map of state.maps) for (const step of map.spec?.frames.steps ?? []) all.add(step);
  return [...all].sort((a, b) => a - b);
}

// The training step at the current time. Time counts along the timeline: 1.5 lies between its second and third step.
export function stepAt({ steps, time }) {
  const i = Math.min(Math.floor(time), steps.length - 1);
  const j = Math.min(i + 1, steps.length - 1);
  return steps.length ? steps[i] + (time - i) * (steps[j] - steps[i]) : 0;
}

// The time of a training step: the inverse of `stepAt`.
export function timeOf({ steps }, step) {
  let i = 0;
  while (i < steps.length - 1 && steps[i + 1] <= step) i++;
  const between = i < steps.length - 1 && step > steps[i];
  return between ? i + (step - steps[i]) / (steps[i + 1] - steps[i]) : i;
}

// The view that holds all but the farthest points (0.5 % at each side) of the newest layout.
export function fitted(map) {
  place(map, map.spec.frames.steps[map.spec.frames.steps.length - 1]);
  const cloud = cloudOf(map);
  const xs = [];
  const ys = [];
  for (let k = 0; k < map.count; k++) {
    if (cloud[k] < 0) {
      xs.push(map.xs[k]);
      ys.push(map.ys[k]);
    }
  }
  xs.sort((a, b) => a - b);
  ys.sort((a, b) => a - b);
  const at = (v, q) => v[Math.round(q * (v.length - 1))] || 0;
  const [x0, x1, y0, y1] = [at(xs, 0.005), at(xs, 0.995), at(ys, 0.005), at(ys, 0.995)];
  const k = 0.84 * Math.min(map.width / Math.max(x1 - x0, 1e-6), (map.height - 30) / Math.max(y1 - y0, 1e-6));
  return { x: (x0 + x1) / 2, y: (y0 + y1) / 2 + 10 / k, k };
}

// Whether point k is drawn: the views in the instance clouds only where clouds are on or only they have a colour.
export const isDrawn = (state, map, k, cloud) => cloud[k] < 0 || state.show.clouds || map.spec.colour.views;
export const screenX = (map, k) => (map.xs[k] - map.view.x) * map.view.k + map.width / 2;
export const screenY = (map, k) => map.height / 2 - (map.ys[k] - map.view.y) * map.view.k;

// The drawn point nearest to (x, y) on the screen, within `reach` pixels; −1 without one.
export function nearest(state, map, x, y, reach = 14) {
  const cloud = cloudOf(map);
  let best = -1;
  let least = reach * reach;
  for (let k = 0; k < map.count; k++) {
    if (!isDrawn(state, map, k, cloud) || (state.only >= 0 && map.codes[k] !== state.only)) continue;
    const dx = screenX(map, k) - x;
    const dy = screenY(map, k) - y;
    const d = dx * dx + dy * dy;
    if (d < least) {
      least = d;
      best = k;
    }
  }
  return best;
}

// The drawn points inside the closed `path` of screen positions (even-odd rule).
export function within(state, map, path) {
  const cloud = cloudOf(map);
  const points = [];
  for (let k = 0; k < map.count; k++) {
    if (!isDrawn(state, map, k, cloud) || (state.only >= 0 && map.codes[k] !== state.only)) continue;
    const x = screenX(map, k);
    const y = screenY(map, k);
    let inside = false;
    for (let i = 0, j = path.length - 1; i < path.length; j = i++) {
      const [xi, yi] = path[i];
      const [xj, yj] = path[j];
      if (yi > y !== yj > y && x < ((xj - xi) * (y - yi)) / (yj - yi) + xi) inside = !inside;
    }
    if (inside) points.push(k);
  }
  return points;
}
