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

/** Which head of a model a matrix is of, and how it is read. */
export function captionOf(heads, layer, number, stage) {
  const place = heads.length > 1 ? `Layer ${layer + 1}, head ${number + 1}` : `Head ${number + 1}`;
  const which = heads.flat().length > 1 ? `${place} of ${stage}` : `The head of ${stage}`;
  return `${which}: rows look, columns are looked at`;
}

const NAMED = 8; // of the characters that a model does not know, so many are named

/** What a model does not know, in a sentence; so many characters that only some of them are named. */
export function named(unknown) {
  if (!unknown.length) return "";
  const shown = unknown.slice(0, NAMED).map((character) => `${visible(character)} (${codeOf(character)})`);
  const more = unknown.length > NAMED ? ` and ${(unknown.length - NAMED).toLocaleString("en")} others` : "";
  return `Not in its vocabulary, and left out: ${shown.join(", ")}${more}.`;
}

/** What cannot be seen can still be told by its number. */
const codeOf = (character) => `U+${character.codePointAt(0).toString(16).toUpperCase().padStart(4, "0")}`;
