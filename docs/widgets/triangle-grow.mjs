/** <triangle-grow model="multi_head" text="my king"> with a picture in it: a text that is written on, character by character. */

import { Writer } from "./lib/reading.mjs";
import { isOut, make } from "./make.mjs";
import { Matrix } from "./matrix.mjs";
import { ModelElement } from "./model-element.mjs";
import { Shades } from "./picture.mjs";
import { Thumbnails } from "./thumbnails.mjs";
import { inTurns } from "./turns.mjs";
import { captionOf, named, percent, visible } from "./words.mjs";

const SHOWN = 10; // of the likeliest characters, so many have a bar
const LONGEST = 2000; // characters, after which it pauses by itself

export class TriangleGrow extends ModelElement {
  use() {
    if (!this.prompt) this.build();
    this.topK.max = this.entry.vocabulary.length;
    const { context_length: contextLength } = this.entry.config;
    this.thumbnails.show(this.reading.heads, this.shades, contextLength);
    this.matrix.show(this.shades, contextLength);
    [this.layer, this.number] = [0, 0];
    this.restart();
  }

  /** The controls, once; another model finds them there. */
  build() {
    this.prompt = make("textarea", { rows: 2, spellcheck: "false", oninput: () => this.restart() });
    this.prompt.value = this.getAttribute("text");
    const number = (properties) => make("input", { type: "number", oninput: () => this.changed(), ...properties });
    this.temperature = number({ min: 0, max: 5, step: 0.05, value: 1 });
    this.topK = number({ min: 1, step: 1, placeholder: "all" });
    this.topP = number({ min: 0.05, max: 1, step: 0.05, placeholder: "all" });
    this.seed = number({ min: 0, max: 2 ** 32 - 1, step: 1, value: 0, oninput: () => this.restart() });
    this.hint = make("p", { class: "hint", role: "status" });
    this.stepButton = make("button", { type: "button", onclick: () => this.step() }, "One character");
    this.runButton = make("button", { type: "button", onclick: () => this.toggle() }, "Write on");
    this.written = make("p", { class: "written", role: "group", tabindex: 0, "aria-label": "The text" });
    this.dart = make("p", { class: "sentence dart" });
    this.bars = make("table", { class: "bars" });
    this.shades = new Shades(() => {
      this.thumbnails.repaint();
      this.matrix.repaint();
    });
    this.thumbnails = new Thumbnails((layer, head) => this.inspect(layer, head));
    this.matrix = new Matrix(() => {});
    const field = (text, control) => make("label", {}, `${text} `, control);
    this.body.replaceChildren(
      ...this.chooser(),
      make("label", { class: "field" }, "The text to begin with", this.prompt),
      make(
        "div",
        { class: "fields" },
        field("Temperature", this.temperature),
        field("Top-k", this.topK),
        field("Top-p", this.topP),
        field("Seed", this.seed),
      ),
      this.hint,
      make(
        "p",
        {},
        this.stepButton,
        " ",
        this.runButton,
        " ",
        make("button", { type: "button", onclick: () => this.restart() }, "Start again"),
      ),
      this.written,
      this.dart,
      make("div", { class: "box" }, this.bars),
      this.thumbnails.element,
      this.matrix.element,
    );
  }

  stop() {
    super.stop();
    this.pause();
    this.work?.abort();
    this.shades?.stop();
    this.prompt = undefined;
  }

  /** How the next character is to be chosen, by the fields of the moment; none where one of them holds no such number. */
  get choice() {
    const { temperature, topK, topP, seed } = this;
    const isBroken = ({ value }) => !Number.isInteger(Number(value));
    if ([temperature, topK, topP, seed].some(isOut) || [topK, seed].some(isBroken)) return null;
    if (!temperature.value || !seed.value) return null;
    return {
      temperature: this.temperature.valueAsNumber,
      ...(this.topK.value && { topK: this.topK.valueAsNumber }),
      ...(this.topP.value && { topP: this.topP.valueAsNumber }),
    };
  }

  /** From the beginning, with the seed's first dart. */
  restart() {
    this.pause();
    const { tokens, unknown } = this.tokenizer.encode(this.prompt.value);
    this.length = tokens.length;
    this.unknown = named(unknown);
    this.dart.textContent = "";
    this.writer = this.choice && tokens.length ? new Writer(this.reading, tokens, this.seed.valueAsNumber) : undefined;
    this.read();
  }

  /** Reads what has been written by now, and shows what may come next. */
  async read() {
    this.work?.abort();
    const { signal } = (this.work = new AbortController());
    this.isRead = false;
    if (!this.writer) return this.show();
    if (!(await inTurns(this.writer.read(), signal))) return false;
    this.isRead = true;
    this.show();
    return true;
  }

  /** Temperature, top-k and top-p hold from the next character on. */
  changed() {
    if (this.writer || !this.choice) this.show();
    else this.restart();
  }

  show() {
    for (const button of [this.stepButton, this.runButton]) button.disabled = !this.writer || !this.choice;
    const problem = this.choice ? (this.length ? "" : "Type at least one character to begin with.") : this.outOfRange();
    this.hint.textContent = [problem, this.unknown].join(" ").trim();
    const text = this.writer ? this.tokenizer.decode(this.writer.tokens) : "";
    const characters = [...text];
    this.written.replaceChildren(
      make("span", { class: "hint" }, characters.slice(0, this.length).join("")),
      characters.slice(this.length, -1).join(""),
      ...(characters.length > this.length ? [make("mark", {}, characters.at(-1))] : []),
    );
    this.drawHeads();
    this.drawBars();
  }

  outOfRange() {
    return "Temperature goes from 0 to 5, top-k is a whole number from 1 on, top-p is from 0.05 to 1, the seed a whole number of at least 0.";
  }

  drawHeads() {
    const characters = this.isRead ? [...this.tokenizer.decode(this.reading.tokens)] : [];
    const head = this.reading.heads[this.layer]?.[this.number];
    this.thumbnails.choose(head);
    if (this.isRead) this.thumbnails.draw();
    this.matrix.element.hidden = !head;
    if (!head) return;
    const caption = captionOf(this.reading.heads, this.layer, this.number, this.entry.stage);
    this.matrix.draw(characters, this.isRead ? head.weights : [], caption);
    this.matrix.scrollToChoice();
  }

  inspect(layer, number) {
    [this.layer, this.number] = [layer, number];
    this.drawHeads();
  }

  /** How likely each character is, as the choice is now. */
  drawBars() {
    const { choice } = this;
    if (!this.isRead || !choice) return this.bars.replaceChildren();
    const each = this.writer.probabilities(choice);
    const order = Array.from(each.keys()).sort((a, b) => each[b] - each[a]);
    const shown = order.slice(0, SHOWN);
    const rest = order.slice(SHOWN).reduce((sum, token) => sum + each[token], 0);
    this.bars.replaceChildren(
      make("caption", {}, `What may come next, after ${visible(this.tokenizer.characters[this.writer.tokens.at(-1)])}`),
      ...shown.map((token) => bar(visible(this.tokenizer.characters[token]), each[token])),
      bar("others", rest),
    );
  }

  toggle() {
    if (this.isWriting) this.pause();
    else this.write();
  }

  pause() {
    this.isWriting = false;
    if (this.runButton) this.runButton.textContent = "Write on";
  }

  /** One character after the other, each with a frame of its own to be seen in. */
  async write() {
    this.isWriting = true;
    this.runButton.textContent = "Pause";
    const { writer } = this;
    while (this.isWriting && this.writer === writer && writer.tokens.length < LONGEST) {
      if (!(await this.step())) break;
      await new Promise(requestAnimationFrame);
    }
    if (this.writer === writer) this.pause();
  }

  /** Draws one character and reads it; where the last one has not been read yet, or cannot be chosen, nothing. */
  async step() {
    const { choice } = this;
    if (!this.isRead || !choice) return false;
    const drawn = this.writer.draw(choice);
    this.dart.textContent = this.explain(drawn);
    return this.read();
  }

  /** Why this character: where the dart fell on a line on which each owns a stretch as long as its probability. */
  explain({ token, dart, probabilities }) {
    const who = visible(this.tokenizer.characters[token]);
    if (dart === null) return `Temperature 0 takes the likeliest, ${who}.`;
    const before = probabilities.slice(0, token).reduce((sum, each) => sum + each, 0);
    const [from, to] = [before, before + probabilities[token]].map((each) => each.toFixed(4));
    return `The dart fell at ${dart.toFixed(4)}, and ${who} has the line from ${from} to ${to}.`;
  }
}

function bar(name, share) {
  const filled = make("span");
  filled.style.setProperty("width", `${100 * share}%`);
  return make(
    "tr",
    {},
    make("th", { scope: "row" }, name),
    make("td", { class: "length", "aria-hidden": "true" }, filled),
    make("td", {}, percent(share)),
  );
}

customElements.define("triangle-grow", TriangleGrow);
