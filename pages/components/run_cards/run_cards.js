// The gallery: a card for each run. Links have addresses, so that they can open in a new tab; a plain click stays in
// this session.

import { element, lifecycle } from "../common.js";

function update(state, { data, setTriggerValue }) {
  state.send = setTriggerValue;
  const shape = JSON.stringify(data);
  if (state.shape === shape) return;
  state.shape = shape;
  state.root.replaceChildren(...data.cards.map((card) => drawCard(state, card, data.base)));
}

function drawCard(state, card, base) {
  const links = card.links.map((link) => anchor(state, base, link, { textContent: link.label }));
  const title = element("h4", {}, dot(card.colour), element("span", { textContent: card.title }));
  return element(
    "article",
    { id: card.run },
    drawPicture(state, card, base),
    title,
    element("small", { textContent: card.note, title: card.note }),
    element("dl", {}, ...card.scores.flatMap(drawScore)),
    element("nav", { "aria-label": `Open ${card.run}` }, ...links),
  );
}

function anchor(state, base, link, properties) {
  const node = element("a", {
    href: `${base}${link.page}?${new URLSearchParams(link.query)}`,
    ...properties,
  });
  node.onclick = (event) => {
    if (event.metaKey || event.ctrlKey || event.shiftKey) return;
    event.preventDefault();
    state.send("go", { page: link.page, query: link.query });
  };
  return node;
}

function drawPicture(state, card, base) {
  const picture = anchor(state, base, card.links[0], { className: "picture", title: card.run });
  const alt = `Map of ${card.run}, coloured by content`;
  const waiting = card.live ? "first map on its way…" : "no map yet";
  picture.append(
    card.picture
      ? element("img", { src: card.picture, alt, loading: "lazy" })
      : element("div", { textContent: waiting }),
  );
  return picture;
}

function drawScore({ name, value, colour }) {
  const bar = dot(colour);
  bar.style.width = `${100 * Math.max(0, Math.min(1, value ?? 0))}%`;
  return [
    element("dt", { textContent: name }),
    element("dd", { className: "bar" }, bar),
    element("dd", { className: "value", textContent: value == null ? "–" : value.toFixed(2) }),
  ];
}

function dot(colour) {
  const node = element("i");
  node.style.background = colour;
  return node;
}

export default lifecycle(".cards", { begin: () => ({}), update, end: () => {} });
