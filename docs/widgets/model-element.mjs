/** What all elements that run a model have in common: its loading, and what went wrong. */

import { PageElement } from "./element.mjs";
import { Reading } from "./lib/reading.mjs";
import { CharTokenizer } from "./lib/tokenizer.mjs";
import { make } from "./make.mjs";
import { LIGHT, LoadError, label, listModels, loadModel } from "./models.mjs";

/** An element in which a model runs.
 *
 * Attributes: `model`, the stage that it begins with; `choice`, the stages to choose from, where there is one.
 * A subclass has use(), which is called with each model that was asked for: `entry` is what the manifest says of it,
 * `reading` has read nothing yet.
 */
export class ModelElement extends PageElement {
  begin() {
    this.notice = make("div", { class: "notice" });
    this.said = make("p", { class: "said", role: "status" });
    this.body.before(this.said, this.notice);
    this.watcher = new IntersectionObserver(
      ([{ isIntersecting }]) => {
        if (!isIntersecting) return;
        this.watcher.disconnect();
        this.offer();
      },
      { rootMargin: "400px" },
    );
    this.watcher.observe(this);
  }

  stop() {
    this.watcher.disconnect();
    this.opening?.abort();
  }

  /** Loads a light model at once, and offers to load a heavy one. */
  async offer() {
    const stage = this.getAttribute("model");
    try {
      const models = await listModels();
      if (!this.isConnected) return;
      this.models = (this.getAttribute("choice") ?? stage).split(" ").map((name) => models.get(name));
      if (models.get(stage).bytes <= LIGHT) return this.open(stage);
      this.say("", make("button", { type: "button", onclick: () => this.open(stage) }, `Run ${label(models.get(stage))}`));
    } catch (error) {
      this.fail(error, () => this.offer());
    }
  }

  /** Loads a model and begins with it, unless another is asked for meanwhile. */
  async open(stage) {
    this.opening?.abort();
    const opening = (this.opening = new AbortController());
    const bar = make("progress", { "aria-label": `Loading ${stage}` });
    const cancel = make("button", { type: "button", onclick: () => opening.abort() }, "Cancel");
    const hadFocus = this.notice.contains(document.activeElement);
    this.say(`Loading ${stage} …`, bar, cancel);
    if (hadFocus) cancel.focus();
    try {
      const model = await loadModel(stage, opening.signal, (bytes, of) => Object.assign(bar, { value: bytes, max: of }));
      if (opening.signal.aborted) return;
      const isFocused = this.notice.contains(document.activeElement);
      this.say("");
      this.run();
      this.entry = model.entry;
      this.tokenizer = new CharTokenizer(model.entry.vocabulary);
      this.reading = new Reading(model.entry, model.tensors);
      this.use();
      this.returned();
      if (isFocused) this.body.querySelector("textarea, input, select, button")?.focus();
    } catch (error) {
      if (this.opening !== opening || !this.isConnected) return;
      if (error.name === "AbortError") {
        this.say("");
        if (this.isRunning) this.returned();
        else this.offer();
      } else this.fail(error, () => this.open(stage));
    }
  }

  /** Where there are several models to choose from, a field for that. */
  chooser() {
    this.select = make(
      "select",
      { onchange: () => this.open(this.select.value) },
      ...this.models.map((model) => make("option", { value: model.stage }, label(model))),
    );
    return this.models.length > 1 ? [make("p", {}, make("label", { class: "field" }, "Model ", this.select))] : [];
  }

  /** The field shows the model that runs, also when another was asked for and has not come. */
  returned() {
    this.select.value = this.entry.stage;
  }

  /** Says what went wrong, and lets the reader try again; whatever was there before stays. */
  fail(error, again) {
    if (!this.isConnected) return;
    if (!(error instanceof LoadError)) throw error;
    if (this.isRunning) this.returned();
    const after = this.isRunning ? "What ran before still does." : this.querySelector("figure") ? "The picture stands in its place." : "";
    this.say(`${error.message} ${after}`, make("button", { type: "button", onclick: again }, "Try again"));
  }

  say(text, ...controls) {
    this.said.textContent = text;
    this.notice.replaceChildren(...controls);
  }
}
