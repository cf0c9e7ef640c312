// What the map knows: points, layouts over time, images. Large things are fetched once by address and kept.

async function get(S, url, kind) {
  if (!S.cache.has(url)) {
    const load = async () => {
      const answer = await fetch(new URL(url, document.baseURI));
      if (!answer.ok) throw new Error(`${answer.status} ${url}`);
      return kind === "image" ? createImageBitmap(await answer.blob()) : answer.arrayBuffer();
    };
    const wait = load();
    wait.catch(() => S.cache.delete(url));          // a file replaced meanwhile: the next rerun names the new one
    S.cache.set(url, wait);
  }
  return S.cache.get(url);
}

// Bring map M up to its newest description; the old picture stays until the new data is here.
async function load(S, M, spec) {
  M.wanted = spec.frames.url + spec.codes;
  try {
    const [frames, table] = await Promise.all([get(S, spec.frames.url), get(S, spec.table.url)]);
    if (M.wanted !== spec.frames.url + spec.codes) return;    // overtaken by a newer one
    const moved = M.framesUrl !== spec.frames.url;
    const kind = M.spec && M.spec.frames.kind;
    Object.assign(M, { spec, n: spec.count, framesUrl: spec.frames.url, lost: "" });
    M.frames = new Uint16Array(frames);
    M.table = new Float32Array(table);
    M.codes = Uint8Array.from(atob(spec.codes), (c) => c.charCodeAt(0));
    if (moved) { M.at = null; M.X = new Float32Array(M.n); M.Y = new Float32Array(M.n); }
    if (kind && kind !== spec.frames.kind) M.pick = null;
    get(S, spec.sheet.url, "image").then((sheet) => { M.sheet = sheet; wake(S); }, () => {});
  } catch (error) {
    M.lost = "The map could not be loaded. Reload the page to try again.";
    console.warn(error);
  }
}

const column = (M, k) => M.table.subarray(k * M.n, (k + 1) * M.n);
const labelOf = (M) => column(M, 0);
const cloudOf = (M) => column(M, 1);

// Positions at training step `step`, between the two layouts around it.
function place(M, step) {
  if (M.at === step) return;
  const { steps, low, high } = M.spec.frames, n = M.n, F = M.frames;
  let i = 0;
  while (i < steps.length - 2 && steps[i + 1] <= step) i++;
  const j = Math.min(i + 1, steps.length - 1);
  const u = j === i ? 0 : Math.min(1, Math.max(0, (step - steps[i]) / (steps[j] - steps[i])));
  const ax = (high[0] - low[0]) / 65535, ay = (high[1] - low[1]) / 65535, a = i * n * 2, b = j * n * 2;
  for (let k = 0; k < n; k++) {
    const p = a + 2 * k, q = b + 2 * k;
    M.X[k] = low[0] + ax * (F[p] + u * (F[q] - F[p]));
    M.Y[k] = low[1] + ay * (F[p + 1] + u * (F[q + 1] - F[p + 1]));
  }
  M.at = step;
}

// One axis of time for all maps: every step at which any of them was measured.
function timeline(S) {
  const all = new Set();
  for (const M of S.maps) for (const s of M.spec ? M.spec.frames.steps : []) all.add(s);
  return [...all].sort((a, b) => a - b);
}

function stepAt(S) {
  const T = S.steps, i = Math.min(Math.floor(S.time), T.length - 1), j = Math.min(i + 1, T.length - 1);
  return T.length ? T[i] + (S.time - i) * (T[j] - T[i]) : 0;
}

function timeOf(S, step) {
  const T = S.steps;
  let i = 0;
  while (i < T.length - 1 && T[i + 1] <= step) i++;
  return i < T.length - 1 && step > T[i] ? i + (step - T[i]) / (T[i + 1] - T[i]) : i;
}

// The view that holds all but the farthest points, at the newest layout.
function fitted(M) {
  place(M, M.spec.frames.steps[M.spec.frames.steps.length - 1]);
  const cloud = cloudOf(M), xs = [], ys = [];
  for (let k = 0; k < M.n; k++) if (cloud[k] < 0) { xs.push(M.X[k]); ys.push(M.Y[k]); }
  xs.sort((a, b) => a - b); ys.sort((a, b) => a - b);
  const at = (v, q) => v[Math.round(q * (v.length - 1))] || 0;
  const [x0, x1, y0, y1] = [at(xs, 0.005), at(xs, 0.995), at(ys, 0.005), at(ys, 0.995)];
  const k = 0.84 * Math.min(M.W / Math.max(x1 - x0, 1e-6), (M.H - 30) / Math.max(y1 - y0, 1e-6));
  return { x: (x0 + x1) / 2, y: (y0 + y1) / 2 + 10 / k, k };
}

const shown = (S, M, k, cloud) => cloud[k] < 0 || S.show.clouds || M.spec.colour.views;
const screenX = (M, k) => (M.X[k] - M.view.x) * M.view.k + M.W / 2;
const screenY = (M, k) => M.H / 2 - (M.Y[k] - M.view.y) * M.view.k;

function nearest(S, M, x, y, reach = 14) {
  const cloud = cloudOf(M);
  let best = -1, least = reach * reach;
  for (let k = 0; k < M.n; k++) {
    if (!shown(S, M, k, cloud) || (S.only >= 0 && M.codes[k] !== S.only)) continue;
    const dx = screenX(M, k) - x, dy = screenY(M, k) - y, d = dx * dx + dy * dy;
    if (d < least) { least = d; best = k; }
  }
  return best;
}

function within(S, M, path) {
  const cloud = cloudOf(M), found = [];
  for (let k = 0; k < M.n; k++) {
    if (!shown(S, M, k, cloud) || (S.only >= 0 && M.codes[k] !== S.only)) continue;
    const x = screenX(M, k), y = screenY(M, k);
    let inside = false;
    for (let i = 0, j = path.length - 1; i < path.length; j = i++) {
      const [xi, yi] = path[i], [xj, yj] = path[j];
      if ((yi > y) !== (yj > y) && x < ((xj - xi) * (y - yi)) / (yj - yi) + xi) inside = !inside;
    }
    if (inside) found.push(k);
  }
  return found;
}
