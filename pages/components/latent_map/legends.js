// The legends below the maps: what colours and marks mean. A click on an entry shows only its points.

import { element } from "../common.js";
import { mark } from "./stamps.js";

export function showLegends(state) {
  const kinds = new Map();
  for (const { colour, title } of state.specs) {
    const text = JSON.stringify([colour.legend, colour.palette]);
    if (!kinds.has(text)) kinds.set(text, { colour, titles: [] });
    kinds.get(text).titles.push(title);
  }
  const key = [...kinds.keys()].join() + state.only + state.ink;
  if (state.legendFor === key) return;
  state.legendFor = key;
  const before = (titles) => (kinds.size > 1 ? `${titles.join(", ")}: ` : "");
  const legends = [...kinds.values()].map(({ colour, titles }) => drawLegend(state, colour, before(titles)));
  state.ui.legends.replaceChildren(...legends);
}

function drawLegend(state, colour, before) {
  const { legend, palette } = colour;
  const text = (textContent) => element("span", { textContent });
  const stops = palette.filter((_, i) => i % 25 === 0).join();
  const box = element("div", { className: "legend" }, text(before + legend.title));
  if (legend.kind === "scale") {
    box.append(text(legend.low), strip("scale", `linear-gradient(90deg, ${stops})`), text(legend.high));
  } else if (legend.kind === "circle") {
    box.append(strip("ring", `conic-gradient(${stops}, ${palette[0]})`), text(legend.note));
  } else if (legend.kind === "instances") box.append(text(legend.note));
  box.append(...(legend.items || []).map((item) => entry(state, colour, item)));
  return box;
}

function strip(className, background) {
  const node = element("div", { className });
  node.style.background = background;
  return node;
}

function entry(state, { palette, shapes }, { code, name }) {
  const chip = element("canvas", { width: 24, height: 24 });
  const ctx = chip.getContext("2d");
  ctx.fillStyle = palette[code] || state.grey;
  mark(ctx, (shapes || [])[code] || 0, 12, 12, 8);
  ctx.fill();
  const button = element(
    "button",
    { className: "item", type: "button", title: "Show only these" },
    chip,
    name,
  );
  button.setAttribute("aria-pressed", String(state.only === code));
  button.onclick = () => {
    state.only = state.only === code ? -1 : code;
    showLegends(state);
    state.wake();
  };
  return button;
}
