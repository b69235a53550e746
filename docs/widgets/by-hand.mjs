/** Elements with numbers that can be changed: <average-three-ways>, <softmax-bars scores="2 1 0"> and
 * <mask-and-scale mask="infinity" scale="root">.
 */

import {
  PageElement,
  button,
  digits,
  fullness,
  labelled,
  make,
  numberField,
  percent,
  plain,
  side,
  status,
} from "./element.mjs";
import { attend, averageLoop, equalScores, pastWeights, product, softmax, softmaxOfEach } from "./lib/softmax.mjs";

// What "yet" is made of on the pages: each letter asks, is found, and is heard.
const LETTERS = ["y", "e", "t"];
const NUMBERS = {
  query: [[0.5, 0.5], [1, 0], [0, 1]],
  key: [[1, 1], [0, 2], [2, 0]],
  value: [[5, 5], [0, 10], [10, 0]],
};
const KINDS = ["consonant", "vowel"];

// --- numbers to change, and tables of what becomes of them ---

/** A table of fields, one for each number of a matrix. */
class NumberTable {
  /**
   * @param {string} kind what the numbers are, `query` and the like
   * @param {string[]} rows their names
   * @param {string[]} columns their names
   * @param {() => void} oninput is called when one of them changes
   */
  constructor(kind, rows, columns, oninput) {
    this.fields = rows.map((row) => columns.map((column) => field(`${kind} of ${row}, ${column}`, { "data-kind": kind })));
    this.element = make(
      "table",
      { class: "numbers", oninput },
      make("caption", { class: kind[0] }, kind),
      head(columns),
      body(rows, this.fields.map((row) => row.map((each) => make("td", {}, each)))),
    );
  }

  /** @param {number[][]} numbers what its fields are to hold */
  set(numbers) {
    this.numbers = structuredClone(numbers);
    this.fields.forEach((row, r) => row.forEach((each, c) => (each.value = numbers[r][c])));
  }

  /** Takes what the fields hold. Where one holds no number, the last one that it held still counts: those are returned. */
  take() {
    return this.fields.flatMap((row, r) => taken(row, this.numbers[r]));
  }
}

/** A field for a number. */
const field = (label, properties) => numberField({ step: 0.5, "aria-label": label, ...properties });

/** Takes what fields hold into numbers, and names those fields that hold none. */
function taken(fields, numbers) {
  const isWrong = (each, i) => {
    const wrong = !Number.isFinite(each.valueAsNumber);
    each.toggleAttribute("aria-invalid", wrong);
    if (!wrong) numbers[i] = each.valueAsNumber;
    return wrong;
  };
  return fields.flatMap((each, i) => (isWrong(each, i) ? [`${each.ariaLabel}, where ${plain(numbers[i])} still counts`] : []));
}

/** In a sentence, which fields hold no number. */
const wrongly = (names) => (names.length ? `No number: ${names.join("; ")}.` : "");

/** A table of what was computed.
 *
 * @param {string} title
 * @param {string[]} rows their names
 * @param {string[]} columns their names
 * @param {HTMLElement[][]} cells
 */
const results = (title, rows, columns, cells) =>
  make("div", { class: "box" }, make("table", { class: "result" }, make("caption", {}, title), head(columns), body(rows, cells)));

/** A weight in its colour. */
function weighed(weight, text) {
  const cell = make("td", {}, text);
  cell.style.setProperty("--fullness", `${100 * fullness(weight)}%`);
  return cell;
}

const head = (columns) =>
  make("thead", {}, make("tr", {}, make("td"), ...columns.map((name) => make("th", { scope: "col" }, name))));

const body = (rows, cells) =>
  make("tbody", {}, ...rows.map((name, r) => make("tr", {}, make("th", { scope: "row" }, name), ...cells[r])));

// --- <softmax-bars>: scores that can be moved, and the weights that they become ---

const FAR = 5; // how far a slider goes, up and down; a field goes as far as it likes
const MOST = 8; // scores

class SoftmaxBars extends PageElement {
  begin() {
    this.temperature = field("temperature", { step: 0.1 });
    this.slider = slider("temperature", 0.1);
    this.list = make("div");
    this.wrong = status();
    this.said = status("sentence");
    this.sum = make("p", { class: "hint" });
    const hidden = () => this.lines.map(({ infinite }) => infinite.checked);
    this.more = button("One score more", () => this.build([...this.scores, 0], hidden()));
    this.less = button("One less", () => this.build(this.scores.slice(0, -1), hidden()));
    this.body.append(
      side(labelled("Temperature", this.temperature), this.slider),
      this.list,
      this.sum,
      this.wrong,
      this.said,
      side(this.more, this.less, button("The page's scores", () => this.reset())),
    );
    this.body.addEventListener("input", ({ target }) => this.moved(target));
    this.reset();
    this.run();
  }

  reset() {
    this.divisor = this.temperature.value = 1;
    this.build(this.getAttribute("scores").split(" ").map(Number));
  }

  /** A row for each score. */
  build(scores, hidden = []) {
    this.scores = scores;
    this.lines = scores.map((score, i) => line(`score ${letter(i)}`, score, Boolean(hidden[i])));
    this.list.replaceChildren(...this.lines.map(({ element }) => element));
    this.more.disabled = scores.length === MOST;
    this.less.disabled = scores.length === 1;
    this.show();
  }

  /** What a slider is moved to goes to its field. */
  moved(target) {
    for (const each of [...this.lines, { slider: this.slider, number: this.temperature }]) {
      if (target === each.slider) each.number.value = target.value;
    }
    this.show();
  }

  show() {
    const temperature = this.temperature.valueAsNumber;
    const isDivisor = temperature > 0 && temperature < Infinity;
    if (isDivisor) this.slider.value = this.divisor = temperature;
    this.temperature.toggleAttribute("aria-invalid", !isDivisor);
    const wrong = wrongly(taken(this.lines.map(({ number }) => number), this.scores));
    this.wrong.textContent = isDivisor ? wrong : `Scores are divided by the temperature: it has to be above 0; ${plain(this.divisor)} still counts. ${wrong}`;
    const scores = this.lines.map(({ infinite }, i) => (infinite.checked ? -Infinity : this.scores[i] / this.divisor));
    const exponentials = scores.map(Math.exp);
    const weights = softmax(scores);
    // A weight that is too small for a number is not nothing, and another then not all.
    const [least, most] = scores.filter(Number.isFinite).length > 1 ? [Number.MIN_VALUE, 1 - Number.EPSILON] : [0, 1];
    this.lines.forEach((each, i) => {
      each.slider.value = this.scores[i];
      each.slider.disabled = each.number.disabled = each.infinite.checked;
      const isHidden = scores[i] === -Infinity;
      each.exponential.textContent = `exp(${plain(scores[i])}) = ${isHidden ? 0 : digits(exponentials[i])}`;
      each.length.style.setProperty("width", `${100 * (weights[i] || 0)}%`);
      const shown = isHidden ? 0 : Math.min(most, Math.max(least, weights[i]));
      each.weight.textContent = Number.isNaN(weights[i]) ? "NaN" : percent(shown);
    });
    const sum = exponentials.reduce((total, each) => total + each, 0);
    const isBeyond = exponentials.some((each, i) => each === Infinity || (!each && scores[i] > -Infinity));
    this.sum.textContent = isBeyond ? BEYOND : `They sum to ${digits(sum)}, and each is divided by that.`;
    this.said.textContent = `${this.divisor === 1 ? "" : "Divided by the temperature: "}${ratio(scores, weights)}`;
  }
}

const BEYOND =
  "An exponential is larger or smaller than a number of 64 bits can be. The code takes the largest score from all of them first, so the weights are as they should be.";

const letter = (i) => String.fromCharCode(97 + i);

const slider = (label, min) => make("input", { type: "range", min, max: FAR, step: 0.1, "aria-label": `${label}, moved` });

/** What is there for one score. */
function line(name, score, checked) {
  const number = field(name, { value: score });
  const infinite = make("input", { type: "checkbox", checked, "aria-label": `${name} is −∞` });
  const [exponential, length, weight] = ["exponential", "", "weight"].map((part) => make("span", { class: part }));
  const parts = { number, infinite, slider: slider(name, -FAR), exponential, length, weight };
  const controls = make("span", { class: "controls" }, name, number, parts.slider, make("label", {}, infinite, " −∞"));
  const drawn = make("span", { class: "length", "aria-hidden": "true" }, length);
  return { ...parts, element: make("div", { class: "score" }, controls, exponential, drawn, weight) };
}

/** How many times the weight below it the largest is. */
function ratio(scores, weights) {
  const order = [...scores.keys()].sort((a, b) => scores[b] - scores[a]);
  const [first, second] = order;
  if (scores[first] === -Infinity) return "Nobody is left to be looked at: 0 / 0 is no number, and in Python neither.";
  if (order.length < 2 || scores[second] === -Infinity) return `${letter(first)} is alone, and gets all.`;
  const [ahead, times] = [scores[first] - scores[second], weights[first] / weights[second]];
  if (!ahead) return `${order.filter((i) => scores[i] === scores[first]).map(letter).join(" and ")} are equal, and so are their weights.`;
  const value = Number.isFinite(times) ? ` = ${digits(times)}` : "";
  return `${letter(first)} is ${plain(ahead)} ahead of ${letter(second)}, so its weight is exp(${plain(ahead)})${value} times as large.`;
}

customElements.define("softmax-bars", SoftmaxBars);

// --- <average-three-ways>: the loop step by step, and the other two beside it ---

const T = LETTERS.length;
const WEIGHTS = pastWeights(T);
const SCORES = equalScores(T);

class AverageThreeWays extends PageElement {
  begin() {
    this.table = new NumberTable("sound", LETTERS, KINDS, () => this.show(this.taken));
    this.wrong = status();
    this.said = status("sentence");
    this.forms = make("div", { class: "steps" });
    this.verdict = status();
    this.next = button("Next step of the loop", () => this.show(this.taken + 1));
    this.body.append(
      side(this.table.element),
      this.wrong,
      side(
        this.next,
        button("To its end", () => this.show(Infinity)),
        button("Begin again", () => this.show(0)),
        button("The page's numbers", () => {
          this.table.set(NUMBERS.value);
          this.show(0);
        }),
      ),
      this.said,
      this.forms,
      this.verdict,
    );
    this.table.set(NUMBERS.value);
    this.show(0);
    this.run();
  }

  /** Shows all three, the loop after so many steps. */
  show(taken) {
    this.wrong.textContent = wrongly(this.table.take());
    const x = this.table.numbers;
    const steps = [...averageLoop(x)];
    this.taken = Math.min(taken, steps.length);
    const isDone = this.taken === steps.length;
    this.next.disabled = isDone;
    const last = steps[this.taken - 1];
    const loop = LETTERS.map((_, t) => steps.slice(0, this.taken).findLast((step) => step.t === t));
    const byProduct = product(WEIGHTS, x);
    const softmaxed = softmaxOfEach(SCORES);
    const bySoftmax = product(softmaxed, x);
    this.said.textContent = last ? step(last, x) : "The loop has not begun: for each letter it takes all of the past anew, from (0, 0) on. The other two are there at once.";
    this.forms.replaceChildren(
      form("A loop", last?.t, [
        ["Sum, and then average", [...KINDS, ""], loop.map((step, t) => cells(step ? [...step.after, step.s > t ? "average" : "sum"] : ["…", "…", ""]))],
      ]),
      form("A matrix product", last?.t, [
        ["Weights", LETTERS, WEIGHTS.map(shaded)],
        ["Weights × letters", KINDS, byProduct.map(cells)],
      ]),
      form("A softmax", last?.t, [
        ["Scores", LETTERS, SCORES.map((row) => row.map((each) => make("td", each ? { class: "hidden" } : {}, plain(each))))],
        ["Weights", LETTERS, softmaxed.map(shaded)],
        ["Weights × letters", KINDS, bySoftmax.map(cells)],
      ]),
    );
    this.verdict.textContent = isDone ? verdict(loop.map((step) => step.after), byProduct, bySoftmax) : "";
  }
}

/** What the loop did last. */
function step({ t, s, before, after }, x) {
  const [from, to] = [before, after].map(pair);
  if (s > t) return `${LETTERS[t]}: ${from} divided by ${t + 1} is ${to}.`;
  return `${LETTERS[t]} takes ${LETTERS[s]}: ${from} + ${pair(x[s])} = ${to}.`;
}

const pair = (numbers) => `(${numbers.map(plain).join(", ")})`;

const cells = (row) => row.map((each) => make("td", {}, typeof each === "number" ? plain(each) : each));

const shaded = (row, t) => row.map((each, s) => (s > t ? make("td", { class: "hidden" }, plain(each)) : weighed(each, plain(each))));

/** One of the three, with the row marked at which the loop is. */
function form(name, now, tables) {
  const element = make("section", {}, make("b", {}, name), ...tables.map(([title, columns, rows]) => results(title, LETTERS, columns, rows)));
  if (now !== undefined) for (const body of element.querySelectorAll("tbody")) body.children[now].classList.add("now");
  return element;
}

/** How far any number is from the same one in another form. */
function verdict(...forms) {
  const [first, ...others] = forms.map((each) => each.flat());
  const apart = Math.max(...others.flatMap((other) => other.map((each, i) => Math.abs(each - first[i]))));
  if (!apart) return "All three have arrived at the same numbers.";
  if (!Number.isFinite(apart)) return "A sum is too large for a number, so they differ.";
  return `All three have arrived at the same numbers, but for rounding: they differ by ${apart.toExponential(1)} at most.`;
}

customElements.define("average-three-ways", AverageThreeWays);

// --- <mask-and-scale>: what is masked, and by what scores are divided ---

const CHOICES = {
  mask: {
    legend: "What comes later",
    options: {
      infinity: "its score is −∞",
      zero: "its score is 0",
      large: "its score is −10⁹",
      after: "its weight is struck out after the softmax",
      none: "is not masked",
    },
  },
  scale: {
    legend: "The scores are divided by",
    options: { root: "√d, which is √2", whole: "d, the 2 numbers of a query", none: "nothing" },
  },
};
const PREFIX = "#mask-and-scale?";

class MaskAndScale extends PageElement {
  begin() {
    this.name = Math.random().toString(36).slice(2);
    this.build();
    this.onaddress = () => this.readAddress();
    addEventListener("hashchange", this.onaddress);
    this.reset();
    this.readAddress();
    this.run();
  }

  stop() {
    removeEventListener("hashchange", this.onaddress);
  }

  build() {
    this.choices = Object.entries(CHOICES).map(([name, { legend, options }]) =>
      make(
        "fieldset",
        { onchange: () => this.changed() },
        make("legend", {}, legend),
        ...Object.entries(options).map(([value, text]) =>
          make("label", {}, make("input", { type: "radio", name: `${name}-${this.name}`, value, "data-choice": name }), ` ${text}`),
        ),
      ),
    );
    const oninput = () => this.changed();
    this.tables = Object.keys(NUMBERS).map((kind) => [kind, new NumberTable(kind, LETTERS, KINDS, oninput)]);
    this.wrong = status();
    this.said = status("sentence");
    this.aside = make("p", { class: "hint" });
    this.results = make("div", { class: "steps" });
    this.status = make("span", { class: "hint", role: "status" });
    this.body.replaceChildren(
      side(...this.choices),
      side(...this.tables.map(([, { element }]) => element)),
      this.wrong,
      this.said,
      this.aside,
      this.results,
      side(
        button("Back to the page's numbers", () => this.returnToPage()),
        button("Copy a link to these numbers", () => this.share()),
        this.status,
      ),
    );
  }

  reset() {
    for (const [kind, table] of this.tables) table.set(NUMBERS[kind]);
    for (const name of Object.keys(CHOICES)) this.choose(name, this.getAttribute(name));
    this.show();
  }

  choose(name, value) {
    this.body.querySelector(`[data-choice="${name}"][value="${value}"]`).checked = true;
  }

  chosen(name) {
    return this.body.querySelector(`[data-choice="${name}"]:checked`).value;
  }

  returnToPage() {
    this.reset();
    this.writeAddress();
    this.status.textContent = "These are the numbers of the page.";
  }

  changed() {
    this.status.textContent = "";
    this.show();
    this.writeAddress();
  }

  /** Computes and shows all of it. */
  show() {
    this.wrong.textContent = wrongly(this.tables.flatMap(([, table]) => table.take()));
    const [mask, scale] = [this.chosen("mask"), this.chosen("scale")];
    const steps = attend(...this.tables.map(([, { numbers }]) => numbers), mask, scale);
    this.said.textContent = heard(steps.outputs[1]);
    this.aside.textContent = `${remark(mask, steps)} ${SCALED[scale]}`;
    this.results.replaceChildren(
      table(`Scores, ${{ root: "divided by √2", whole: "divided by 2", none: "not divided" }[scale]}`, steps.filled, mask, false),
      table("Weights, and their sum", steps.weights, mask, true),
      outputs(steps.outputs),
    );
  }

  /** What differs from the page stands in the address, so that it can be sent to somebody. */
  get state() {
    const state = new URLSearchParams();
    for (const name of Object.keys(CHOICES)) {
      if (this.chosen(name) !== this.getAttribute(name)) state.set(name, this.chosen(name));
    }
    for (const [kind, { numbers }] of this.tables) {
      if (numbers.join() !== NUMBERS[kind].join()) state.set(kind, numbers.flat().join(" "));
    }
    return String(state);
  }

  writeAddress() {
    const { state } = this;
    history.replaceState(history.state, "", state ? PREFIX + state : location.pathname + location.search);
  }

  readAddress() {
    if (!location.hash.startsWith(PREFIX)) return;
    const state = new URLSearchParams(location.hash.slice(PREFIX.length));
    this.reset();
    let isClear = true;
    for (const [name, text] of state) {
      if (name in CHOICES && text in CHOICES[name].options) this.choose(name, text);
      else if (name in NUMBERS && isSix(text)) {
        const [, { fields }] = this.tables.find(([kind]) => kind === name);
        text.split(" ").forEach((number, i) => (fields.flat()[i].value = number));
      } else isClear = false;
    }
    this.show();
    this.status.textContent = isClear ? "" : "Not all of the address could be understood; the rest is as on the page.";
    this.scrollIntoView();
  }

  async share() {
    try {
      await navigator.clipboard.writeText(new URL(PREFIX + this.state, location.href).href);
      this.status.textContent = "Copied";
    } catch {
      this.status.textContent = "The browser refused; copy the address of this page by hand";
    }
  }
}

const SIX = /^\S+( \S+){5}$/;
const isSix = (text) => SIX.test(text) && text.split(" ").every((each) => Number.isFinite(Number(each)));

/** What e is told. */
function heard([consonant, vowel]) {
  if (!Number.isFinite(consonant + vowel)) return "e hears no number: a score is larger than the largest that there is.";
  const kind = Math.abs(consonant - vowel) < 5e-5 ? "as much consonant as vowel" : consonant > vowel ? "mostly consonant" : "mostly vowel";
  return `e hears (${digits(consonant)}, ${digits(vowel)}): ${kind}.`;
}

const SCALED = {
  root: "",
  whole: "Divided by more than √2, rows are flatter.",
  none: "Not divided, rows are sharper.",
};

/** What can be seen of the way in which it is masked. */
function remark(mask, { weights }) {
  const ahead = weights[1][2];
  const sum = weights[1].reduce((total, each) => total + each, 0);
  if (weights.flat().some(Number.isNaN)) return "A row is no number (NaN), as it would be in Python.";
  const taken = ahead < 5e-5 ? "next to nothing" : digits(ahead);
  return {
    infinity: "Nothing is taken from what comes later, and every row sums to 1.",
    zero: `0 is a score like any other: e still takes ${taken} from t.`,
    large: ahead ? `The scores are so large that −10⁹ hides nothing: e takes ${taken} from t.` : "As good as −∞, as long as no score comes near it.",
    after: `What t was given is missing: the weights of e sum to ${digits(sum)}, so the sum still tells how large the score of t is.`,
    none: `e takes ${taken} from t, which comes later.`,
  }[mask];
}

function table(title, rows, mask, areWeights) {
  const cells = (row, t) =>
    row.map((each, s) => {
      // What stands in the place of a score is hatched, and so is a weight that is not there.
      const isHidden = s > t && (areWeights ? each === 0 : ["infinity", "zero", "large"].includes(mask));
      return areWeights && !isHidden ? weighed(each, digits(each)) : make("td", isHidden ? { class: "hidden" } : {}, digits(each));
    });
  const sum = (row) => (areWeights ? [make("td", { class: "sum" }, digits(row.reduce((total, each) => total + each, 0)))] : []);
  return results(
    title,
    LETTERS,
    [...LETTERS, ...(areWeights ? ["sum"] : [])],
    rows.map((row, t) => [...cells(row, t), ...sum(row)]),
  );
}

const outputs = (rows) =>
  results(
    "What each hears",
    LETTERS,
    KINDS,
    rows.map((row) => row.map((each) => make("td", {}, digits(each)))),
  );

customElements.define("mask-and-scale", MaskAndScale);
