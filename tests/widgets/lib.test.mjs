/** The browser's code against what torch says of the same weights. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import {
  CharTokenizer,
  DamagedFile,
  Reading,
  Writer,
  readTensors,
  requireSha256,
} from "../../docs/widgets/lib/model.mjs";
import {
  MASKS,
  Random,
  SCALES,
  argmax,
  attend,
  averageLoop,
  equalScores,
  hit,
  pastWeights,
  probabilities,
  product,
  softmax,
  softmaxOfEach,
} from "../../docs/widgets/lib/softmax.mjs";
import { Trainer, floorOf } from "../../docs/widgets/lib/training.mjs";

const { MODELS, GOLDEN } = process.env;
const fileOf = (path) => {
  const bytes = readFileSync(path);
  return bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength);
};
const manifest = JSON.parse(readFileSync(`${MODELS}/manifest.json`, "utf-8"));
const golden = JSON.parse(readFileSync(`${GOLDEN}/golden.json`, "utf-8"));

const load = (entry) => {
  const tensors = readTensors(fileOf(`${MODELS}/${entry.file}`));
  const tokenizer = new CharTokenizer(entry.vocabulary);
  return {
    tokenizer,
    begin: () => new Reading(entry, tensors),
    encode: (text) => tokenizer.encode(text).tokens,
    expected: readTensors(fileOf(`${GOLDEN}/${entry.stage}.safetensors`)),
    texts: golden.texts[entry.stage],
  };
};

/** As many characters as were asked for, of a model's text. */
const written = (model, prompt, seed, choice, length) => {
  const writer = new Writer(model.begin(), model.encode(prompt), seed);
  const tokens = [];
  while (tokens.length < length) {
    for (const _ of writer.read()) continue;
    tokens.push(writer.draw(choice).token);
  }
  return model.tokenizer.decode(tokens);
};

/** The largest difference of numbers that have to be as many. */
const apart = (found, expected) => {
  assert.equal(found.length, expected.length);
  return found.reduce((most, number, i) => Math.max(most, Math.abs(number - expected[i])), 0);
};

/** The logits of what was read, one after the other. */
const logitsOf = (reading) => reading.logits.flatMap((row) => [...row]);

for (const entry of manifest.models) {
  const model = load(entry);
  const tokens = model.encode(model.texts.prompt);

  test(`${entry.stage}: logits and every attention matrix are those of torch`, (t) => {
    const reading = model.begin();
    reading.read(tokens);
    const logits = apart(logitsOf(reading), model.expected.get("logits").data);
    const matrices = reading.heads.flatMap((heads, layer) => heads.map((head, h) => [`attention.${layer}.${h}`, head]));
    assert.deepEqual(
      matrices.map(([name]) => name).sort(),
      [...model.expected.keys()].filter((name) => name !== "logits").sort(),
    );
    let [weights, sums] = [0, 0];
    for (const [name, { weights: rows }] of matrices) {
      const expected = model.expected.get(name).data;
      const T = tokens.length;
      assert.equal(rows.length, T);
      rows.forEach((row, t) => {
        // Nothing is there to be seen of what is to come, and in the golden matrix it is exactly 0.
        assert.equal(row.length, t + 1);
        assert.ok(expected.slice(t * T + t + 1, (t + 1) * T).every((weight) => weight === 0));
        weights = Math.max(weights, apart(row, expected.slice(t * T, t * T + t + 1)));
        sums = Math.max(sums, Math.abs(row.reduce((sum, weight) => sum + weight, 0) - 1));
      });
    }
    const row = `${entry.stage.padEnd(12)} logits ${logits.toExponential(1)}`;
    const of = `${String(matrices.length).padStart(2)} matrices`;
    t.diagnostic(
      matrices.length ? `${row}  ${of} ${weights.toExponential(1)}  row sums ${sums.toExponential(1)}` : row,
    );
    assert.ok(logits <= 1e-5 && weights <= 1e-5 && sums <= 1e-6, `${logits} ${weights} ${sums}`);
  });

  test(`${entry.stage}: a text read token by token, in parts or anew after an edit is the same text`, () => {
    const whole = model.begin();
    whole.read(tokens);
    const cached = model.begin();
    for (const token of tokens) cached.read([token]);
    const edited = model.begin();
    for (const _ of edited.become([...tokens.slice(0, 3), 5, 7])) continue;
    for (const _ of edited.become(tokens)) continue;
    for (const other of [cached, edited]) {
      assert.deepEqual(other.tokens, tokens);
      assert.deepEqual(other.logits, whole.logits);
      const weightsOf = (reading) => reading.heads.flat().map((head) => head.weights);
      assert.deepEqual(weightsOf(other), weightsOf(whole));
    }
  });

  test(`${entry.stage}: the likeliest characters are those of generate, far past the context`, () => {
    assert.equal(written(model, golden.beginning, 0, { temperature: 0 }, model.texts.greedy.length), model.texts.greedy);
  });

  test(`${entry.stage}: the same seed draws the same text as in Python`, () => {
    for (const { seed, choice, text } of model.texts.drawn) {
      assert.equal(written(model, golden.beginning, seed, choice, text.length), text);
    }
  });

  test(`${entry.stage}: its file is the one of the manifest`, async () => {
    await requireSha256(fileOf(`${MODELS}/${entry.file}`), entry.sha256);
    assert.equal(fileOf(`${MODELS}/${entry.file}`).byteLength, entry.bytes);
  });
}

test("all stages of the ladder are there, and lighter than 2.5 MB together", () => {
  assert.deepEqual(Object.keys(golden.texts), manifest.models.map(({ stage }) => stage));
  assert.equal(manifest.models.length, 11);
  assert.ok(manifest.models.reduce((sum, { bytes }) => sum + bytes, 0) <= 2.5e6);
});

test("more tokens than the context holds are refused", () => {
  const reading = load(manifest.models[0]).begin();
  assert.throws(() => reading.read(new Array(9).fill(0)), RangeError);
});

test("random numbers are Python's", () => {
  for (const { seed, numbers } of golden.random) {
    const random = new Random(seed);
    assert.deepEqual(numbers.map(() => random.random()), numbers);
  }
});

test("a seed that Python would take for another is refused", () => {
  for (const seed of [-1, 1.5, 2 ** 32, NaN]) assert.throws(() => new Random(seed), RangeError);
});

test("tokens are drawn as in Python, whatever is left to choose from", () => {
  for (const { logits, choice, tokens } of golden.drawn) {
    const random = new Random(7);
    assert.deepEqual(tokens.map(() => hit(probabilities(logits, choice), random.random())), tokens);
  }
});

test("attention on yet is torch's under every mask and every scale", () => {
  assert.equal(golden.yet.length, Object.keys(MASKS).length * Object.keys(SCALES).length);
  for (const { queries, keys, values, mask, scale, weights, outputs } of golden.yet) {
    const found = attend(queries, keys, values, mask, scale);
    assert.ok(apart(found.weights.flat(), weights.flat()) < 1e-6, `${mask} ${scale}`);
    assert.ok(apart(found.outputs.flat(), outputs.flat()) < 1e-5, `${mask} ${scale}`);
  }
});

test("the average is torch's in all of its three forms, and the loop says each of its steps", () => {
  for (const { x, averages } of golden.averages) {
    const T = x.length;
    const steps = [...averageLoop(x)];
    assert.equal(steps.length, (T * (T + 3)) / 2);
    const byLoop = x.map((_, t) => steps.findLast((step) => step.t === t).after);
    const forms = [byLoop, product(pastWeights(T), x), product(softmaxOfEach(equalScores(T)), x)];
    for (const form of forms) assert.ok(apart(form.flat(), averages.flat()) < 1e-6);
    for (const { t, s, before, after } of steps) {
      const expected = before.map((each, i) => (s <= t ? each + x[s][i] : each / (t + 1)));
      assert.deepEqual(after, expected);
    }
  }
});

for (const stage of ["bigram", "head"]) {
  const { V, tokens, stages } = golden.trained;
  const expected = stages[stage];
  const tensors = readTensors(fileOf(`${GOLDEN}/train-${stage}.safetensors`));

  /** A trainer that begins with the golden weights. */
  const begin = () => {
    const trainer = new Trainer(stage, V, 0);
    for (const [name, { shape, data }] of trainer.model.tensors) {
      const before = tensors.get(`before.${name}`);
      assert.deepEqual(shape, before.shape);
      data.set(before.data);
    }
    assert.equal(tensors.size, 3 * trainer.model.tensors.size);
    return trainer;
  };

  test(`${stage}, learning: every gradient by hand is torch's, and so is a step of AdamW`, (t) => {
    const trainer = begin();
    const losses = [];
    let [gradients, after] = [0, 0];
    for (let step = 0; step < 3; step++) {
      losses.push(trainer.gradients(expected.inputs, expected.targets));
      for (const [name, { gradient }] of step ? [] : trainer.model.tensors) {
        gradients = Math.max(gradients, apart(gradient, tensors.get(`gradient.${name}`).data));
      }
      trainer.update();
    }
    for (const [name, { data }] of trainer.model.tensors) {
      after = Math.max(after, apart(data, tensors.get(`after.${name}`).data));
    }
    t.diagnostic(`${stage.padEnd(12)} gradients ${gradients.toExponential(1)}  after three steps ${after.toExponential(1)}`);
    assert.ok(apart(losses, expected.losses) < 1e-9, `${losses}`);
    // The golden numbers are in single precision.
    assert.ok(gradients < 1e-7 && after < 1e-6, `${gradients} ${after}`);
    const measuring = trainer.evaluate(Int32Array.from(tokens));
    let measured = measuring.next();
    while (!measured.done) measured = measuring.next();
    assert.ok(Math.abs(measured.value - expected.evaluated) < 1e-9);
  });

  test(`${stage}, learning: the same seed is the same training, and it reads as the stage that it is`, () => {
    const [one, same, other] = [1, 1, 2].map((seed) => {
      const trainer = new Trainer(stage, V, seed);
      for (let step = 0; step < 5; step++) trainer.learn(Int32Array.from(tokens));
      return trainer;
    });
    const numbers = ({ model }) => [...model.tensors.values()].flatMap(({ data }) => [...data]);
    assert.deepEqual(numbers(one), numbers(same));
    assert.notDeepEqual(numbers(one), numbers(other));
    const reading = new Reading({ stage, config: one.config }, one.model.tensors);
    const text = tokens.slice(0, 8);
    reading.read(text);
    assert.ok(apart(logitsOf(reading), one.model.forward(text, 8)) < 1e-5);
  });
}

test("the floor is that of the counted pairs", () => {
  const { V, tokens, floor } = golden.trained;
  assert.ok(Math.abs(floorOf(tokens, V) - floor) < 1e-12);
});

test("temperature 0 is the likeliest, of equal ones the first, and needs no luck", () => {
  assert.equal(argmax([1, 3, 3, 2]), 1);
  assert.deepEqual([...probabilities([1, 3, 3, 2], { temperature: 0 })], [0, 1, 0, 0]);
});

test("a softmax of large scores and of minus infinity is what it is of their differences", () => {
  assert.deepEqual([...softmax([1000, 1000, -Infinity])], [0.5, 0.5, 0]);
});

test("half precision is read to the bit: zero, subnormals, the largest, infinities", () => {
  const numbers = [0, 2 ** -24, 1023 * 2 ** -24, 2 ** -14, 1, -2.5, 65504, Infinity, -Infinity];
  const bits = [0, 1, 1023, 1024, 0x3c00, 0xc100, 0x7bff, 0x7c00, 0xfc00];
  assert.deepEqual([...readTensors(fileWith(bits)).get("x").data], numbers);
  assert.ok(Number.isNaN(readTensors(fileWith([0x7e00])).get("x").data[0]));
});

/** A file with one tensor of half precision. */
function fileWith(bits, header = { x: { dtype: "F16", shape: [bits.length], data_offsets: [0, 2 * bits.length] } }) {
  const json = new TextEncoder().encode(JSON.stringify(header));
  const bytes = new Uint8Array(8 + json.length + 2 * bits.length);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(json.length), true);
  bytes.set(json, 8);
  bits.forEach((each, i) => new DataView(bytes.buffer).setUint16(8 + json.length + 2 * i, each, true));
  return bytes.buffer;
}

test("what is no file of weights, or not all of one, is said", async () => {
  const whole = fileWith([1, 2, 3]);
  const broken = [
    new ArrayBuffer(0),
    new ArrayBuffer(4),
    new TextEncoder().encode("<!doctype html><title>404</title>").buffer,
    whole.slice(0, 20),
    whole.slice(0, -1),
    fileWith([1], { x: { dtype: "BF16", shape: [1], data_offsets: [0, 2] } }),
    fileWith([1], { x: { dtype: "F16", shape: [2], data_offsets: [0, 2] } }),
    fileWith([1], null),
  ];
  for (const buffer of broken) assert.throws(() => readTensors(buffer), DamagedFile);
  await assert.rejects(requireSha256(whole, "0".repeat(64)), DamagedFile);
});

test("characters that are not in the vocabulary are named, each once, and left out", () => {
  const tokenizer = new CharTokenizer("\n abc");
  assert.deepEqual(tokenizer.encode("a🙂b\né🙂"), { tokens: [2, 3, 0], unknown: ["🙂", "é"] });
  assert.equal(tokenizer.decode([2, 3, 0]), "ab\n");
});
