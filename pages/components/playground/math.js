// The objectives' own mathematics on free points: values and gradients by role, as simssl_core/objectives defines them.
//
// A cloud C holds J views of N data in the plane as flat arrays, entry (j·N + n)·2 + d: z (points), v (log s², for the
// generative ones), x (where each point's image lies), t (BYOL's slow copy). Every function returns {role: {value, z, v}}
// with the gradients of that role's term. Expectations over q(z|x) = N(z, s²) are in closed form; the decoder is the
// identity, so an image is a place in the plane. tests/browser/test_playground.py holds all of it against autograd.

const LOG_2PI = Math.log(2 * Math.PI);

function part(C, value = 0) {
  return { value, z: new Float64Array(C.z.length), v: new Float64Array(C.z.length) };
}

function centres(C, z) {    // views' mean of each datum, (N, 2)
  const mean = new Float64Array(2 * C.N);
  for (let i = 0; i < z.length; i++) mean[i % (2 * C.N)] += z[i] / C.J;
  return mean;
}

// weight · Σ_n Σ_j ‖z − z̄‖², into out
function spreadInto(C, z, weight, out) {
  const mean = centres(C, z);
  for (let i = 0; i < z.length; i++) {
    const off = z[i] - mean[i % (2 * C.N)];
    out.value += weight * off * off;
    out.z[i] += 2 * weight * off;
  }
  return out;
}

function reconstruct(C, s) {
  const out = part(C), w = s.reconstruction_weight / C.N;
  for (let i = 0; i < C.z.length; i++) {
    const off = C.z[i] - C.x[i], variance = Math.exp(C.v[i]);
    out.value += 0.5 * w * ((off * off + variance) / s.decoder_variance + Math.log(s.decoder_variance) + LOG_2PI);
    out.z[i] = (w * off) / s.decoder_variance;
    out.v[i] = (0.5 * w * variance) / s.decoder_variance;
  }
  return out;
}

function simvae(C, s) {
  const { J, N, z, v } = C;
  const pull = spreadInto(C, z, 1 / (2 * s.sigma2 * N), part(C)), push = part(C), mean = centres(C, z);
  const shared = s.gamma2 + s.sigma2 / J, flat = s.prior !== "gaussian";
  for (let i = 0; i < z.length; i++) {
    const variance = Math.exp(v[i]), m = mean[i % (2 * N)], each = ((1 - 1 / J) * variance) / (2 * s.sigma2 * N);
    pull.value += each; pull.v[i] = each;
    push.value -= (s.entropy_weight / N) * 0.5 * (v[i] + LOG_2PI + 1);
    push.v[i] = (-0.5 * s.entropy_weight) / N;
    if (flat) continue;
    const wide = variance / (2 * J * J * shared * N);
    push.value += wide + (0.5 * (m * m / shared + Math.log(shared) + LOG_2PI)) / (J * N);
    push.v[i] += wide;
    push.z[i] = m / (shared * J * N);
  }
  const constant = (J - 1) * (LOG_2PI + Math.log(s.sigma2)) + Math.log(J);    // D/2 = 1 in the plane
  return { pull, push, reconstruct: reconstruct(C, s), other: part(C, constant) };
}

function vae(C, s) {
  const push = part(C);
  for (let i = 0; i < C.z.length; i++) {
    const variance = Math.exp(C.v[i]);
    push.value += (0.5 / C.N) * (C.z[i] * C.z[i] + variance - C.v[i] - 1);
    push.z[i] = C.z[i] / C.N;
    push.v[i] = (0.5 / C.N) * (variance - 1);
  }
  return { push, reconstruct: reconstruct(C, s) };
}

// ---- on the circle: the loss reads p̂ = z/‖z‖
function unit(z) {
  const p = new Float64Array(z.length);
  for (let i = 0; i < z.length; i += 2) {
    const size = Math.max(Math.hypot(z[i], z[i + 1]), 1e-12);
    p[i] = z[i] / size; p[i + 1] = z[i + 1] / size;
  }
  return p;
}

function throughUnit(out, z, p) {    // from a gradient at p̂ to one at z
  for (let i = 0; i < z.length; i += 2) {
    const size = Math.max(Math.hypot(z[i], z[i + 1]), 1e-12), along = out.z[i] * p[i] + out.z[i + 1] * p[i + 1];
    out.z[i] = (out.z[i] - along * p[i]) / size; out.z[i + 1] = (out.z[i + 1] - along * p[i + 1]) / size;
  }
  return out;
}

// scale · mean over data and ordered pairs a ≠ b of ⟨p^a, q^b⟩; both: q is p itself and moves too
function pairs(C, p, q, scale, both) {
  const out = part(C), { J, N } = C, w = scale / (N * J * (J - 1)), sum = centres(C, q);
  for (let i = 0; i < p.length; i++) {
    const others = J * sum[i % (2 * N)] - q[i];
    out.value += w * p[i] * others;
    out.z[i] = (both ? 2 : 1) * w * others;
  }
  return out;
}

function simclr(C, s) {
  const p = unit(C.z), M = C.J * C.N, pull = pairs(C, p, p, -1 / s.temperature, true), push = part(C);
  const row = new Float64Array(M);
  for (let i = 0; i < M; i++) {
    let most = -Infinity, sum = 0;
    for (let m = 0; m < M; m++) {
      row[m] = m === i ? -Infinity : (p[2 * i] * p[2 * m] + p[2 * i + 1] * p[2 * m + 1]) / s.temperature;
      most = Math.max(most, row[m]);
    }
    for (let m = 0; m < M; m++) { row[m] = Math.exp(row[m] - most); sum += row[m]; }
    push.value += (Math.log(sum) + most) / M;
    for (let m = 0; m < M; m++) {
      const w = row[m] / (sum * M * s.temperature);
      for (let d = 0; d < 2; d++) { push.z[2 * i + d] += w * p[2 * m + d]; push.z[2 * m + d] += w * p[2 * i + d]; }
    }
  }
  return { pull: throughUnit(pull, C.z, p), push: throughUnit(push, C.z, p) };
}

function alignment_uniformity(C, s) {
  const { J, N } = C, p = unit(C.z), push = part(C), count = (N * (N - 1)) / 2;
  const pull = spreadInto(C, p, (s.alignment * 2) / ((J - 1) * N), part(C));
  for (let j = 0; j < J; j++) {
    const found = [];
    let sum = 0;
    for (let a = j * N; a < j * N + N; a++) for (let b = a + 1; b < j * N + N; b++) {
      const w = Math.exp(s.t * (2 * (p[2 * a] * p[2 * b] + p[2 * a + 1] * p[2 * b + 1]) - 2));
      sum += w; found.push([a, b, w]);
    }
    push.value += (s.uniformity * Math.log(sum / count)) / J;
    for (const [a, b, w] of found) for (let d = 0; d < 2; d++) {
      const g = (s.uniformity * 2 * s.t * w) / (sum * J);
      push.z[2 * a + d] += g * p[2 * b + d]; push.z[2 * b + d] += g * p[2 * a + d];
    }
  }
  return { pull: throughUnit(pull, C.z, p), push: throughUnit(push, C.z, p) };
}

function byol(C) {    // without its predictor; t, the slow copy, receives no gradient
  const p = unit(C.z), pull = pairs(C, p, unit(C.t), -2, false);
  pull.value += 2;
  return { pull: throughUnit(pull, C.z, p) };
}

// ---- by statistics of the batch
function vicreg(C, s) {
  const { J, N, z } = C, pull = spreadInto(C, z, s.invariance / ((J - 1) * N), part(C)), push = part(C);
  for (let j = 0; j < J; j++) {
    const at = (n, d) => 2 * (j * N + n) + d, mean = [0, 0], square = [0, 0];
    let shared = 0;
    for (let n = 0; n < N; n++) for (let d = 0; d < 2; d++) mean[d] += z[at(n, d)] / N;
    for (let n = 0; n < N; n++) {
      for (let d = 0; d < 2; d++) square[d] += (z[at(n, d)] - mean[d]) ** 2 / (N - 1);
      shared += ((z[at(n, 0)] - mean[0]) * (z[at(n, 1)] - mean[1])) / (N - 1);
    }
    push.value += (2 * s.covariance * shared * shared) / J;
    for (let d = 0; d < 2; d++) {
      const deviation = Math.sqrt(square[d] + 1e-4), short = s.gamma - deviation;
      push.value += (s.variance * Math.max(0, short)) / (2 * J);
      for (let n = 0; n < N; n++) {
        if (short > 0) push.z[at(n, d)] -= (s.variance * (z[at(n, d)] - mean[d])) / (2 * J * (N - 1) * deviation);
        push.z[at(n, d)] += (4 * s.covariance * shared * (z[at(n, 1 - d)] - mean[1 - d])) / (J * (N - 1));
      }
    }
  }
  return { pull, push };
}

const SLICES = 16, KNOTS = 17, REACH = 3;    // LeJEPA draws its directions at random; here they are evenly spread

function lejepa(C, s) {
  const { J, N, z } = C, pull = spreadInto(C, z, (1 - s.lambda_) / (2 * J * N), part(C)), push = part(C);
  const share = (s.lambda_ * N) / (J * SLICES);
  for (let k = 0; k < SLICES; k++) {
    const angle = (Math.PI * k) / SLICES, u = [Math.cos(angle), Math.sin(angle)];
    for (let j = 0; j < J; j++) for (let q = 0; q < KNOTS; q++) {
      const t = (REACH * q) / (KNOTS - 1), gauss = Math.exp((-t * t) / 2);
      const w = share * gauss * ((2 * REACH) / (KNOTS - 1)) * (q === 0 || q === KNOTS - 1 ? 0.5 : 1);
      let cos = 0, sin = 0;
      const along = Array.from({ length: N }, (_, n) => t * (z[2 * (j * N + n)] * u[0] + z[2 * (j * N + n) + 1] * u[1]));
      for (const a of along) { cos += Math.cos(a) / N; sin += Math.sin(a) / N; }
      push.value += w * ((cos - gauss) ** 2 + sin * sin);
      along.forEach((a, n) => {
        const g = ((2 * w * t) / N) * (sin * Math.cos(a) - (cos - gauss) * Math.sin(a));
        for (let d = 0; d < 2; d++) push.z[2 * (j * N + n) + d] += g * u[d];
      });
    }
  }
  return { pull, push };
}

const OBJECTIVES = { simvae, vae, simclr, alignment_uniformity, vicreg, lejepa, byol };
const ON_CIRCLE = new Set(["simclr", "alignment_uniformity", "byol"]);
