/** Learning without a library: a loss, how it changes with every parameter, and a step of AdamW.
 *
 * B chunks of T tokens, N = B * T, V vocabulary, C d_model and head_dim. All numbers are float64.
 */

import { Random } from "./softmax.mjs";

/** Numbers that are learnt, how the loss changes with each of them, and what AdamW remembers of it. */
class Parameter {
  /**
   * @param {number[]} shape
   * @param {() => number} draw
   */
  constructor(shape, draw) {
    this.shape = shape;
    const size = shape.reduce((product, each) => product * each);
    this.data = Float64Array.from({ length: size }, draw);
    [this.gradient, this.mean, this.square] = [0, 0, 0].map(() => new Float64Array(size));
  }
}

/** A table: the row of the current token holds the logits of the next. */
class Bigram {
  constructor(V, random) {
    this.table = new Parameter([V, V], normal(random));
    this.tensors = new Map([["embed.weight", this.table]]);
    this.learningRate = 0.01;
  }

  /** N tokens become (N, V). */
  forward(tokens) {
    this.tokens = tokens;
    return rowsOf(this.table, tokens);
  }

  /** @param {Float64Array} change how the loss changes with each of the logits (N, V) */
  backward(change) {
    addRows(this.table, this.tokens, change);
  }
}

/** One head of self-attention between what a token is and where it stands, and the logits. */
class Head {
  constructor(V, random, { context_length: T, d_model: C }) {
    const uniform = () => (2 * random.random() - 1) / Math.sqrt(C);
    this.token = new Parameter([V, C], normal(random));
    this.position = new Parameter([T, C], normal(random));
    [this.query, this.key, this.value] = [0, 0, 0].map(() => new Parameter([C, C], uniform));
    this.output = new Parameter([V, C], uniform);
    this.bias = new Parameter([V], uniform);
    this.tensors = new Map([
      ["embed.token.weight", this.token],
      ["embed.position.weight", this.position],
      ["blocks.0.query.weight", this.query],
      ["blocks.0.key.weight", this.key],
      ["blocks.0.value.weight", this.value],
      ["lm_head.weight", this.output],
      ["lm_head.bias", this.bias],
    ]);
    this.learningRate = 0.001;
  }

  /** N tokens, chunks of T, become (N, V). What backward needs again is kept. */
  forward(tokens, T) {
    const N = tokens.length;
    const places = tokens.map((_, n) => n % T);
    const x = sum(rowsOf(this.token, tokens), rowsOf(this.position, places));
    const [q, k, v] = [this.query, this.key, this.value].map((weight) => times(x, weight));
    const C = x.length / N;
    const weights = new Float64Array(N * T);
    const found = new Float64Array(N * C);
    for (let n = 0; n < N; n++) {
      const first = n - places[n];
      let total = 0;
      for (let m = first; m <= n; m++) {
        total += weights[n * T + m - first] = Math.exp(dot(q, n * C, k, m * C, C) / Math.sqrt(C));
      }
      for (let m = first; m <= n; m++) add(found, n * C, v, m * C, (weights[n * T + m - first] /= total), C);
    }
    Object.assign(this, { tokens, places, T, x, q, k, v, weights, found });
    const logits = times(found, this.output);
    for (let i = 0; i < logits.length; i++) logits[i] += this.bias.data[i % this.bias.data.length];
    return logits;
  }

  /** Back through the same lines, last one first. @param {Float64Array} change as for Bigram */
  backward(change) {
    const { tokens, places, T, x, q, k, v, weights, found } = this;
    for (let i = 0; i < change.length; i++) this.bias.gradient[i % this.bias.gradient.length] += change[i];
    const toFound = timesBack(change, found, this.output);
    const N = tokens.length;
    const C = x.length / N;
    const [toQ, toK, toV] = [q, k, v].map((each) => new Float64Array(each.length));
    for (let n = 0; n < N; n++) {
      const first = n - places[n];
      // A weight takes from all the others of its row, so each counts by how far it is above their mean.
      let mean = 0;
      const toWeights = weights.subarray(n * T, n * T + places[n] + 1).map((weight, s) => {
        add(toV, (first + s) * C, toFound, n * C, weight, C);
        const change = dot(toFound, n * C, v, (first + s) * C, C);
        mean += weight * change;
        return change;
      });
      toWeights.forEach((change, s) => {
        const toScore = (weights[n * T + s] * (change - mean)) / Math.sqrt(C);
        add(toQ, n * C, k, (first + s) * C, toScore, C);
        add(toK, (first + s) * C, q, n * C, toScore, C);
      });
    }
    const toX = [timesBack(toQ, x, this.query), timesBack(toK, x, this.key), timesBack(toV, x, this.value)].reduce(sum);
    addRows(this.token, tokens, toX);
    addRows(this.position, places, toX);
  }
}

const MODELS = { bigram: Bigram, head: Head };

/** A model that learns, as lower_triangle.train.fit lets it.
 *
 * Source: Loshchilov and Hutter 2017 (arXiv 1711.05101) for AdamW; settings are those of the package.
 */
export class Trainer {
  /**
   * @param {"bigram" | "head"} stage
   * @param {number} V how many tokens there are
   * @param {number} seed of the first weights and of the batches
   */
  constructor(stage, V, seed) {
    this.config = { context_length: 8, d_model: 32 };
    this.random = new Random(seed);
    this.model = new MODELS[stage](V, this.random, this.config);
    this.V = V;
    this.step = 0;
  }

  /** Learns from a batch of chunks that begin at random places. Returns its loss before the step. */
  learn(tokens, batchSize = 32) {
    const T = this.config.context_length;
    const inputs = new Int32Array(batchSize * T);
    const targets = new Int32Array(batchSize * T);
    for (let b = 0; b < batchSize; b++) {
      const start = Math.floor(this.random.random() * (tokens.length - T));
      inputs.set(tokens.subarray(start, start + T), b * T);
      targets.set(tokens.subarray(start + 1, start + T + 1), b * T);
    }
    const loss = this.gradients(inputs, targets);
    this.update();
    return loss;
  }

  /** The mean loss of a batch; every parameter's gradient is that of this batch. */
  gradients(inputs, targets) {
    for (const { gradient } of this.model.tensors.values()) gradient.fill(0);
    const logits = this.model.forward(inputs, this.config.context_length);
    const loss = surprise(logits, targets, this.V) / targets.length;
    this.model.backward(logits.map((share) => share / targets.length));
    return loss;
  }

  /** A step against the gradients. Vectors are not pulled towards 0. */
  update() {
    this.step++;
    const rate = this.model.learningRate;
    const [ofMean, ofSquare] = [1 - 0.9 ** this.step, 1 - 0.999 ** this.step];
    for (const { shape, data, gradient, mean, square } of this.model.tensors.values()) {
      const kept = shape.length > 1 ? 1 - rate * 0.01 : 1;
      for (let i = 0; i < data.length; i++) {
        mean[i] += 0.1 * (gradient[i] - mean[i]);
        square[i] += 0.001 * (gradient[i] ** 2 - square[i]);
        data[i] = kept * data[i] - (rate * mean[i]) / ofMean / (Math.sqrt(square[i] / ofSquare) + 1e-8);
      }
    }
  }

  /** The exact mean loss over a text, every token but the first predicted once, in windows that do not overlap.
   *
   * @param {Int32Array} tokens
   * @returns {Generator<void, number>} halts after each few windows
   */
  *evaluate(tokens) {
    const T = this.config.context_length;
    let total = 0;
    for (let from = 0; from < tokens.length - 1; ) {
      const left = tokens.length - 1 - from;
      const window = Math.min(T, left);
      const length = Math.min(64, Math.floor(left / window)) * window;
      const logits = this.model.forward(tokens.subarray(from, from + length), window);
      total += surprise(logits, tokens.subarray(from + 1, from + length + 1), this.V);
      from += length;
      yield;
    }
    return total / (tokens.length - 1);
  }
}

/** The lowest loss that any bigram can have on a text: that of the shares of its pairs. */
export function floorOf(tokens, V) {
  const pairs = new Float64Array(V * V);
  const firsts = new Float64Array(V);
  for (let t = 0; t + 1 < tokens.length; t++) {
    pairs[tokens[t] * V + tokens[t + 1]]++;
    firsts[tokens[t]]++;
  }
  const total = pairs.reduce((sum, count, i) => (count ? sum - count * Math.log(count / firsts[Math.floor(i / V)]) : sum), 0);
  return total / (tokens.length - 1);
}

/** The sum of the losses of N rows of logits. In the place of each logit is left how the sum changes with it. */
function surprise(logits, targets, V) {
  let total = 0;
  targets.forEach((target, n) => {
    const [from, end] = [n * V, (n + 1) * V];
    let largest = -Infinity;
    for (let i = from; i < end; i++) if (logits[i] > largest) largest = logits[i];
    const aim = logits[from + target] - largest;
    let sum = 0;
    for (let i = from; i < end; i++) sum += logits[i] = Math.exp(logits[i] - largest);
    for (let i = from; i < end; i++) logits[i] /= sum;
    logits[from + target]--;
    total += Math.log(sum) - aim;
  });
  return total;
}

/** (N, in) times the transpose of (out, in) is (N, out). */
function times(x, { shape: [out, width], data }) {
  const y = new Float64Array((x.length / width) * out);
  for (let n = 0, i = 0; n < x.length; n += width) {
    for (let o = 0; o < data.length; o += width) y[i++] = dot(x, n, data, o, width);
  }
  return y;
}

/** How the loss changes with x, where it changes with x times weight so; with the weight it changes by its gradient. */
function timesBack(change, x, { shape: [, width], data, gradient }) {
  const toX = new Float64Array(x.length);
  for (let n = 0, i = 0; n < x.length; n += width) {
    for (let o = 0; o < data.length; o += width, i++) {
      add(toX, n, data, o, change[i], width);
      add(gradient, o, x, n, change[i], width);
    }
  }
  return toX;
}

/** The rows of a table that have these numbers. */
function rowsOf({ shape: [, width], data }, numbers) {
  const rows = new Float64Array(numbers.length * width);
  numbers.forEach((number, n) => rows.set(data.subarray(number * width, (number + 1) * width), n * width));
  return rows;
}

function addRows({ shape: [, width], gradient }, numbers, change) {
  numbers.forEach((number, n) => add(gradient, number * width, change, n * width, 1, width));
}

function dot(a, fromA, b, fromB, length) {
  let sum = 0;
  for (let i = 0; i < length; i++) sum += a[fromA + i] * b[fromB + i];
  return sum;
}

/** Adds so many times a row to another. */
function add(to, at, row, from, factor, length) {
  for (let i = 0; i < length; i++) to[at + i] += factor * row[from + i];
}

const sum = (a, b) => a.map((each, i) => each + b[i]);

/** Numbers of mean 0 and variance 1. Source: Box and Muller 1958. */
const normal = (random) => () =>
  Math.sqrt(-2 * Math.log(1 - random.random())) * Math.cos(2 * Math.PI * random.random());
