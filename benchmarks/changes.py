"""What each part of a recipe is worth: the recipe with that part taken back, in time and in loss.

`python -m benchmarks.changes` writes results/bench/fast.json, the fast recipe, and hurry.json, `gpt` in a hurry.
"""

import argparse
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from statistics import median

import torch
from torch import Tensor, nn

from benchmarks.ours import AT_ONCE, faster_precision, in_precision
from benchmarks.records import summarize, write
from lower_triangle.attention import attend_fused
from lower_triangle.beyond.fast import (
    FAST_SETTINGS,
    FAST_SIZES,
    GPT_IN_A_HURRY,
    LEAST,
    LONGEST,
    FastSettings,
    OneLength,
    fast,
    fit_fast,
    gpt_in_a_hurry,
    init_blocks,
    keep_memory,
    make_optimizers,
)
from lower_triangle.beyond.ngrams import frequent_runs
from lower_triangle.beyond.positions import Rotary
from lower_triangle.config import GPT_SIZES, ModelConfig
from lower_triangle.corpus import Corpus, draw_batch, load_corpus
from lower_triangle.loss import evaluate
from lower_triangle.model import LanguageModel
from lower_triangle.results import named
from lower_triangle.stages import gpt

# AdamW's learning rate for matrices, the best of those tried. Seed 0, the fast recipe: 0.001 1.456, 0.003 1.461,
# 0.01 1.482; `gpt` in a hurry: 0.0003 2.342, 0.001 2.282, 0.003 2.603, 0.01 3.094.
ADAMW_RATE = 0.001

Optimizers = Callable[[LanguageModel, FastSettings, torch.dtype], list[torch.optim.Optimizer]]


@dataclass
class Run:
    """All that a change may change; what is left out is the fast recipe's."""

    corpus: Corpus
    sizes: ModelConfig = FAST_SIZES
    settings: FastSettings = FAST_SETTINGS
    longest: int = LONGEST
    build: Callable[["Run"], LanguageModel] = lambda run: fast(run.sizes, *run.vocabulary())
    alter: Callable[[LanguageModel], None] = lambda model: None
    optimizers: Optimizers = make_optimizers
    batches: Callable[["Run"], Iterator[tuple[Tensor, Tensor]]] | None = None

    def vocabulary(self) -> tuple[int, list[Tensor]]:
        """How many characters there are, and which runs of them have a vector."""
        V = len(self.corpus.tokenizer)
        return V, frequent_runs(self.corpus.train, V, self.longest, LEAST)

    def take(self, seed: int) -> dict:
        """Train and measure."""
        begun = time.perf_counter()
        settings = replace(self.settings, seed=seed)
        torch.manual_seed(seed)
        model = self.build(self)
        self.alter(model)
        ends = [time.perf_counter()]
        precision = faster_precision()
        optimizers = self.optimizers(model, settings, precision)
        batches = self.batches(replace(self, settings=settings)) if self.batches else None
        learner = in_precision(model, precision)
        fit_fast(learner, self.corpus, settings, lambda _: ends.append(time.perf_counter()), optimizers, batches)
        seconds = ends[-1] - begun
        at_once = AT_ONCE // model.context_length
        return {
            "loss": evaluate(model, self.corpus.val, at_once),
            "train_loss": evaluate(model, self.corpus.train[: len(self.corpus.val)], at_once),
            "ms": 1000 * median(later - earlier for earlier, later in zip(ends, ends[1:], strict=False)),
            "seconds": seconds,
            "params": sum(parameter.numel() for parameter in model.parameters()),
        }


def adamw(model: LanguageModel, settings: FastSettings, precision: torch.dtype) -> list[torch.optim.Optimizer]:
    """AdamW in the place of Muon."""
    muon, *others = make_optimizers(model, settings, precision)
    matrices = muon.param_groups[0]["params"]
    return [torch.optim.AdamW(matrices, ADAMW_RATE, betas=(0.9, 0.95), weight_decay=0.0, fused=True), *others]


def without_rotation(model: LanguageModel) -> None:
    """A learned table of positions in the place of rotations."""
    T, C = model.context_length, model.lm_head.in_features
    model.embed = LearnedPlaces(model.embed, nn.Embedding(T, C))
    for block in model.blocks:
        block.attn.attend = OneLength(attend_fused, sharpness=1.35)


class LearnedPlaces(nn.Module):
    """Add a learned vector for each place to what another embedding gives."""

    def __init__(self, embed: nn.Module, position: nn.Embedding) -> None:
        super().__init__()
        self.embed = embed
        self.position = position
        nn.init.normal_(position.weight, std=0.3)

    def forward(self, tokens: Tensor) -> Tensor:
        return self.embed(tokens) + self.position.weight[: tokens.size(1)]


def without_one_length(model: LanguageModel) -> None:
    """Queries and keys as long as they come."""
    for block in model.blocks:
        block.attn.attend = Rotary(attend_fused)


def with_gelu(model: LanguageModel) -> None:
    """GELU in the place of the squared ReLU."""
    for block in model.blocks:
        block.ffn.activation = nn.GELU()


def with_spread(model: LanguageModel) -> None:
    """What writes begins as GPT-2's does, and not at zero."""
    for block in model.blocks:
        for writes in (block.attn.projection, block.ffn.down):
            nn.init.normal_(writes.weight, std=0.02 / (2 * len(model.blocks)) ** 0.5)


def random_places(run: Run) -> Iterator[tuple[Tensor, Tensor]]:
    """Chunks from random places, as `fit` draws them."""
    generator = torch.Generator().manual_seed(run.settings.seed)
    while True:
        yield draw_batch(run.corpus.train, run.sizes.context_length, run.settings.batch_size, generator)


def not_looking_back(run: Run) -> LanguageModel:
    """Its heads have to find where to look."""
    model = gpt(run.sizes, len(run.corpus.tokenizer))
    init_blocks(model)
    return model


def hurry(corpus: Corpus) -> dict[str, Run]:
    """`gpt` in a hurry, and with one thing taken back."""
    whole = Run(
        corpus,
        sizes=GPT_SIZES,
        settings=GPT_IN_A_HURRY,
        build=lambda run: gpt_in_a_hurry(run.sizes, len(run.corpus.tokenizer)),
    )
    small = replace(GPT_IN_A_HURRY, steps=GPT_IN_A_HURRY.steps * 32 // 12, batch_size=12)
    return {
        "gpt in a hurry": whole,
        "AdamW for the matrices": replace(whole, optimizers=adamw),
        "heads that look anywhere": replace(whole, build=not_looking_back),
        "both": replace(whole, optimizers=adamw, build=not_looking_back),
        "GPT-2's first weights": replace(whole, build=lambda run: gpt(run.sizes, len(run.corpus.tokenizer))),
        "chunks from random places": replace(whole, batches=random_places),
        "batches of 12, as much text": replace(whole, settings=small),
    }


def changes(corpus: Corpus) -> dict[str, Run]:
    """The fast recipe, and with one thing taken back."""
    whole = Run(corpus)
    shorter = replace(FAST_SIZES, context_length=64)
    many = replace(FAST_SETTINGS, batch_size=FAST_SETTINGS.batch_size * FAST_SIZES.context_length // 64)
    return {
        "the fast recipe": whole,
        "AdamW for the matrices": replace(whole, optimizers=adamw),
        "no vectors of runs": replace(whole, longest=1),
        "runs of two and three only": replace(whole, longest=3),
        "chunks from random places": replace(whole, batches=random_places),
        "learned positions": replace(whole, alter=without_rotation),
        "queries and keys of any length": replace(whole, alter=without_one_length),
        "GELU": replace(whole, alter=with_gelu),
        "writing begins at GPT-2's spread": replace(whole, alter=with_spread),
        "four blocks": replace(whole, sizes=replace(FAST_SIZES, n_layer=4)),
        "one block": replace(whole, sizes=replace(FAST_SIZES, n_layer=1)),
        "contexts of 64": replace(whole, sizes=shorter, settings=many),
    }


def main(argv: list[str] | None = None) -> None:
    """Train all, in turns; half a minute a run."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.changes", description=__doc__.partition("\n")[0])
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--corpus", default="tinyshakespeare")
    parser.add_argument("--only", choices=("fast", "hurry"), help="one of the two tables")
    parser.add_argument("--out", type=Path, default=Path("results", "bench"))
    options = parser.parse_args(argv)
    keep_memory()
    corpus = load_corpus(options.corpus)
    for table, runs in (("fast", changes(corpus)), ("hurry", hurry(corpus))):
        if options.only in (None, table):
            record = take_all(runs, options.seeds)
            write(options.out / f"{table}.json", "python -m benchmarks.changes", record)


def take_all(runs: dict[str, Run], seeds: int) -> dict:
    """Train all in turns, seed by seed; the first is the whole recipe."""
    found: dict[str, list[dict]] = {name: [] for name in runs}
    for seed in range(seeds):
        for name, run in runs.items():
            found[name].append(run.take(seed))
            print(seed, name, {what: round(value, 4) for what, value in found[name][-1].items()}, flush=True)
    whole = next(iter(runs.values()))
    return {
        "sizes": asdict(whole.sizes),
        "settings": asdict(whole.settings),
        "corpus": named(whole.corpus),
        "changes": {
            name: {what: summarize([each[what] for each in takes]) for what in takes[0]}
            for name, takes in found.items()
        },
    }


if __name__ == "__main__":
    main()
