// What the map knows: points, layouts over time, images. Large things are fetched once by address and kept.

import { unpack } from "../common.js";

async function get(state, url, kind) {
  if (!state.cache.has(url)) {
    const fetched = async () => {
      const answer = await fetch(new URL(url, document.baseURI));
      if (!answer.ok) throw new Error(`${answer.status} ${url}`);
      return kind === "image" ? createImageBitmap(await answer.blob()) : answer.arrayBuffer();
    };
    const wait = fetched();
    wait.catch(() => state.cache.delete(url)); // a file replaced meanwhile: the next rerun names the new one
    state.cache.set(url, wait);
  }
  return state.cache.get(url);
}

// Bring the map up to its newest description; the old picture stays until the new data is here.
export async function load(state, map, spec) {
  map.wanted = spec.frames.url + spec.codes;
  try {
    const [frames, table] = await Promise.all([get(state, spec.frames.url), get(state, spec.table.url)]);
    if (map.wanted !== spec.frames.url + spec.codes) return; // overtaken by a newer one
    const moved = map.framesUrl !== spec.frames.url;
    const kind = map.spec && map.spec.frames.kind;
    Object.assign(map, { spec, count: spec.count, framesUrl: spec.frames.url, lost: "" });
    map.frames = new Uint16Array(frames);
    map.table = new Float32Array(table);
    map.codes = unpack(spec.codes, Uint8Array);
    if (moved) {
      map.at = null;
      map.xs = new Float32Array(map.count);
      map.ys = new Float32Array(map.count);
    }
    if (kind && kind !== spec.frames.kind) map.pick = null;
    get(state, spec.sheet.url, "image").then(
      (sheet) => {
        map.sheet = sheet;
        state.wake();
      },
      () => {},
    );
  } catch (error) {
    map.lost = "The map could not be loaded. Reload the page to try again.";
    console.warn(error);
  }
}

export const column = (map, k) => map.table.subarray(k * map.count, (k + 1) * map.count);
export const labelOf = (map) => column(map, 0);
export const cloudOf = (map) => column(map, 1);

// Positions at training step `step`, between the two layouts around it.
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

// One axis of time for all maps: every step at which any of them was measured.
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

export function timeOf({ steps }, step) {
  let i = 0;
  while (i < steps.length - 1 && steps[i + 1] <= step) i++;
  const between = i < steps.length - 1 && step > steps[i];
  return between ? i + (step - steps[i]) / (steps[i + 1] - steps[i]) : i;
}

// The view that holds all but the farthest points, at the newest layout.
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

export const shown = (state, map, k, cloud) => cloud[k] < 0 || state.show.clouds || map.spec.colour.views;
export const screenX = (map, k) => (map.xs[k] - map.view.x) * map.view.k + map.width / 2;
export const screenY = (map, k) => map.height / 2 - (map.ys[k] - map.view.y) * map.view.k;

export function nearest(state, map, x, y, reach = 14) {
  const cloud = cloudOf(map);
  let best = -1;
  let least = reach * reach;
  for (let k = 0; k < map.count; k++) {
    if (!shown(state, map, k, cloud) || (state.only >= 0 && map.codes[k] !== state.only)) continue;
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

export function within(state, map, path) {
  const cloud = cloudOf(map);
  const found = [];
  for (let k = 0; k < map.count; k++) {
    if (!shown(state, map, k, cloud) || (state.only >= 0 && map.codes[k] !== state.only)) continue;
    const x = screenX(map, k);
    const y = screenY(map, k);
    let inside = false;
    for (let i = 0, j = path.length - 1; i < path.length; j = i++) {
      const [xi, yi] = path[i];
      const [xj, yj] = path[j];
      if (yi > y !== yj > y && x < ((xj - xi) * (y - yi)) / (yj - yi) + xi) inside = !inside;
    }
    if (inside) found.push(k);
  }
  return found;
}
