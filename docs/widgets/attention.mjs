/** Attention as a table that lies on a picture of its weights, and the elements that show it: <text-triangle model="head"
 * text="the king">, who looks at whom in a text that is being typed, and <attention-grid model="head" text="the king">, the
 * same for every head, with the arithmetic of each cell.
 *
 * A table of 64 columns whose cells had colours of their own would take longer to draw than a key is pressed.
 */

import {
  button,
  digits,
  draw,
  fullness,
  labelled,
  make,
  named,
  percent,
  rounded,
  sentence,
  side,
  significant,
  spoken,
  status,
  visible,
} from "./element.mjs";
import { inTurns } from "./lib/model.mjs";
import { ModelElement } from "./models.mjs";

const PAUSE = 100; // milliseconds without a key, after which all that is less urgent is drawn

// --- pictures: a pixel for each weight; the style sheet makes them larger, and hatches the rest ---

const SHADES = 256;

/** The colours of weights from 0 to 1 in the palette of the moment, each as the four bytes of a pixel. */
class Shades {
  /** @param {() => void} onchange is called when the reader has switched the palette: what is drawn does not follow it */
  constructor(onchange) {
    this.observer = new MutationObserver(() => {
      this.read();
      onchange();
    });
    this.observer.observe(document.body, { attributes: true, attributeFilter: ["data-md-color-scheme"] });
    this.read();
  }

  stop() {
    this.observer.disconnect();
  }

  read() {
    const style = getComputedStyle(document.body);
    const [ground, colour] = ["--md-default-bg-color", "--lt-weight"].map((name) => bytesOf(style.getPropertyValue(name)));
    const bytes = Array.from({ length: SHADES }, (_, shade) => {
      const share = fullness(shade / (SHADES - 1));
      return colour.map((part, i) => part * share + ground[i] * (1 - share));
    });
    this.pixels = new Uint32Array(Uint8ClampedArray.from(bytes.flat()).buffer);
  }

  of(weight) {
    return this.pixels[Math.round(weight * (SHADES - 1))];
  }
}

/** A colour as red, green, blue and opacity. */
function bytesOf(colour) {
  const context = make("canvas").getContext("2d");
  context.fillStyle = colour;
  context.fillRect(0, 0, 1, 1);
  return [...context.getImageData(0, 0, 1, 1).data];
}

class Picture {
  /**
   * @param {Shades} shades
   * @param {number} contextLength as many rows as there will ever be
   */
  constructor(shades, contextLength) {
    this.shades = shades;
    this.canvas = make("canvas", { "aria-hidden": "true", width: 1, height: 1 });
    this.image = new ImageData(contextLength, contextLength);
    this.pixels = new Uint32Array(this.image.data.buffer);
    this.rows = [];
  }

  /** Shows rows of weights; only those that are others than before are drawn.
   *
   * @param {Float32Array[]} weights row t of t + 1 weights; a reading makes new rows of what it reads anew
   */
  draw(weights) {
    const { width } = this.image;
    for (let t = 0; t < weights.length; t++) {
      if (weights[t] !== this.rows[t]) weights[t].forEach((weight, s) => (this.pixels[t * width + s] = this.shades.of(weight)));
    }
    this.rows = [...weights];
    // As large as the text is: what an older, longer one has left lies outside.
    this.canvas.width = this.canvas.height = Math.max(1, weights.length);
    this.canvas.getContext("2d").putImageData(this.image, 0, 0);
  }

  /** Draws all again, in other colours. */
  repaint() {
    const { rows } = this;
    this.rows = [];
    this.draw(rows);
  }
}

// --- a table: a row for each character that looks, a column for each that is looked at ---

// Up to so many columns a cell has room for its number, and up to so many for a finger.
const NUMBERS = 12;
const ROOMY = 32;

const sizeOf = (columns) => (columns <= NUMBERS ? "numbered" : columns <= ROOMY ? "roomy" : "dense");

class Matrix {
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
    this.sentence = status("sentence");
    this.element = make(
      "div",
      {},
      this.caption,
      side(labelled("Who looks", this.who), labelled("at whom", this.whom)),
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
    clearTimeout(this.pause);
    this.drawn = this.now = { characters: [], weights: [] };
    this.isChosen = false;
    this.cell = undefined;
    this.rows.replaceChildren();
    this.head.replaceChildren(make("td", { role: "gridcell" }));
    for (const select of [this.who, this.whom]) select.replaceChildren();
  }

  repaint() {
    this.picture.repaint();
  }

  /** Shows a matrix: its picture at once, and its cells, where they are many, as soon as nobody types.
   *
   * @param {string[]} characters T of them
   * @param {Float32Array[]} weights T rows, row t of t + 1 weights
   * @param {string} caption
   */
  draw(characters, weights, caption) {
    const size = sizeOf(characters.length);
    // Nothing is set again that is as it was: the browser would lay out all that is around it.
    if (size !== this.now.size) this.matrix.className = `matrix ${size}`;
    if (this.caption.textContent !== caption) this.caption.textContent = caption;
    this.ground.style.setProperty("--length", characters.length);
    this.element.hidden = !characters.length;
    this.picture.draw(weights);
    this.now = { characters, weights: [...weights], size };
    if (characters.length) this.keepChoice();
    clearTimeout(this.pause);
    if (size === "numbered") this.fill();
    else this.pause = setTimeout(() => this.fill(), PAUSE);
  }

  /** Makes the cells; rows that are the same as before stay as they are. */
  fill() {
    const { drawn, now } = this;
    const { characters, weights, size } = now;
    // A reading replaces the rows that it reads anew, so a row that is the same object has not changed.
    const isSame = (_, t) => characters[t] === drawn.characters[t] && weights[t] === drawn.weights[t];
    const differs = characters.findIndex((each, t) => !isSame(each, t));
    const kept = size !== drawn.size ? 0 : differs < 0 ? characters.length : differs;
    while (this.rows.children.length > kept) this.rows.lastChild.remove();
    while (this.head.children.length > kept + 1) this.head.lastChild.remove();
    for (let t = kept; t < characters.length; t++) {
      this.head.append(make("th", { role: "columnheader", scope: "col" }, visible(characters[t])));
      this.rows.append(row(characters, weights[t], t, size));
    }
    this.drawn = now;
    options(this.who, characters, characters.length);
    if (characters.length) this.mark();
  }

  /** What the reader has chosen stays, as long as it is there; until then it is what the last character looks at most. */
  keepChoice() {
    const { weights } = this.now;
    const last = weights.length - 1;
    this.isChosen &&= this.t <= last;
    if (!this.isChosen) [this.t, this.s] = [last, weights[last].indexOf(Math.max(...weights[last]))];
    this.say();
  }

  /** Chooses a cell that is there; one that a key has taken away meanwhile is not. */
  choose(t, s) {
    if (t >= this.now.characters.length) return;
    this.isChosen = true;
    [this.t, this.s] = [t, Math.min(s, t)];
    this.say();
    this.fill();
    this.onchoice();
  }

  say() {
    const { characters, weights } = this.now;
    this.sentence.textContent = `${sentence(characters, this.t, this.s, weights[this.t][this.s])}.`;
  }

  /** Shows which cell is chosen; it is the one that the Tab key comes to. */
  mark() {
    const { t, s, now } = this;
    this.cell?.removeAttribute("tabindex");
    this.cell?.removeAttribute("aria-selected");
    this.cell = this.rows.children[t].children[s + 1];
    this.cell.setAttribute("tabindex", "0");
    this.cell.setAttribute("aria-selected", "true");
    options(this.whom, now.characters, t + 1);
    [this.who.value, this.whom.value] = [t, s];
    this.scrollToChoice();
  }

  /** Brings the chosen cell into sight within its box; the page itself stays where it is. */
  scrollToChoice() {
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

// --- the heads of a model ---

/** Every head of every layer as a small picture, and the one that is chosen as a table. */
export class Heads {
  /**
   * @param {() => void} onhead is called when the reader has chosen a head
   * @param {() => void} [oncell] when it is a cell of that head
   */
  constructor(onhead, oncell = () => {}) {
    this.onhead = onhead;
    this.shades = new Shades(() => {
      for (const { picture } of this.small) picture.repaint();
      this.matrix.repaint();
    });
    this.pictures = make("div", { class: "thumbnails" });
    this.matrix = new Matrix(oncell);
    this.elements = [this.pictures, this.matrix.element];
  }

  /** Begins with the first head of another model. One head by itself needs no small picture. */
  show({ stage }, { heads, contextLength }) {
    Object.assign(this, { stage, heads });
    const several = heads.length > 1;
    const layers = heads.map((row, layer) =>
      row.map((head, number) => {
        const picture = new Picture(this.shades, contextLength);
        const label = several ? `Layer ${layer + 1}, head ${number + 1}` : `Head ${number + 1}`;
        const onclick = () => {
          this.choose(layer, number);
          this.onhead();
        };
        return { head, picture, button: make("button", { "aria-label": label, onclick }, picture.canvas) };
      }),
    );
    this.small = heads.flat().length > 1 ? layers.flat() : [];
    this.pictures.replaceChildren(
      ...layers.map((row, layer) => {
        const name = several ? [make("span", { class: "hint" }, `Layer ${layer + 1}`)] : [];
        return make("div", {}, ...name, ...row.map(({ button }) => button));
      }),
    );
    this.matrix.show(this.shades, contextLength);
    this.pictures.hidden = !this.small.length;
    this.choose(0, 0);
  }

  /** There may be none to choose: not every model looks at something. */
  choose(layer, number) {
    [this.layer, this.number] = [layer, number];
    this.chosen = this.heads[layer]?.[number];
    this.matrix.element.hidden = !this.chosen;
    for (const { head, button } of this.small) button.setAttribute("aria-pressed", String(head === this.chosen));
  }

  get caption() {
    const layer = this.heads.length > 1 ? `, layer ${this.layer + 1}` : "";
    const head = this.heads[0].length > 1 ? `, head ${this.number + 1}` : "";
    return `Stage ${this.stage}${layer}${head}: rows look, columns are looked at`;
  }

  /** The chosen one, as far as these characters go. */
  draw(characters) {
    if (this.chosen) this.matrix.draw(characters, this.chosen.weights.slice(0, characters.length), this.caption);
  }

  drawSmall() {
    this.pictures.hidden = !this.small[0]?.head.weights.length;
    for (const { head, picture } of this.small) picture.draw(head.weights);
  }

  stop() {
    this.shades.stop();
  }
}

// --- <text-triangle> ---

/** Shows the first head of a model. Attributes: `label`, what the reader is asked for. */
class TextTriangle extends ModelElement {
  use() {
    if (!this.text) this.build();
    this.heads.show(this.entry, this.reading);
    this.update();
  }

  /** The controls, once; another model finds them there. */
  build() {
    this.text = make("textarea", { rows: 2, spellcheck: "false", oninput: () => this.update() });
    this.text.value = this.getAttribute("text");
    this.count = status("hint");
    this.heads = new Heads(() => this.update(), () => this.explain());
    this.body.replaceChildren(
      ...this.chooser(),
      make("label", { class: "field" }, this.getAttribute("label") ?? "Your text", this.text),
      this.count,
      ...this.heads.elements,
    );
  }

  stop() {
    super.stop();
    this.stopWork();
    this.heads?.stop();
    this.text = undefined;
  }

  stopWork() {
    this.work?.abort();
    this.isRead = false;
  }

  /** Reads what is in the field, if nothing else is typed meanwhile. */
  async update() {
    this.stopWork();
    const { signal } = (this.work = new AbortController());
    const { tokens, unknown } = this.tokenizer.encode(this.text.value);
    if (!(await inTurns(this.reading.become(tokens), signal))) return;
    this.isRead = true;
    this.characters = [...this.tokenizer.decode(this.reading.tokens)];
    this.count.textContent = [this.readSoFar(tokens.length), named(unknown)].join(" ").trim();
    this.draw();
  }

  readSoFar(length) {
    const { contextLength } = this.reading;
    if (!length) return "Nothing to read yet: type a letter.";
    if (length <= contextLength) return `${length} of at most ${contextLength} characters read.`;
    return `The model reads ${contextLength} characters, the last of the ${length.toLocaleString("en")}.`;
  }

  draw() {
    this.heads.draw(this.characters);
  }

  /** Is called when a cell has been chosen; its sentence is all that there is to say here. */
  explain() {}
}

customElements.define("text-triangle", TextTriangle);

// --- <attention-grid> ---

/** Every head of every layer, and the arithmetic of the chosen cell. */
class AttentionGrid extends TextTriangle {
  build() {
    super.build();
    this.explanation = make("div", { class: "explanation" });
    this.saveButton = button("Save the matrix as SVG", () => this.save());
    this.body.append(this.explanation, make("p", {}, this.saveButton));
  }

  stopWork() {
    super.stopWork();
    clearTimeout(this.pause);
  }

  /** Shows the chosen head at once, the others and the arithmetic as soon as nobody types. */
  draw() {
    this.heads.draw(this.characters);
    this.saveButton.hidden = !this.characters.length;
    clearTimeout(this.pause);
    this.pause = setTimeout(() => {
      this.heads.drawSmall();
      this.explain();
    }, PAUSE);
  }

  /** What is chosen while a text is being read is explained when it has been. */
  explain() {
    if (!this.isRead) return;
    const { chosen, matrix: { t, s } } = this.heads;
    const said = this.characters.length ? [explain(chosen, this.characters, t, s, this.closest("article"))] : [];
    this.explanation.replaceChildren(...said);
  }

  save() {
    const { stage, layer, number, chosen, caption } = this.heads;
    saveFile(drawMatrix(this.characters, chosen.weights, caption), `attention-${stage}-${layer + 1}-${number + 1}.svg`);
  }
}

customElements.define("attention-grid", AttentionGrid);

// --- one cell's arithmetic, number by number, each step beside the line of Python that does it ---

const ACROSS = 8;

/** What to show for the weight that token t gives to token s.
 *
 * @param {object} head a Head, or an Average
 * @param {string[]} characters
 * @param {number} t
 * @param {number} s
 * @param {Element} page has the source of the function that does it, embedded
 * @returns {HTMLElement}
 */
function explain(head, characters, t, s, page) {
  const steps = head.keys ? attended(head, characters, t, s) : averaged(t);
  const lines = linesOf(page, head.keys ? "attend" : "average_matmul");
  return make("ol", {}, ...steps.map(([start, ...said]) => step(lines.get(start), said)));
}

/** A line of Python, and what it does here. */
const step = (line, said) => make("li", {}, ...(line ? [make("pre", { class: "highlight" }, line.cloneNode(true))] : []), ...said);

/** The steps of `attend`, each with what its line begins with. */
function attended(head, characters, t, s) {
  const { headDim: D, queries, keys, values } = head;
  const query = queries.subarray(t * D, (t + 1) * D);
  const key = keys.subarray(s * D, (s + 1) * D);
  const value = values.subarray(s * D, (s + 1) * D);
  const weights = head.weights[t];
  const output = value.map((_, i) => weights.reduce((total, each, from) => total + each * values[from * D + i], 0));
  const scores = head.scores(t);
  const exponentials = scores.map(Math.exp);
  const sum = exponentials.reduce((total, each) => total + each, 0);
  const product = scores[s] * Math.sqrt(D);
  const [who, whom] = [spoken(characters[t]), spoken(characters[s])];
  const seen = t ? `all ${t + 1} characters that ${who} sees, itself included` : `${who}, which sees itself alone`;
  return [
    [
      "scores",
      make("p", {}, `The query of ${who} meets the key of ${whom}, number by number:`),
      products(query, key),
      make(
        "p",
        {},
        `The products sum to ${digits(product)}. Divided by the root of ${D}, ${digits(Math.sqrt(D))}, that is a score of `,
        make("b", {}, digits(scores[s])),
        ".",
      ),
    ],
    [
      "weights",
      make(
        "p",
        {},
        `Its exponential is ${significant(exponentials[s])}. Those of ${seen}, sum to ${significant(sum)}; what comes later `,
        `has a score of −∞ and adds nothing. ${significant(exponentials[s])} / ${significant(sum)} = `,
        make("b", {}, significant(weights[s])),
        `, or ${percent(weights[s])}.`,
      ),
      numbers([
        ["", "who", characters.slice(0, t + 1).map(visible)],
        ["", "score", scores],
        ["", "exponential", exponentials],
        ["", "weight", weights],
      ]),
    ],
    [
      "return",
      make("p", {}, `So much of the value of ${whom} goes to ${who}. The sum of what all of them give is what it hears.`),
      numbers([
        ["v", "value", value],
        ["", "weight × value", value.map((each) => weights[s] * each)],
        ["o", "sum of all", output],
      ]),
    ],
  ];
}

/** The steps of the crude average. */
function averaged(t) {
  const share = digits(1 / (t + 1));
  return [
    ["past", make("p", {}, "A 1 for each that may be seen, a 0 for what comes later.")],
    ["weights", make("p", {}, `The row sums to ${t + 1}, so each has 1 / ${t + 1} = `, make("b", {}, share), ".")],
  ];
}

/** The numbers of query and key, one above the other, and their products. */
const products = (query, key) =>
  numbers([
    ["q", "query", query],
    ["k", "key", key],
    ["", "product", query.map((each, i) => each * key[i])],
  ]);

/** Rows of numbers, each with its name and its colour, eight beside each other; on a narrow screen they scroll. */
function numbers(rows) {
  const groups = Array.from({ length: Math.ceil(rows[0][2].length / ACROSS) }, (_, group) =>
    make(
      "tbody",
      {},
      ...rows.map(([role, name, row]) => {
        const cells = Array.from(row.slice(group * ACROSS, (group + 1) * ACROSS));
        const shown = cells.map((each) => make("td", {}, typeof each === "number" ? digits(each) : each));
        return make("tr", {}, make("th", { scope: "row", class: role }, name), ...shown);
      }),
    ),
  );
  const table = make("table", { class: "terms" }, ...groups);
  const label = rows.map(([, name]) => name).join(", ");
  return make("div", { class: "box", role: "group", tabindex: 0, "aria-label": `Numbers: ${label}` }, table);
}

/** The lines of a function as the page shows its source, by what each begins with. */
function linesOf(page, name) {
  const lines = new Map();
  const code = [...page.querySelectorAll("code")].find((each) => each.textContent.startsWith(`def ${name}(`));
  if (!code) return lines;
  let line = make("code");
  for (const node of [...code.childNodes, document.createTextNode("\n")]) {
    const [first, ...others] = node.nodeType === Node.TEXT_NODE ? node.data.split("\n") : [node.cloneNode(true)];
    line.append(first);
    for (const rest of others) {
      const [start] = line.textContent.trim().split(/\W/);
      line.firstChild.data = line.firstChild.data?.trimStart();
      if (start && !lines.has(start)) lines.set(start, line);
      line = make("code", {}, rest);
    }
  }
  return lines;
}

// --- a matrix as a file: SVG in the colours of the light palette, as the figures of the pages are ---

const [INK, MUTED, WEIGHT] = ["#1c1b22", "#6b6a75", "#5b8def"];
const SIDE = 40;

/** The text of an SVG of a matrix.
 *
 * @param {string[]} characters T of them
 * @param {Float32Array[]} weights T rows, row t of t + 1 weights
 * @param {string} title
 * @returns {string}
 */
function drawMatrix(characters, weights, title) {
  const T = characters.length;
  const size = SIDE * (T + 2);
  const svg = draw("svg", { viewBox: `0 0 ${size} ${size}`, "font-family": "monospace", "font-size": 14 });
  const pattern = { id: "hatch", width: 8, height: 8, patternUnits: "userSpaceOnUse" };
  const hatch = draw("pattern", pattern, draw("path", { d: "M0 8L8 0", stroke: MUTED }));
  svg.append(draw("title", {}, title), draw("defs", {}, hatch));
  const middle = { "text-anchor": "middle", "dominant-baseline": "central", fill: INK };
  const at = (t) => SIDE * (t + 1);
  for (let t = 0; t < T; t++) {
    const name = visible(characters[t]);
    svg.append(draw("text", { x: at(t) + SIDE / 2, y: SIDE / 2, ...middle }, name));
    svg.append(draw("text", { x: SIDE / 2, y: at(t) + SIDE / 2, ...middle }, name));
    weights[t].forEach((weight, s) => {
      const place = { x: at(s), y: at(t), width: SIDE, height: SIDE };
      const colour = { fill: WEIGHT, "fill-opacity": fullness(weight).toFixed(3) };
      const cell = draw("rect", { ...place, ...colour }, draw("title", {}, sentence(characters, t, s, weight)));
      svg.append(cell, draw("text", { x: at(s) + SIDE / 2, y: at(t) + SIDE / 2, ...middle }, rounded(weight)));
    });
    if (t + 1 < T) {
      svg.append(draw("rect", { x: at(t + 1), y: at(t), width: SIDE * (T - t - 1), height: SIDE, fill: "url(#hatch)" }));
    }
  }
  return new XMLSerializer().serializeToString(svg);
}

/** Hands a text to the reader as a file. */
function saveFile(text, name) {
  const url = URL.createObjectURL(new Blob([text], { type: "image/svg+xml" }));
  Object.assign(document.createElement("a"), { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
