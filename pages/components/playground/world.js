// What moves the points: a cloud of images, one step of gradient descent, and what is measured of it.

const RATES = { simclr: 0.12, alignment_uniformity: 0.06, vicreg: 0.012, lejepa: 0.5, byol: 0.08 };
const LONGEST = 0.2;    // no point moves further in one step

function random(seed) {    // mulberry32: the same picture at every visit
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

// N data on a rough ring, J views each that differ along one direction most: content and style of the images.
function cloud(J, N, seed) {
  const u = random(seed), normal = () => Math.sqrt(-2 * Math.log(u() + 1e-12)) * Math.cos(2 * Math.PI * u());
  const x = new Float64Array(2 * J * N), turn = 0.5;
  for (let n = 0; n < N; n++) {
    const angle = (2 * Math.PI * (n + 0.35 * (u() - 0.5))) / N, radius = 1.05 + 0.25 * (u() - 0.5);
    for (let j = 0; j < J; j++) {
      const long = 0.42 * normal(), short = 0.12 * normal(), at = 2 * (j * N + n);
      x[at] = radius * Math.cos(angle) + long * Math.cos(turn) - short * Math.sin(turn);
      x[at + 1] = radius * Math.sin(angle) + long * Math.sin(turn) + short * Math.cos(turn);
    }
  }
  return { J, N, x, z: x.slice(), v: new Float64Array(x.length).fill(Math.log(0.02)), t: x.slice(), W: [1, 0, 0, 1], b: [0, 0] };
}

// The step size, for a gradient per datum. Generative losses are quadratic in the points: a third of what is stable there.
function rateOf(name, s) {
  if (name in RATES) return RATES[name];
  const prior = name === "vae" ? 1 : 1 / s.sigma2 + (s.prior === "gaussian" ? 1 / s.gamma2 : 0);
  return 0.35 / (s.reconstruction_weight / s.decoder_variance + prior);
}

function place(C, name, tied) {    // where the points stand before anything has moved
  if (tied) through(C);
  if (ON_CIRCLE.has(name) && !tied) C.z.set(unit(C.z));
}

function through(C) {    // z = W x + b: one linear map for all
  const { W, b, x, z } = C;
  for (let i = 0; i < z.length; i += 2) {
    z[i] = W[0] * x[i] + W[1] * x[i + 1] + b[0];
    z[i + 1] = W[2] * x[i] + W[3] * x[i + 1] + b[1];
  }
}

function forces(C, name, settings, off) {
  const terms = OBJECTIVES[name](C, settings), total = part(C);
  for (const [role, term] of Object.entries(terms)) {
    if (off.has(role)) continue;
    total.value += term.value;
    for (let i = 0; i < total.z.length; i++) { total.z[i] += term.z[i]; total.v[i] += term.v[i]; }
  }
  return { terms, total };
}

// One step of gradient descent, on the points themselves or (tied) on the one map that makes them.
function step(C, name, settings, off, tied, pace) {
  const { total } = forces(C, name, settings, off), rate = rateOf(name, settings) * pace * C.N;
  if (tied) {
    const W = [0, 0, 0, 0], b = [0, 0];
    for (let i = 0; i < C.z.length; i += 2) for (let d = 0; d < 2; d++) {
      W[2 * d] += total.z[i + d] * C.x[i]; W[2 * d + 1] += total.z[i + d] * C.x[i + 1]; b[d] += total.z[i + d];
    }
    const soft = (name in RATES ? 1 : 1 / (0.7 * C.J)) * (rate / C.N), cut = (g) => Math.max(-LONGEST, Math.min(LONGEST, soft * g));
    C.W = C.W.map((w, k) => w - cut(W[k])); C.b = C.b.map((w, k) => w - cut(b[k]));
    through(C);
  } else {
    for (let i = 0; i < C.z.length; i += 2) {
      const dx = -rate * total.z[i], dy = -rate * total.z[i + 1], size = Math.hypot(dx, dy), cut = size > LONGEST ? LONGEST / size : 1;
      C.z[i] += cut * dx; C.z[i + 1] += cut * dy;
    }
    if (ON_CIRCLE.has(name)) C.z.set(unit(C.z));
  }
  for (let i = 0; i < C.v.length; i++) C.v[i] = Math.max(-10, Math.min(4, C.v[i] - Math.max(-LONGEST, Math.min(LONGEST, rate * total.v[i]))));
  for (let i = 0; i < C.t.length; i++) C.t[i] = (settings.momentum ?? 1) * C.t[i] + (1 - (settings.momentum ?? 1)) * C.z[i];
}

// Style share, effective rank and spread, as simssl_core/evaluation/geometry.py defines them.
function measures(C, z) {
  const { J, N } = C, mean = centres(C, z), all = [0, 0];
  for (let n = 0; n < N; n++) for (let d = 0; d < 2; d++) all[d] += mean[2 * n + d] / N;
  let within = 0, means = 0, xx = 0, yy = 0, xy = 0;
  for (let i = 0; i < z.length; i++) within += (z[i] - mean[i % (2 * N)]) ** 2 / (N * (J - 1));
  for (let i = 0; i < mean.length; i++) means += (mean[i] - all[i % 2]) ** 2 / (N - 1);
  for (let i = 0; i < z.length; i += 2) {
    const a = z[i] - all[0], b = z[i + 1] - all[1];
    xx += a * a; yy += b * b; xy += a * b;
  }
  const total = within + Math.max(0, means - within / J), middle = (xx + yy) / 2, half = Math.hypot((xx - yy) / 2, xy);
  const values = [Math.sqrt(Math.max(0, middle + half)), Math.sqrt(Math.max(0, middle - half))], sum = values[0] + values[1];
  const rank = sum < 1e-9 ? 0 : Math.exp(-values.reduce((h, v) => h + (v > 0 ? (v / sum) * Math.log(v / sum) : 0), 0));
  return { share: total > 1e-9 ? within / total : NaN, rank, spread: Math.sqrt((xx + yy) / z.length) };
}

// The views' own covariance, pooled over data: the ellipse of p(z|y) that the points imply, as [a, b, angle].
function implied(C, z) {
  const mean = centres(C, z);
  let xx = 0, yy = 0, xy = 0;
  for (let i = 0; i < z.length; i += 2) {
    const a = z[i] - mean[i % (2 * C.N)], b = z[i + 1] - mean[(i + 1) % (2 * C.N)], w = 1 / (C.N * (C.J - 1));
    xx += w * a * a; yy += w * b * b; xy += w * a * b;
  }
  const middle = (xx + yy) / 2, half = Math.hypot((xx - yy) / 2, xy);
  return [Math.sqrt(middle + half), Math.sqrt(Math.max(0, middle - half)), 0.5 * Math.atan2(2 * xy, xx - yy)];
}
