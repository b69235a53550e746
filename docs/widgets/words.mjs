/** How the elements say what they show, one as the other. */

const VISIBLE = { " ": "␣", "\n": "⏎" };
const SPOKEN = { " ": "space", "\n": "new line" };

/** A character as figures show it: a space as ␣, a newline as ⏎. */
export const visible = (character) => VISIBLE[character] ?? character;

/** A character as a voice can say it. */
export const spoken = (character) => SPOKEN[character] ?? character;

/** A share in a sentence: 67.0 %. What would be rounded to nothing is more than nothing. */
export const percent = (share) => (share > 0 && share < 5e-4 ? "under 0.1 %" : `${(100 * share).toFixed(1)} %`);

/** A share in a cell: two decimals, a half rounded up as on paper. */
export const rounded = (share) => (Math.floor(100 * share + 0.5) / 100).toFixed(2);

/** A number as the pages print it: four decimals. */
export function digits(number) {
  const size = Math.abs(number);
  if (size === Infinity) return number < 0 ? "−∞" : "∞";
  return size && (size >= 1e5 || size < 1e-4) ? number.toExponential(3) : number.toFixed(4);
}

/** A number with which somebody will go on calculating: four digits that count, however small it is. */
export function significant(number) {
  const size = Math.abs(number);
  return size && size < 0.1 ? (size < 1e-3 ? number.toExponential(3) : number.toPrecision(4)) : digits(number);
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
  const place = `${heads.length > 1 ? `, layer ${layer + 1}` : ""}${heads[0].length > 1 ? `, head ${number + 1}` : ""}`;
  return `Stage ${stage}${place}: rows look, columns are looked at`;
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
