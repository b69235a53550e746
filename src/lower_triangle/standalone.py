"""The end of each stage's runnable file: train the model that stands above it for a moment, and let it speak."""

import random
import sys

import torch

from lower_triangle.config import ModelConfig, TrainConfig
from lower_triangle.corpus import load_corpus
from lower_triangle.generate import generate
from lower_triangle.stages import STAGES, Recipe
from lower_triangle.train import fit


def run(recipe: Recipe, steps: int = 500) -> None:
    """Train a stage on the play, or on the corpus that the first argument names, and print what it has learnt."""
    corpus = load_corpus(sys.argv[1] if len(sys.argv) > 1 else "play")
    torch.manual_seed(0)
    model = recipe(ModelConfig(), len(corpus.tokenizer))
    config = TrainConfig(steps=steps, eval_every=max(1, steps // 4))
    for step, loss in fit(model, corpus, config, STAGES[recipe.__name__].learning_rate):
        print(f"step {step}: validation loss {loss:.4f}")
    tokens = generate(model, [0], 200, random.Random(0))
    print(corpus.tokenizer.decode(tokens))
