// Charts of a running training: panels with one shared x axis. Zoom, hover and hidden series outlive every update,
// because they live here and not in the data. Colours of text and grid come from Streamlit's theme variables.
const boards = new WeakMap()
const PAD = { left: 40, right: 8, top: 10, bottom: 18 }

export default function ({ data, parentElement }) {
  let board = boards.get(parentElement)
  if (!board) boards.set(parentElement, (board = makeBoard(parentElement)))
  board.update(data)
  return () => {
    board.close()
    boards.delete(parentElement)
  }
}

function makeBoard(parent) {
  const root = parent.querySelector(".board")
  const host = parent.host ?? root
  const panels = new Map()
  const view = { zoom: null, hover: null, hidden: new Set(), data: null, theme: {} }
  let pending = 0
  const redraw = () => {
    pending ||= requestAnimationFrame(() => {
      pending = 0
      for (const panel of panels.values()) draw(panel, view)
    })
  }
  const watcher = new ResizeObserver(redraw)
  watcher.observe(root)
  return {
    update(data) {
      const theme = readTheme(host)
      const seen = JSON.stringify([data, theme])
      if (seen === view.seen) return // the page looks every second; there is not always anything new
      Object.assign(view, { data, theme, seen })
      layout(root, data, panels, view, redraw)
      redraw()
    },
    close() {
      watcher.disconnect()
      cancelAnimationFrame(pending)
    },
  }
}

function readTheme(host) {
  const style = getComputedStyle(host)
  const get = name => style.getPropertyValue(name).trim()
  return {
    text: get("--st-text-color") || "#444",
    grid: get("--st-border-color") || "#ccc",
    paper: get("--st-background-color") || "#fff",
    font: get("--st-font") || "sans-serif",
  }
}

const node = (tag, props = {}, ...children) => {
  const made = Object.assign(document.createElement(tag), props)
  made.append(...children)
  return made
}

// ---------------------------------------------------------------- the page's elements, made once and then reused
function layout(root, data, panels, view, redraw) {
  const shape = JSON.stringify(data.sections.map(s => [s.title, s.caption, s.panels.map(p => [p.id, p.title])]))
  if (root.dataset.shape !== shape) {
    root.dataset.shape = shape
    root.replaceChildren()
    const old = new Map(panels)
    panels.clear()
    for (const section of data.sections) {
      const grid = node("div", { className: "panels" })
      for (const spec of section.panels) {
        const panel = old.get(spec.id) ?? makePanel(spec, view, redraw)
        panel.heading.textContent = spec.title
        panels.set(spec.id, panel)
        grid.append(panel.figure)
      }
      const box = node("section", { className: "section" }, grid)
      if (section.title) box.prepend(node("h3", { textContent: section.title }))
      if (section.caption) box.append(node("p", { textContent: section.caption }))
      root.append(box)
    }
  }
  for (const section of data.sections)
    for (const spec of section.panels) fill(panels.get(spec.id), spec, view, redraw)
}

function makePanel(spec, view, redraw) {
  const canvas = node("canvas", { tabIndex: 0 })
  const panel = { canvas, heading: node("h4"), legend: node("div", { className: "legend" }), step: node("span", { className: "step" }) }
  const tool = (text, title, act) => node("button", { type: "button", textContent: text, title, onclick: act })
  const tools = node("span", { className: "tools" },
    tool("CSV", "Download the numbers", () => saveCsv(panel)),
    tool("PNG", "Download the picture", () => savePng(panel, view)))
  panel.figure = node("figure", { className: "panel" },
    node("header", {}, panel.heading, panel.step, tools), panel.legend, canvas)
  listen(panel, view, redraw)
  return panel
}

function listen(panel, view, redraw) {
  const { canvas } = panel
  const at = event => panel.toX?.(event.clientX - canvas.getBoundingClientRect().left)
  let start = null
  canvas.onpointerdown = event => {
    start = { px: event.clientX, x: at(event) }
    canvas.setPointerCapture(event.pointerId)
  }
  canvas.onpointermove = event => {
    view.hover = at(event)
    view.drag = start && Math.abs(event.clientX - start.px) > 5 ? [start.x, view.hover] : null
    redraw()
  }
  canvas.onpointerup = () => {
    if (view.drag) {
      const [a, b] = [...view.drag].sort((p, q) => p - q)
      if (b > a) view.zoom = [a, b]
    }
    start = view.drag = null
    redraw()
  }
  canvas.onpointerleave = () => {
    view.hover = null
    redraw()
  }
  canvas.ondblclick = () => {
    view.zoom = null
    redraw()
  }
  canvas.onkeydown = event => {
    const [low, high] = panel.range ?? [0, 1]
    const move = { ArrowLeft: -1, ArrowRight: 1 }[event.key]
    if (move) view.hover = Math.min(high, Math.max(low, (view.hover ?? high) + (move * (high - low)) / 50))
    else if (event.key === "Escape") view.zoom = view.hover = null
    else return
    event.preventDefault()
    redraw()
  }
}

function fill(panel, spec, view, redraw) {
  panel.spec = spec
  panel.series = spec.series.map(s => ({ ...s, x: floats(s.x), y: floats(s.y), id: `${spec.id}/${s.name}` }))
  panel.canvas.setAttribute("aria-label", `${spec.title}: chart of ${spec.series.map(s => s.name).join(", ")} by step`)
  panel.canvas.setAttribute("role", "img")
  const names = JSON.stringify(spec.series.map(s => [s.name, s.colour, s.dash]))
  if (panel.names === names) return
  panel.names = names
  panel.legend.replaceChildren(...panel.series.map(s => {
    const line = node("i", { className: s.dash ? "dash" : "" })
    line.style.borderColor = s.colour
    const button = node("button", { type: "button", title: "Show or hide" }, line, node("span", { textContent: s.name }), node("b"))
    button.setAttribute("aria-pressed", String(!view.hidden.has(s.id)))
    button.onclick = () => {
      if (!view.hidden.delete(s.id)) view.hidden.add(s.id)
      button.setAttribute("aria-pressed", String(!view.hidden.has(s.id)))
      redraw()
    }
    return button
  }))
}

function floats(text) {
  const raw = atob(text)
  const bytes = new Uint8Array(raw.length)
  for (let i = 0; i < raw.length; i++) bytes[i] = raw.charCodeAt(i)
  return new Float32Array(bytes.buffer)
}
