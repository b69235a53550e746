"""The same training: our `gpt` from nanoGPT's first weights, on nanoGPT's batches, beside nanoGPT's own run.

Once in float32 as nanoGPT does it, once with its products in bfloat16, and once with its steps by hand as well.

`python -m benchmarks.parity NANOGPT` writes results/bench/parity.json.
"""

import argparse
import sys
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import torch
from safetensors.torch import load_file

from benchmarks import theirs
from benchmarks.records import write
from benchmarks.sides import Side
from lower_triangle.beyond.by_hand import ByHand
from lower_triangle.beyond.half import in_half
from lower_triangle.config import GPT_SETTINGS
from lower_triangle.convert import from_nanogpt
from lower_triangle.corpus import Corpus, load_corpus
from lower_triangle.errors import LowerTriangleError
from lower_triangle.loss import evaluate
from lower_triangle.model import LanguageModel
from lower_triangle.results import named
from lower_triangle.stages import STAGES
from lower_triangle.train import make_optimizer, rate_share, take_step

# Over how many of the first steps the losses are compared one by one. They differ by the four digits of nanoGPT's log
# and by its warm-up, which divides by 101 where ours divides by 100; from there on differences grow.
ALIKE = 20


def main(argv: list[str] | None = None) -> int:
    """Train both, and say what went wrong in a line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.parity", description=__doc__.partition("\n")[0])
    parser.add_argument("nanogpt", type=Path, help="a checkout of github.com/karpathy/nanoGPT")
    parser.add_argument("--corpus", default="tinyshakespeare")
    parser.add_argument("--steps", type=int, default=GPT_SETTINGS.steps)
    parser.add_argument("--out", type=Path, default=Path("results", "bench"))
    options = parser.parse_args(argv)
    try:
        run(options.nanogpt, load_corpus(options.corpus), options.steps, options.out)
    except LowerTriangleError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


def run(nanogpt: Path, corpus: Corpus, steps: int, out: Path) -> None:
    """Train both, and record their losses."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        commit = theirs.scratch_copy(nanogpt, folder, corpus)
        their_run = theirs.train(folder, threads=torch.get_num_threads(), max_iters=steps, lr_decay_iters=steps)
        with Side("benchmarks.theirs", [], 1, folder) as side:
            their_loss = side.ask("full_loss")["loss"]
            side.ask("begin", steps=steps)
        begun = load_file(folder / "begin.safetensors")
    starts = begun.pop("starts")
    losses, our_loss = train(begun, starts, corpus, steps)
    _, loss_in_half = train(begun, starts, corpus, steps, in_half)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    _, loss_by_hand = train(begun, starts, corpus, steps, lambda model: ByHand(model, threads, torch.bfloat16))
    apart = [abs(ours - his) for ours, his in zip(losses, their_run["losses"], strict=False)]
    record = {
        "nanogpt": commit,
        "corpus": named(corpus),
        "steps": steps,
        "losses": {
            "nanoGPT": round(their_loss, 6),
            "ours": round(our_loss, 6),
            "ours, in bfloat16": round(loss_in_half, 6),
            "ours, in bfloat16, by hand": round(loss_by_hand, 6),
        },
        "alike": ALIKE,
        "largest_difference": round(max(apart[:ALIKE]), 6),
        "largest_difference_of_all": round(max(apart), 6),
    }
    print(record)
    write(out / "parity.json", f"python -m benchmarks.parity {nanogpt.name}", record)


def train(
    weights: dict,
    starts: torch.Tensor,
    corpus: Corpus,
    steps: int,
    prepare: Callable[[LanguageModel], LanguageModel] = lambda model: model,
) -> tuple[list[float], float]:
    """The losses of our model's batches, and its loss on the validation split in the end."""
    sizes = {name: theirs.RECIPE[name] for name in ("block_size", "n_layer", "n_head", "n_embd", "dropout")}
    model = from_nanogpt(weights, sizes | {"bias": False, "vocab_size": len(corpus.tokenizer)})
    rate, settings = STAGES["gpt"].learning_rate, replace(GPT_SETTINGS, steps=steps)
    optimizer, losses = make_optimizer(model, rate, settings), []
    learner = prepare(model).train()
    for step, places in enumerate(starts, start=1):
        for group in optimizer.param_groups:
            group["lr"] = rate * rate_share(step, settings)
        positions = places[:, None] + torch.arange(model.context_length)  # (B, T)
        batch = corpus.train[positions], corpus.train[positions + 1]
        losses.append(take_step(learner, optimizer, batch, step, settings))
    return losses, evaluate(model, corpus.val)


if __name__ == "__main__":
    sys.exit(main())
