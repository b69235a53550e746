/** The models of the site, each fetched when first asked for, and once as long as the reader stays on the site. */

import { PageElement, button, make, status } from "./element.mjs";
import { CharTokenizer, DamagedFile, Reading, readTensors, requireSha256 } from "./lib/model.mjs";

// --- loading ---

const TEXTS = new URL("../assets/", import.meta.url);
const FOLDER = new URL("models/", TEXTS);

/** What is no heavier may be loaded unasked; before anything heavier is, the reader says so. */
export const LIGHT = 200_000;

/** A model by its name, and how heavy it is where that matters. */
export const label = ({ stage, bytes }) => (bytes > LIGHT ? `${stage}, ${(bytes / 1e6).toFixed(1)} MB` : stage);

/** Something that could not be had. Its message is for the reader of the page. */
export class LoadError extends Error {}

let manifest;
const downloads = new Map();

/** What there is: for each stage what the manifest says of its model.
 *
 * @returns {Promise<Map<string, object>>}
 * @throws {LoadError}
 */
export function listModels() {
  manifest ??= fetchManifest().catch((error) => {
    manifest = undefined; // another time it may come
    throw error;
  });
  return manifest;
}

async function fetchManifest() {
  const response = await answer(new URL("manifest.json", FOLDER), { cache: "no-cache" });
  try {
    const { models } = await response.json();
    return new Map(models.map((model) => [model.stage, model]));
  } catch {
    throw new LoadError("The list of models arrived damaged.");
  }
}

/** A file's response, or why there is none. */
async function answer(url, options) {
  let response;
  try {
    response = await fetch(url, options);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new LoadError("The server could not be reached.");
  }
  if (!response.ok) throw new LoadError(`The server answered ${response.status} for ${url.pathname.split("/").pop()}.`);
  return response;
}

const texts = new Map();

/** A text of the site, fetched when first asked for. @throws {LoadError} */
export async function loadText(name) {
  if (!texts.has(name)) {
    const response = await answer(new URL(name, TEXTS));
    const text = await response.text().catch(() => {
      throw new LoadError("Only a part of the text arrived.");
    });
    texts.set(name, text);
  }
  return texts.get(name);
}

/** A model's manifest and tensors.
 *
 * @param {string} stage
 * @param {AbortSignal} signal stops waiting; when nobody waits any more, the download stops as well
 * @param {HTMLProgressElement} bar is kept up to date
 * @returns {Promise<{entry: object, tensors: Map<string, {shape: number[], data: Float32Array}>}>}
 * @throws {LoadError} with a message for the reader; an AbortError when the signal has stopped it
 */
export async function loadModel(stage, signal, bar) {
  const entry = (await listModels()).get(stage);
  if (!entry) throw new LoadError(`There is no model called ${stage}.`);
  signal.throwIfAborted();
  if (!downloads.has(stage)) downloads.set(stage, new Download(entry));
  const download = downloads.get(stage);
  try {
    return { entry, tensors: await download.wait(signal, bar) };
  } catch (error) {
    if (!download.isWanted && downloads.get(stage) === download) downloads.delete(stage);
    throw error;
  }
}

class Download {
  constructor(entry) {
    this.entry = entry;
    this.waiting = new Set();
    this.controller = new AbortController();
    this.arrived = 0;
    this.tensors = this.run();
    this.tensors.catch(() => {}); // those who wait are told
  }

  get isWanted() {
    return this.waiting.size > 0;
  }

  /** Its tensors, unless the signal comes first. */
  async wait(signal, bar) {
    this.waiting.add(bar);
    Object.assign(bar, { max: this.entry.bytes, value: this.arrived });
    try {
      return await Promise.race([this.tensors, aborted(signal)]);
    } finally {
      this.waiting.delete(bar);
      if (!this.isWanted) this.controller.abort(); // after the end it does nothing
    }
  }

  async run() {
    const { file, bytes, sha256 } = this.entry;
    const url = new URL(file, FOLDER);
    url.search = sha256.slice(0, 16); // new weights are another address, whatever a cache has kept
    const response = await answer(url, { signal: this.controller.signal });
    try {
      const buffer = await this.collect(response, bytes);
      await requireSha256(buffer, sha256);
      return readTensors(buffer);
    } catch (error) {
      if (error.name === "AbortError") throw error;
      const why = error instanceof DamagedFile ? error.message : "the connection broke";
      throw new LoadError(`The weights of ${this.entry.stage} cannot be used: ${why}.`);
    }
  }

  async collect(response, bytes) {
    const collected = new Uint8Array(bytes);
    const reader = response.body.getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      if (this.arrived + value.length > bytes) throw new DamagedFile("more arrived than was written down");
      collected.set(value, this.arrived);
      this.arrived += value.length;
      for (const bar of this.waiting) bar.value = this.arrived;
    }
    if (this.arrived < bytes) throw new DamagedFile("only a part of them arrived");
    return collected.buffer;
  }
}

/** Never comes true; fails when the signal says so. */
function aborted(signal) {
  return new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason);
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
}

/** What to show while a model is on its way: how far it is, and a way to stop it. */
export const waiting = (stage, controller) => [
  make("progress", { "aria-label": `Loading ${stage}` }),
  button("Cancel", () => controller.abort()),
];

// --- elements that run a model ---

/** An element in which a model runs.
 *
 * Attributes: `model`, the stage that it begins with; `choice`, the stages to choose from, where there is one.
 * A subclass has use(), which is called with each model that was asked for: `entry` is what the manifest says of it,
 * `reading` has read nothing yet.
 */
export class ModelElement extends PageElement {
  begin() {
    this.notice = make("div", { class: "notice" });
    this.said = status("said");
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
      this.say("", button(`Run ${label(models.get(stage))}`, () => this.open(stage)));
    } catch (error) {
      this.fail(error, () => this.offer());
    }
  }

  /** Loads a model and begins with it, unless another is asked for meanwhile. */
  async open(stage) {
    this.opening?.abort();
    const opening = (this.opening = new AbortController());
    const [bar, cancel] = waiting(stage, opening);
    const hadFocus = this.notice.contains(document.activeElement);
    this.say(`Loading ${stage} …`, bar, cancel);
    if (hadFocus) cancel.focus();
    try {
      const model = await loadModel(stage, opening.signal, bar);
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
    this.say(`${error.message} ${after}`, button("Try again", again));
  }

  say(text, ...controls) {
    this.said.textContent = text;
    this.notice.replaceChildren(...controls);
  }
}
