"""What makes a step of `gpt` faster, one thing after the other: the same batches, in time only.

`python -m benchmarks.steps` writes results/bench/steps.json.
"""

import argparse
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from statistics import median

import torch
from torch import Tensor, nn

from benchmarks.records import summarize, write
from lower_triangle.attention import attend, attend_fused
from lower_triangle.beyond.by_hand import ByHand
from lower_triangle.beyond.fast import keep_memory
from lower_triangle.beyond.half import in_half
from lower_triangle.beyond.positions import Attend
from lower_triangle.config import GPT_SETTINGS, GPT_SIZES
from lower_triangle.corpus import Corpus, load_corpus
from lower_triangle.model import LanguageModel
from lower_triangle.results import named
from lower_triangle.stages import STAGES
from lower_triangle.train import fit

TAUGHT, KEPT, SPELLED, HALF_FUSED, HALF_SPELLED, BY_HAND = WAYS = (
    "as taught",
    "memory is kept",
    "attention spelled out",
    "bfloat16, fused attention",
    "bfloat16, attention spelled out",
    "bfloat16, by hand",
)


class AttendAs(nn.Module):
    """A way to attend, in a layer that `in_half` leaves as it is."""

    def __init__(self, way: Attend) -> None:
        super().__init__()
        self.way = way

    def forward(self, q: Tensor, k: Tensor, v: Tensor, visible: Tensor) -> Tensor:
        return self.way(q, k, v, visible)


def prepare(way: str, model: LanguageModel) -> LanguageModel:
    """The model, made ready for one way to take a step."""
    if way in (SPELLED, HALF_FUSED):
        for block in model.blocks:
            block.attn.attend = AttendAs(attend if way == SPELLED else attend_fused)
    if way == BY_HAND:
        return ByHand(model, torch.get_num_threads(), torch.bfloat16)
    return in_half(model) if way in (HALF_FUSED, HALF_SPELLED) else model


def take(way: str, corpus: Corpus, steps: int) -> float:
    """The median of some steps, in milliseconds."""
    if way != TAUGHT:
        keep_memory()
    torch.manual_seed(0)
    model = prepare(way, STAGES["gpt"].build(GPT_SIZES, len(corpus.tokenizer)))
    if way == BY_HAND:
        torch.set_num_threads(1)
    ends = [time.perf_counter()]
    settings = replace(GPT_SETTINGS, steps=steps, eval_every=steps, warmup=steps // 2)
    fit(model, corpus, settings, 1e-3, progress=False, on_step=lambda _: ends.append(time.perf_counter()))
    times = [later - earlier for earlier, later in zip(ends, ends[1:], strict=False)]
    return 1000 * median(times[:-1])  # the last one evaluates too


def main(argv: list[str] | None = None) -> None:
    """Take all ways in turns, each time in a process of its own; some three minutes."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.steps", description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--steps", type=int, default=100)
    parser.add_argument("--corpus", default="tinyshakespeare")
    parser.add_argument("--out", type=Path, default=Path("results", "bench"))
    parser.add_argument("--way", choices=WAYS, help="take this one alone, here, and print its time")
    options = parser.parse_args(argv)
    corpus = load_corpus(options.corpus)
    if options.way:
        print(take(options.way, corpus, options.steps))
        return
    found: dict[str, list[float]] = {way: [] for way in WAYS}
    for number in range(options.rounds):
        for way in WAYS if number % 2 == 0 else WAYS[::-1]:
            command = [sys.executable, "-m", "benchmarks.steps", "--way", way]
            command += ["--steps", str(options.steps), "--corpus", options.corpus]
            done = subprocess.run(command, capture_output=True, text=True, check=True)
            found[way].append(float(done.stdout))
            print(number + 1, way, done.stdout.strip(), flush=True)
    record = {
        "corpus": named(corpus),
        "threads": torch.get_num_threads(),
        "ways": {way: summarize(times) for way, times in found.items()},
    }
    write(options.out / "steps.json", "python -m benchmarks.steps", record)


if __name__ == "__main__":
    main()
