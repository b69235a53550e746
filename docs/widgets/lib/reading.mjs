/** A model that reads a text, remembers what it has read, and goes on writing.
 *
 * N tokens that are read now, T that were read in all, V vocabulary.
 */

import { Random } from "./random.mjs";
import { hit, probabilities } from "./sample.mjs";
import { build } from "./stages.mjs";

/** A text inside a model's context, token by token: a KV cache, and what attention looked like on the way. */
export class Reading {
  /**
   * @param {object} manifest of the model, as it stands in manifest.json
   * @param {Map<string, {shape: number[], data: Float32Array}>} tensors its weights
   */
  constructor(manifest, tensors) {
    Object.assign(this, build(manifest, tensors));
    this.contextLength = manifest.config.context_length;
    /** @type {number[]} what it has read */
    this.tokens = [];
    /** @type {Float32Array[]} the logits of what comes after each of them */
    this.logits = [];
  }

  /** Each layer's heads; their `weights` are the rows of the attention matrix, each as long as what its token sees. */
  get heads() {
    return this.blocks.map((block) => block.heads);
  }

  /** Reads the next tokens. */
  read(tokens) {
    if (this.tokens.length + tokens.length > this.contextLength) {
      throw new RangeError(`${this.tokens.length + tokens.length} tokens do not fit in ${this.contextLength}`);
    }
    const N = tokens.length;
    let x = this.embed.read(tokens);
    for (const block of this.blocks) x = block.read(x, N);
    const logits = this.lm_head.read(this.norm.read(x, N), N);
    const V = logits.length / N;
    tokens.forEach((token, n) => {
      this.tokens.push(token);
      this.logits.push(logits.slice(n * V, (n + 1) * V));
    });
  }

  /** Forgets all but the first tokens. */
  cut(length) {
    if (length >= this.tokens.length) return;
    for (const layer of [this.embed, ...this.blocks]) layer.cut(length);
    this.tokens.length = this.logits.length = length;
  }

  /** Reads another text, or the end of it that fits, a few tokens at a time; what it begins with need not be read again.
   *
   * Nobody looks ahead, so what comes later changes nothing of what came before. But when the text has outgrown the
   * context, its first token goes, each of the others stands at another position, and all is read anew.
   *
   * @param {number[]} text
   * @returns {Generator<void, void>} halts after each few tokens, so that others may have their turn
   */
  *become(text) {
    const window = text.slice(-this.contextLength);
    const differs = window.findIndex((token, t) => token !== this.tokens[t]);
    this.cut(differs < 0 ? window.length : differs);
    while (this.tokens.length < window.length) {
      this.read(window.slice(this.tokens.length, this.tokens.length + 4));
      yield;
    }
  }
}

/** A text that is written on, as lower_triangle.generate does: the same seed gives the same text. */
export class Writer {
  /**
   * @param {Reading} reading
   * @param {number[]} text the tokens to begin with, at least one
   * @param {number} seed
   */
  constructor(reading, text, seed) {
    this.reading = reading;
    this.tokens = [...text];
    this.random = new Random(seed);
  }

  /** Reads what has been written, a few tokens at a time. */
  read() {
    return this.reading.become(this.tokens);
  }

  /** How likely each token is to come next, of a text that has been read. */
  probabilities(choice) {
    return probabilities(this.reading.logits.at(-1), choice);
  }

  /** Draws the next token, of a text that has been read.
   *
   * @param {{temperature?: number, topK?: number, topP?: number}} choice
   * @returns {{token: number, dart: number | null, probabilities: Float64Array}} what is certain needs no dart
   */
  draw(choice) {
    const each = this.probabilities(choice);
    const dart = choice.temperature === 0 ? null : this.random.random();
    const token = hit(each, dart ?? 0);
    this.tokens.push(token);
    return { token, dart, probabilities: each };
  }
}
