// A row of small images to choose one from, turned like pages; all of them come from one sheet.

const states = new WeakMap();

function fill(S) {
  const { sheet, order, chosen, names } = S.data, room = Math.max(1, Math.floor((S.cells.clientWidth - 2) / 50)), pages = Math.ceil(order.length / room);
  S.room = room;
  S.cells.style.gap = `${Math.max(4, (S.cells.clientWidth - 6 - 46 * room) / Math.max(1, room - 1))}px`;  // the row fills its width
  S.page = Math.max(0, Math.min(S.page, pages - 1));
  S.back.disabled = S.page === 0; S.on.disabled = S.page >= pages - 1;
  const part = order.slice(S.page * room, (S.page + 1) * room), [h, w] = sheet.cell, size = 44 / Math.max(h, w);
  S.cells.replaceChildren(...part.map((k, i) => {
    const b = document.createElement("button");
    b.className = "cell"; b.type = "button"; b.role = "option";
    b.style.backgroundImage = `url("${new URL(sheet.url, document.baseURI)}")`;
    b.style.backgroundSize = `${sheet.columns * w * size}px auto`;
    b.style.backgroundPosition = `${-(k % sheet.columns) * w * size}px ${-Math.floor(k / sheet.columns) * h * size}px`;
    b.title = `${names[S.page * room + i] || ""} · image ${k}`.replace(/^ · /, "");
    b.setAttribute("aria-label", b.title);
    b.setAttribute("aria-selected", String(k === chosen));
    b.onclick = () => { S.send("chosen", k); S.data.chosen = k; fill(S); };
    return b;
  }));
}

export default function (component) {
  const root = component.parentElement.querySelector(".picker");
  let S = states.get(component.parentElement);
  if (!S || S.root !== root) {
    S = { root, page: 0, cells: root.querySelector(".cells"), back: root.querySelector(".back"), on: root.querySelector(".on") };
    S.watch = new ResizeObserver(() => S.data && fill(S));
    S.watch.observe(S.cells);
    S.back.onclick = () => { S.page -= 1; fill(S); };
    S.on.onclick = () => { S.page += 1; fill(S); };
    states.set(component.parentElement, S);
  }
  S.send = component.setStateValue;
  S.data = component.data;
  root.setAttribute("aria-label", S.data.label);
  S.cells.setAttribute("aria-label", S.data.label);
  if (S.sheet !== S.data.sheet.url) { S.sheet = S.data.sheet.url; S.page = 0; }
  fill(S);
  root.dataset.ready = "true";
  return () => S.watch.disconnect();
}
