/** Trains a model beside the page, which stays free for its reader.
 *
 * It is sent what to learn from, once, and then whether to go on or to pause. It sends what it has come to, each time
 * that it has measured, and that it pauses, where it does so by itself.
 */

import { CharTokenizer, Reading, Writer, inTurns } from "./lib/model.mjs";
import { Trainer, floorOf } from "./lib/training.mjs";

const LENGTH = 100; // characters of a sample
const TIMES = 4; // as long as a measurement took, it learns before the next
const EARLY = [50, 150, 400]; // steps at which it measures too, since most is learnt there
const LONGEST = 90_000; // milliseconds, after which it pauses by itself

let learning;
let turns;
let rest;
let before = 0; // milliseconds for which it has been on, until the last pause
let since;

const elapsed = () => before + performance.now() - since;

addEventListener("message", ({ data }) => {
  if (data.text) learning = learn(data);
  pause();
  if (data.isOn) goOn();
});

function goOn() {
  turns = new AbortController();
  since = performance.now();
  rest = setTimeout(() => {
    pause();
    postMessage({ isOn: false });
  }, LONGEST);
  inTurns(learning, turns.signal);
}

function pause() {
  if (turns) before = elapsed();
  turns?.abort();
  turns = undefined;
  clearTimeout(rest);
}

/** Learns, measures and tells, for ever. Nothing that is measured changes what is learnt. */
function* learn({ text, stage, seed }) {
  const tokenizer = new CharTokenizer([...new Set(text)].sort().join(""));
  const tokens = Int32Array.from(tokenizer.encode(text).tokens);
  const [prompt] = tokenizer.encode("\n").tokens;
  const V = tokenizer.characters.length;
  const cut = Math.floor(0.9 * tokens.length);
  const [train, val] = [tokens.subarray(0, cut), tokens.subarray(cut)];
  const trainer = new Trainer(stage, V, seed);
  const floor = floorOf(train, V);
  for (let next = 0; ; ) {
    const began = elapsed();
    if (began >= next || EARLY.includes(trainer.step)) {
      const losses = [yield* trainer.evaluate(train), yield* trainer.evaluate(val)];
      const sample = tokenizer.decode(write(trainer, stage, prompt));
      postMessage({ step: trainer.step, seconds: elapsed() / 1000, losses, floor, sample });
      next = elapsed() + TIMES * (elapsed() - began);
    }
    trainer.learn(train);
    yield;
  }
}

/** What the model of the moment writes, with the same darts each time. */
function write({ config, model: { tensors } }, stage, prompt) {
  const writer = new Writer(new Reading({ stage, config }, tensors), [prompt], 0);
  while (writer.tokens.length <= LENGTH) {
    for (const _ of writer.read()) continue;
    writer.draw({});
  }
  return writer.tokens.slice(1);
}
