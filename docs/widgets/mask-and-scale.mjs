/** <mask-and-scale mask="infinity" scale="root"> with a picture in it: the word "yet", with numbers that can be changed. */

import { PageElement } from "./element.mjs";
import { attend } from "./lib/attend.mjs";
import { make } from "./make.mjs";
import { digits, fullness } from "./words.mjs";

const LETTERS = ["y", "e", "t"];
const NUMBERS = {
  query: [[0.5, 0.5], [1, 0], [0, 1]],
  key: [[1, 1], [0, 2], [2, 0]],
  value: [[5, 5], [0, 10], [10, 0]],
};
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
const KINDS = ["consonant", "vowel"];
const PREFIX = "#mask-and-scale?";

export class MaskAndScale extends PageElement {
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
    this.inputs = make("div", { class: "fields", oninput: () => this.changed() }, ...Object.keys(NUMBERS).map(tableOfInputs));
    this.wrong = make("p", { role: "status" });
    this.said = make("p", { class: "sentence", role: "status" });
    this.aside = make("p", { class: "hint" });
    this.results = make("div", { class: "steps" });
    this.status = make("span", { class: "hint", role: "status" });
    this.body.replaceChildren(
      make("div", { class: "fields" }, ...this.choices),
      this.inputs,
      this.wrong,
      this.said,
      this.aside,
      this.results,
      make(
        "p",
        {},
        make("button", { type: "button", onclick: () => this.returnToPage() }, "Back to the page's numbers"),
        " ",
        make("button", { type: "button", onclick: () => this.share() }, "Copy a link to these numbers"),
        " ",
        this.status,
      ),
    );
  }

  /** Where each number stands. */
  get fields() {
    return [...this.inputs.querySelectorAll("input")];
  }

  reset() {
    for (const field of this.fields) {
      const { kind, row, column } = field.dataset;
      field.value = NUMBERS[kind][row][column];
    }
    this.numbers = structuredClone(NUMBERS);
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

  /** Computes and shows all of it. Where a field holds no number, the last one that it held still counts. */
  show() {
    const wrong = [];
    for (const field of this.fields) {
      const { kind, row, column } = field.dataset;
      const isNumber = Number.isFinite(field.valueAsNumber);
      field.toggleAttribute("aria-invalid", !isNumber);
      if (isNumber) this.numbers[kind][row][column] = field.valueAsNumber;
      else wrong.push(`${field.ariaLabel}, where ${this.numbers[kind][row][column]} still counts`);
    }
    this.wrong.textContent = wrong.length ? `No number: ${wrong.join("; ")}.` : "";
    const { query, key, value } = this.numbers;
    const [mask, scale] = [this.chosen("mask"), this.chosen("scale")];
    const steps = attend(query, key, value, mask, scale);
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
    for (const kind of Object.keys(NUMBERS)) {
      const numbers = this.numbers[kind].flat();
      if (numbers.join() !== NUMBERS[kind].flat().join()) state.set(kind, numbers.join(" "));
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
        const fields = this.fields.filter((field) => field.dataset.kind === name);
        text.split(" ").forEach((number, i) => (fields[i].value = number));
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

const isSix = (text) => /^\S+( \S+){5}$/.test(text) && text.split(" ").every((each) => Number.isFinite(Number(each)));

/** The fields of the queries, the keys or the values. */
function tableOfInputs(kind) {
  const rows = LETTERS.map((letter, row) => {
    const cells = KINDS.map((which, column) => {
      const label = `${kind} of ${letter}, ${which}`;
      const place = { "data-kind": kind, "data-row": row, "data-column": column };
      return make("td", {}, make("input", { type: "number", step: 0.5, "aria-label": label, ...place }));
    });
    return make("tr", {}, make("th", { scope: "row" }, letter), ...cells);
  });
  const names = KINDS.map((which) => make("th", { scope: "col" }, which));
  return make(
    "table",
    { class: "numbers" },
    make("caption", { class: kind[0] }, kind),
    make("thead", {}, make("tr", {}, make("td"), ...names)),
    make("tbody", {}, ...rows),
  );
}

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
  if (!Number.isFinite(sum)) return "Its row is no number (NaN), as it would be in Python.";
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
      const cell = make("td", isHidden ? { class: "hidden" } : {}, digits(each));
      if (areWeights && !isHidden) cell.style.setProperty("--fullness", `${100 * fullness(each)}%`);
      return cell;
    });
  const sum = (row) => (areWeights ? [make("td", { class: "sum" }, digits(row.reduce((total, each) => total + each, 0)))] : []);
  return results(
    title,
    [...LETTERS, ...(areWeights ? ["sum"] : [])],
    rows.map((row, t) => [...cells(row, t), ...sum(row)]),
  );
}

const outputs = (rows) =>
  results(
    "What each hears",
    KINDS,
    rows.map((row) => row.map((each) => make("td", {}, digits(each)))),
  );

function results(title, columns, rows) {
  return make(
    "div",
    { class: "box" },
    make(
      "table",
      { class: "result" },
      make("caption", {}, title),
      make("thead", {}, make("tr", {}, make("td"), ...columns.map((name) => make("th", { scope: "col" }, name)))),
      make("tbody", {}, ...rows.map((row, t) => make("tr", {}, make("th", { scope: "row" }, LETTERS[t]), ...row))),
    ),
  );
}

customElements.define("mask-and-scale", MaskAndScale);
