/** How the elements say what they show, one as the other. */

/** A character as figures show it: a space as ␣, a newline as ⏎. */
export const visible = (character) => ({ " ": "␣", "\n": "⏎" })[character] ?? character;

/** A character as a voice can say it. */
export const spoken = (character) => ({ " ": "space", "\n": "new line" })[character] ?? character;

/** A share in a sentence: 67.0 %. */
export const percent = (share) => `${(100 * share).toFixed(1)} %`;

/** A share in a cell: two decimals, a half rounded up as on paper. */
export const rounded = (share) => (Math.floor(100 * share + 0.5) / 100).toFixed(2);

/** A number in so many digits as can be checked by hand. */
export function digits(number) {
  const size = Math.abs(number);
  return size && (size >= 1e5 || size < 1e-4) ? number.toExponential(3) : number.toFixed(4);
}

/** Whom character t looks at, and how much: "e looks at y: 67.0 %". */
export function sentence(characters, t, s, weight) {
  const whom = s === t ? "itself" : spoken(characters[s]);
  return `${spoken(characters[t])} looks at ${whom}: ${percent(weight)}`;
}

/** How full the cell of a weight is: that of the figures, from 8 % of the colour to 88 %. */
export const fullness = (weight) => 0.08 + 0.8 * weight;
