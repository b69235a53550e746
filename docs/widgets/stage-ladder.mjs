/** <stage-ladder text="my king"> with a picture in it: every stage writes one text on, side by side, with its loss. */

import { PageElement } from "./element.mjs";
import { Reading, Writer } from "./lib/reading.mjs";
import { CharTokenizer } from "./lib/tokenizer.mjs";
import { isOut, make } from "./make.mjs";
import { LIGHT, LoadError, label, listModels, loadModel } from "./models.mjs";
import { inTurns } from "./turns.mjs";
import { named } from "./words.mjs";

const LENGTH = 120; // characters that each writes
const FAR = 0.05; // by so much more loss a rung is worse, and not as good

export class StageLadder extends PageElement {
  async begin() {
    this.status = make("p", { class: "hint", role: "status" });
    this.body.append(this.status);
    try {
      const models = [...(await listModels()).values()];
      if (!this.isConnected) return;
      this.tokenizer = new CharTokenizer(models[0].vocabulary);
      this.rungs = models.map((entry, i) => new Rung(entry, models[i - 1]));
      this.build();
      this.run();
    } catch (error) {
      if (!(error instanceof LoadError)) throw error;
      this.status.textContent = `${error.message} The picture stands in its place.`;
      this.body.append(make("button", { type: "button", onclick: () => this.beginAgain() }, "Try again"));
    }
  }

  beginAgain() {
    this.body.replaceChildren();
    this.begin();
  }

  build() {
    this.prompt = make("textarea", { rows: 2, spellcheck: "false" });
    this.prompt.value = this.getAttribute("text");
    this.seed = make("input", { type: "number", min: 0, max: 2 ** 32 - 1, step: 1, value: 0 });
    this.temperature = make("input", { type: "number", min: 0, max: 5, step: 0.05, value: 1 });
    this.body.replaceChildren(
      make("label", { class: "field" }, "The text to begin with", this.prompt),
      make(
        "div",
        { class: "fields" },
        make("label", {}, "Seed ", this.seed),
        make("label", {}, "Temperature ", this.temperature),
      ),
      make(
        "p",
        {},
        make("button", { type: "button", onclick: () => this.write() }, "Let all of them write"),
        " ",
        make("button", { type: "button", onclick: () => this.stop() }, "Stop"),
      ),
      this.status,
      make("ol", { class: "ladder" }, ...this.rungs.map((rung) => rung.element)),
    );
  }

  stop() {
    this.work?.abort();
  }

  /** All begin anew with the text, the seed and the temperature of the moment. */
  async write() {
    this.stop();
    const { signal } = (this.work = new AbortController());
    const { tokens, unknown } = this.tokenizer.encode(this.prompt.value);
    const [seed, temperature] = [this.seed.valueAsNumber, this.temperature.valueAsNumber];
    const isWrong = !Number.isInteger(seed) || !(temperature >= 0) || [this.seed, this.temperature].some(isOut);
    this.status.textContent = isWrong
      ? "The seed is a whole number of at least 0, the temperature a number from 0 to 5."
      : [tokens.length ? "" : "Type at least one character to begin with.", named(unknown)].join(" ").trim();
    if (isWrong || !tokens.length) return;
    await Promise.all(this.rungs.map((rung) => rung.begin(tokens, seed, { temperature }, signal)));
  }
}

/** A stage, what it is worth, and what it writes. */
class Rung {
  constructor(entry, before) {
    this.entry = entry;
    this.text = make("p", { class: "written" });
    this.notice = make("div", { class: "notice" });
    const { stage, parameters, val_loss: loss } = entry;
    this.element = make(
      "li",
      {},
      make("b", {}, stage),
      ` ${parameters.toLocaleString("en")} parameters, loss ${loss.toFixed(3)}`,
      ...(before ? [compared(loss - before.val_loss)] : []),
      this.notice,
      this.text,
    );
  }

  /** Writes, as soon as its weights are there; the heaviest are asked for by the reader alone. */
  async begin(tokens, seed, choice, signal) {
    this.text.textContent = "";
    this.notice.replaceChildren();
    const go = () => this.write(tokens, seed, choice, signal);
    if (this.model || this.entry.bytes <= LIGHT) return go();
    this.offer(`Run ${label(this.entry)}`, go);
  }

  offer(text, go, said = "") {
    this.notice.replaceChildren(said, make("button", { type: "button", onclick: go }, text));
  }

  async write(tokens, seed, choice, signal) {
    const again = () => this.write(tokens, seed, choice, signal);
    try {
      this.model ??= await this.load(signal);
    } catch (error) {
      if (error instanceof LoadError) return this.offer("Try again", again, error.message);
      if (error.name !== "AbortError") throw error;
      return signal.aborted || this.offer(`Run ${label(this.entry)}`, again);
    }
    const { entry, tensors } = this.model;
    const tokenizer = new CharTokenizer(entry.vocabulary);
    const writer = new Writer(new Reading(entry, tensors), tokens, seed);
    while (writer.tokens.length < tokens.length + LENGTH) {
      if (!(await inTurns(writer.read(), signal))) return;
      writer.draw(choice);
      this.text.textContent = tokenizer.decode(writer.tokens);
      await new Promise(requestAnimationFrame);
    }
  }

  async load(signal) {
    const bar = make("progress", { "aria-label": `Loading ${this.entry.stage}` });
    const cancel = new AbortController();
    signal.addEventListener("abort", () => cancel.abort(), { once: true });
    this.notice.replaceChildren(bar, make("button", { type: "button", onclick: () => cancel.abort() }, "Cancel"));
    try {
      return await loadModel(this.entry.stage, cancel.signal, (bytes, of) => Object.assign(bar, { value: bytes, max: of }));
    } finally {
      this.notice.replaceChildren();
    }
  }
}

/** How much it gains on the rung before; what is worse is said. */
function compared(difference) {
  const size = Math.abs(difference).toFixed(3);
  if (difference > FAR) return make("strong", {}, `, worse than the rung before by ${size}`);
  return difference > 0 ? `, ${size} more than the rung before` : `, ${size} less than the rung before`;
}

customElements.define("stage-ladder", StageLadder);
