// The objectives on free points: value and gradients of each term by role, as simssl_core/objectives defines them.
//
// A cloud holds J views of N data in the plane as flat arrays, entry (j·N + n)·2 + d: z (points), v (log s², for the
// generative ones), x (where each point's image lies), t (BYOL's slow copy). Every objective returns
// {role: {value, z, v}} with the gradients of that role's term. Expectations over q(z|x) = N(z, s²) are in closed
// form; the decoder is the identity, so an image is a place in the plane. tests/browser/test_playground_math.py
// compares all of it with autograd.

const LOG_2PI = Math.log(2 * Math.PI);

// A term with this value and zero gradients.
export function part(cloud, value = 0) {
  return { value, z: new Float64Array(cloud.z.length), v: new Float64Array(cloud.z.length) };
}

// The mean of each datum's views, (N, 2).
export function centres(cloud, z) {
  const mean = new Float64Array(2 * cloud.N);
  for (let i = 0; i < z.length; i++) mean[i % (2 * cloud.N)] += z[i] / cloud.J;
  return mean;
}

// Add weight · Σ_n Σ_j ‖z − z̄‖² and its gradient to `out`.
function spreadInto(cloud, z, weight, out) {
  const mean = centres(cloud, z);
  for (let i = 0; i < z.length; i++) {
    const off = z[i] - mean[i % (2 * cloud.N)];
    out.value += weight * off * off;
    out.z[i] += 2 * weight * off;
  }
  return out;
}

function reconstruct(cloud, s) {
  const out = part(cloud);
  const w = s.reconstruction_weight / cloud.N;
  for (let i = 0; i < cloud.z.length; i++) {
    const off = cloud.z[i] - cloud.x[i];
    const variance = Math.exp(cloud.v[i]);
    out.value +=
      0.5 * w * ((off * off + variance) / s.decoder_variance + Math.log(s.decoder_variance) + LOG_2PI);
    out.z[i] = (w * off) / s.decoder_variance;
    out.v[i] = (0.5 * w * variance) / s.decoder_variance;
  }
  return out;
}

function simvae(cloud, s) {
  const { J, N, z, v } = cloud;
  const pull = spreadInto(cloud, z, 1 / (2 * s.sigma2 * N), part(cloud));
  const push = part(cloud);
  const mean = centres(cloud, z);
  const shared = s.gamma2 + s.sigma2 / J;
  const flat = s.prior !== "gaussian";
  for (let i = 0; i < z.length; i++) {
    const variance = Math.exp(v[i]);
    const m = mean[i % (2 * N)];
    const each = ((1 - 1 / J) * variance) / (2 * s.sigma2 * N);
    pull.value += each;
    pull.v[i] = each;
    push.value -= (s.entropy_weight / N) * 0.5 * (v[i] + LOG_2PI + 1);
    push.v[i] = (-0.5 * s.entropy_weight) / N;
    if (flat) continue;
    const wide = variance / (2 * J * J * shared * N);
    push.value += wide + (0.5 * ((m * m) / shared + Math.log(shared) + LOG_2PI)) / (J * N);
    push.v[i] += wide;
    push.z[i] = m / (shared * J * N);
  }
  const constant = (J - 1) * (LOG_2PI + Math.log(s.sigma2)) + Math.log(J); // D/2 = 1 in the plane
  return { pull, push, reconstruct: reconstruct(cloud, s), other: part(cloud, constant) };
}

function vae(cloud, s) {
  const push = part(cloud);
  for (let i = 0; i < cloud.z.length; i++) {
    const variance = Math.exp(cloud.v[i]);
    push.value += (0.5 / cloud.N) * (cloud.z[i] * cloud.z[i] + variance - cloud.v[i] - 1);
    push.z[i] = cloud.z[i] / cloud.N;
    push.v[i] = (0.5 / cloud.N) * (variance - 1);
  }
  return { push, reconstruct: reconstruct(cloud, s) };
}

// ---- on the circle: the loss depends on p̂ = z/‖z‖ only
export function unit(z) {
  const p = new Float64Array(z.length);
  for (let i = 0; i < z.length; i += 2) {
    const size = Math.max(Math.hypot(z[i], z[i + 1]), 1e-12);
    p[i] = z[i] / size;
    p[i + 1] = z[i + 1] / size;
  }
  return p;
}

// Turn the gradient with respect to p̂ into the one with respect to z.
function throughUnit(out, z, p) {
  for (let i = 0; i < z.length; i += 2) {
    const size = Math.max(Math.hypot(z[i], z[i + 1]), 1e-12);
    const along = out.z[i] * p[i] + out.z[i + 1] * p[i + 1];
    out.z[i] = (out.z[i] - along * p[i]) / size;
    out.z[i + 1] = (out.z[i + 1] - along * p[i + 1]) / size;
  }
  return out;
}

// scale · mean over data and ordered pairs a ≠ b of ⟨p^a, q^b⟩. `both`: q is p itself, so that it has a gradient too.
function pairs(cloud, p, q, scale, both) {
  const out = part(cloud);
  const { J, N } = cloud;
  const w = scale / (N * J * (J - 1));
  const sum = centres(cloud, q);
  for (let i = 0; i < p.length; i++) {
    const others = J * sum[i % (2 * N)] - q[i];
    out.value += w * p[i] * others;
    out.z[i] = (both ? 2 : 1) * w * others;
  }
  return out;
}

function simclr(cloud, s) {
  const p = unit(cloud.z);
  const M = cloud.J * cloud.N;
  const pull = pairs(cloud, p, p, -1 / s.temperature, true);
  const push = part(cloud);
  const row = new Float64Array(M);
  for (let i = 0; i < M; i++) {
    let most = -Infinity;
    let sum = 0;
    for (let m = 0; m < M; m++) {
      row[m] = m === i ? -Infinity : (p[2 * i] * p[2 * m] + p[2 * i + 1] * p[2 * m + 1]) / s.temperature;
      most = Math.max(most, row[m]);
    }
    for (let m = 0; m < M; m++) {
      row[m] = Math.exp(row[m] - most);
      sum += row[m];
    }
    push.value += (Math.log(sum) + most) / M;
    for (let m = 0; m < M; m++) {
      const w = row[m] / (sum * M * s.temperature);
      for (let d = 0; d < 2; d++) {
        push.z[2 * i + d] += w * p[2 * m + d];
        push.z[2 * m + d] += w * p[2 * i + d];
      }
    }
  }
  return { pull: throughUnit(pull, cloud.z, p), push: throughUnit(push, cloud.z, p) };
}

function alignment_uniformity(cloud, s) {
  const { J, N } = cloud;
  const p = unit(cloud.z);
  const push = part(cloud);
  const count = (N * (N - 1)) / 2;
  const pull = spreadInto(cloud, p, (s.alignment * 2) / ((J - 1) * N), part(cloud));
  for (let j = 0; j < J; j++) {
    const weighted = [];
    let sum = 0;
    for (let a = j * N; a < j * N + N; a++) {
      for (let b = a + 1; b < j * N + N; b++) {
        const w = Math.exp(s.t * (2 * (p[2 * a] * p[2 * b] + p[2 * a + 1] * p[2 * b + 1]) - 2));
        sum += w;
        weighted.push([a, b, w]);
      }
    }
    push.value += (s.uniformity * Math.log(sum / count)) / J;
    for (const [a, b, w] of weighted) {
      for (let d = 0; d < 2; d++) {
        const g = (s.uniformity * 2 * s.t * w) / (sum * J);
        push.z[2 * a + d] += g * p[2 * b + d];
        push.z[2 * b + d] += g * p[2 * a + d];
      }
    }
  }
  return { pull: throughUnit(pull, cloud.z, p), push: throughUnit(push, cloud.z, p) };
}

// Without the predictor. The slow copy t receives no gradient.
function byol(cloud) {
  const p = unit(cloud.z);
  const pull = pairs(cloud, p, unit(cloud.t), -2, false);
  pull.value += 2;
  return { pull: throughUnit(pull, cloud.z, p) };
}

// ---- losses on the statistics of the batch
function vicreg(cloud, s) {
  const { J, N, z } = cloud;
  const pull = spreadInto(cloud, z, s.invariance / ((J - 1) * N), part(cloud));
  const push = part(cloud);
  for (let j = 0; j < J; j++) {
    const at = (n, d) => 2 * (j * N + n) + d;
    const mean = [0, 0];
    const square = [0, 0];
    let shared = 0;
    for (let n = 0; n < N; n++) for (let d = 0; d < 2; d++) mean[d] += z[at(n, d)] / N;
    for (let n = 0; n < N; n++) {
      for (let d = 0; d < 2; d++) square[d] += (z[at(n, d)] - mean[d]) ** 2 / (N - 1);
      shared += ((z[at(n, 0)] - mean[0]) * (z[at(n, 1)] - mean[1])) / (N - 1);
    }
    push.value += (2 * s.covariance * shared * shared) / J;
    for (let d = 0; d < 2; d++) {
      const deviation = Math.sqrt(square[d] + 1e-4);
      const short = s.gamma - deviation;
      push.value += (s.variance * Math.max(0, short)) / (2 * J);
      for (let n = 0; n < N; n++) {
        if (short > 0) {
          push.z[at(n, d)] -= (s.variance * (z[at(n, d)] - mean[d])) / (2 * J * (N - 1) * deviation);
        }
        push.z[at(n, d)] += (4 * s.covariance * shared * (z[at(n, 1 - d)] - mean[1 - d])) / (J * (N - 1));
      }
    }
  }
  return { pull, push };
}

const SLICES = 16; // fixed, evenly spread directions; LeJEPA itself draws them at random
const KNOTS = 17;
const REACH = 3;

function lejepa(cloud, s) {
  const { J, N, z } = cloud;
  const pull = spreadInto(cloud, z, (1 - s.lambda_) / (2 * J * N), part(cloud));
  const push = part(cloud);
  const share = (s.lambda_ * N) / (J * SLICES);
  for (let k = 0; k < SLICES; k++) {
    const angle = (Math.PI * k) / SLICES;
    const u = [Math.cos(angle), Math.sin(angle)];
    for (let j = 0; j < J; j++) {
      for (let q = 0; q < KNOTS; q++) {
        const t = (REACH * q) / (KNOTS - 1);
        const gauss = Math.exp((-t * t) / 2);
        const w = share * gauss * ((2 * REACH) / (KNOTS - 1)) * (q === 0 || q === KNOTS - 1 ? 0.5 : 1);
        let cos = 0;
        let sin = 0;
        const along = Array.from(
          { length: N },
          (_, n) => t * (z[2 * (j * N + n)] * u[0] + z[2 * (j * N + n) + 1] * u[1]),
        );
        for (const a of along) {
          cos += Math.cos(a) / N;
          sin += Math.sin(a) / N;
        }
        push.value += w * ((cos - gauss) ** 2 + sin * sin);
        along.forEach((a, n) => {
          const g = ((2 * w * t) / N) * (sin * Math.cos(a) - (cos - gauss) * Math.sin(a));
          for (let d = 0; d < 2; d++) push.z[2 * (j * N + n) + d] += g * u[d];
        });
      }
    }
  }
  return { pull, push };
}

export const OBJECTIVES = { simvae, vae, simclr, alignment_uniformity, vicreg, lejepa, byol };
export const ON_CIRCLE = new Set(["simclr", "alignment_uniformity", "byol"]);
