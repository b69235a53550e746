/** The layers of the package, reading one or several tokens at a time and keeping what later tokens need of earlier ones.
 *
 * Each has read(x, N), where x holds N rows, those of the next N tokens, one after the other. A layer that looks back has
 * cut(length) too, which forgets all tokens from there on.
 *
 * N tokens that are read now, T that were read in all, C d_model, F d_ff, D head_dim.
 */

/** A matrix product, with a bias where there is one: nn.Linear. */
export class Linear {
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
export class Embedding {
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
export class Head {
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
export class SelfAttention {
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
export class Average {
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
export class LayerNorm {
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
export class FeedForward {
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

export const relu = (x) => (x > 0 ? x : 0);

/** x times the share of a normal distribution that lies below x.
 *
 * Source: Hendrycks and Gimpel 2016 (arXiv 1606.08415).
 */
export const gelu = (x) => 0.5 * x * (1 + erf(x / Math.SQRT2));

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
export class PlainBlock {
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
export class ResidualBlock extends PlainBlock {
  read(x, N) {
    const between = sum(x, this.attn.read(x, N));
    return sum(between, this.ffn.read(between, N));
  }
}

/** A ResidualBlock whose layers read their input at a common scale. */
export class Block extends PlainBlock {
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
