"""Our side. `python -m benchmarks.ours CORPUS` answers what `sides.Side` asks."""

import random
import resource
import sys
import time
from collections.abc import Callable
from dataclasses import replace

import torch

from benchmarks.sides import serve
from lower_triangle.beyond.by_hand import ByHand
from lower_triangle.beyond.evaluating import evaluate_folded
from lower_triangle.beyond.fast import (
    FAST_SETTINGS,
    FAST_SIZES,
    GPT_IN_A_HURRY,
    LEAST,
    LONGEST,
    FastSettings,
    fast,
    fit_fast,
    gpt_in_a_hurry,
    keep_memory,
    make_optimizers,
)
from lower_triangle.beyond.folded import generate_folded
from lower_triangle.beyond.half import half_is_faster, in_half
from lower_triangle.beyond.ngrams import frequent_runs
from lower_triangle.config import GPT_SETTINGS, GPT_SIZES
from lower_triangle.corpus import Corpus, load_corpus
from lower_triangle.loss import evaluate
from lower_triangle.model import LanguageModel
from lower_triangle.stages import STAGES
from lower_triangle.train import fit

# How many characters one call of a model evaluates at once: enough to be busy, few enough to stay in the cache.
AT_ONCE = 2048


def faster_precision() -> torch.dtype:
    """In which precision this machine multiplies faster."""
    return torch.bfloat16 if half_is_faster() else torch.float32


def in_precision(model: LanguageModel, precision: torch.dtype) -> LanguageModel:
    """The model, ready to train with its products in that precision."""
    return in_half(model) if precision == torch.bfloat16 else model


def tasks(corpus: Corpus) -> dict:
    """What we can be asked for."""
    keep_memory()
    precision = faster_precision()
    gpt = STAGES["gpt"]
    torch.manual_seed(0)
    models = {T: gpt.build(replace(GPT_SIZES, context_length=T), len(corpus.tokenizer)).eval() for T in (64, 256)}

    def generate(context: int, length: int, keep: int | None = None) -> dict:
        """Write from a new line; with `keep` the whole context, exactly as without a cache."""
        begun = time.perf_counter()
        for _ in generate_folded(models[context], [0], length, random.Random(0), 0.8, keep=keep):
            pass
        return {"seconds": time.perf_counter() - begun}

    def evaluate_split() -> dict:
        """The exact loss of the whole validation split."""
        begun = time.perf_counter()
        evaluate_folded(models[64], corpus.val, precision)
        return {"seconds": time.perf_counter() - begun, "characters": len(corpus.val) - 1}

    def train_same(seed: int, steps: int, taught: bool = False) -> dict:
        """`gpt` with nanoGPT's sizes, batch and settings, its steps by hand; `taught` with autograd and in float32."""
        torch.manual_seed(seed)
        model, ends = gpt.build(GPT_SIZES, len(corpus.tokenizer)), [time.perf_counter()]
        threads = torch.get_num_threads()
        if not taught:
            torch.set_num_threads(1)
            model = ByHand(model, threads, precision)
        settings = replace(GPT_SETTINGS, steps=steps, seed=seed, eval_every=steps, warmup=min(100, steps // 2))

        def note(_: int) -> None:
            ends.append(time.perf_counter())

        curve = fit(model, corpus, settings, gpt.learning_rate, progress=False, on_step=note)
        torch.set_num_threads(threads)
        # The last one evaluates too.
        times = [later - earlier for earlier, later in zip(ends, ends[1:-1], strict=False)]
        return {"steps": times, "seconds": sum(times) + times[-1], "loss": curve[-1][1]}

    def train_gpt(seed: int) -> dict:
        """The same architecture in a hurry."""

        def build() -> LanguageModel:
            torch.manual_seed(seed)
            return gpt_in_a_hurry(GPT_SIZES, len(corpus.tokenizer))

        return hurried(build, GPT_IN_A_HURRY, seed)

    def train_fast(seed: int, steps: int) -> dict:
        """The fast recipe, its runs of characters looked up and all."""

        def build() -> LanguageModel:
            known = frequent_runs(corpus.train, len(corpus.tokenizer), LONGEST, LEAST)
            torch.manual_seed(seed)
            return fast(FAST_SIZES, len(corpus.tokenizer), known)

        return hurried(build, replace(FAST_SETTINGS, steps=steps), seed)

    def hurried(build: Callable[[], LanguageModel], settings: FastSettings, seed: int) -> dict:
        begun = time.perf_counter()
        model = build()
        optimizers = make_optimizers(model, settings, precision)
        fit_fast(in_precision(model, precision), corpus, replace(settings, seed=seed), optimizers=optimizers)
        seconds = time.perf_counter() - begun
        return {
            "seconds": seconds,
            "steps": settings.steps,
            "loss": evaluate(model, corpus.val, batch_size=AT_ONCE // model.context_length),
            "train_loss": evaluate(model, corpus.train[: len(corpus.val)], batch_size=AT_ONCE // model.context_length),
            "params": sum(parameter.numel() for parameter in model.parameters()),
            "multiplying": sum(parameter.numel() for parameter in model.blocks.parameters()),
            "memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        }

    def products() -> dict:
        """How fast this machine multiplies: GFLOP/s of a product as large as those of a step, by precision."""
        speeds = {}
        for name, dtype in (("float32", torch.float32), ("bfloat16", torch.bfloat16)):
            x, w = torch.randn(768, 128).to(dtype), torch.randn(512, 128).to(dtype)
            times = []
            for _ in range(300):
                begun = time.perf_counter()
                torch.nn.functional.linear(x, w)
                times.append(time.perf_counter() - begun)
            speeds[name] = 2 * 768 * 128 * 512 / sorted(times)[150] / 1e9
        return speeds

    return {
        "generate": generate,
        "evaluate": evaluate_split,
        "train_same": train_same,
        "train_gpt": train_gpt,
        "train_fast": train_fast,
        "products": products,
        "precision": lambda: {"precision": str(precision).removeprefix("torch.")},
    }


if __name__ == "__main__":
    serve(lambda: tasks(load_corpus(sys.argv[1])))
