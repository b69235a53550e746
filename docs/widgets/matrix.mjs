/** One attention matrix as a table: a row for each character that looks, a column for each that is looked at.
 *
 * The colours of its cells are a picture below them. A table of 64 columns whose cells had their own would take longer to
 * draw than a key is pressed.
 */

import { make } from "./make.mjs";
import { Picture } from "./picture.mjs";
import { rounded, sentence, visible } from "./words.mjs";

// Up to so many columns a cell has room for its number, and up to so many for a finger.
const NUMBERS = 12;
const ROOMY = 32;

const sizeOf = (columns) => (columns <= NUMBERS ? "numbered" : columns <= ROOMY ? "roomy" : "dense");

export class Matrix {
  /** @param {() => void} onchoice is called when the reader has chosen the cell in row `t` and column `s` */
  constructor(onchoice) {
    this.onchoice = onchoice;
    this.caption = make("p", { class: "hint" });
    this.head = make("tr", { role: "row" });
    this.rows = make("tbody", { role: "rowgroup" });
    // Style sheets that lay out a table in another way may take its roles from it.
    this.table = make(
      "table",
      {
        class: "cells",
        role: "grid",
        onclick: (event) => this.click(event),
        onkeydown: (event) => this.key(event),
        onmouseover: ({ target }) => target.ariaLabel && (target.title = target.ariaLabel),
      },
      make("thead", { role: "rowgroup" }, this.head),
      this.rows,
    );
    this.ground = make("div", { class: "ground" });
    this.matrix = make("div", {}, this.ground, this.table);
    this.box = make("div", { class: "box" }, this.matrix);
    [this.who, this.whom] = [0, 1].map(() =>
      make("select", { onchange: () => this.choose(+this.who.value, +this.whom.value) }),
    );
    this.sentence = make("p", { class: "sentence", role: "status" });
    const names = [make("label", {}, "Who looks ", this.who), make("label", {}, "at whom ", this.whom)];
    this.element = make(
      "div",
      {},
      this.caption,
      make("div", { class: "fields" }, ...names),
      this.sentence,
      this.box,
    );
  }

  /** Begins with another model. */
  show(shades, contextLength) {
    this.picture = new Picture(shades, contextLength);
    this.ground.replaceChildren(this.picture.canvas);
    this.clear();
  }

  clear() {
    this.drawn = { characters: [], weights: [] };
    this.isChosen = false;
    this.cell = undefined;
    this.rows.replaceChildren();
    this.head.replaceChildren(make("td", { role: "gridcell" }));
    for (const select of [this.who, this.whom]) select.replaceChildren();
  }

  repaint() {
    this.picture.repaint();
  }

  /** Shows a matrix; rows that are the same as before stay as they are.
   *
   * @param {string[]} characters T of them
   * @param {Float32Array[]} weights T rows, row t of t + 1 weights
   * @param {string} caption
   */
  draw(characters, weights, caption) {
    const { drawn } = this;
    const size = sizeOf(characters.length);
    // A reading replaces the rows that it reads anew, so a row that is the same object has not changed.
    const isSame = (_, t) => characters[t] === drawn.characters[t] && weights[t] === drawn.weights[t];
    const differs = characters.findIndex((each, t) => !isSame(each, t));
    const kept = size !== this.size ? 0 : differs < 0 ? characters.length : differs;
    if (size !== this.size) this.matrix.className = `matrix ${size}`;
    this.size = size;
    if (this.caption.textContent !== caption) this.caption.textContent = caption;
    while (this.rows.children.length > kept) this.rows.lastChild.remove();
    while (this.head.children.length > kept + 1) this.head.lastChild.remove();
    for (let t = kept; t < characters.length; t++) {
      this.head.append(make("th", { role: "columnheader", scope: "col" }, visible(characters[t])));
      this.rows.append(row(characters, weights[t], t, size));
    }
    this.picture.draw(weights);
    this.drawn = { characters, weights: [...weights] };
    this.element.hidden = !characters.length;
    options(this.who, characters, characters.length);
    if (characters.length) this.keepChoice();
  }

  /** What the reader has chosen stays, as long as it is there; until then it is what the last character looks at most. */
  keepChoice() {
    const { weights } = this.drawn;
    const last = weights.length - 1;
    if (this.isChosen && this.t <= last) return this.mark();
    this.isChosen = false;
    [this.t, this.s] = [last, weights[last].indexOf(Math.max(...weights[last]))];
    this.mark();
  }

  choose(t, s) {
    this.isChosen = true;
    [this.t, this.s] = [t, Math.min(s, t)];
    this.mark();
    this.scrollToChoice();
    this.onchoice();
  }

  /** Shows which cell is chosen; it is the one that the Tab key comes to. */
  mark() {
    const { t, s, drawn } = this;
    this.cell?.removeAttribute("tabindex");
    this.cell?.removeAttribute("aria-selected");
    this.cell = this.rows.children[t].children[s + 1];
    this.cell.setAttribute("tabindex", "0");
    this.cell.setAttribute("aria-selected", "true");
    options(this.whom, drawn.characters, t + 1);
    [this.who.value, this.whom.value] = [t, s];
    this.sentence.textContent = `${sentence(drawn.characters, t, s, drawn.weights[t][s])}.`;
  }

  /** Brings the chosen cell into sight within its box; the page itself stays where it is. */
  scrollToChoice() {
    if (!this.cell) return;
    const { offsetLeft: left, offsetWidth: width } = this.cell;
    const { box } = this;
    if (left + width > box.scrollLeft + box.clientWidth) box.scrollLeft = left + width - box.clientWidth;
    else if (left - width < box.scrollLeft) box.scrollLeft = left - width;
  }

  click({ target }) {
    const cell = target.closest("tbody td");
    if (!cell) return;
    this.choose(cell.parentElement.rowIndex - 1, cell.cellIndex - 1);
    this.cell.focus();
  }

  key(event) {
    const steps = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };
    const ends = { Home: -this.s, End: this.t - this.s };
    const [down, right] = steps[event.key] ?? (event.key in ends ? [0, ends[event.key]] : []);
    if (down === undefined) return;
    event.preventDefault();
    const [t, s] = [this.t + down, this.s + right];
    if (t < 0 || t >= this.rows.children.length || s < 0 || (right && s > t)) return;
    this.choose(t, s);
    this.cell.focus();
  }
}

function row(characters, weights, t, size) {
  // Sixty-four of them for a key: not by `make`, which takes longer.
  const cells = Array.from(weights, (weight, s) => {
    const cell = document.createElement("td");
    cell.setAttribute("role", "gridcell");
    cell.setAttribute("aria-label", sentence(characters, t, s, weight));
    if (size === "numbered") cell.textContent = rounded(weight);
    return cell;
  });
  const head = make("th", { role: "rowheader", scope: "row" }, visible(characters[t]));
  return make("tr", { role: "row" }, head, ...cells);
}

/** As many options as there are characters to choose from, each with its place, since a letter may stand in several. */
function options(select, characters, length) {
  while (select.length > length) select.remove(select.length - 1);
  for (let t = 0; t < length; t++) {
    const text = `${t + 1}: ${visible(characters[t])}`;
    const option = select.options[t];
    if (option?.text === text) continue;
    if (option) option.text = text;
    else select.add(make("option", { value: t }, text));
  }
}
