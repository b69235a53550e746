/** <train-live model="bigram"> with a picture in it: a model that learns the play, here and now. */

import { PageElement, button, draw, labelled, make, problem, seedField, side, status } from "./element.mjs";
import { LoadError, loadText } from "./models.mjs";

const STAGES = { bigram: "the bigram, a table of pairs", head: "one head of attention" };

const [HEIGHT, LEFT, BELOW] = [240, 38, 22]; // of the drawing
const HIGH = 1.25; // nats above the lowest, of which it shows the curves; they begin higher

class TrainLive extends PageElement {
  begin() {
    const models = Object.entries(STAGES).map(([value, text]) => make("option", { value }, text));
    this.model = make("select", { onchange: () => this.restart() }, ...models);
    this.model.value = this.getAttribute("model");
    this.seed = seedField({ oninput: () => this.restart() });
    this.button = button("", () => (this.isOn ? this.pause() : this.goOn()));
    this.status = status("hint");
    this.said = make("p", { class: "sentence" });
    this.drawing = make("div");
    this.samples = make("ol", { class: "ladder" });
    this.body.append(
      side(labelled("Model", this.model), labelled("Seed", this.seed)),
      side(this.button, button("Start again", () => this.restart(true))),
      this.status,
      this.said,
      this.drawing,
      this.samples,
    );
    this.restart();
    this.run();
  }

  stop() {
    this.worker?.terminate();
    this.worker = undefined;
    this.asked?.abort();
  }

  /** Forgets what was learnt; where it was learning, it begins anew. */
  restart(isOn = this.isOn) {
    this.stop();
    this.measured = [];
    this.kept = null;
    this.doubled = 0;
    for (const part of [this.drawing, this.samples, this.said]) part.replaceChildren();
    const wrong = problem("The seed", this.seed);
    this.button.disabled = wrong;
    this.turn(false, wrong);
    if (isOn && !wrong) this.goOn();
  }

  /** Says whether it learns; what is to be told of it stands below. */
  turn(isOn, status = "") {
    this.isOn = isOn;
    this.button.textContent = isOn ? "Pause" : this.worker ? "Go on" : "Train";
    this.status.textContent = status;
  }

  pause() {
    this.asked?.abort();
    this.worker?.postMessage({ isOn: false });
    this.turn(false, this.worker ? "It pauses." : "");
  }

  async goOn() {
    this.turn(true, "It learns.");
    if (this.worker) return this.worker.postMessage({ isOn: true });
    const { signal } = (this.asked = new AbortController());
    try {
      const text = await loadText("play.txt");
      if (!signal.aborted) this.start(text);
    } catch (error) {
      if (!(error instanceof LoadError)) throw error;
      if (!signal.aborted) this.turn(false, `${error.message} Try again in a moment.`);
    }
  }

  start(text) {
    const worker = (this.worker = new Worker(new URL("train-worker.mjs", import.meta.url), { type: "module" }));
    worker.onmessage = ({ data }) => {
      // What was sent before it was ended may come after.
      if (worker !== this.worker) return;
      if (data.isOn === false) this.turn(false, "It has learnt for a minute and a half, and pauses.");
      else this.show(data);
    };
    worker.onerror = (event) => {
      event.preventDefault();
      if (worker !== this.worker) return;
      this.stop();
      this.turn(false, "The part that learns could not be started. Try again, or in another browser.");
    };
    worker.postMessage({ text, stage: this.model.value, seed: this.seed.valueAsNumber, isOn: true });
  }

  /** Adds a measurement. */
  show({ step, seconds, losses, floor, sample }) {
    this.measured.push([step, losses]);
    const [train, val] = losses.map((loss) => loss.toFixed(3));
    const above = losses[0] - floor;
    const far = `${Math.abs(above).toFixed(3)} ${above < 0 ? "below" : "above"} the floor that is counted there`;
    this.said.textContent = `Step ${step.toLocaleString("en")}, ${seconds.toFixed(1)} s: ${train} on the text that it learns from, ${far}; ${val} on a text that it never sees.`;
    const curves = ["train", "val"].map((name, i) => ({ name, points: this.measured.map(([at, both]) => [at, both[i]]) }));
    const bound = { y: floor, text: `${floor.toFixed(3)}, counted` };
    this.drawing.replaceChildren(chart(curves, bound, this.said.textContent, this.drawing.clientWidth));
    // One of each doubling stays; the last is always the newest.
    if (this.kept !== this.samples.lastChild) this.samples.lastChild.remove();
    const item = make("li", {}, make("b", {}, `Step ${step.toLocaleString("en")}`), make("p", { class: "written" }, sample));
    this.samples.append(item);
    if (step >= 2 * this.doubled) [this.kept, this.doubled] = [item, step];
  }
}

/** A drawing of curves over steps, and of a line that is a bound.
 *
 * @param {{name: string, points: [number, number][]}[]} curves the name is a class of its line
 * @param {{y: number, text: string}} bound
 * @param {string} label what a voice says of it
 * @param {number} width
 */
function chart(curves, bound, label, width) {
  const points = curves.flatMap((curve) => curve.points);
  const last = Math.max(1, ...points.map(([x]) => x));
  const low = Math.floor(4 * Math.min(bound.y, ...points.map(([, y]) => y)) - 0.2) / 4;
  const x = (step) => LEFT + (step / last) * (width - LEFT - 8);
  const y = (loss) => 1 + (1 - (loss - low) / HIGH) * (HEIGHT - BELOW - 9);
  const text = (at, height, said, anchor) => draw("text", { x: at, y: height, "text-anchor": anchor }, said);
  const line = (name, height) => draw("path", { class: name, d: `M${LEFT} ${height}H${width - 8}` });
  const ticks = Array.from({ length: 4 * HIGH }, (_, i) => low + i / 4);
  return draw(
    "svg",
    { class: "chart", viewBox: `0 0 ${width} ${HEIGHT}`, role: "img", "aria-label": label },
    ...ticks.flatMap((tick) => [line("tick", y(tick)), text(LEFT - 6, y(tick) + 4, tick.toFixed(2), "end")]),
    text(LEFT, HEIGHT - 4, "nats, from step 0", "start"),
    text(width - 8, HEIGHT - 4, `to ${last.toLocaleString("en")}`, "end"),
    line("bound", y(bound.y)),
    ...curves.map((curve) => {
      const points = curve.points.map(([step, loss]) => `${x(step).toFixed(1)},${y(loss).toFixed(1)}`).join(" ");
      return draw("polyline", { class: curve.name, points });
    }),
    text(width - 8, y(bound.y) + 16, bound.text, "end"),
  );
}

customElements.define("train-live", TrainLive);
