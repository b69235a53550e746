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
  scale: { legend: "The scores are divided by", options: { root: "√2, the root of d", whole: "2, which is d", none: "nothing" } },
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
    this.inputs = make("table", { class: "numbers", oninput: () => this.changed() }, ...this.rowsOfInputs());
    this.said = make("p", { class: "sentence", role: "status" });
    this.aside = make("p", { class: "hint" });
    this.results = make("div", { class: "steps" });
    this.status = make("span", { class: "hint", role: "status" });
    this.body.replaceChildren(
      make("div", { class: "fields" }, ...this.choices),
      make("div", { class: "box" }, this.inputs),
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

  rowsOfInputs() {
    const kinds = Object.keys(NUMBERS);
    const head = kinds.map((kind) => make("th", { scope: "colgroup", colspan: 2, class: kind[0] }, kind));
    const rows = LETTERS.map((letter, t) => {
      const cells = kinds.flatMap((kind) =>
        KINDS.map((which, i) => {
          const label = `${kind} of ${letter}, ${which}`;
          const place = { "data-kind": kind, "data-row": t, "data-column": i };
          return make("td", {}, make("input", { type: "number", step: "any", "aria-label": label, ...place }));
        }),
      );
      return make("tr", {}, make("th", { scope: "row" }, letter), ...cells);
    });
    const below = Object.keys(NUMBERS).flatMap(() => KINDS.map((which) => make("th", { scope: "col" }, which)));
    const heads = [head, below].map((cells) => make("tr", {}, make("td"), ...cells));
    return [make("thead", {}, ...heads), make("tbody", {}, ...rows)];
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
    for (const name of Object.keys(CHOICES)) this.choose(name, this.getAttribute(name));
    this.show();
  }

  choose(name, value) {
    const option = this.body.querySelector(`[data-choice="${name}"][value="${value}"]`);
    if (option) option.checked = true;
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
    if (this.show()) this.writeAddress();
  }

  /** Computes and shows all of it, unless there is a number missing. */
  show() {
    const wrong = this.fields.filter((field) => field.value === "" || !Number.isFinite(field.valueAsNumber));
    for (const field of this.fields) field.toggleAttribute("aria-invalid", wrong.includes(field));
    if (wrong.length) {
      this.aside.textContent = `No number: ${wrong.map((field) => field.ariaLabel).join("; ")}. What is shown below is from before.`;
      return false;
    }
    const numbers = structuredClone(NUMBERS);
    for (const field of this.fields) {
      const { kind, row, column } = field.dataset;
      numbers[kind][row][column] = field.valueAsNumber;
    }
    const [mask, scale] = [this.chosen("mask"), this.chosen("scale")];
    const steps = attend(numbers.query, numbers.key, numbers.value, mask, scale);
    this.said.textContent = heard(steps.outputs[1]);
    this.aside.textContent = remark(mask, steps);
    this.results.replaceChildren(
      table(`Scores, divided by ${scale === "root" ? "√2" : steps.divisor}`, steps.filled, false),
      table("Weights, and their sum", steps.weights, true),
      outputs(steps.outputs),
    );
    return true;
  }

  /** What differs from the page stands in the address, so that it can be sent to somebody. */
  get state() {
    const state = new URLSearchParams();
    for (const name of Object.keys(CHOICES)) {
      if (this.chosen(name) !== this.getAttribute(name)) state.set(name, this.chosen(name));
    }
    for (const kind of Object.keys(NUMBERS)) {
      const numbers = this.fields.filter((field) => field.dataset.kind === kind).map((field) => field.valueAsNumber);
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
    for (const name of Object.keys(CHOICES)) this.choose(name, state.get(name) ?? this.getAttribute(name));
    for (const kind of Object.keys(NUMBERS)) {
      const numbers = (state.get(kind) ?? "").split(" ").map(Number);
      const fields = this.fields.filter((field) => field.dataset.kind === kind);
      const usable = numbers.length === fields.length && numbers.every(Number.isFinite);
      fields.forEach((field, i) => (field.value = usable ? numbers[i] : NUMBERS[kind].flat()[i]));
    }
    this.show();
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

/** What e is told. */
function heard([consonant, vowel]) {
  const kind = Math.abs(consonant - vowel) < 5e-5 ? "as much consonant as vowel" : consonant > vowel ? "mostly consonant" : "mostly vowel";
  return `e hears (${digits(consonant)}, ${digits(vowel)}): ${kind}.`;
}

/** What can be seen of the way in which it is masked. */
function remark(mask, { weights }) {
  const ahead = weights[1][2];
  const sum = weights[1].reduce((total, each) => total + each, 0);
  return {
    infinity: "Nothing is taken from what comes later, and every row sums to 1.",
    zero: `0 is a score like any other: e still takes ${digits(ahead)} from t.`,
    large: ahead ? `The scores are so large that −10⁹ hides nothing: e takes ${digits(ahead)} from t.` : "As good as −∞, as long as no score comes near it.",
    after: `What t was given is missing: the weights of e sum to ${digits(sum)}, and the sum tells of t.`,
    none: `e takes ${digits(ahead)} from t, which has not been said yet.`,
  }[mask];
}

function table(title, rows, areWeights) {
  const cells = (row, t) =>
    row.map((each, s) => {
      const isHidden = areWeights ? s > t && each === 0 : each === -Infinity;
      const cell = make("td", isHidden ? { class: "hidden" } : {}, each === -Infinity ? "−∞" : digits(each));
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
