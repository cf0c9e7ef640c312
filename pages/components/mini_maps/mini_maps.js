// Small moving maps, one for each racer: points travel from the layout they had to the one that has just come.
const walls = new WeakMap()
const TRAVEL = 700
const BREATH = 28 // ms from one picture to the next: 30 a second are enough for the eye, and half of what a screen asks

export default function ({ data, parentElement }) {
  let wall = walls.get(parentElement)
  if (!wall) walls.set(parentElement, (wall = makeWall(parentElement)))
  wall.update(data)
  return () => {
    wall.close()
    walls.delete(parentElement)
  }
}

function makeWall(parent) {
  const root = parent.querySelector(".maps")
  const host = parent.host ?? root
  const maps = new Map()
  let pending = 0
  let painted = 0
  let text = "#888"
  let seen = ""
  const calm = matchMedia("(prefers-reduced-motion: reduce)").matches
  const tick = now => {
    pending = 0
    if (now - painted < BREATH) return wake()
    painted = now
    let moving = false
    for (const map of maps.values()) moving = paint(map, now, text) || moving
    if (moving) wake()
  }
  const wake = () => (pending ||= requestAnimationFrame(tick))
  const watcher = new ResizeObserver(() => {
    for (const map of maps.values()) map.dirty = true
    wake()
  })
  watcher.observe(root)
  return {
    update(data) {
      text = getComputedStyle(host).getPropertyValue("--st-text-color").trim() || text
      const now = JSON.stringify([data, text])
      if (now === seen) return // the page looks every second; a new layout comes once in many
      seen = now
      const keep = new Set(data.maps.map(m => m.id))
      for (const [id, map] of maps) if (!keep.has(id)) map.figure.remove(), maps.delete(id)
      for (const spec of data.maps) {
        if (!maps.has(spec.id)) maps.set(spec.id, makeMap(spec.id))
        const map = maps.get(spec.id)
        root.append(map.figure)
        receive(map, spec, data, calm)
      }
      wake()
    },
    close() {
      watcher.disconnect()
      cancelAnimationFrame(pending)
    },
  }
}

function makeMap(id) {
  const make = (tag, props = {}) => Object.assign(document.createElement(tag), props)
  const map = { id, canvas: make("canvas"), dot: make("i"), name: make("span"), note: make("small"), figure: make("figure"), stamp: null }
  const title = make("figcaption")
  title.append(map.dot, map.name, map.note)
  map.figure.append(title, map.canvas)
  map.canvas.setAttribute("role", "img")
  return map
}

function receive(map, spec, { colours, live }, calm) {
  map.dot.style.background = spec.colour
  map.name.textContent = spec.title
  map.note.textContent = spec.note
  map.canvas.setAttribute("aria-label", `Map of ${spec.title}, ${spec.note}`)
  map.colours = colours
  map.promise = live ? "first map on its way…" : "no map was drawn"
  map.dirty = true
  map.figure.dataset.frame = spec.stamp ?? ""
  if (map.stamp === spec.stamp) return
  const to = spec.points ? decode(spec.points, Float32Array) : new Float32Array()
  const same = map.to && map.to.length === to.length && !calm
  map.from = same ? (map.now ?? map.to).slice() : to
  map.to = to
  map.kinds = spec.classes ? decode(spec.classes, Uint8Array) : new Uint8Array(to.length / 2)
  map.rows = colours.map((_, code) => [...map.kinds.keys()].filter(row => map.kinds[row] % colours.length === code))
  map.bounds = { from: same ? map.boundsNow : bounds(to), to: bounds(to) }
  map.since = same ? performance.now() : -Infinity
  map.stamp = spec.stamp
}

function decode(text, Kind) {
  const raw = atob(text)
  const bytes = new Uint8Array(raw.length)
  for (let i = 0; i < raw.length; i++) bytes[i] = raw.charCodeAt(i)
  return new Kind(bytes.buffer)
}

// Centre and half-width of the square that holds all but the farthest half per cent.
function bounds(points) {
  if (!points.length) return [0, 0, 1]
  const side = axis => {
    const values = []
    for (let i = axis; i < points.length; i += 2) values.push(points[i])
    values.sort((a, b) => a - b)
    const cut = Math.floor(values.length * 0.005)
    return [values[cut], values[values.length - 1 - cut]]
  }
  const [x0, x1] = side(0)
  const [y0, y1] = side(1)
  return [(x0 + x1) / 2, (y0 + y1) / 2, 0.54 * Math.max(x1 - x0, y1 - y0, 1e-6)]
}

function paint(map, now, text) {
  const share = Math.min(1, Math.max(0, (now - map.since) / TRAVEL))
  const moving = share < 1
  if (!moving && !map.dirty && map.arrived) return false
  map.arrived = !moving
  map.dirty = false
  const ease = share * share * (3 - 2 * share)
  const mix = (a, b) => a + (b - a) * ease
  const size = map.canvas.clientWidth
  if (!size) return moving
  const ratio = window.devicePixelRatio || 1
  if (map.canvas.width !== Math.round(size * ratio)) map.canvas.width = map.canvas.height = Math.round(size * ratio)
  const ctx = map.canvas.getContext("2d")
  ctx.setTransform(ratio, 0, 0, ratio, 0, 0)
  ctx.clearRect(0, 0, size, size)
  if (!map.to?.length) return waiting(ctx, size, text, map.promise)
  map.boundsNow = map.bounds.from.map((value, i) => mix(value, map.bounds.to[i]))
  const [cx, cy, half] = map.boundsNow
  map.now ??= new Float32Array(map.to.length)
  if (map.now.length !== map.to.length) map.now = new Float32Array(map.to.length)
  for (let i = 0; i < map.to.length; i++) map.now[i] = mix(map.from[i], map.to[i])
  const radius = Math.max(1.3, Math.min(2.8, size / 110))
  ctx.globalAlpha = 0.85
  map.rows.forEach((rows, code) => {
    ctx.fillStyle = map.colours[code]
    ctx.beginPath()
    for (const row of rows) {
      const x = ((map.now[2 * row] - cx) / half + 1) * size * 0.5
      const y = (1 - (map.now[2 * row + 1] - cy) / half) * size * 0.5
      ctx.moveTo(x + radius, y)
      ctx.arc(x, y, radius, 0, 7)
    }
    ctx.fill()
  })
  ctx.globalAlpha = 1
  return moving
}

function waiting(ctx, size, text, words) {
  ctx.fillStyle = text
  ctx.globalAlpha = 0.6
  ctx.font = "12px sans-serif"
  ctx.textAlign = "center"
  ctx.fillText(words, size / 2, size / 2)
  ctx.globalAlpha = 1
  return false
}
