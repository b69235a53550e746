/** From logits to a token, as lower_triangle.generate does it. V is how many tokens there are. */

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
