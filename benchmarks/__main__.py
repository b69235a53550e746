"""All measures in one run, both sides in turns: `python -m benchmarks NANOGPT`, where that is a checkout of nanoGPT.

It takes about four minutes a round, prints a table, and writes results/bench/nanogpt.json.
"""

import argparse
import contextlib
import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from statistics import median

from benchmarks import theirs
from benchmarks.records import ratio, summarize, write
from benchmarks.sides import Side
from lower_triangle.beyond.fast import FAST_SETTINGS
from lower_triangle.corpus import Corpus, load_corpus
from lower_triangle.errors import LowerTriangleError, UsageError
from lower_triangle.results import named

LENGTH = 500
# How many steps of the fast recipe reach a loss of 1.88.
SHORT = 36
# nanoGPT's `estimate_loss` over as many batches as its readme's command has, 20, five times.
BATCHES = 100
# What one character costs both: 6 operations for each number that multiplies, and the products of attention.
CHARACTER = 6 * (802_944 - 8_192) + 12 * 4 * 128 * 64


def main(argv: list[str] | None = None) -> int:
    """Measure, and say what went wrong in a line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__.partition(":")[0])
    parser.add_argument("nanogpt", type=Path, help="a checkout of github.com/karpathy/nanoGPT")
    parser.add_argument("--corpus", default="tinyshakespeare", help="the text that both learn [tinyshakespeare]")
    parser.add_argument("--rounds", type=int, default=5, help="of which medians are taken, at least 5 [5]")
    parser.add_argument("--steps", type=int, default=2000, help="of nanoGPT's run and of ours beside it [2000]")
    parser.add_argument("--out", type=Path, default=Path("results", "bench"))
    options = parser.parse_args(argv)
    try:
        if options.rounds < 5:
            raise UsageError(f"--rounds {options.rounds} is too few for a median that means something; take at least 5")
        run(options.nanogpt, load_corpus(options.corpus), options.rounds, options.steps, options.out)
    except LowerTriangleError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


def run(nanogpt: Path, corpus: Corpus, rounds: int, steps: int, out: Path) -> None:
    """Measure all, show it and record it."""
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        commit = theirs.scratch_copy(nanogpt, folder, corpus)
        threads = best_threads(folder)
        with Side("benchmarks.ours", [corpus.name], 1, Path.cwd()) as side:
            precision = side.ask("precision")["precision"]
        short = in_turns(rounds + 2, writing_and_evaluating(folder, corpus, threads, stack))
        long = in_turns(rounds, training(folder, corpus, threads["training"], steps))
    record = {
        "nanogpt": commit,
        "corpus": named(corpus),
        "threads": threads,
        "precision": precision,
        "flop_a_character": CHARACTER,
        "measured": {name: summarize(values) for name, values in (short | long).items()},
    }
    record["ratios"] = ratios(short | long)
    for name, each in record["ratios"].items():
        print(f"{name:44} {each['median']:6.2f}  ({each['min']:.2f} to {each['max']:.2f})")
    write(out / "nanogpt.json", f"make bench NANOGPT={nanogpt.name}", record)


def best_threads(folder: Path) -> dict[str, int]:
    """With how many threads nanoGPT trains, writes and estimates fastest here."""
    counts = sorted({1, 2, os.cpu_count() or 1, max(1, (os.cpu_count() or 1) // 2)})
    speed: dict[str, dict[int, float]] = {"training": {}, "writing_64": {}, "writing_256": {}, "estimating": {}}
    for count in counts:
        speed["training"][count] = 1 / median(theirs.train(folder, count, max_iters=100)["steps"])
        with Side("benchmarks.theirs", [], count, folder) as side:
            for _ in range(2):  # the first time is to get warm
                for context in (64, 256):
                    speed[f"writing_{context}"][count] = (
                        1 / side.ask("generate", context=context, length=300)["seconds"]
                    )
                speed["estimating"][count] = 1 / side.ask("estimate", batches=20)["seconds"]
    best = {what: max(counts, key=speeds.__getitem__) for what, speeds in speed.items()}
    print("nanoGPT's best number of threads:", best, flush=True)
    return best


# A measure gives numbers by name; those of all rounds are kept side by side.
Measure = Callable[[int], dict[str, float]]


def in_turns(rounds: int, measures: list[Measure]) -> dict[str, list[float]]:
    """Take every measure once a round, one after the other, in an order that is turned around each time."""
    found: dict[str, list[float]] = {}
    for number in range(rounds):
        for measure in measures if number % 2 == 0 else measures[::-1]:
            for name, value in measure(number).items():
                found.setdefault(name, []).append(value)
                print(f"round {number + 1}  {name:40} {value:,.4f}", flush=True)
    return found


def writing_and_evaluating(
    folder: Path, corpus: Corpus, threads: dict[str, int], stack: contextlib.ExitStack
) -> list[Measure]:
    """Characters a second, each asked of a process that is warm, and that ends with the stack."""

    def start(module: str, arguments: list[str], count: int, where: Path) -> Side:
        return stack.enter_context(Side(module, arguments, count, where))

    their_threads = {64: threads["writing_64"], 256: threads["writing_256"]}
    them = {count: start("benchmarks.theirs", [], count, folder) for count in {*their_threads.values()}}
    us = {
        count: start("benchmarks.ours", [corpus.name], count, Path.cwd())
        for count in {1, threads["training"], *their_threads.values()}
    }

    def writing(context: int) -> Measure:
        def measure(_: int) -> dict[str, float]:
            theirs_here = them[their_threads[context]]
            asked = {"context": context, "length": LENGTH}
            found = {}
            for name, side, more in (
                (f"nanoGPT writes at {context}", theirs_here, {}),
                (f"we write at {context}, half reread", us[1], {}),
                (f"we write at {context}, exactly", us[their_threads[context]], {"keep": context}),
            ):
                side.ask("generate", **asked | more | {"length": 50})  # to get warm
                found[name] = LENGTH / side.ask("generate", **asked | more)["seconds"]
            return found

        return measure

    def evaluating(_: int) -> dict[str, float]:
        # Each time in a process of its own: of those that do the same one may be half as fast again as another.
        count, found = threads["estimating"], {}
        for name, module, arguments, where, task, asked in (
            ("nanoGPT estimates", "benchmarks.theirs", [], folder, "estimate", {"batches": BATCHES}),
            ("we evaluate", "benchmarks.ours", [corpus.name], Path.cwd(), "evaluate", {}),
        ):
            with Side(module, arguments, count, where) as side:
                side.ask(task, **asked)  # to get warm
                answer = side.ask(task, **asked)
            found[name] = answer["characters"] / answer["seconds"]
        return found

    def multiplying(_: int) -> dict[str, float]:
        speeds = us[threads["training"]].ask("products")
        return {f"products in {precision}, GFLOP/s": speed for precision, speed in speeds.items()}

    return [writing(64), writing(256), evaluating, multiplying]


def training(folder: Path, corpus: Corpus, threads: int, steps: int) -> list[Measure]:
    """Whole runs, each in a process of its own; the seed is the number of the round, but nanoGPT has one only."""

    def nanogpt(_: int) -> dict[str, float]:
        run = theirs.train(folder, threads, max_iters=steps, lr_decay_iters=steps)
        with Side("benchmarks.theirs", [], threads, folder) as side:
            loss = side.ask("full_loss")["loss"]
        return {
            "nanoGPT trains, ms a step": 1000 * median(run["steps"]),
            "nanoGPT trains, seconds": run["seconds"],
            "nanoGPT's loss": loss,
        }

    def ask(task: str, **asked: int) -> dict:
        with Side("benchmarks.ours", [corpus.name], threads, Path.cwd()) as side:
            return side.ask(task, **asked)

    def same(seed: int) -> dict[str, float]:
        answer = ask("train_same", seed=seed, steps=steps)
        taught = ask("train_same", seed=seed, steps=steps // 10, taught=True)
        return {
            "the same in float32, ms a step": 1000 * median(taught["steps"]),
            "the same, ms a step": 1000 * median(answer["steps"]),
            "the same, seconds": answer["seconds"],
            "the same, loss": answer["loss"],
        }

    def hurried(name: str, task: str, **asked: int) -> Measure:
        def measure(seed: int) -> dict[str, float]:
            answer = ask(task, seed=seed, **asked)
            kept = ("seconds", "steps", "loss", "train_loss", "params", "multiplying", "memory_mb")
            return {f"{name}, {what}": answer[what] for what in kept}

        return measure

    return [
        nanogpt,
        same,
        hurried("its architecture in a hurry", "train_gpt"),
        hurried("fast recipe, long", "train_fast", steps=FAST_SETTINGS.steps),
        hurried("fast recipe, short", "train_fast", steps=SHORT),
    ]


def ratios(found: dict[str, list[float]]) -> dict[str, dict]:
    """How many times as fast we are, round by round."""
    seconds = found["nanoGPT trains, seconds"]
    return {
        "training, same architecture and batch": ratio(
            found["nanoGPT trains, ms a step"], found["the same, ms a step"]
        ),
        "training, in float32": ratio(found["nanoGPT trains, ms a step"], found["the same in float32, ms a step"]),
        "time to its loss, its architecture": ratio(seconds, found["its architecture in a hurry, seconds"]),
        "time to 1.88, fast recipe": ratio(seconds, found["fast recipe, short, seconds"]),
        "its time over that of the long run": ratio(seconds, found["fast recipe, long, seconds"]),
        **{
            f"writing at {context}, {policy}": ratio(
                found[f"we write at {context}, {policy}"], found[f"nanoGPT writes at {context}"]
            )
            for context in (64, 256)
            for policy in ("half reread", "exactly")
        },
        "evaluating": ratio(found["we evaluate"], found["nanoGPT estimates"]),
    }


if __name__ == "__main__":
    sys.exit(main())
