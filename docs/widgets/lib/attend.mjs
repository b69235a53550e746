/** Attention on numbers that are written out, with each step kept, and with the ways in which it is done wrong.
 *
 * T queries and as many keys and values, D numbers in each.
 */

import { softmax } from "./sample.mjs";

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
