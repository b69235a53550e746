"""One training loop for every stage.

Shapes: B batch, T time.
"""

import contextlib
import math
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import torch
from tqdm import tqdm

from lower_triangle.checkpoint import Manifest, save_checkpoint
from lower_triangle.config import ModelConfig, TrainConfig
from lower_triangle.corpus import Corpus, draw_batch, require_length
from lower_triangle.errors import OutputError, TrainingError
from lower_triangle.loss import cross_entropy, evaluate
from lower_triangle.model import LanguageModel
from lower_triangle.stages import find_stage

BEST, LAST = "best.safetensors", "last.safetensors"

# (step, validation loss) of each evaluation.
Curve = list[tuple[int, float]]


@dataclass(frozen=True)
class Result:
    """What a run has come to.

    Args:
        model: as the last step left it
        stage: the recipe's name
        learning_rate: the one used, the stage's own where none was given
        params: how many numbers the model has learnt
        curve: (step, validation loss) of each evaluation
        best_val: the lowest validation loss on the curve
        best_step: the step it was measured at
        final_val: the last validation loss
        final_train: the last model's loss on the whole training split
        seconds: spent in the loop, evaluations included
        characters_per_second: learnt from in that time
    """

    model: LanguageModel = field(repr=False)
    stage: str
    learning_rate: float
    params: int
    curve: Curve = field(repr=False)
    best_val: float
    best_step: int
    final_val: float
    final_train: float
    seconds: float
    characters_per_second: float


def fit(
    model: LanguageModel,
    corpus: Corpus,
    config: TrainConfig,
    learning_rate: float,
    on_eval: Callable[[int, float], None] | None = None,
    progress: bool = True,
) -> Curve:
    """Teach `model` to predict the next character, and return its validation loss along the way.

    Batches come from a generator of their own, so how often the model is evaluated does not change what it learns.
    `on_eval(step, val_loss)` is called after each evaluation.

    Raises:
        TrainingError: for a loss that is not finite, before it spoils the model.

    Source: Karpathy, "Let's build GPT", from 00:34:53.
    """
    generator = torch.Generator().manual_seed(config.seed)
    optimizer = torch.optim.AdamW(model.parameters(), lr=learning_rate)
    curve = []
    model.train()
    with progress_bar(config, model.context_length, progress) as steps:
        for step in steps:
            inputs, targets = draw_batch(corpus.train, model.context_length, config.batch_size, generator)  # (B, T)
            loss = cross_entropy(model(inputs), targets)
            require_finite(loss.item(), step, learning_rate)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            steps.set_postfix(loss=f"{loss.item():.4f}", refresh=False)
            if step % config.eval_every == 0 or step == config.steps:
                val_loss = evaluate(model, corpus.val)
                require_finite(val_loss, step, learning_rate)
                curve.append((step, val_loss))
                if on_eval:
                    on_eval(step, val_loss)
    return curve


def train(
    stage: str,
    corpus: Corpus,
    model_config: ModelConfig = ModelConfig(),
    train_config: TrainConfig = TrainConfig(),
    out: str | Path | None = None,
    overwrite: bool = False,
    progress: bool = True,
) -> Result:
    """Build a stage, fit it, and measure it.

    Where `out` names a folder, it is given best.safetensors, the model of the lowest validation loss, and
    last.safetensors, the latest; both are brought up to date at each evaluation.

    Raises:
        UsageError: for a stage that does not exist.
        CorpusError: for a text too short for the context.
        OutputError: when `out` cannot be written or holds checkpoints, before any training.
        TrainingError: for a loss that is not finite.
    """
    recipe = find_stage(stage)
    require_length(corpus, model_config.context_length)
    rate = recipe.learning_rate if train_config.learning_rate is None else train_config.learning_rate
    # The seed is this run's own affair: the caller's random stream goes on as if nothing had happened.
    with run_folder(out, overwrite), torch.random.fork_rng(devices=[]):
        torch.manual_seed(train_config.seed)
        model = recipe.build(model_config, len(corpus.tokenizer))
        save = checkpointer(Path(out), model, corpus, stage, model_config) if out else None
        torch.optim.AdamW(model.parameters())  # the first optimizer loads much of torch; the clock shall not see it
        started = time.perf_counter()
        curve = fit(model, corpus, train_config, rate, save, progress)
        seconds = time.perf_counter() - started
    best_step, best_val = min(curve, key=lambda point: point[1])
    return Result(
        model=model,
        stage=stage,
        learning_rate=rate,
        params=sum(parameter.numel() for parameter in model.parameters()),
        curve=curve,
        best_val=best_val,
        best_step=best_step,
        final_val=curve[-1][1],
        final_train=evaluate(model, corpus.train),
        seconds=seconds,
        characters_per_second=train_config.steps * train_config.batch_size * model_config.context_length / seconds,
    )


def progress_bar(config: TrainConfig, context_length: int, shown: bool) -> tqdm:
    """The steps from 1 on; on a terminal also a bar with the loss, characters a second and the time left."""
    return tqdm(
        range(1, config.steps + 1),
        disable=None if shown else True,  # None: shown on a terminal only
        leave=False,
        unit=" characters",
        unit_scale=config.batch_size * context_length,
        bar_format="{percentage:3.0f}% |{bar:30}| {rate_fmt}, {remaining} left{postfix}",
    )


def require_finite(loss: float, step: int, learning_rate: float) -> None:
    """Stop a run whose loss is infinite or not a number."""
    if not math.isfinite(loss):
        raise TrainingError(f"the loss is {loss} at step {step}; try a learning_rate below {learning_rate:g}")


def checkpointer(
    out: Path, model: LanguageModel, corpus: Corpus, stage: str, config: ModelConfig
) -> Callable[[int, float], None]:
    """What to do after each evaluation: save the model as the last, and as the best if no loss was lower before."""
    lowest = math.inf

    def save(step: int, val_loss: float) -> None:
        nonlocal lowest
        manifest = Manifest(stage, config, corpus.tokenizer.vocabulary, step, val_loss, corpus.name, corpus.sha256)
        save_checkpoint(out / LAST, model, manifest)
        if val_loss < lowest:
            lowest = val_loss
            save_checkpoint(out / BEST, model, manifest)

    return save


def run_folder(out: str | Path | None, overwrite: bool) -> contextlib.AbstractContextManager[None]:
    """The folder of a run, where there is one: it can be written, and holds no checkpoint that would be lost."""
    if out is None:
        return contextlib.nullcontext()
    existing = [name for name in (BEST, LAST) if os.path.exists(Path(out, name))]
    if existing and not overwrite:
        raise OutputError(
            f"'{out}' already holds {' and '.join(existing)}; choose another --out, or --overwrite to lose them"
        )
    return writable_folder(Path(out))


@contextlib.contextmanager
def writable_folder(folder: Path) -> Iterator[None]:
    """Make `folder` and write in it, so that a run learns now, and not at its end, that it cannot.

    When the run fails, the folders made for it that are still empty go again.

    Raises:
        OutputError: when it cannot be made or written.
    """
    made = [place for place in (folder, *folder.parents) if not os.path.exists(place)]
    try:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            tempfile.TemporaryFile(dir=folder).close()
        except OSError as error:
            raise OutputError(f"cannot write in '{folder}': {error.strerror}; choose another folder") from error
        yield
    except BaseException:
        for place in made:
            with contextlib.suppress(OSError):  # it is not empty
                place.rmdir()
        raise
