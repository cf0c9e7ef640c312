// A point's mark, and a fast way to draw thousands of them: stamps blended in JavaScript, without a graphics card.

import { element } from "../common.js";

// Add the path of a mark: 0 circle, 1 square, 2 triangle, 3 diamond.
export function mark(ctx, shape, x, y, r) {
  ctx.beginPath();
  if (shape === 1) ctx.rect(x - r * 0.86, y - r * 0.86, r * 1.72, r * 1.72);
  else if (shape === 2) {
    ctx.moveTo(x, y - r * 1.15);
    ctx.lineTo(x + r * 1.05, y + r * 0.8);
    ctx.lineTo(x - r * 1.05, y + r * 0.8);
    ctx.closePath();
  } else if (shape === 3) {
    ctx.moveTo(x, y - r * 1.2);
    ctx.lineTo(x + r * 1.2, y);
    ctx.lineTo(x, y + r * 1.2);
    ctx.lineTo(x - r * 1.2, y);
    ctx.closePath();
  } else ctx.arc(x, y, r, 0, 7);
}

// The coverage (0 to 255) of every mark at every offset of a quarter pixel. Blending these is ten times faster than
// the canvas's own drawImage.
export function stamps(state, r) {
  const key = `${r}|${state.dpr}`;
  if (state.stampsFor === key) return state.stamps;
  const g = Math.ceil(2 * (r * 1.25 + 1) * state.dpr) + 1;
  const masks = [];
  const ctx = element("canvas", { width: g, height: g }).getContext("2d", { willReadFrequently: true });
  for (let shape = 0; shape < 4; shape++) {
    for (let sub = 0; sub < 16; sub++) {
      ctx.clearRect(0, 0, g, g);
      mark(ctx, shape, g / 2 + (sub % 4) / 4 - 0.375, g / 2 + (sub >> 2) / 4 - 0.375, r * state.dpr);
      ctx.fill();
      masks.push(ctx.getImageData(0, 0, g, g).data.filter((_, i) => i % 4 === 3));
    }
  }
  Object.assign(state, { stampsFor: key, stamps: { g, masks } });
  return state.stamps;
}

// The pixels of a whole map, cleared.
export function surface(map) {
  const w = map.canvas.width;
  const h = map.canvas.height;
  if (!map.surface || map.surface.w !== w || map.surface.h !== h) {
    const canvas = element("canvas", { width: w, height: h });
    const ctx = canvas.getContext("2d");
    const image = ctx.createImageData(w, h);
    map.surface = { w, h, canvas, ctx, image, pixels: new Uint32Array(image.data.buffer) };
  }
  map.surface.pixels.fill(0);
  return map.surface;
}

// Blend one stamp over the pixels (source over): `rgb` is 0xBBGGRR, `alpha` is 0 to 255.
export function stamp(to, mask, g, left, top, rgb, alpha) {
  const { w, h, pixels } = to;
  const x0 = Math.max(0, -left);
  const x1 = Math.min(g, w - left);
  const y0 = Math.max(0, -top);
  const y1 = Math.min(g, h - top);
  const r = rgb & 255;
  const gr = (rgb >> 8) & 255;
  const b = rgb >> 16;
  for (let y = y0; y < y1; y++) {
    let at = (top + y) * w + left + x0;
    let m = y * g + x0;
    for (let x = x0; x < x1; x++, at++, m++) {
      if (mask[m] === 0) continue;
      const sa = ((mask[m] * alpha + 127) / 255) | 0;
      const under = pixels[at];
      const da = under >>> 24;
      if (da === 0 || sa === 255) {
        pixels[at] = (rgb | (sa << 24)) >>> 0;
        continue;
      }
      const keep = (da * (255 - sa)) / 255;
      const oa = sa + keep;
      pixels[at] =
        (((r * sa + (under & 255) * keep) / oa) |
          (((gr * sa + ((under >> 8) & 255) * keep) / oa) << 8) |
          (((b * sa + ((under >> 16) & 255) * keep) / oa) << 16) |
          ((oa + 0.5) << 24)) >>>
        0;
    }
  }
}
