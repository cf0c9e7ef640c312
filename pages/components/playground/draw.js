// The picture: points in their data's colours, p(z|y) as ellipses, the pull and push on each point as arrows.

const ROOM = 14, REST = 0.012;    // pixels around the plane; an arrow shorter than this (in the plane's units) is not drawn

function shown(S) {    // where the points are drawn: on the circle where only their direction counts
  return ON_CIRCLE.has(S.name) ? unit(S.C.z) : S.C.z;
}

function fit(S, z) {    // the half-width of the plane follows the points, smoothly
  let most = ON_CIRCLE.has(S.name) ? 1.02 : 0.6;
  for (let i = 0; i < z.length; i++) most = Math.max(most, Math.abs(z[i]));
  const wanted = Math.min(12, 1.3 * most);
  S.half = !S.half || S.calm ? wanted : S.half + 0.12 * (wanted - S.half);
  return Math.abs(S.half - wanted) > 0.002 * wanted;
}

function toScreen(S, x, y) {
  const k = (S.size / 2 - ROOM) / S.half;
  return [S.W / 2 + k * x, S.H / 2 - k * y];
}

function fromScreen(S, px, py) {
  const k = (S.size / 2 - ROOM) / S.half;
  return [(px - S.W / 2) / k, (S.H / 2 - py) / k];
}

function arrow(ctx, x, y, dx, dy) {
  const size = Math.hypot(dx, dy), head = Math.min(6, 0.6 * size), ux = dx / size, uy = dy / size, ex = x + dx, ey = y + dy;
  ctx.beginPath(); ctx.moveTo(x, y); ctx.lineTo(ex - 0.7 * head * ux, ey - 0.7 * head * uy); ctx.stroke();
  ctx.beginPath(); ctx.moveTo(ex, ey);
  ctx.lineTo(ex - head * ux + 0.5 * head * uy, ey - head * uy - 0.5 * head * ux);
  ctx.lineTo(ex - head * ux - 0.5 * head * uy, ey - head * uy + 0.5 * head * ux);
  ctx.fill();
}

function ellipse(S, ctx, x, y, [a, b, angle]) {
  const [px, py] = toScreen(S, x, y), k = (S.size / 2 - ROOM) / S.half;
  ctx.beginPath(); ctx.ellipse(px, py, Math.max(0.5, k * a), Math.max(0.5, k * b), -angle, 0, 2 * Math.PI); ctx.stroke();
}

function ground(S, ctx) {
  ctx.strokeStyle = S.line; ctx.lineWidth = 1; ctx.setLineDash([]);
  ctx.beginPath(); ctx.moveTo(0, S.H / 2); ctx.lineTo(S.W, S.H / 2); ctx.moveTo(S.W / 2, 0); ctx.lineTo(S.W / 2, S.H); ctx.stroke();
  if (ON_CIRCLE.has(S.name)) { ctx.lineWidth = 1.5; ellipse(S, ctx, 0, 0, [1, 1, 0]); }
}

function clouds(S, ctx, z) {
  const mean = centres(S.C, z), whole = implied(S.C, z), sigma = Math.sqrt(S.settings.sigma2 ?? 0), n2 = 2 * S.C.N;
  ctx.lineWidth = 1.5;
  for (let n = 0; n < n2; n += 2) {
    const x = mean[n], y = mean[n + 1], size = Math.hypot(x, y);
    ctx.strokeStyle = S.colours[(n / 2) % S.colours.length]; ctx.globalAlpha = 0.8; ctx.setLineDash([]);
    // on the circle views differ along it only: an ellipse that lies on it, as long as their deviation
    if (ON_CIRCLE.has(S.name) && size > 1e-6) ellipse(S, ctx, x / size, y / size, [Math.hypot(whole[0], whole[1]), 0.05, Math.atan2(x, -y)]);
    else ellipse(S, ctx, x, y, whole);
    if (S.name === "simvae") { ctx.setLineDash([4, 5]); ellipse(S, ctx, x, y, [sigma, sigma, 0]); }
  }
  ctx.setLineDash([]); ctx.globalAlpha = 1;
}

function arrows(S, ctx, z, terms) {
  const reach = 7 * rateOf(S.name, S.settings) * S.C.N, longest = 0.32 * S.half;
  ctx.lineWidth = 1.6;
  for (const [role, term] of Object.entries(terms)) {
    if (S.off.has(role)) continue;
    ctx.strokeStyle = ctx.fillStyle = S.roles[role];
    for (let i = 0; i < z.length; i += 2) {
      const scale = ON_CIRCLE.has(S.name) ? Math.hypot(S.C.z[i], S.C.z[i + 1]) : 1;    // the gradient on the circle itself
      const dx = -reach * scale * term.z[i], dy = -reach * scale * term.z[i + 1], size = Math.hypot(dx, dy);
      if (size < REST * S.half) continue;
      const cut = (longest * (1 - Math.exp(-size / longest))) / size, k = (S.size / 2 - ROOM) / S.half;
      const [px, py] = toScreen(S, z[i], z[i + 1]);
      arrow(ctx, px, py, k * cut * dx, -k * cut * dy);
    }
  }
}

function dots(S, ctx, z, remembers) {
  for (let i = 0; i < z.length; i += 2) {
    const n = (i / 2) % S.C.N, [px, py] = toScreen(S, z[i], z[i + 1]);
    if (remembers && i / 2 === S.chosen) {    // where its image lies
      const [ix, iy] = toScreen(S, S.C.x[i], S.C.x[i + 1]);
      ctx.strokeStyle = S.roles.reconstruct; ctx.lineWidth = 1.5; ctx.strokeRect(ix - 4, iy - 4, 8, 8);
    }
    ctx.fillStyle = S.colours[n % S.colours.length];
    ctx.strokeStyle = i / 2 === S.chosen ? S.ink : S.paper; ctx.lineWidth = i / 2 === S.chosen ? 2.5 : 1.5;
    ctx.beginPath(); ctx.arc(px, py, i / 2 === S.chosen ? 7 : 5, 0, 2 * Math.PI); ctx.fill(); ctx.stroke();
  }
}

function draw(S, terms) {
  const ctx = S.canvas.getContext("2d"), z = shown(S), moving = fit(S, z);
  ctx.setTransform(S.dpr, 0, 0, S.dpr, 0, 0);
  ctx.clearRect(0, 0, S.W, S.H);
  ground(S, ctx);
  clouds(S, ctx, z);
  arrows(S, ctx, z, terms);
  dots(S, ctx, z, "reconstruct" in terms);
  return moving;
}
