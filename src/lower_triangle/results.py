"""What the pages report: runs recorded with all it takes to repeat them, and read back from anywhere."""

import json
import os
import platform
import random
import shlex
import time
from collections.abc import Collection
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from statistics import fmean

import torch

from lower_triangle.beyond.fast import GPT_HURRIED, FastSettings, train_hurried
from lower_triangle.checkpoint import (
    Checkpoint,
    Manifest,
    load_checkpoint,
    package_version,
    save_checkpoint,
    write_atomically,
)
from lower_triangle.config import GPT_SETTINGS, GPT_SIZES, ModelConfig, TrainConfig
from lower_triangle.corpus import Corpus, packaged
from lower_triangle.counting import NGram, count_pairs, pair_losses
from lower_triangle.errors import CheckpointError, OutputError, UsageError, did_you_mean
from lower_triangle.folders import writable_folder
from lower_triangle.generate import generate
from lower_triangle.model import LanguageModel
from lower_triangle.stages import STAGES
from lower_triangle.tokenizer import CharTokenizer
from lower_triangle.train import Result, train
from lower_triangle.variants import VARIANTS


@dataclass(frozen=True)
class Setting:
    """What a recorded run is: a stage, at sizes and with settings of its own, and whether its weights are kept.

    With FastSettings it is `gpt` in a hurry.
    """

    stage: str
    model: ModelConfig = GPT_SIZES
    train: TrainConfig | FastSettings = GPT_SETTINGS
    keeps_weights: bool = True


def changed(stage: str = "gpt", dropout: float = 0.0, **settings: float) -> Setting:
    """The setting of `gpt` with one thing changed: its losses are wanted, and no model."""
    return Setting(stage, replace(GPT_SIZES, dropout=dropout), replace(GPT_SETTINGS, **settings), keeps_weights=False)


# `gpt` with one thing taken back, of how it is built or how it is trained, and with all of the one or the other.
CHANGED = {name: changed(name) for name in VARIANTS} | {
    "gpt_dropout": changed(dropout=0.2),
    "gpt_level_rate": changed(warmup=0, final_share=1.0),
    "gpt_no_decay": changed(weight_decay=0.0),
    "gpt_no_clip": changed(clip=0.0),
    "gpt_slow_memory": changed(beta2=0.999),
    "gpt_built_plainly": changed("layer_norm"),
    "gpt_trained_plainly": changed(warmup=0, final_share=1.0, weight_decay=0.01, beta2=0.999, clip=0.0),
}

# What is recorded, by name: each stage at its own setting, the model of the lecture's notebook, `gpt` trained for five
# times as long, and in a hurry, and `gpt` with something taken back.
SETTINGS = {name: Setting(name, stage.model, stage.train) for name, stage in STAGES.items()} | {
    "lecture_notebook": Setting(
        "layer_norm",
        ModelConfig(context_length=32, d_model=64, n_head=4, n_layer=4),
        TrainConfig(batch_size=16, learning_rate=1e-3),
    ),
    "gpt_longer": Setting("gpt", train=replace(GPT_SETTINGS, steps=10_000)),
    "gpt_hurried": Setting("gpt", train=GPT_HURRIED),
    **CHANGED,
}

# What is recorded without any training, and how long the runs of characters are that it counts.
COUNTING = "counting"
ORDERS = range(1, 7)

RECORDS = (*SETTINGS, COUNTING)

SAMPLE_LENGTH = 400
LOSSES = ("best_val", "final_val", "final_train")


def find_setting(name: str) -> Setting:
    """The setting called `name`.

    Raises:
        UsageError: when there is none.
    """
    require_name(name, SETTINGS)
    return SETTINGS[name]


def require_name(name: str, names: Collection[str] = RECORDS) -> None:
    """Refuse a name that no record has."""
    if name not in names:
        raise UsageError(f"no recorded run is called {name!r}; {did_you_mean(name, names)}")


def load_result(name: str) -> dict:
    """The recorded runs of a setting, as `reproduce` wrote them, or with "counting" the counts of `record_counts`.

    Raises:
        UsageError: for a record that does not exist.
        CheckpointError: where none was made, or it cannot be read.
    """
    require_name(name)
    path = packaged("results", f"{name}.json")
    if not path.is_file():
        raise CheckpointError(f"no result is recorded for {name!r}; record one: lower-triangle reproduce {name}")
    return read_record(path)


def load_benchmark(name: str) -> dict:
    """What `python -m benchmarks` and its kin wrote into results/bench.

    Raises:
        CheckpointError: where nothing is recorded under that name, or it cannot be read.
    """
    path = packaged("results", f"bench/{name}.json")
    if not path.is_file():
        raise CheckpointError(f"no benchmark is recorded for {name!r}; CONTRIBUTING.md says how one is made")
    return read_record(path)


def load_trained(name: str) -> Checkpoint:
    """The model of a setting's first recorded run, as its last step left it.

    Raises:
        UsageError: for a setting that does not exist, or of which only the losses are kept.
        CheckpointError: where none was recorded, or the file is damaged.
    """
    if not find_setting(name).keeps_weights:
        kept = ", ".join(each for each, setting in SETTINGS.items() if setting.keeps_weights)
        raise UsageError(f"of the runs of {name!r} only the losses are kept; there are models of {kept}")
    return load_checkpoint(packaged("results", f"{name}.safetensors"))


def reproduce(
    name: str,
    corpus: Corpus,
    seeds: int = 3,
    out: str | Path = "results",
    model_config: ModelConfig | None = None,
    train_config: TrainConfig | FastSettings | None = None,
    progress: bool = True,
) -> dict:
    """Train a setting once for each seed from 0 on; write the record, and for most the first run's weights, into `out`.

    Sizes and settings that are left out are those of the name.

    Raises:
        UsageError: for a setting that does not exist, or no seed.
        OutputError: when `out` cannot be written, or holds a record of this name on another text.
    """
    setting = find_setting(name)
    model_config, train_config = model_config or setting.model, train_config or setting.train
    if seeds < 1:
        raise UsageError(f"seeds={seeds} is no number of runs; try seeds=3")
    path = Path(out, f"{name}.json")
    with writable_folder(Path(out)):
        require_same_corpus(path, corpus)
        results = [
            train_once(setting.stage, corpus, model_config, replace(train_config, seed=seed), progress)
            for seed in range(seeds)
        ]
        record = describe(name, results, corpus, model_config, train_config)
        if setting.keeps_weights:
            first = results[0]
            step, val_loss = first.curve[-1]
            manifest = Manifest(
                setting.stage, model_config, corpus.tokenizer.vocabulary, step, val_loss, corpus.name, corpus.sha256
            )
            save_checkpoint(path.with_suffix(".safetensors"), first.model, manifest)
        write_record(path, record)
    return record


def train_once(
    stage: str, corpus: Corpus, model_config: ModelConfig, train_config: TrainConfig | FastSettings, progress: bool
) -> Result:
    """One run, by the loop that its settings are for."""
    if isinstance(train_config, FastSettings):
        return train_hurried(corpus, model_config, train_config, progress)
    return train(stage, corpus, model_config, train_config, progress=progress)


def record_counts(corpus: Corpus, out: str | Path = "results") -> dict:
    """Count the training split's runs of each length, measure them on both splits, and write the record into `out`.

    Raises:
        UsageError: for a text shorter than the longest run.
        OutputError: when `out` cannot be written, or holds a record of counts on another text.
    """
    path = Path(out, f"{COUNTING}.json")
    with writable_folder(Path(out)):
        require_same_corpus(path, corpus)
        record = {
            "command": command(COUNTING, corpus),
            "corpus": named(corpus),
            "unseen_pairs": count_unseen_pairs(corpus),
            "orders": [count(order, corpus) for order in ORDERS],
            **made_with(),
        }
        write_record(path, record)
    return record


def count_unseen_pairs(corpus: Corpus) -> dict:
    """The pairs of the validation split that the training split does not have: how many kinds, and how often."""
    V = len(corpus.tokenizer)
    seen, val = count_pairs(corpus.train, V), count_pairs(corpus.val, V)  # each (V, V)
    unseen = val[seen == 0]
    return {"kinds": int((unseen > 0).sum()), "times": int(unseen.sum())}


def count(order: int, corpus: Corpus) -> dict:
    """How many different runs of one length there are, and the losses of counting them."""
    start = time.perf_counter()
    counted = NGram(corpus.train, len(corpus.tokenizer), order)
    val = counted.loss(corpus.val)
    seconds = time.perf_counter() - start
    return {
        "order": order,
        "different_runs": len(counted.counts[-1].runs),
        "val": round(val, 6),
        "train": round(counted.loss(corpus.train), 6),
        "seconds": round(seconds, 2),
    }


def describe(
    name: str,
    results: list[Result],
    corpus: Corpus,
    model_config: ModelConfig,
    train_config: TrainConfig | FastSettings,
) -> dict:
    """The record of runs that differ in their seed alone."""
    first = results[0]
    config = asdict(model_config) | asdict(train_config) | {"learning_rate": first.learning_rate}
    del config["seed"]
    return {
        "stage": first.stage,
        "command": f"{command(name, corpus)} --seeds {len(results)}",
        "config": config,
        "corpus": named(corpus),
        "seeds": list(range(len(results))),
        "params": first.params,
        "counted_pairs": dict(zip(("train", "val"), (round(loss, 6) for loss in pair_losses(corpus)), strict=True)),
        "summary": {name: spread([getattr(result, name) for result in results]) for name in LOSSES},
        "runs": [run_record(seed, result) for seed, result in enumerate(results)],
        "sample": sample_text(first.model, corpus.tokenizer),
        **made_with(),
    }


def command(name: str, corpus: Corpus) -> str:
    """What to type to make a record anew."""
    return f"lower-triangle reproduce {name} --corpus {shlex.quote(corpus.name)}"


def named(corpus: Corpus) -> dict:
    """Which text it was."""
    return {"name": corpus.name, "sha256": corpus.sha256, "characters": len(corpus.text)}


def made_with() -> dict:
    """The versions and the machine that a record was made with."""
    return {
        "versions": {"python": platform.python_version(), "torch": torch.__version__, "package": package_version()},
        "hardware": {"processor": processor(), "cores": os.cpu_count(), "threads": torch.get_num_threads()},
    }


def run_record(seed: int, result: Result) -> dict:
    """One run. Six decimals are kept: what comes after them differs from machine to machine."""
    return {
        "seed": seed,
        "curve": [[step, round(loss, 6)] for step, loss in result.curve],
        "best_step": result.best_step,
        "seconds": round(result.seconds, 2),
    } | {name: round(getattr(result, name), 6) for name in LOSSES}


def spread(values: list[float]) -> dict[str, float]:
    """The mean and the two ends."""
    return {"mean": round(fmean(values), 6), "min": round(min(values), 6), "max": round(max(values), 6)}


def sample_text(model: LanguageModel, tokenizer: CharTokenizer, length: int = SAMPLE_LENGTH) -> str:
    """What a model says, always with the same luck."""
    prompt = tokenizer.encode(default_prompt(tokenizer))
    return tokenizer.decode(generate(model, prompt, length, random.Random(0)))


def default_prompt(tokenizer: CharTokenizer) -> str:
    """A newline, as if a new line of text began; where the vocabulary has none, its first character."""
    return "\n" if "\n" in tokenizer.token_of else tokenizer.vocabulary[0]


def require_same_corpus(path: Path, corpus: Corpus) -> None:
    """Refuse to put a record over one of another text."""
    if not path.exists():
        return
    recorded = read_record(path)["corpus"]
    if recorded["sha256"] != corpus.sha256:
        raise OutputError(
            f"'{path}' records runs on {recorded['name']!r}, these are on {corpus.name!r}; choose another --out"
        )


def write_record(path: Path, record: dict) -> None:
    """Put a record into its file."""
    write_atomically(path, (json.dumps(record, indent=2, ensure_ascii=False) + "\n").encode())


def read_record(path: Path) -> dict:
    """A record from its file."""
    try:
        record = json.loads(path.read_bytes())
        return {"corpus": record["corpus"], **record}
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise CheckpointError(f"'{path}' is not a recorded result; remove it, and record it again") from error


def processor() -> str:
    """The name of the processor, where the system tells it."""
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.is_file():
        names = [line.partition(":")[2].strip() for line in cpuinfo.read_text().splitlines() if "model name" in line]
        if names:
            return names[0]
    return platform.processor() or platform.machine()
