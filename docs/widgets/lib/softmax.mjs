/** A softmax, and what is made with it: a token drawn by chance, averages and attention on numbers that are written out.
 *
 * V is how many tokens there are; T rows of C numbers each; where a row is a query, a key or a value, D of them.
 */

// --- from logits to a token, as lower_triangle.generate does it ---

/** Probabilities in proportion to the exponentials, which sum to 1.
 *
 * @param {ArrayLike<number>} scores
 * @returns {Float64Array}
 */
export function softmax(scores) {
  let largest = -Infinity;
  for (let i = 0; i < scores.length; i++) if (scores[i] > largest) largest = scores[i];
  const shares = Float64Array.from(scores, (score) => Math.exp(score - largest));
  return divided(shares);
}

/** Numbers over their sum. */
function divided(numbers) {
  const sum = numbers.reduce((total, number) => total + number, 0);
  return numbers.map((number) => number / sum);
}

/** The place of the largest number; of equal ones the first. */
export function argmax(numbers) {
  let best = 0;
  for (let i = 1; i < numbers.length; i++) if (numbers[i] > numbers[best]) best = i;
  return best;
}

/** How likely each token is to be drawn.
 *
 * Temperature 0 leaves the likeliest alone. Otherwise the logits are divided by the temperature; then topK leaves the k
 * likeliest, and topP of those as few of the likeliest as together reach p. What is left is scaled to sum to 1 again.
 *
 * @param {ArrayLike<number>} logits V of them
 * @param {{temperature?: number, topK?: number, topP?: number}} choice
 * @returns {Float64Array} V of them
 */
export function probabilities(logits, { temperature = 1, topK = logits.length, topP = 1 } = {}) {
  if (temperature === 0) return new Float64Array(logits.length).fill(1, argmax(logits), argmax(logits) + 1);
  let each = softmax(Float64Array.from(logits, (logit) => logit / temperature));
  if (topK < logits.length) each = keep(each, (rank) => rank < topK);
  if (topP < 1) each = keep(each, (rank, before) => before < topP);
  return each;
}

/** Those probabilities that are wanted, by their rank and by what the likelier ones sum to, scaled to sum to 1 again. */
function keep(probabilities, isWanted) {
  const order = Array.from(probabilities.keys()).sort((a, b) => probabilities[b] - probabilities[a]);
  const kept = new Float64Array(probabilities.length);
  let sum = 0;
  order.forEach((token, rank) => {
    sum += probabilities[token];
    // The same subtraction as in Python, so that what lies on the border falls on the same side.
    if (isWanted(rank, sum - probabilities[token])) kept[token] = probabilities[token];
  });
  return divided(kept);
}

/** The token whose stretch of the line a dart hits: each owns one as long as its probability, in order.
 *
 * @param {Float64Array} probabilities V of them
 * @param {number} dart from 0 to below 1, where it hits the line
 * @returns {number}
 */
export function hit(probabilities, dart) {
  const ends = new Float64Array(probabilities.length);
  let sum = 0;
  for (let token = 0; token < ends.length; token++) ends[token] = sum += probabilities[token];
  const place = dart * sum;
  return ends.findIndex((end) => end > place);
}

const WORDS = 624;

/** The low 32 bits of a product, without a sign. */
const times = (a, b) => Math.imul(a, b) >>> 0;

/** Python's random.Random: the same seed, the same numbers.
 *
 * Source: Matsumoto and Nishimura 1998, the Mersenne Twister MT19937, and their init_by_array for the seed.
 */
export class Random {
  /** @param {number} seed a whole number from 0 to 2**32 - 1 */
  constructor(seed) {
    if (!Number.isInteger(seed) || seed < 0 || seed >= 2 ** 32) {
      throw new RangeError(`${seed} is no whole number from 0 to 2**32 - 1; try 0`);
    }
    const state = new Uint32Array(WORDS);
    state[0] = 19650218;
    for (let i = 1; i < WORDS; i++) state[i] = times(state[i - 1] ^ (state[i - 1] >>> 30), 1812433253) + i;
    let i = 1;
    for (let left = WORDS; left; left--) {
      state[i] = (state[i] ^ times(state[i - 1] ^ (state[i - 1] >>> 30), 1664525)) + seed;
      if (++i === WORDS) [state[0], i] = [state[WORDS - 1], 1];
    }
    for (let left = WORDS - 1; left; left--) {
      state[i] = (state[i] ^ times(state[i - 1] ^ (state[i - 1] >>> 30), 1566083941)) - i;
      if (++i === WORDS) [state[0], i] = [state[WORDS - 1], 1];
    }
    state[0] = 0x80000000;
    this.state = state;
    this.next = WORDS;
  }

  /** A number from 0 to below 1, of 53 random bits. */
  random() {
    const high = this.word() >>> 5;
    const low = this.word() >>> 6;
    return (high * 2 ** 26 + low) / 2 ** 53;
  }

  /** The next 32 bits. */
  word() {
    if (this.next === WORDS) this.twist();
    let bits = this.state[this.next++];
    bits ^= bits >>> 11;
    bits ^= (bits << 7) & 0x9d2c5680;
    bits ^= (bits << 15) & 0xefc60000;
    return (bits ^ (bits >>> 18)) >>> 0;
  }

  twist() {
    const { state } = this;
    for (let i = 0; i < WORDS; i++) {
      const joined = (state[i] & 0x80000000) | (state[(i + 1) % WORDS] & 0x7fffffff);
      state[i] = state[(i + 397) % WORDS] ^ (joined >>> 1) ^ (joined & 1 ? 0x9908b0df : 0);
    }
    this.next = 0;
  }
}

// --- by hand, with each step kept ---

/** The loop, step by step: for each row, each row that it takes, and then the division.
 *
 * @param {number[][]} x (T, C)
 * @returns {Generator<{t: number, s: number, before: number[], after: number[]}>} s is t + 1 where the sum is divided
 */
export function* averageLoop(x) {
  for (let t = 0; t < x.length; t++) {
    let sum = x[0].map(() => 0);
    for (let s = 0; s <= t + 1; s++) {
      const after = sum.map((each, i) => (s <= t ? each + x[s][i] : each / (t + 1)));
      yield { t, s, before: sum, after };
      sum = after;
    }
  }
}

/** The weights of the matrix product: a triangle of ones, each row divided by its sum. (T, T) */
export function pastWeights(T) {
  const past = rows(T, (t, s) => (s <= t ? 1 : 0));
  return past.map((row) => {
    const sum = row.reduce((total, each) => total + each, 0);
    return row.map((each) => each / sum);
  });
}

/** The scores of the softmax: nobody is more interesting than anybody else, and what comes later is masked. (T, T) */
export const equalScores = (T) => rows(T, (t, s) => (s <= t ? 0 : -Infinity));

/** Each row's softmax. (T, T) */
export const softmaxOfEach = (scores) => scores.map((row) => [...softmax(row)]);

/** (T, T) times (T, C) is (T, C). */
export const product = (weights, x) =>
  weights.map((row) => x[0].map((_, i) => row.reduce((sum, weight, s) => sum + weight * x[s][i], 0)));

const rows = (T, each) => Array.from({ length: T }, (_, t) => Array.from({ length: T }, (_, s) => each(t, s)));

/** What the scores are divided by. */
export const SCALES = { root: Math.sqrt, whole: (D) => D, none: () => 1 };

/** What stands in the place of a score that may not be seen. After the softmax it is the weight that goes. */
export const MASKS = { infinity: -Infinity, zero: 0, large: -1e9, after: "after", none: undefined };

const dot = (a, b) => a.reduce((sum, each, i) => sum + each * b[i], 0);

/** The scores, the scores with what is masked filled, the weights, and what each query hears.
 *
 * @param {number[][]} queries (T, D)
 * @param {number[][]} keys (T, D)
 * @param {number[][]} values (T, D)
 * @param {keyof MASKS} mask
 * @param {keyof SCALES} scale
 */
export function attend(queries, keys, values, mask, scale) {
  const divisor = SCALES[scale](queries[0].length);
  const scores = queries.map((query) => keys.map((key) => dot(query, key) / divisor));
  const fills = typeof MASKS[mask] === "number";
  const filled = scores.map((row, t) => row.map((score, s) => (fills && s > t ? MASKS[mask] : score)));
  const weights = filled.map((row, t) => [...softmax(row)].map((each, s) => (mask === "after" && s > t ? 0 : each)));
  const outputs = weights.map((row) => values[0].map((_, i) => dot(row, values.map((value) => value[i]))));
  return { divisor, scores, filled, weights, outputs };
}
