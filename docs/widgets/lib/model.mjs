/** Every stage of the package: its layers, what each stage is made of, and a model that reads a text and writes it on.
 *
 * Each layer has read(x, N), where x holds N rows, those of the next N tokens, one after the other, and keeps what later
 * tokens need of earlier ones. A layer that looks back has cut(length) too, which forgets all tokens from there on.
 *
 * N tokens that are read now, T that were read in all, V vocabulary, C d_model, F d_ff, D head_dim.
 */

import { Random, hit, probabilities } from "./softmax.mjs";

// --- layers ---

/** A matrix product, with a bias where there is one: nn.Linear. */
class Linear {
  /**
   * @param {{shape: number[], data: Float32Array}} weight (out, in)
   * @param {{data: Float32Array}} [bias] (out)
   */
  constructor(weight, bias) {
    [this.out, this.in] = weight.shape;
    this.weight = weight.data;
    this.bias = bias?.data ?? new Float32Array(this.out);
  }

  /** (N, in) becomes (N, out). Four numbers of a row at a time, since what they are made of is then fetched once. */
  read(x, N) {
    const { weight, bias, in: width, out } = this;
    const y = new Float32Array(N * out);
    for (let n = 0; n < N; n++) {
      const row = x.subarray(n * width, (n + 1) * width);
      let o = 0;
      for (; o + 4 <= out; o += 4) {
        const [a, b, c, d] = [o * width, (o + 1) * width, (o + 2) * width, (o + 3) * width];
        let [toA, toB, toC, toD] = [bias[o], bias[o + 1], bias[o + 2], bias[o + 3]];
        for (let i = 0; i < width; i++) {
          const factor = row[i];
          toA += factor * weight[a + i];
          toB += factor * weight[b + i];
          toC += factor * weight[c + i];
          toD += factor * weight[d + i];
        }
        const place = n * out + o;
        y[place] = toA;
        y[place + 1] = toB;
        y[place + 2] = toC;
        y[place + 3] = toD;
      }
      for (; o < out; o++) y[n * out + o] = bias[o] + dot(weight, o * width, row, 0, width);
    }
    return y;
  }
}

/** The dot product of `length` numbers of each, from a place on. */
function dot(a, fromA, b, fromB, length) {
  let sum = 0;
  for (let i = 0; i < length; i++) sum += a[fromA + i] * b[fromB + i];
  return sum;
}

/** A row of a table for each token, and another for where it stands, where there are positions. */
class Embedding {
  /**
   * @param {{shape: number[], data: Float32Array}} token (V, C)
   * @param {{data: Float32Array}} [position] (context_length, C)
   */
  constructor(token, position) {
    this.width = token.shape[1];
    this.token = token.data;
    this.position = position?.data;
    this.length = 0;
  }

  /** N tokens become (N, C). */
  read(tokens) {
    const { width } = this;
    const x = new Float32Array(tokens.length * width);
    tokens.forEach((token, n) => {
      for (let i = 0; i < width; i++) {
        const place = this.position ? this.position[this.length * width + i] : 0;
        x[n * width + i] = this.token[token * width + i] + place;
      }
      this.length++;
    });
    return x;
  }

  cut(length) {
    this.length = length;
  }
}

/** One head: queries, keys and values of all tokens that were read, and the weights that each found its past worth. */
class Head {
  constructor(contextLength, headDim) {
    this.headDim = headDim;
    [this.queries, this.keys, this.values] = Array.from({ length: 3 }, () => new Float32Array(contextLength * headDim));
    /** @type {Float32Array[]} a row for each token, as long as what it sees: itself and all before it */
    this.weights = [];
  }

  /** How well each key that token t sees matches its query: the dot products over the root of D. */
  scores(t) {
    const { headDim: D } = this;
    const row = new Float64Array(t + 1);
    for (let s = 0; s <= t; s++) row[s] = dot(this.queries, t * D, this.keys, s * D, D) / Math.sqrt(D);
    return row;
  }

  /** Reads a row of queries, keys and values side by side, and writes what the head finds for it.
   *
   * @param {Float32Array} qkv
   * @param {number[]} from where the query, the key and the value begin in it
   * @param {Float32Array} found
   * @param {number} to where in it what was found is to begin
   */
  read(qkv, from, found, to) {
    const { headDim: D, values } = this;
    const t = this.weights.length;
    [this.queries, this.keys, values].forEach((kept, i) => kept.set(qkv.subarray(from[i], from[i] + D), t * D));
    const weights = softmaxOf(this.scores(t));
    for (let i = 0; i < D; i++) {
      let sum = 0;
      for (let s = 0; s <= t; s++) sum += weights[s] * values[s * D + i];
      found[to + i] = sum;
    }
    this.weights.push(Float32Array.from(weights));
  }

  cut(length) {
    this.weights.length = Math.min(length, this.weights.length);
  }
}

/** In place, since this is done for every token by every head. */
function softmaxOf(scores) {
  let largest = -Infinity;
  for (let s = 0; s < scores.length; s++) if (scores[s] > largest) largest = scores[s];
  let sum = 0;
  for (let s = 0; s < scores.length; s++) sum += scores[s] = Math.exp(scores[s] - largest);
  for (let s = 0; s < scores.length; s++) scores[s] /= sum;
  return scores;
}

/** Heads side by side, each in its share of the width, and a projection that mixes what they found, where there is one. */
class SelfAttention {
  /**
   * @param {Linear} qkv (3C, C): the queries of all heads, then the keys, then the values
   * @param {number} nHead
   * @param {number} contextLength
   * @param {Linear} [projection] (C, C)
   */
  constructor(qkv, nHead, contextLength, projection) {
    this.qkv = qkv;
    this.width = qkv.out / 3;
    this.projection = projection;
    this.heads = Array.from({ length: nHead }, () => new Head(contextLength, this.width / nHead));
  }

  /** (N, C) stays (N, C). */
  read(x, N) {
    const { width: C, heads } = this;
    const qkv = this.qkv.read(x, N);
    const found = new Float32Array(N * C);
    for (let n = 0; n < N; n++) {
      heads.forEach((head, h) => {
        const first = h * head.headDim;
        const from = [0, 1, 2].map((which) => (3 * n + which) * C + first);
        head.read(qkv, from, found, n * C + first);
      });
    }
    return this.projection ? this.projection.read(found, N) : found;
  }

  cut(length) {
    for (const head of this.heads) head.cut(length);
  }
}

/** The crude average of the past. It is its own only head: all that it sees has the same weight. */
class Average {
  constructor(contextLength, width) {
    this.width = width;
    this.sums = new Float64Array((contextLength + 1) * width);
    this.weights = [];
    this.heads = [this];
  }

  /** (N, C) stays (N, C). Row t of the sums is the sum of the first t rows that were read. */
  read(x, N) {
    const { width: C, sums } = this;
    const y = new Float32Array(N * C);
    for (let n = 0; n < N; n++) {
      const t = this.weights.length;
      for (let i = 0; i < C; i++) {
        sums[(t + 1) * C + i] = sums[t * C + i] + x[n * C + i];
        y[n * C + i] = sums[(t + 1) * C + i] / (t + 1);
      }
      this.weights.push(new Float32Array(t + 1).fill(1 / (t + 1)));
    }
    return y;
  }

  cut(length) {
    this.weights.length = Math.min(length, this.weights.length);
  }
}

/** Each row at mean 0 and variance 1, then scaled, and shifted where there is a bias: nn.LayerNorm. */
class LayerNorm {
  constructor(weight, bias) {
    this.weight = weight.data;
    this.bias = bias?.data ?? new Float32Array(this.weight.length);
  }

  read(x, N) {
    const { weight, bias } = this;
    const C = weight.length;
    const y = new Float32Array(N * C);
    for (let from = 0; from < N * C; from += C) {
      let mean = 0;
      for (let i = 0; i < C; i++) mean += x[from + i] / C;
      let variance = 0;
      for (let i = 0; i < C; i++) variance += (x[from + i] - mean) ** 2 / C;
      const spread = Math.sqrt(variance + 1e-5);
      for (let i = 0; i < C; i++) y[from + i] = ((x[from + i] - mean) / spread) * weight[i] + bias[i];
    }
    return y;
  }
}

/** Each row on its own: widen, bend, narrow again. */
class FeedForward {
  /**
   * @param {Linear} up (F, C)
   * @param {(x: number) => number} activation
   * @param {Linear} down (C, F)
   */
  constructor(up, activation, down) {
    Object.assign(this, { up, activation, down });
  }

  read(x, N) {
    const inner = this.up.read(x, N);
    for (let i = 0; i < inner.length; i++) inner[i] = this.activation(inner[i]);
    return this.down.read(inner, N);
  }
}

const relu = (x) => (x > 0 ? x : 0);

/** x times the share of a normal distribution that lies below x.
 *
 * Source: Hendrycks and Gimpel 2016 (arXiv 1606.08415).
 */
const gelu = (x) => 0.5 * x * (1 + erf(x / Math.SQRT2));

/** The error function, to within 1.5e-7.
 *
 * Source: Abramowitz and Stegun 1964, formula 7.1.26.
 */
function erf(x) {
  const t = 1 / (1 + 0.3275911 * Math.abs(x));
  const sum = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))));
  const above = 1 - sum * Math.exp(-x * x);
  return x < 0 ? -above : above;
}

/** Attention, then feed-forward, of which each gets what is before it and leaves what is behind it. */
class PlainBlock {
  constructor(attn, ffn) {
    Object.assign(this, { attn, ffn });
  }

  read(x, N) {
    return this.ffn.read(this.attn.read(x, N), N);
  }

  get heads() {
    return this.attn.heads;
  }

  cut(length) {
    this.attn.cut(length);
  }
}

/** A PlainBlock that adds to what came in. */
class ResidualBlock extends PlainBlock {
  read(x, N) {
    const between = sum(x, this.attn.read(x, N));
    return sum(between, this.ffn.read(between, N));
  }
}

/** A ResidualBlock whose layers read their input at a common scale. */
class Block extends PlainBlock {
  constructor(ln_1, attn, ln_2, ffn) {
    super(attn, ffn);
    Object.assign(this, { ln_1, ln_2 });
  }

  read(x, N) {
    const between = sum(x, this.attn.read(this.ln_1.read(x, N), N));
    return sum(between, this.ffn.read(this.ln_2.read(between, N), N));
  }
}

function sum(a, b) {
  const both = new Float32Array(a.length);
  for (let i = 0; i < a.length; i++) both[i] = a[i] + b[i];
  return both;
}

// --- stages: those of lower_triangle.stages, in the same order, each from the tensors of its own names ---

/** The weights of a model, by the names that the package gives them. */
class Weights {
  constructor(config, tensors) {
    Object.assign(this, { config, tensors });
  }

  at(name) {
    return this.tensors.get(`${name}.weight`);
  }

  bias(name) {
    return this.tensors.get(`${name}.bias`);
  }

  linear(name) {
    return new Linear(this.at(name), this.bias(name));
  }

  layerNorm(name) {
    return new LayerNorm(this.at(name), this.bias(name));
  }

  feedForward(name, activation) {
    return new FeedForward(this.linear(`${name}.up`), activation, this.linear(`${name}.down`));
  }

  positioned() {
    return new Embedding(this.at("embed.token"), this.at("embed.position"));
  }

  /** One head has no projection. */
  head(name) {
    return this.attention(this.stacked([name]), 1);
  }

  multiHead(name) {
    const heads = Array.from({ length: this.config.n_head }, (_, h) => `${name}.heads.${h}`);
    return this.attention(this.stacked(heads), heads.length, this.linear(`${name}.projection`));
  }

  selfAttention(name) {
    return this.attention(this.linear(`${name}.qkv`), this.config.n_head, this.linear(`${name}.projection`));
  }

  attention(qkv, nHead, projection) {
    return new SelfAttention(qkv, nHead, this.config.context_length, projection);
  }

  /** The queries of all heads, then their keys, then their values, as the rows of one matrix. */
  stacked(heads) {
    const parts = ["query", "key", "value"].flatMap((kind) => heads.map((head) => this.at(`${head}.${kind}`)));
    const data = Float32Array.from(parts.flatMap((part) => [...part.data]));
    return new Linear({ shape: [parts.reduce((rows, part) => rows + part.shape[0], 0), parts[0].shape[1]], data });
  }

  /** As many blocks as there are layers, each built by its name. */
  blocks(build) {
    return Array.from({ length: this.config.n_layer }, (_, layer) => build(`blocks.${layer}`));
  }
}

/** Attention and feed-forward as the small stages have them, in a block of a kind. */
const taught = (weights, Kind) => (name) =>
  new Kind(weights.multiHead(`${name}.attn`), weights.feedForward(`${name}.ffn`, relu));

/** A block with its two norms. */
const normed = (weights, attn, activation) => (name) =>
  new Block(
    weights.layerNorm(`${name}.ln_1`),
    weights[attn](`${name}.attn`),
    weights.layerNorm(`${name}.ln_2`),
    weights.feedForward(`${name}.ffn`, activation),
  );

const RECIPES = {
  bigram: (weights) => ({ embed: new Embedding(weights.at("embed")) }),
  embedding: (weights) => ({ embed: new Embedding(weights.at("embed")), lm_head: weights.linear("lm_head") }),
  position: (weights) => stack(weights, []),
  average: (weights) => stack(weights, [new Average(weights.config.context_length, weights.config.d_model)]),
  head: (weights) => stack(weights, [weights.head("blocks.0")]),
  multi_head: (weights) => stack(weights, [weights.multiHead("blocks.0")]),
  feed_forward: (weights) => stack(weights, [taught(weights, PlainBlock)("blocks.0")]),
  deep: (weights) => stack(weights, weights.blocks(taught(weights, PlainBlock))),
  residual: (weights) => stack(weights, weights.blocks(taught(weights, ResidualBlock))),
  layer_norm: (weights) => ({
    ...stack(weights, weights.blocks(normed(weights, "multiHead", relu))),
    norm: weights.layerNorm("norm"),
  }),
  // The last layer is the table of tokens.
  gpt: (weights) => ({
    embed: weights.positioned(),
    blocks: weights.blocks(normed(weights, "selfAttention", gelu)),
    norm: weights.layerNorm("norm"),
    lm_head: new Linear(weights.at("embed.token")),
  }),
};

const stack = (weights, blocks) => ({ embed: weights.positioned(), blocks, lm_head: weights.linear("lm_head") });

/** The layers of a stage. They keep what they have read, so each text that is read needs its own.
 *
 * @param {{stage: string, config: object}} manifest
 * @param {Map<string, {shape: number[], data: Float32Array}>} tensors
 * @returns {{embed: object, blocks: object[], norm: object, lm_head: object}}
 */
export function build({ stage, config }, tensors) {
  const asItIs = { read: (x) => x };
  return { blocks: [], norm: asItIs, lm_head: asItIs, ...RECIPES[stage](new Weights(config, tensors)) };
}

// --- characters to integers and back, as lower_triangle.tokenizer does it ---

export class CharTokenizer {
  /** @param {string} vocabulary every character that is known, in the order of its token */
  constructor(vocabulary) {
    this.characters = [...vocabulary];
    this.tokenOf = new Map(this.characters.map((character, token) => [character, token]));
  }

  /** The tokens of those characters of a text that are known, and the others by themselves, each once.
   *
   * @param {string} text
   * @returns {{tokens: number[], unknown: string[]}}
   */
  encode(text) {
    const tokens = [];
    const unknown = new Set();
    for (const character of text) {
      const token = this.tokenOf.get(character);
      if (token === undefined) unknown.add(character);
      else tokens.push(token);
    }
    return { tokens, unknown: [...unknown] };
  }

  /** The text that tokens spell. */
  decode(tokens) {
    return tokens.map((token) => this.characters[token]).join("");
  }
}

// --- a text that is read, and written on ---

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

// --- long work in short turns, between which the page does what its reader asks of it ---

const TURN = 8; // milliseconds, half of what a frame has

/** Goes through the steps of a generator. Once its signal has said so, not one more is taken.
 *
 * @param {Generator} steps
 * @param {AbortSignal} signal
 * @returns {Promise<boolean>} whether it came to the end
 */
export async function inTurns(steps, signal) {
  for (let end = performance.now() + TURN; !signal.aborted; ) {
    if (steps.next().done) return true;
    if (performance.now() < end) continue;
    await nextTurn();
    end = performance.now() + TURN;
  }
  return false;
}

/** After whatever else waits to be done; a timer would wait for 4 ms even if nothing does. */
function nextTurn() {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = resolve;
    port2.postMessage(null);
  });
}

// --- the files of weights that `lower-triangle export` writes, and whether they arrived as they were written ---

const BYTES = { F16: 2, F32: 4 };

/** A file that cannot be what was written. Its message is for the reader of the page. */
export class DamagedFile extends Error {}

/** The tensors of a safetensors file, by name.
 *
 * A file is eight bytes of length, a JSON header of that length, and the numbers of all tensors.
 *
 * @param {ArrayBuffer} buffer the file
 * @returns {Map<string, {shape: number[], data: Float32Array}>} each row by row
 * @throws {DamagedFile} for a file that is no such file, or only a part of one, or has numbers of another kind
 */
export function readTensors(buffer) {
  const tensors = new Map();
  for (const [name, { dtype, shape, data_offsets: offsets }] of Object.entries(readHeader(buffer))) {
    if (name === "__metadata__") continue;
    if (!(dtype in BYTES)) throw new DamagedFile(`${name} is made of ${dtype}; only F16 and F32 can be read`);
    const start = 8 + headerLength(buffer) + offsets[0];
    const count = shape.reduce((product, size) => product * size, 1);
    if (offsets[1] - offsets[0] !== count * BYTES[dtype] || start + count * BYTES[dtype] > buffer.byteLength) {
      throw new DamagedFile(`${name} is not whole`);
    }
    tensors.set(name, { shape, data: readNumbers(new DataView(buffer, start), dtype, count) });
  }
  return tensors;
}

function headerLength(buffer) {
  return buffer.byteLength < 8 ? NaN : Number(new DataView(buffer).getBigUint64(0, true));
}

function readHeader(buffer) {
  try {
    const header = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 8, headerLength(buffer))));
    if (header && typeof header === "object") return header;
  } catch {
    // It is said below.
  }
  throw new DamagedFile("this is no file of weights, or not all of one");
}

/** Numbers of a kind as Float32Array, which holds each of either kind exactly. */
function readNumbers(view, dtype, count) {
  const numbers = new Float32Array(count);
  for (let i = 0; i < count; i++) {
    numbers[i] = dtype === "F32" ? view.getFloat32(4 * i, true) : half(view.getUint16(2 * i, true));
  }
  return numbers;
}

/** The number that 16 bits stand for: a sign, five bits of exponent, ten of fraction. */
function half(bits) {
  const sign = bits >> 15 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 31) return fraction ? NaN : sign * Infinity;
  return exponent ? sign * (1024 + fraction) * 2 ** (exponent - 25) : sign * fraction * 2 ** -24;
}

/** Refuses bytes whose sha256 is not the one that was written down when they were made.
 *
 * @param {ArrayBuffer} buffer
 * @param {string} expected in hexadecimal
 * @throws {DamagedFile}
 */
export async function requireSha256(buffer, expected) {
  // Browsers have it on https and on localhost alone.
  if (!globalThis.crypto?.subtle) throw new DamagedFile("it cannot be checked here: open this page by https");
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", buffer));
  const found = Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
  if (found !== expected) throw new DamagedFile("it arrived damaged: its sha256 is not the one that was written down");
}
