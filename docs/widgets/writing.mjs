/** Elements in which models write: <triangle-grow model="multi_head" text="my king">, a text that grows character by
 * character, and <stage-ladder text="my king">, every stage on one text, each with its loss.
 */

import {
  PageElement,
  button,
  labelled,
  make,
  named,
  numberField,
  percent,
  problem,
  seedField,
  side,
  status,
  visible,
} from "./element.mjs";
import { CharTokenizer, Reading, Writer, inTurns } from "./lib/model.mjs";
import { Heads } from "./attention.mjs";
import { LIGHT, LoadError, ModelElement, label, listModels, loadModel, waiting } from "./models.mjs";

const temperatureField = (properties) => numberField({ min: 0, max: 5, step: 0.05, value: 1, ...properties });

const EMPTY = "Type at least one character to begin with.";

// --- <triangle-grow> ---

const SHOWN = 10; // of the likeliest characters, so many have a bar
const LONGEST = 2000; // characters, after which it pauses by itself

class TriangleGrow extends ModelElement {
  use() {
    if (!this.prompt) this.build();
    this.topK.max = this.entry.vocabulary.length;
    this.heads.show(this.entry, this.reading);
    this.restart();
  }

  /** The controls, once; another model finds them there. */
  build() {
    this.prompt = make("textarea", { rows: 2, spellcheck: "false", oninput: () => this.restart() });
    this.prompt.value = this.getAttribute("text");
    const oninput = () => this.changed();
    this.temperature = temperatureField({ oninput });
    this.topK = numberField({ min: 1, max: 1, step: 1, placeholder: "all", oninput });
    this.topP = numberField({ min: 0.05, max: 1, step: 0.05, placeholder: "all", oninput });
    this.seed = seedField({ oninput: () => this.restart() });
    this.hint = status("hint");
    this.stepButton = button("One character", () => this.step());
    this.runButton = button("Write on", () => this.toggle());
    this.written = make("p", { class: "written", role: "group", tabindex: 0, "aria-label": "The text" });
    this.dart = make("p", { class: "sentence dart" });
    this.bars = make("table", { class: "bars" });
    this.heads = new Heads(() => this.drawHeads());
    this.body.replaceChildren(
      ...this.chooser(),
      make("label", { class: "field" }, "The text to begin with", this.prompt),
      side(
        labelled("Temperature", this.temperature),
        labelled("Top-k", this.topK),
        labelled("Top-p", this.topP),
        labelled("Seed", this.seed),
      ),
      this.hint,
      side(this.stepButton, this.runButton, button("Start again", () => this.restart())),
      this.written,
      this.dart,
      make("div", { class: "box" }, this.bars),
      ...this.heads.elements,
    );
  }

  stop() {
    super.stop();
    this.pause();
    this.work?.abort();
    this.heads?.stop();
    this.prompt = undefined;
  }

  /** What is wrong with the fields of the moment. */
  get wrong() {
    const fields = { Temperature: this.temperature, "Top-k": this.topK, "Top-p": this.topP, "The seed": this.seed };
    return Object.entries(fields).map(([name, field]) => problem(name, field)).join("");
  }

  /** How the next character is to be chosen, by the fields of the moment; none where something is wrong with them. */
  get choice() {
    return !this.wrong && {
      temperature: this.temperature.valueAsNumber,
      ...(this.topK.value && { topK: this.topK.valueAsNumber }),
      ...(this.topP.value && { topP: this.topP.valueAsNumber }),
    };
  }

  /** From the beginning, with the seed's first dart; where there is no such seed, what is written stays. */
  restart() {
    this.pause();
    if (this.wrong) return this.show();
    const { tokens, unknown } = this.tokenizer.encode(this.prompt.value);
    this.length = tokens.length;
    this.unknown = named(unknown);
    this.explanation = "";
    this.writer = tokens.length ? new Writer(this.reading, tokens, this.seed.valueAsNumber) : undefined;
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
    this.hint.textContent = [this.wrong || (this.length ? "" : EMPTY), this.unknown].join(" ").trim();
    this.dart.textContent = this.explanation;
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

  drawHeads() {
    const characters = this.isRead ? [...this.tokenizer.decode(this.reading.tokens)] : [];
    if (this.isRead) this.heads.drawSmall();
    this.heads.draw(characters);
  }

  /** How likely each character is, as the choice is now. */
  drawBars() {
    const { choice } = this;
    if (!this.isRead || !choice) return this.bars.replaceChildren();
    const each = this.writer.probabilities(choice);
    const order = Array.from(each.keys()).filter((token) => each[token]).sort((a, b) => each[b] - each[a]);
    const shown = order.slice(0, SHOWN);
    const rest = order.slice(SHOWN).reduce((sum, token) => sum + each[token], 0);
    this.bars.replaceChildren(
      make("caption", {}, `What may come next, after ${visible(this.tokenizer.characters[this.writer.tokens.at(-1)])}`),
      ...shown.map((token) => row(visible(this.tokenizer.characters[token]), each[token])),
      row("others", rest),
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
    this.explanation = this.explain(drawn);
    return this.read();
  }

  /** Why this character: where the dart fell on a line on which each owns a stretch as long as its probability. */
  explain({ token, dart, probabilities }) {
    const who = visible(this.tokenizer.characters[token]);
    if (dart === null) return `Temperature 0 takes the likeliest, ${who}.`;
    const before = probabilities.slice(0, token).reduce((sum, each) => sum + each, 0);
    const [from, to] = [before, before + probabilities[token]].map((each) => each.toFixed(4));
    const share = percent(probabilities[token]);
    return `The dart fell at ${dart.toFixed(4)}. In the order of the vocabulary ${who}, with ${share}, has the line from ${from} to ${to}.`;
  }
}

function row(name, share) {
  const filled = make("span");
  filled.style.setProperty("width", `${100 * share}%`);
  const bar = make("td", { class: "length", "aria-hidden": "true" }, filled);
  return make("tr", {}, make("th", { scope: "row" }, name), bar, make("td", {}, percent(share)));
}

customElements.define("triangle-grow", TriangleGrow);

// --- <stage-ladder> ---

const LENGTH = 120; // characters that each writes
const FAR = 0.05; // by so much more loss a rung is worse, and not as good

class StageLadder extends PageElement {
  async begin() {
    this.status = status("hint");
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
      this.body.append(button("Try again", () => this.beginAgain()));
    }
  }

  beginAgain() {
    this.body.replaceChildren();
    this.begin();
  }

  build() {
    const oninput = () => this.clear();
    this.prompt = make("textarea", { rows: 2, spellcheck: "false", oninput });
    this.prompt.value = this.getAttribute("text");
    this.seed = seedField({ oninput });
    this.temperature = temperatureField({ oninput });
    this.body.replaceChildren(
      make("label", { class: "field" }, "The text to begin with", this.prompt),
      side(labelled("Seed", this.seed), labelled("Temperature", this.temperature)),
      side(button("Let all of them write", () => this.write()), button("Stop", () => this.stop())),
      this.status,
      make("ol", { class: "ladder" }, ...this.rungs.map((rung) => rung.element)),
    );
  }

  stop() {
    this.work?.abort();
  }

  /** What has been written belongs to other settings. */
  clear() {
    this.stop();
    for (const rung of this.rungs) rung.clear();
  }

  /** All begin anew with the text, the seed and the temperature of the moment. */
  async write() {
    this.clear();
    const { signal } = (this.work = new AbortController());
    const { tokens, unknown } = this.tokenizer.encode(this.prompt.value);
    const [seed, temperature] = [this.seed.valueAsNumber, this.temperature.valueAsNumber];
    const wrong = problem("The seed", this.seed) + problem("Temperature", this.temperature);
    this.status.textContent = [wrong || (tokens.length ? "" : EMPTY), named(unknown)].join(" ").trim();
    if (wrong || !tokens.length) return;
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
      ...(before ? [compared(loss.toFixed(3) - before.val_loss.toFixed(3))] : []),
      this.notice,
      this.text,
    );
  }

  /** Writes, as soon as its weights are there; the heaviest are asked for by the reader alone. */
  async begin(tokens, seed, choice, signal) {
    const go = () => this.write(tokens, seed, choice, signal);
    if (this.model || this.entry.bytes <= LIGHT) return go();
    this.offer(`Run ${label(this.entry)}`, go);
  }

  clear() {
    this.text.textContent = "";
    this.notice.replaceChildren();
  }

  offer(text, go, said = "") {
    this.notice.replaceChildren(said, button(text, go));
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
    const { stage } = this.entry;
    const loading = new AbortController();
    signal.addEventListener("abort", () => loading.abort(), { once: true });
    const shown = waiting(stage, loading);
    this.notice.replaceChildren(...shown);
    try {
      return await loadModel(stage, loading.signal, shown[0]);
    } finally {
      this.notice.replaceChildren();
    }
  }
}

/** How much it gains on the rung before; what is worse is said. */
function compared(difference) {
  const size = Math.abs(difference).toFixed(3);
  if (!difference) return ", as on the rung before";
  if (difference > FAR) return make("strong", {}, `, worse than the rung before by ${size}`);
  return difference > 0 ? `, ${size} more than the rung before` : `, ${size} less than the rung before`;
}

customElements.define("stage-ladder", StageLadder);
