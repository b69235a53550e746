/** A matrix as a file: SVG in the colours of the light palette, as the figures of the pages are. */

import { fullness, rounded, sentence, visible } from "./words.mjs";

const [INK, MUTED, WEIGHT] = ["#1c1b22", "#6b6a75", "#5b8def"];
const SIDE = 40;
const SVG = "http://www.w3.org/2000/svg";

/** The text of an SVG of a matrix.
 *
 * @param {string[]} characters T of them
 * @param {Float32Array[]} weights T rows, row t of t + 1 weights
 * @param {string} title
 * @returns {string}
 */
export function drawMatrix(characters, weights, title) {
  const T = characters.length;
  const size = SIDE * (T + 2);
  const svg = draw("svg", { xmlns: SVG, viewBox: `0 0 ${size} ${size}`, "font-family": "monospace", "font-size": 14 });
  const hatch = draw("pattern", { id: "hatch", width: 8, height: 8, patternUnits: "userSpaceOnUse" });
  hatch.append(draw("path", { d: "M0 8L8 0", stroke: MUTED }));
  const defs = draw("defs");
  defs.append(hatch);
  svg.append(draw("title", {}, title), defs);
  const middle = { "text-anchor": "middle", "dominant-baseline": "central", fill: INK };
  const at = (t) => SIDE * (t + 1);
  for (let t = 0; t < T; t++) {
    const name = visible(characters[t]);
    svg.append(draw("text", { x: at(t) + SIDE / 2, y: SIDE / 2, ...middle }, name));
    svg.append(draw("text", { x: SIDE / 2, y: at(t) + SIDE / 2, ...middle }, name));
    weights[t].forEach((weight, s) => {
      const place = { x: at(s), y: at(t), width: SIDE, height: SIDE };
      const cell = draw("rect", { ...place, fill: WEIGHT, "fill-opacity": fullness(weight).toFixed(3) });
      cell.append(draw("title", {}, sentence(characters, t, s, weight)));
      svg.append(cell, draw("text", { x: at(s) + SIDE / 2, y: at(t) + SIDE / 2, ...middle }, rounded(weight)));
    });
    if (t + 1 < T) {
      svg.append(draw("rect", { x: at(t + 1), y: at(t), width: SIDE * (T - t - 1), height: SIDE, fill: "url(#hatch)" }));
    }
  }
  return new XMLSerializer().serializeToString(svg);
}

function draw(tag, attributes = {}, text = "") {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name !== "xmlns") element.setAttribute(name, value);
  }
  element.textContent = text;
  return element;
}

/** Hands a text to the reader as a file. */
export function saveFile(text, name) {
  const url = URL.createObjectURL(new Blob([text], { type: "image/svg+xml" }));
  Object.assign(document.createElement("a"), { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
