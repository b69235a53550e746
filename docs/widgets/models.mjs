/** The models of the site, each fetched when first asked for, and once as long as the reader stays on the site. */

import { DamagedFile, readTensors, requireSha256 } from "./lib/safetensors.mjs";

const FOLDER = new URL("../assets/models/", import.meta.url);

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

/** A model's manifest and tensors.
 *
 * @param {string} stage
 * @param {AbortSignal} signal stops waiting; when nobody waits any more, the download stops as well
 * @param {(bytes: number, of: number) => void} progress
 * @returns {Promise<{entry: object, tensors: Map<string, {shape: number[], data: Float32Array}>}>}
 * @throws {LoadError} with a message for the reader; an AbortError when the signal has stopped it
 */
export async function loadModel(stage, signal, progress) {
  const entry = (await listModels()).get(stage);
  if (!entry) throw new LoadError(`There is no model called ${stage}.`);
  signal.throwIfAborted();
  if (!downloads.has(stage)) downloads.set(stage, new Download(entry));
  const download = downloads.get(stage);
  try {
    return { entry, tensors: await download.wait(signal, progress) };
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
  async wait(signal, progress) {
    this.waiting.add(progress);
    progress(this.arrived, this.entry.bytes);
    try {
      return await Promise.race([this.tensors, aborted(signal)]);
    } finally {
      this.waiting.delete(progress);
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
      for (const progress of this.waiting) progress(this.arrived, bytes);
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
