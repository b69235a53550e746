/** One cell's arithmetic, number by number, each step beside the line of Python that does it. */

import { make } from "./make.mjs";
import { digits, percent, significant, spoken, visible } from "./words.mjs";

const ACROSS = 8;

/** What to show for the weight that token t gives to token s.
 *
 * @param {object} head a Head, or an Average
 * @param {string[]} characters
 * @param {number} t
 * @param {number} s
 * @param {Element} page has the source of the function that does it, embedded
 * @returns {HTMLElement}
 */
export function explain(head, characters, t, s, page) {
  const steps = head.keys ? attended(head, characters, t, s) : averaged(t);
  const lines = linesOf(page, head.keys ? "attend" : "average_matmul");
  return make("ol", {}, ...steps.map(([start, ...said]) => step(lines.get(start), said)));
}

/** A line of Python, and what it does here. */
const step = (line, said) => make("li", {}, ...(line ? [make("pre", { class: "highlight" }, line.cloneNode(true))] : []), ...said);

/** The steps of `attend`, each with what its line begins with. */
function attended(head, characters, t, s) {
  const { headDim: D, queries, keys, values } = head;
  const query = queries.subarray(t * D, (t + 1) * D);
  const key = keys.subarray(s * D, (s + 1) * D);
  const value = values.subarray(s * D, (s + 1) * D);
  const weights = head.weights[t];
  const output = value.map((_, i) => weights.reduce((total, each, from) => total + each * values[from * D + i], 0));
  const scores = head.scores(t);
  const exponentials = scores.map(Math.exp);
  const sum = exponentials.reduce((total, each) => total + each, 0);
  const product = scores[s] * Math.sqrt(D);
  const [who, whom] = [spoken(characters[t]), spoken(characters[s])];
  const seen = t ? `all ${t + 1} characters that ${who} sees, itself included` : `${who}, which sees itself alone`;
  return [
    [
      "scores",
      make("p", {}, `The query of ${who} meets the key of ${whom}, number by number:`),
      products(query, key),
      make(
        "p",
        {},
        `The products sum to ${digits(product)}. Divided by the root of ${D}, ${digits(Math.sqrt(D))}, that is a score of `,
        make("b", {}, digits(scores[s])),
        ".",
      ),
    ],
    [
      "weights",
      make(
        "p",
        {},
        `Its exponential is ${significant(exponentials[s])}. Those of ${seen}, sum to ${significant(sum)}; what comes later `,
        `has a score of −∞ and adds nothing. ${significant(exponentials[s])} / ${significant(sum)} = `,
        make("b", {}, significant(weights[s])),
        `, or ${percent(weights[s])}.`,
      ),
      numbers([
        ["", "who", characters.slice(0, t + 1).map(visible)],
        ["", "score", scores],
        ["", "exponential", exponentials],
        ["", "weight", weights],
      ]),
    ],
    [
      "return",
      make("p", {}, `So much of the value of ${whom} goes to ${who}. The sum of what all of them give is what it hears.`),
      numbers([
        ["v", "value", value],
        ["", "weight × value", value.map((each) => weights[s] * each)],
        ["o", "sum of all", output],
      ]),
    ],
  ];
}

/** The steps of the crude average. */
function averaged(t) {
  const share = digits(1 / (t + 1));
  return [
    ["past", make("p", {}, "A 1 for each that may be seen, a 0 for what comes later.")],
    ["weights", make("p", {}, `The row sums to ${t + 1}, so each has 1 / ${t + 1} = `, make("b", {}, share), ".")],
  ];
}

/** The numbers of query and key, one above the other, and their products. */
const products = (query, key) =>
  numbers([
    ["q", "query", query],
    ["k", "key", key],
    ["", "product", query.map((each, i) => each * key[i])],
  ]);

/** Rows of numbers, each with its name and its colour, eight beside each other; on a narrow screen they scroll. */
function numbers(rows) {
  const groups = Array.from({ length: Math.ceil(rows[0][2].length / ACROSS) }, (_, group) =>
    make(
      "tbody",
      {},
      ...rows.map(([role, name, row]) => {
        const cells = Array.from(row.slice(group * ACROSS, (group + 1) * ACROSS));
        const shown = cells.map((each) => make("td", {}, typeof each === "number" ? digits(each) : each));
        return make("tr", {}, make("th", { scope: "row", class: role }, name), ...shown);
      }),
    ),
  );
  const table = make("table", { class: "terms" }, ...groups);
  const label = rows.map(([, name]) => name).join(", ");
  return make("div", { class: "box", role: "group", tabindex: 0, "aria-label": `Numbers: ${label}` }, table);
}

/** The lines of a function as the page shows its source, by what each begins with. */
function linesOf(page, name) {
  const lines = new Map();
  const code = [...page.querySelectorAll("code")].find((each) => each.textContent.startsWith(`def ${name}(`));
  if (!code) return lines;
  let line = make("code");
  for (const node of [...code.childNodes, document.createTextNode("\n")]) {
    const [first, ...others] = node.nodeType === Node.TEXT_NODE ? node.data.split("\n") : [node.cloneNode(true)];
    line.append(first);
    for (const rest of others) {
      const [start] = line.textContent.trim().split(/\W/);
      line.firstChild.data = line.firstChild.data?.trimStart();
      if (start && !lines.has(start)) lines.set(start, line);
      line = make("code", {}, rest);
    }
  }
  return lines;
}
