/** <attention-grid model="head" text="the king"> with a picture in it: the attention of a trained model on any text. */

import { explain } from "./arithmetic.mjs";
import { make } from "./make.mjs";
import { Matrix } from "./matrix.mjs";
import { ModelElement } from "./model-element.mjs";
import { Shades } from "./picture.mjs";
import { drawMatrix, saveFile } from "./save.mjs";
import { Thumbnails } from "./thumbnails.mjs";
import { inTurns } from "./turns.mjs";
import { captionOf, named } from "./words.mjs";

const PAUSE = 100; // milliseconds without a key, after which all that is less urgent is drawn

export class AttentionGrid extends ModelElement {
  use() {
    if (!this.text) this.build();
    const { context_length: contextLength } = this.entry.config;
    this.thumbnails.show(this.reading.heads, this.shades, contextLength);
    this.matrix.show(this.shades, contextLength);
    this.inspect(0, 0);
  }

  /** The controls, once; another model finds them there. */
  build() {
    const id = `text-${Math.random().toString(36).slice(2)}`;
    this.text = make("textarea", { id, rows: 2, spellcheck: "false", oninput: () => this.update() });
    this.text.value = this.getAttribute("text");
    this.count = make("p", { class: "hint", role: "status" });
    this.shades = new Shades(() => {
      this.thumbnails.repaint();
      this.matrix.repaint();
    });
    this.thumbnails = new Thumbnails((layer, head) => this.inspect(layer, head));
    this.matrix = new Matrix(() => this.explain());
    this.explanation = make("div", { class: "explanation" });
    this.saveButton = make("button", { type: "button", onclick: () => this.save() }, "Save the matrix as SVG");
    this.body.replaceChildren(
      ...this.chooser(),
      make("label", { class: "field", for: id }, "Your text"),
      this.text,
      this.count,
      this.thumbnails.element,
      this.matrix.element,
      this.explanation,
      make("p", {}, this.saveButton),
    );
  }

  stop() {
    super.stop();
    this.stopWork();
    this.shades?.stop();
    this.text = undefined;
  }

  stopWork() {
    this.work?.abort();
    clearTimeout(this.pause);
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

  /** Shows the chosen head at once, the others and the arithmetic as soon as nobody types. */
  draw() {
    this.matrix.draw(this.characters, this.head.weights, this.caption());
    this.saveButton.hidden = !this.characters.length;
    clearTimeout(this.pause);
    this.pause = setTimeout(() => {
      this.thumbnails.draw();
      this.explain();
      this.matrix.scrollToChoice();
    }, PAUSE);
  }

  inspect(layer, head) {
    this.layer = layer;
    this.number = head;
    this.head = this.reading.heads[layer][head];
    this.thumbnails.choose(this.head);
    this.update();
  }

  caption() {
    return captionOf(this.reading.heads, this.layer, this.number, this.entry.stage);
  }

  /** What is chosen while a text is being read is explained when it has been. */
  explain() {
    if (!this.isRead) return;
    const { t, s } = this.matrix;
    const said = this.characters.length ? [explain(this.head, this.characters, t, s, this.closest("article"))] : [];
    this.explanation.replaceChildren(...said);
  }

  save() {
    const { stage } = this.entry;
    const svg = drawMatrix(this.characters, this.head.weights, this.caption());
    saveFile(svg, `attention-${stage}-${this.layer + 1}-${this.number + 1}.svg`);
  }
}

customElements.define("attention-grid", AttentionGrid);
