"""What each answer to where a token stands comes to: `gpt`, trained with each of them and measured on longer texts too.

`python -m benchmarks.positions` writes results/bench/positions.json.
"""

import argparse
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, replace
from multiprocessing import get_context
from pathlib import Path

import torch

from benchmarks.records import write
from lower_triangle.beyond.positions import POSITIONS, sinusoids
from lower_triangle.config import GPT_SETTINGS, GPT_SIZES
from lower_triangle.corpus import Corpus, load_corpus
from lower_triangle.loss import evaluate
from lower_triangle.model import LanguageModel
from lower_triangle.results import named, spread
from lower_triangle.stages import STAGES
from lower_triangle.train import fit

# The contexts that a model which was trained with 64 is measured with.
CONTEXTS = (64, 128, 256)


def main(argv: list[str] | None = None) -> None:
    """Train and measure all; some minutes a run."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.positions", description=__doc__.partition("\n")[0])
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--corpus", default="tinyshakespeare")
    parser.add_argument("--steps", type=int, default=GPT_SETTINGS.steps)
    parser.add_argument("--out", type=Path, default=Path("results", "bench"))
    options = parser.parse_args(argv)
    corpus = load_corpus(options.corpus)
    runs: dict[str, list[dict]] = {name: [] for name in POSITIONS}
    asked = [(name, seed, options.steps, corpus) for seed in range(options.seeds) for name in POSITIONS]
    with ProcessPoolExecutor(mp_context=get_context("spawn")) as pool:
        for (name, *_), found in zip(asked, pool.map(run, *zip(*asked, strict=True)), strict=True):
            runs[name].append(found)
            print(name, found, flush=True)
    record = {
        "config": asdict(GPT_SIZES) | asdict(replace(GPT_SETTINGS, steps=options.steps)),
        "corpus": named(corpus),
        "runs": runs,
        "summary": {name: summary(each) for name, each in runs.items()},
    }
    write(options.out / "positions.json", "python -m benchmarks.positions", record)


def run(name: str, seed: int, steps: int, corpus: Corpus) -> dict:
    """Train one model, and measure it on windows of each length that it can read."""
    torch.set_num_threads(1)  # another process has the other core, and the last digits depend on how many there are
    torch.manual_seed(seed)
    model = POSITIONS[name](GPT_SIZES, len(corpus.tokenizer))
    started = time.perf_counter()
    fit(model, corpus, replace(GPT_SETTINGS, steps=steps, seed=seed), STAGES["gpt"].learning_rate, progress=False)
    seconds = time.perf_counter() - started
    losses = {}
    for context in CONTEXTS:
        if lengthen(model, name, context):
            losses[str(context)] = round(evaluate(model, corpus.val, batch_size=64), 6)
    params = sum(parameter.numel() for parameter in model.parameters() if parameter.requires_grad)
    return {"seed": seed, "params": params, "losses": losses, "seconds": round(seconds, 1)}


def lengthen(model: LanguageModel, name: str, context: int) -> bool:
    """Let a trained model read `context` tokens; a learned table has no more rows than it was given."""
    if name == "learned" and context > model.context_length:
        return False
    if name == "sinusoid":
        table = model.embed.position
        loudness = table.weight[0, 1].item()  # the cosine of 0 is 1
        table.weight = torch.nn.Parameter(loudness * sinusoids(context, table.embedding_dim), requires_grad=False)
    model.context_length = context
    return True


def summary(runs: list[dict]) -> dict:
    """The mean and the two ends of the losses at each context."""
    return {context: spread([run["losses"][context] for run in runs]) for context in runs[0]["losses"]}


if __name__ == "__main__":
    main()
