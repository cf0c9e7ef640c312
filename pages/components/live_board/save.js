// Downloads of one panel, made in the browser from what it already has.

import { download, element } from "../common.js";

const TITLE = 44; // pixels above the curves for title and legend

const fileName = (panel) => panel.spec.title.toLowerCase().replace(/[^a-z0-9]+/g, "-");

export function saveCsv(panel) {
  const rows = ["series,step,value"];
  for (const curve of panel.series) {
    for (let i = 0; i < curve.x.length; i++) rows.push(`"${curve.name}",${curve.x[i]},${curve.y[i]}`);
  }
  download(new Blob([rows.join("\n")], { type: "text/csv" }), `${fileName(panel)}.csv`);
}

export function savePng(panel, theme) {
  const source = panel.canvas;
  const ratio = source.width / source.clientWidth;
  const picture = element("canvas", { width: source.width, height: source.height + TITLE * ratio });
  const ctx = picture.getContext("2d");
  ctx.fillStyle = theme.paper;
  ctx.fillRect(0, 0, picture.width, picture.height);
  ctx.drawImage(source, 0, TITLE * ratio);
  ctx.scale(ratio, ratio);
  ctx.fillStyle = theme.ink;
  ctx.font = `600 13px ${theme.font}`;
  ctx.fillText(panel.spec.title, 8, 16);
  ctx.font = `11px ${theme.font}`;
  let x = 8;
  for (const curve of panel.series) {
    ctx.fillStyle = curve.colour;
    ctx.fillRect(x, 30, 12, 3);
    ctx.fillStyle = theme.ink;
    ctx.fillText(curve.name, x + 16, 35);
    x += 28 + ctx.measureText(curve.name).width;
  }
  picture.toBlob((blob) => download(blob, `${fileName(panel)}.png`));
}
