// The gallery: one card for each run. Links are real (they open in a new tab too); a plain click stays in this session.
export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".cards")
  const shape = JSON.stringify(data)
  if (root.dataset.shape === shape) return
  root.dataset.shape = shape
  root.replaceChildren(...data.cards.map(card => drawCard(card, data, setTriggerValue)))
}

const made = (tag, props = {}, ...children) => {
  const element = Object.assign(document.createElement(tag), props)
  element.append(...children)
  return element
}

function drawCard(card, data, go) {
  const anchor = (link, props) => {
    const query = new URLSearchParams(link.query)
    const a = made("a", { href: `${data.base}${link.page}?${query}`, ...props })
    a.onclick = event => {
      if (event.metaKey || event.ctrlKey || event.shiftKey) return
      event.preventDefault()
      go("go", { page: link.page, query: link.query })
    }
    return a
  }
  const picture = anchor(card.links[0], { className: "picture", title: card.run })
  picture.append(card.picture
    ? made("img", { src: card.picture, alt: `Map of ${card.run}, coloured by content`, loading: "lazy" })
    : made("div", { textContent: card.live ? "first map on its way…" : "no map yet" }))
  const dot = made("i")
  dot.style.background = card.colour
  const scores = made("dl")
  for (const { name, value, colour } of card.scores) {
    const fill = made("i")
    fill.style.background = colour
    fill.style.width = `${100 * Math.max(0, Math.min(1, value ?? 0))}%`
    scores.append(made("dt", { textContent: name }), made("dd", { className: "bar" }, fill),
      made("dd", { className: "value", textContent: value == null ? "–" : value.toFixed(2) }))
  }
  const ways = made("nav", {}, ...card.links.map(link => anchor(link, { textContent: link.label })))
  ways.setAttribute("aria-label", `Open ${card.run}`)
  return made("article", { id: card.run }, picture,
    made("h4", {}, dot, made("span", { textContent: card.title })),
    made("small", { textContent: card.note, title: card.note }), scores, ways)
}
