// The picture: points in their data's colours, p(z|y) as ellipses, the pull and push on each point as arrows.

import { centres, ON_CIRCLE, unit } from "./math.js";
import { implied, rateOf } from "./world.js";

const ROOM = 14; // pixels around the plane
const SHORTEST = 0.012; // shorter arrows are not drawn (a share of the plane's half-width)

// The positions at which the points are drawn: on the circle for objectives that read only their directions.
export function drawnPoints(state) {
  return ON_CIRCLE.has(state.name) ? unit(state.cloud.z) : state.cloud.z;
}

// Let the half-width of the plane follow the points smoothly; returns whether it still changes.
function fit(state, z) {
  let most = ON_CIRCLE.has(state.name) ? 1.02 : 0.6;
  for (let i = 0; i < z.length; i++) most = Math.max(most, Math.abs(z[i]));
  const target = Math.min(12, 1.3 * most);
  state.half = !state.half || state.calm ? target : state.half + 0.12 * (target - state.half);
  return Math.abs(state.half - target) > 0.002 * target;
}

function toScreen(state, x, y) {
  const k = (state.size / 2 - ROOM) / state.half;
  return [state.width / 2 + k * x, state.height / 2 - k * y];
}

export function fromScreen(state, px, py) {
  const k = (state.size / 2 - ROOM) / state.half;
  return [(px - state.width / 2) / k, (state.height / 2 - py) / k];
}

function arrow(ctx, x, y, dx, dy) {
  const size = Math.hypot(dx, dy);
  const head = Math.min(6, 0.6 * size);
  const ux = dx / size;
  const uy = dy / size;
  const ex = x + dx;
  const ey = y + dy;
  ctx.beginPath();
  ctx.moveTo(x, y);
  ctx.lineTo(ex - 0.7 * head * ux, ey - 0.7 * head * uy);
  ctx.stroke();
  ctx.beginPath();
  ctx.moveTo(ex, ey);
  ctx.lineTo(ex - head * ux + 0.5 * head * uy, ey - head * uy - 0.5 * head * ux);
  ctx.lineTo(ex - head * ux - 0.5 * head * uy, ey - head * uy + 0.5 * head * ux);
  ctx.fill();
}

function ellipse(state, ctx, x, y, [a, b, angle]) {
  const [px, py] = toScreen(state, x, y);
  const k = (state.size / 2 - ROOM) / state.half;
  ctx.beginPath();
  ctx.ellipse(px, py, Math.max(0.5, k * a), Math.max(0.5, k * b), -angle, 0, 2 * Math.PI);
  ctx.stroke();
}

function ground(state, ctx) {
  ctx.strokeStyle = state.line;
  ctx.lineWidth = 1;
  ctx.setLineDash([]);
  ctx.beginPath();
  ctx.moveTo(0, state.height / 2);
  ctx.lineTo(state.width, state.height / 2);
  ctx.moveTo(state.width / 2, 0);
  ctx.lineTo(state.width / 2, state.height);
  ctx.stroke();
  if (ON_CIRCLE.has(state.name)) {
    ctx.lineWidth = 1.5;
    ellipse(state, ctx, 0, 0, [1, 1, 0]);
  }
}

// The ellipse of each datum's views, and for SimVAE the model's own σ as a dashed circle.
function clouds(state, ctx, z) {
  const mean = centres(state.cloud, z);
  const axes = implied(state.cloud, z);
  const sigma = Math.sqrt(state.settings.sigma2 ?? 0);
  const n2 = 2 * state.cloud.N;
  ctx.lineWidth = 1.5;
  for (let n = 0; n < n2; n += 2) {
    const x = mean[n];
    const y = mean[n + 1];
    const size = Math.hypot(x, y);
    ctx.strokeStyle = state.colours[(n / 2) % state.colours.length];
    ctx.globalAlpha = 0.8;
    ctx.setLineDash([]);
    // on the circle the views differ only along it: a flat ellipse along the circle, as long as their deviation
    if (ON_CIRCLE.has(state.name) && size > 1e-6) {
      ellipse(state, ctx, x / size, y / size, [Math.hypot(axes[0], axes[1]), 0.05, Math.atan2(x, -y)]);
    } else ellipse(state, ctx, x, y, axes);
    if (state.name === "simvae") {
      ctx.setLineDash([4, 5]);
      ellipse(state, ctx, x, y, [sigma, sigma, 0]);
    }
  }
  ctx.setLineDash([]);
  ctx.globalAlpha = 1;
}

// An arrow on each point for each term that is switched on: the step that its gradient would make, shortened.
function arrows(state, ctx, z, terms) {
  const reach = 7 * rateOf(state.name, state.settings) * state.cloud.N;
  const longest = 0.32 * state.half;
  ctx.lineWidth = 1.6;
  for (const [role, term] of Object.entries(terms)) {
    if (state.off.has(role)) continue;
    ctx.strokeStyle = ctx.fillStyle = state.roles[role];
    for (let i = 0; i < z.length; i += 2) {
      // from the gradient at z to the one on the circle
      const scale = ON_CIRCLE.has(state.name) ? Math.hypot(state.cloud.z[i], state.cloud.z[i + 1]) : 1;
      const dx = -reach * scale * term.z[i];
      const dy = -reach * scale * term.z[i + 1];
      const size = Math.hypot(dx, dy);
      if (size < SHORTEST * state.half) continue;
      const cut = (longest * (1 - Math.exp(-size / longest))) / size;
      const k = (state.size / 2 - ROOM) / state.half;
      const [px, py] = toScreen(state, z[i], z[i + 1]);
      arrow(ctx, px, py, k * cut * dx, -k * cut * dy);
    }
  }
}

// The points; with `reconstructs`, also a square where the image of the selected point lies.
function dots(state, ctx, z, reconstructs) {
  for (let i = 0; i < z.length; i += 2) {
    const n = (i / 2) % state.cloud.N;
    const [px, py] = toScreen(state, z[i], z[i + 1]);
    if (reconstructs && i / 2 === state.selected) {
      const [ix, iy] = toScreen(state, state.cloud.x[i], state.cloud.x[i + 1]);
      ctx.strokeStyle = state.roles.reconstruct;
      ctx.lineWidth = 1.5;
      ctx.strokeRect(ix - 4, iy - 4, 8, 8);
    }
    ctx.fillStyle = state.colours[n % state.colours.length];
    ctx.strokeStyle = i / 2 === state.selected ? state.ink : state.paper;
    ctx.lineWidth = i / 2 === state.selected ? 2.5 : 1.5;
    ctx.beginPath();
    ctx.arc(px, py, i / 2 === state.selected ? 7 : 5, 0, 2 * Math.PI);
    ctx.fill();
    ctx.stroke();
  }
}

// Draw the plane; returns whether its half-width still changes.
export function draw(state, terms) {
  const ctx = state.canvas.getContext("2d");
  const z = drawnPoints(state);
  const moving = fit(state, z);
  ctx.setTransform(state.dpr, 0, 0, state.dpr, 0, 0);
  ctx.clearRect(0, 0, state.width, state.height);
  ground(state, ctx);
  clouds(state, ctx, z);
  arrows(state, ctx, z, terms);
  dots(state, ctx, z, "reconstruct" in terms);
  return moving;
}
