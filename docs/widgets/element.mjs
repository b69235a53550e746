/** What all elements are made of, what they have in common, and how they say what they show. */

// --- what is in an element can never become anything but text ---

/** An element with attributes, listeners (`onclick` and the like) and children; a string among them is text.
 *
 * @param {string} tag
 * @param {Record<string, string | number | boolean | Function>} properties true and false set and leave out an attribute
 * @param {...(Node | string)} children
 * @returns {HTMLElement}
 */
export const make = (tag, properties, ...children) => fill(document.createElement(tag), properties, children);

const SVG = "http://www.w3.org/2000/svg";

/** The same for a part of a drawing. */
export const draw = (tag, properties, ...children) => fill(document.createElementNS(SVG, tag), properties, children);

function fill(element, properties = {}, children) {
  for (const [name, value] of Object.entries(properties)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (typeof value === "boolean") element.toggleAttribute(name, value);
    else element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
}

export const button = (text, onclick) => make("button", { onclick }, text);

/** Controls beside each other. */
export const side = (...controls) => make("div", { class: "fields" }, ...controls);

/** A control with its name before it. */
export const labelled = (name, control) => make("label", {}, `${name} `, control);

export const numberField = (properties) => make("input", { type: "number", ...properties });

/** Any seed that Python has. */
export const seedField = (properties) => numberField({ min: 0, max: 2 ** 32 - 1, step: 1, value: 0, ...properties });

/** A paragraph of which a voice says what it comes to hold. */
export const status = (name = "") => make("p", { class: name, role: "status" });

/** What is wrong with the number in a field, in a sentence. It may be empty where its placeholder says what that means. */
export function problem(name, { min, max, step, value, placeholder, validity }) {
  const isWhole = step === "1";
  const isIn = value ? Number(value) >= min && Number(value) <= max && !(isWhole && value % 1) : placeholder;
  return isIn && !validity.badInput ? "" : `${name} is a ${isWhole ? "whole " : ""}number from ${min} to ${max}. `;
}

/** A subclass has begin(), which fills `body` when the element comes onto a page, and stop(), when it is to end all work. */
export class PageElement extends HTMLElement {
  connectedCallback() {
    this.body = make("div", { class: "body" });
    this.ui = make("div", { class: "widget" }, this.body);
    this.prepend(this.ui);
    this.begin();
  }

  disconnectedCallback() {
    this.stop();
    this.classList.remove("running");
    this.ui.remove();
  }

  /** From now on it stands in the place of its picture. */
  run() {
    this.classList.add("running");
  }

  get isRunning() {
    return this.classList.contains("running");
  }

  stop() {}
}

// --- how the elements say what they show, one as the other ---

const VISIBLE = { " ": "␣", "\n": "⏎" };
const SPOKEN = { " ": "space", "\n": "new line" };

/** A character as figures show it: a space as ␣, a newline as ⏎. */
export const visible = (character) => VISIBLE[character] ?? character;

/** A character as a voice can say it. */
export const spoken = (character) => SPOKEN[character] ?? character;

/** A share in a sentence: 67.0 %. What would be rounded to nothing is more than nothing, and to all less than all. */
export function percent(share) {
  if (share > 0 && share < 5e-4) return "under 0.1 %";
  return share > 0.9995 && share < 1 ? "over 99.9 %" : `${(100 * share).toFixed(1)} %`;
}

/** A share in a cell: two decimals, a half rounded up as on paper. */
export const rounded = (share) => (Math.floor(100 * share + 0.5) / 100).toFixed(2);

/** A number as the pages print it: four decimals. */
export function digits(number) {
  const size = Math.abs(number);
  if (size === Infinity) return number < 0 ? "−∞" : "∞";
  return size && (size >= 1e5 || size < 1e-4) ? number.toExponential(3) : number.toFixed(4);
}

/** A number as somebody would write it: at most four decimals, and none that are 0. */
export const plain = (number) => digits(number).replace(/(?:\.0+|(\.\d*?)0+)$/, "$1").replace("-", "−");

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
