// Third part of live_board.js: downloads, made in the browser from what it already has.
function save(blob, name) {
  const link = node("a", { href: URL.createObjectURL(blob), download: name })
  link.click()
  setTimeout(() => URL.revokeObjectURL(link.href), 1000)
}

const fileName = panel => panel.spec.title.toLowerCase().replace(/[^a-z0-9]+/g, "-")

function saveCsv(panel) {
  const rows = ["series,step,value"]
  for (const s of panel.series) for (let i = 0; i < s.x.length; i++) rows.push(`"${s.name}",${s.x[i]},${s.y[i]}`)
  save(new Blob([rows.join("\n")], { type: "text/csv" }), `${fileName(panel)}.csv`)
}

function savePng(panel, view) {
  const source = panel.canvas
  const ratio = source.width / source.clientWidth
  const picture = node("canvas", { width: source.width, height: source.height + 44 * ratio })
  const ctx = picture.getContext("2d")
  ctx.fillStyle = view.theme.paper
  ctx.fillRect(0, 0, picture.width, picture.height)
  ctx.drawImage(source, 0, 44 * ratio)
  ctx.scale(ratio, ratio)
  ctx.fillStyle = view.theme.text
  ctx.font = `600 13px ${view.theme.font}`
  ctx.fillText(panel.spec.title, 8, 16)
  ctx.font = `11px ${view.theme.font}`
  let x = 8
  for (const s of panel.series) {
    ctx.fillStyle = s.colour
    ctx.fillRect(x, 30, 12, 3)
    ctx.fillStyle = view.theme.text
    ctx.fillText(s.name, x + 16, 35)
    x += 28 + ctx.measureText(s.name).width
  }
  picture.toBlob(blob => save(blob, `${fileName(panel)}.png`))
}
