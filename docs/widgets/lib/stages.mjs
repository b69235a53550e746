/** What each stage is made of: lower_triangle.stages, in the same order, each from the tensors of its own names. */

import {
  Average,
  Block,
  Embedding,
  FeedForward,
  LayerNorm,
  Linear,
  PlainBlock,
  ResidualBlock,
  SelfAttention,
  gelu,
  relu,
} from "./layers.mjs";

/** The weights of a model, by the names that the package gives them. */
class Weights {
  constructor(config, tensors) {
    Object.assign(this, { config, tensors });
  }

  at(name) {
    return this.tensors.get(`${name}.weight`);
  }

  bias(name) {
    return this.tensors.get(`${name}.bias`);
  }

  linear(name) {
    return new Linear(this.at(name), this.bias(name));
  }

  layerNorm(name) {
    return new LayerNorm(this.at(name), this.bias(name));
  }

  feedForward(name, activation) {
    return new FeedForward(this.linear(`${name}.up`), activation, this.linear(`${name}.down`));
  }

  positioned() {
    return new Embedding(this.at("embed.token"), this.at("embed.position"));
  }

  /** One head has no projection. */
  head(name) {
    return this.attention(this.stacked([name]), 1);
  }

  multiHead(name) {
    const heads = Array.from({ length: this.config.n_head }, (_, h) => `${name}.heads.${h}`);
    return this.attention(this.stacked(heads), heads.length, this.linear(`${name}.projection`));
  }

  selfAttention(name) {
    return this.attention(this.linear(`${name}.qkv`), this.config.n_head, this.linear(`${name}.projection`));
  }

  attention(qkv, nHead, projection) {
    return new SelfAttention(qkv, nHead, this.config.context_length, projection);
  }

  /** The queries of all heads, then their keys, then their values, as the rows of one matrix. */
  stacked(heads) {
    const parts = ["query", "key", "value"].flatMap((kind) => heads.map((head) => this.at(`${head}.${kind}`)));
    const data = Float32Array.from(parts.flatMap((part) => [...part.data]));
    return new Linear({ shape: [parts.reduce((rows, part) => rows + part.shape[0], 0), parts[0].shape[1]], data });
  }

  /** As many blocks as there are layers, each built by its name. */
  blocks(build) {
    return Array.from({ length: this.config.n_layer }, (_, layer) => build(`blocks.${layer}`));
  }
}

/** Attention and feed-forward as the small stages have them, in a block of a kind. */
const taught = (weights, Kind) => (name) =>
  new Kind(weights.multiHead(`${name}.attn`), weights.feedForward(`${name}.ffn`, relu));

/** A block with its two norms. */
const normed = (weights, attn, activation) => (name) =>
  new Block(
    weights.layerNorm(`${name}.ln_1`),
    weights[attn](`${name}.attn`),
    weights.layerNorm(`${name}.ln_2`),
    weights.feedForward(`${name}.ffn`, activation),
  );

const RECIPES = {
  bigram: (weights) => ({ embed: new Embedding(weights.at("embed")) }),
  embedding: (weights) => ({ embed: new Embedding(weights.at("embed")), lm_head: weights.linear("lm_head") }),
  position: (weights) => stack(weights, []),
  average: (weights) => stack(weights, [new Average(weights.config.context_length, weights.config.d_model)]),
  head: (weights) => stack(weights, [weights.head("blocks.0")]),
  multi_head: (weights) => stack(weights, [weights.multiHead("blocks.0")]),
  feed_forward: (weights) => stack(weights, [taught(weights, PlainBlock)("blocks.0")]),
  deep: (weights) => stack(weights, weights.blocks(taught(weights, PlainBlock))),
  residual: (weights) => stack(weights, weights.blocks(taught(weights, ResidualBlock))),
  layer_norm: (weights) => ({
    ...stack(weights, weights.blocks(normed(weights, "multiHead", relu))),
    norm: weights.layerNorm("norm"),
  }),
  // The last layer is the table of tokens.
  gpt: (weights) => ({
    embed: weights.positioned(),
    blocks: weights.blocks(normed(weights, "selfAttention", gelu)),
    norm: weights.layerNorm("norm"),
    lm_head: new Linear(weights.at("embed.token")),
  }),
};

const stack = (weights, blocks) => ({ embed: weights.positioned(), blocks, lm_head: weights.linear("lm_head") });

/** The layers of a stage. They keep what they have read, so each text that is read needs its own.
 *
 * @param {{stage: string, config: object}} manifest
 * @param {Map<string, {shape: number[], data: Float32Array}>} tensors
 * @returns {{embed: object, blocks: object[], norm: object, lm_head: object}}
 */
export function build({ stage, config }, tensors) {
  const asItIs = { read: (x) => x };
  return { blocks: [], norm: asItIs, lm_head: asItIs, ...RECIPES[stage](new Weights(config, tensors)) };
}
