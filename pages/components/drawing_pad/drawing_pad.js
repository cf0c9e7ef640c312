// A sheet to draw on. It is sent as 64 by 64 pixels a moment after the pointer was lifted.

const states = new WeakMap();
const SMALL = 64;

function begin(root) {
  const find = (name) => root.querySelector(`.${name}`), sheet = find("sheet");
  const S = { root, sheet, ctx: sheet.getContext("2d"), inks: find("inks"), brush: find("brush"), ink: "#ffffff", last: null };
  Object.assign(S.ctx, { lineCap: "round", lineJoin: "round" });
  wipe(S);
  const at = (e) => { const b = sheet.getBoundingClientRect(); return [((e.clientX - b.left) / b.width) * sheet.width, ((e.clientY - b.top) / b.height) * sheet.height]; };
  sheet.onpointerdown = (e) => { if (e.button !== 0) return; sheet.setPointerCapture(e.pointerId); clearTimeout(S.timer); S.last = at(e); line(S, S.last); };
  sheet.onpointermove = (e) => { if (S.last) line(S, at(e)); };
  sheet.onpointerup = sheet.onpointercancel = () => { if (S.last) { S.last = null; later(S); } };
  sheet.onkeydown = (e) => { if (e.key === "Escape" || e.key === "Delete") { clear(S); e.preventDefault(); e.stopPropagation(); } };
  find("clear").onclick = () => clear(S);
  return S;
}

function wipe(S) {
  S.ctx.fillStyle = "#000";
  S.ctx.fillRect(0, 0, S.sheet.width, S.sheet.height);
}

function clear(S) {
  clearTimeout(S.timer);
  wipe(S);
  S.root.dataset.inked = "false";
  S.send("drawing", null);
}

function line(S, to) {
  S.ctx.strokeStyle = S.ink;
  S.ctx.lineWidth = Number(S.brush.value);
  S.ctx.beginPath(); S.ctx.moveTo(...S.last); S.ctx.lineTo(to[0] + 0.01, to[1]); S.ctx.stroke();
  S.last = to;
  S.root.dataset.inked = "true";
}

// Strokes follow each other quickly: only a pause tells that the drawing is worth looking at.
function later(S) {
  clearTimeout(S.timer);
  S.timer = setTimeout(() => {
    const small = document.createElement("canvas"), ctx = small.getContext("2d");
    small.width = small.height = SMALL;
    ctx.imageSmoothingQuality = "high";
    ctx.drawImage(S.sheet, 0, 0, SMALL, SMALL);
    const { data } = ctx.getImageData(0, 0, SMALL, SMALL);
    let text = "";
    for (let i = 0; i < data.length; i += 4) text += String.fromCharCode(data[i], data[i + 1], data[i + 2]);
    S.send("drawing", btoa(text));
  }, 350);
}

export default function (component) {
  const root = component.parentElement.querySelector(".pad"), { colours, brush } = component.data;
  let S = states.get(component.parentElement);
  if (!S || S.root !== root) {
    S = begin(root);
    S.brush.value = String(brush);
    S.inks.replaceChildren(...colours.map(([name, colour], i) => {
      const b = document.createElement("button");
      b.className = "ink"; b.type = "button"; b.style.background = colour; b.title = name;
      b.setAttribute("aria-label", name); b.setAttribute("aria-pressed", String(i === 0));
      b.onclick = () => { S.ink = colour; S.inks.querySelectorAll(".ink").forEach((o) => o.setAttribute("aria-pressed", String(o === b))); };
      return b;
    }));
    if (colours.length) S.ink = colours[0][1];
    states.set(component.parentElement, S);
  }
  S.send = component.setStateValue;
  root.dataset.ready = "true";
  return () => clearTimeout(S.timer);
}
