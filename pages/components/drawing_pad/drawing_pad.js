// A sheet to draw on. The drawing is sent as 64 by 64 pixels a moment after the pointer was lifted.

import { element, lifecycle, parts, pointerIn } from "../common.js";

const SMALL = 64;
const PAUSE = 350; // ms without a stroke after which the drawing is sent: strokes follow each other quickly

function begin(root) {
  const state = { ink: "#ffffff", last: null, ...parts(root, "sheet", "inks", "brush") };
  state.ctx = Object.assign(state.sheet.getContext("2d"), { lineCap: "round", lineJoin: "round" });
  wipe(state);
  listen(state);
  root.querySelector(".clear").onclick = () => clear(state);
  return state;
}

function listen(state) {
  const { sheet } = state;
  const at = (event) => {
    const [x, y] = pointerIn(sheet, event);
    const box = sheet.getBoundingClientRect();
    return [(x / box.width) * sheet.width, (y / box.height) * sheet.height];
  };
  sheet.onpointerdown = (event) => {
    if (event.button !== 0) return;
    sheet.setPointerCapture(event.pointerId);
    clearTimeout(state.timer);
    state.last = at(event);
    drawTo(state, state.last);
  };
  sheet.onpointermove = (event) => {
    if (state.last) drawTo(state, at(event));
  };
  sheet.onpointerup = sheet.onpointercancel = () => {
    if (!state.last) return;
    state.last = null;
    sendLater(state);
  };
  sheet.onkeydown = (event) => {
    if (event.key !== "Escape" && event.key !== "Delete") return;
    clear(state);
    event.preventDefault();
    event.stopPropagation();
  };
}

function wipe(state) {
  state.ctx.fillStyle = "#000";
  state.ctx.fillRect(0, 0, state.sheet.width, state.sheet.height);
}

function clear(state) {
  clearTimeout(state.timer);
  wipe(state);
  state.root.dataset.inked = "false";
  state.send("drawing", null);
}

function drawTo(state, to) {
  const { ctx } = state;
  ctx.strokeStyle = state.ink;
  ctx.lineWidth = Number(state.brush.value);
  ctx.beginPath();
  ctx.moveTo(...state.last);
  ctx.lineTo(to[0] + 0.01, to[1]);
  ctx.stroke();
  state.last = to;
  state.root.dataset.inked = "true";
}

function sendLater(state) {
  clearTimeout(state.timer);
  state.timer = setTimeout(() => state.send("drawing", packed(state.sheet)), PAUSE);
}

// The sheet as base64 of 64 · 64 · 3 bytes (RGB).
function packed(sheet) {
  const ctx = element("canvas", { width: SMALL, height: SMALL }).getContext("2d");
  ctx.imageSmoothingQuality = "high";
  ctx.drawImage(sheet, 0, 0, SMALL, SMALL);
  const { data } = ctx.getImageData(0, 0, SMALL, SMALL);
  let text = "";
  for (let i = 0; i < data.length; i += 4) text += String.fromCharCode(data[i], data[i + 1], data[i + 2]);
  return btoa(text);
}

function inkButton(state, [name, colour]) {
  const button = element("button", { className: "ink", type: "button", title: name, "aria-label": name });
  button.style.background = colour;
  button.setAttribute("aria-pressed", String(colour === state.ink));
  button.onclick = () => {
    state.ink = colour;
    for (const other of state.inks.children) other.setAttribute("aria-pressed", String(other === button));
  };
  return button;
}

function update(state, { data, setStateValue }) {
  if (!state.send) {
    state.brush.value = String(data.brush);
    if (data.colours.length) state.ink = data.colours[0][1];
    state.inks.replaceChildren(...data.colours.map((colour) => inkButton(state, colour)));
  }
  state.send = setStateValue;
  state.root.dataset.ready = "true";
}

function end(state) {
  clearTimeout(state.timer);
}

export default lifecycle(".pad", { begin, update, end });
