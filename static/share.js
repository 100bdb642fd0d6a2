// Sharing and saving what is drawn. Nothing is sent: a link carries the strokes themselves, in its
// fragment, which browsers keep to themselves.

import { download } from "./download.js";
import { takeLinked } from "./linked.js";
import { choose, options } from "./options.js";
import { outlineOf } from "./outline.js";
import { SIDE } from "./sheet.js";
import { encode } from "./stroke_code.js";

const PNG_SIDE = 1000; // pixels

const $ = (id) => document.getElementById(id);

/** Show the link to the drawing, and put it in the clipboard if allowed. `words` say how it went. */
export async function share(sheet, words) {
  const link = $("share-link");
  const said = $("shared");
  const copyLink = async () => {
    await navigator.clipboard.writeText(link.value);
    said.textContent = words.copied;
  };
  const apologize = () => (said.textContent = words.notCopied); // forbidden, or no secure origin
  said.textContent = "";
  link.value = linkTo(sheet.strokes);
  link.hidden = $("copy-link").hidden = !link.value;
  $("copy-link").onclick = () => copyLink().catch(apologize);
  $("share-dialog").showModal();
  link.select();
  if (!link.value) said.textContent = words.tooLong;
  else await copyLink().catch(() => {}); // some browsers want a click for it: there is a button
}

/**
 * Draw what the address's fragment carries, as a step that can be undone, and take it out of the
 * address. Returns whether it was a drawing.
 */
export function openLink(sheet) {
  try {
    const { strokes, fields } = takeLinked();
    choose({ mode: fields.get("mode"), model: fields.get("model") });
    sheet.draw(strokes);
    return true;
  } catch {
    return false;
  }
}

/** Offer the formats to save the drawing in, and its picture for the clipboard. */
export function save(sheet, words) {
  const dialog = $("save-dialog");
  const said = $("copied");
  const name = `inkling-${($("answer").textContent.match(/\d+/g) ?? ["drawing"]).join("-")}`;
  said.textContent = "";
  for (const button of dialog.querySelectorAll("[data-format]")) {
    button.onclick = async () => {
      const { format } = button.dataset;
      download(await FORMATS[format](sheet.strokes), `${name}.${format}`);
      dialog.close();
    };
  }
  $("copy-picture").hidden = !window.ClipboardItem;
  $("copy-picture").onclick = async () => {
    try {
      const item = new ClipboardItem({ "image/png": toPNG(sheet.strokes) });
      await navigator.clipboard.write([item]);
      said.textContent = words.copied;
    } catch {
      said.textContent = words.notCopied;
    }
  };
  dialog.showModal();
}

const FORMATS = { png: toPNG, svg: toSVG, json: toJSON };

/** Empty if there is too much for a link. */
function linkTo(strokes) {
  try {
    const fields = new URLSearchParams({ drawing: encode(strokes), ...options() });
    return `${location.origin}${location.pathname}#${fields}`;
  } catch {
    return "";
  }
}

/** Black on white. */
function toPNG(strokes) {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = PNG_SIDE;
  const context = canvas.getContext("2d", { alpha: false });
  context.fillStyle = "#fff";
  context.fillRect(0, 0, PNG_SIDE, PNG_SIDE);
  context.scale(PNG_SIDE / SIDE, PNG_SIDE / SIDE);
  context.fillStyle = "#000";
  for (const stroke of strokes) context.fill(new Path2D(outlineOf(stroke)));
  return new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
}

function toSVG(strokes) {
  const paths = strokes.map((stroke) => `<path d="${outlineOf(stroke)}"/>`).join("");
  const start = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${SIDE} ${SIDE}">`;
  return new Blob([start, paths, "</svg>\n"], { type: "image/svg+xml" });
}

/** The points of each stroke, [x, y, pressure], as the API takes them; lengths are in SIDE. */
function toJSON(strokes) {
  const drawing = {
    side: SIDE,
    widths: strokes.map(({ width }) => width),
    strokes: strokes.map(({ points }) => points),
  };
  return new Blob([JSON.stringify(drawing)], { type: "application/json" });
}
