// The points: the cloud of images, one step of gradient descent, and the measures of the points.

import { centres, OBJECTIVES, ON_CIRCLE, part, unit } from "./math.js";

const RATES = { simclr: 0.12, alignment_uniformity: 0.06, vicreg: 0.012, lejepa: 0.5, byol: 0.08 };
const LONGEST = 0.2; // the longest distance that a point moves in one step

// mulberry32, seeded: the same points at every visit.
function random(seed) {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

// N data on a rough ring (content), in J views each that differ mostly along one direction (style).
export function makeCloud(J, N, seed) {
  const u = random(seed);
  const normal = () => Math.sqrt(-2 * Math.log(u() + 1e-12)) * Math.cos(2 * Math.PI * u());
  const x = new Float64Array(2 * J * N);
  const turn = 0.5;
  for (let n = 0; n < N; n++) {
    const angle = (2 * Math.PI * (n + 0.35 * (u() - 0.5))) / N;
    const radius = 1.05 + 0.25 * (u() - 0.5);
    for (let j = 0; j < J; j++) {
      const long = 0.42 * normal();
      const short = 0.12 * normal();
      const at = 2 * (j * N + n);
      x[at] = radius * Math.cos(angle) + long * Math.cos(turn) - short * Math.sin(turn);
      x[at + 1] = radius * Math.sin(angle) + long * Math.sin(turn) + short * Math.cos(turn);
    }
  }
  return {
    J,
    N,
    x,
    z: x.slice(),
    v: new Float64Array(x.length).fill(Math.log(0.02)),
    t: x.slice(),
    W: [1, 0, 0, 1],
    b: [0, 0],
  };
}

// The step size for a gradient per datum. The generative losses are quadratic in the points; their step is about a
// third of the inverse curvature.
export function rateOf(name, s) {
  if (name in RATES) return RATES[name];
  const prior = name === "vae" ? 1 : 1 / s.sigma2 + (s.prior === "gaussian" ? 1 / s.gamma2 : 0);
  return 0.35 / (s.reconstruction_weight / s.decoder_variance + prior);
}

// Put the points at their start.
export function place(cloud, name, tied) {
  if (tied) through(cloud);
  if (ON_CIRCLE.has(name) && !tied) cloud.z.set(unit(cloud.z));
}

// Set z = W x + b: one linear map for all points.
function through(cloud) {
  const { W, b, x, z } = cloud;
  for (let i = 0; i < z.length; i += 2) {
    z[i] = W[0] * x[i] + W[1] * x[i + 1] + b[0];
    z[i + 1] = W[2] * x[i] + W[3] * x[i + 1] + b[1];
  }
}

// The terms of the loss by role, and the sum of those that are not `off`.
export function forces(cloud, name, settings, off) {
  const terms = OBJECTIVES[name](cloud, settings);
  const total = part(cloud);
  for (const [role, term] of Object.entries(terms)) {
    if (off.has(role)) continue;
    total.value += term.value;
    for (let i = 0; i < total.z.length; i++) {
      total.z[i] += term.z[i];
      total.v[i] += term.v[i];
    }
  }
  return { terms, total };
}

// One step of gradient descent: on the points themselves or, `tied`, on the linear map that makes them.
export function step(cloud, name, settings, off, tied, pace) {
  const { total } = forces(cloud, name, settings, off);
  const rate = rateOf(name, settings) * pace * cloud.N;
  if (tied) {
    const W = [0, 0, 0, 0];
    const b = [0, 0];
    for (let i = 0; i < cloud.z.length; i += 2) {
      for (let d = 0; d < 2; d++) {
        W[2 * d] += total.z[i + d] * cloud.x[i];
        W[2 * d + 1] += total.z[i + d] * cloud.x[i + 1];
        b[d] += total.z[i + d];
      }
    }
    const mapRate = (name in RATES ? 1 : 1 / (0.7 * cloud.J)) * (rate / cloud.N);
    const cut = (g) => Math.max(-LONGEST, Math.min(LONGEST, mapRate * g));
    cloud.W = cloud.W.map((w, k) => w - cut(W[k]));
    cloud.b = cloud.b.map((w, k) => w - cut(b[k]));
    through(cloud);
  } else {
    for (let i = 0; i < cloud.z.length; i += 2) {
      const dx = -rate * total.z[i];
      const dy = -rate * total.z[i + 1];
      const size = Math.hypot(dx, dy);
      const cut = size > LONGEST ? LONGEST / size : 1;
      cloud.z[i] += cut * dx;
      cloud.z[i + 1] += cut * dy;
    }
    if (ON_CIRCLE.has(name)) cloud.z.set(unit(cloud.z));
  }
  for (let i = 0; i < cloud.v.length; i++) {
    cloud.v[i] = Math.max(
      -10,
      Math.min(4, cloud.v[i] - Math.max(-LONGEST, Math.min(LONGEST, rate * total.v[i]))),
    );
  }
  for (let i = 0; i < cloud.t.length; i++) {
    cloud.t[i] = (settings.momentum ?? 1) * cloud.t[i] + (1 - (settings.momentum ?? 1)) * cloud.z[i];
  }
}

// Style share, effective rank and spread, as simssl_core/evaluation/geometry.py defines them.
export function measures(cloud, z) {
  const { J, N } = cloud;
  const mean = centres(cloud, z);
  const all = [0, 0];
  for (let n = 0; n < N; n++) for (let d = 0; d < 2; d++) all[d] += mean[2 * n + d] / N;
  let within = 0;
  let means = 0;
  let xx = 0;
  let yy = 0;
  let xy = 0;
  for (let i = 0; i < z.length; i++) within += (z[i] - mean[i % (2 * N)]) ** 2 / (N * (J - 1));
  for (let i = 0; i < mean.length; i++) means += (mean[i] - all[i % 2]) ** 2 / (N - 1);
  for (let i = 0; i < z.length; i += 2) {
    const a = z[i] - all[0];
    const b = z[i + 1] - all[1];
    xx += a * a;
    yy += b * b;
    xy += a * b;
  }
  const total = within + Math.max(0, means - within / J);
  const middle = (xx + yy) / 2;
  const half = Math.hypot((xx - yy) / 2, xy);
  const values = [Math.sqrt(Math.max(0, middle + half)), Math.sqrt(Math.max(0, middle - half))];
  const sum = values[0] + values[1];
  const rank =
    sum < 1e-9 ? 0 : Math.exp(-values.reduce((h, v) => h + (v > 0 ? (v / sum) * Math.log(v / sum) : 0), 0));
  return { share: total > 1e-9 ? within / total : NaN, rank, spread: Math.sqrt((xx + yy) / z.length) };
}

// The ellipse of p(z|y) that the points imply, from the views' covariance pooled over data: as
// [half-axis, half-axis, angle].
export function implied(cloud, z) {
  const mean = centres(cloud, z);
  let xx = 0;
  let yy = 0;
  let xy = 0;
  for (let i = 0; i < z.length; i += 2) {
    const a = z[i] - mean[i % (2 * cloud.N)];
    const b = z[i + 1] - mean[(i + 1) % (2 * cloud.N)];
    const w = 1 / (cloud.N * (cloud.J - 1));
    xx += w * a * a;
    yy += w * b * b;
    xy += w * a * b;
  }
  const middle = (xx + yy) / 2;
  const half = Math.hypot((xx - yy) / 2, xy);
  return [Math.sqrt(middle + half), Math.sqrt(Math.max(0, middle - half)), 0.5 * Math.atan2(2 * xy, xx - yy)];
}
