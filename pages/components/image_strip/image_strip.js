// A row of small images to choose from, shown a page at a time; all of them are cut from one sheet.

import { cssUrl, element, lifecycle, parts } from "../common.js";

const SIDE = 44; // pixels of the longer side of an image
const CELL = 46; // an image and its border
const PITCH = 50; // a cell and the smallest gap

function begin(root) {
  const state = { page: 0, ...parts(root, "cells", "back", "on") };
  state.watcher = new ResizeObserver(() => state.data && fill(state));
  state.watcher.observe(state.cells);
  state.back.onclick = () => turn(state, -1);
  state.on.onclick = () => turn(state, 1);
  return state;
}

function turn(state, pages) {
  state.page += pages;
  fill(state);
}

function fill(state) {
  const { cells, data } = state;
  const perPage = Math.max(1, Math.floor((cells.clientWidth - 2) / PITCH));
  const pages = Math.ceil(data.order.length / perPage);
  const gap = (cells.clientWidth - 6 - CELL * perPage) / Math.max(1, perPage - 1); // the row fills its width
  cells.style.gap = `${Math.max(4, gap)}px`;
  state.page = Math.max(0, Math.min(state.page, pages - 1));
  state.back.disabled = state.page === 0;
  state.on.disabled = state.page >= pages - 1;
  const first = state.page * perPage;
  const rows = data.order.slice(first, first + perPage);
  cells.replaceChildren(...rows.map((row, i) => imageButton(state, row, data.names[first + i])));
}

function imageButton(state, row, name) {
  const { sheet, chosen } = state.data;
  const [height, width] = sheet.cell;
  const size = SIDE / Math.max(height, width);
  const title = name ? `${name} · image ${row}` : `image ${row}`;
  const button = element("button", {
    className: "cell",
    type: "button",
    role: "option",
    title,
    "aria-label": title,
    "aria-selected": String(row === chosen),
  });
  const left = -(row % sheet.columns) * width * size;
  const top = -Math.floor(row / sheet.columns) * height * size;
  button.style.backgroundImage = cssUrl(sheet.url);
  button.style.backgroundSize = `${sheet.columns * width * size}px auto`;
  button.style.backgroundPosition = `${left}px ${top}px`;
  button.onclick = () => {
    state.send("chosen", row);
    state.data.chosen = row;
    fill(state);
  };
  return button;
}

function update(state, { data, setStateValue }) {
  if (state.data?.sheet.url !== data.sheet.url) state.page = 0;
  state.send = setStateValue;
  state.data = data;
  state.root.setAttribute("aria-label", data.label);
  state.cells.setAttribute("aria-label", data.label);
  fill(state);
  state.root.dataset.ready = "true";
}

function end(state) {
  state.watcher.disconnect();
}

export default lifecycle(".picker", { begin, update, end });
