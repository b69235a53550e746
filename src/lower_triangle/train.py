"""One training loop for every stage.

Shapes: B batch, T time.
"""

import contextlib
import json
import math
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import torch
from torch import Tensor, nn
from tqdm import tqdm

from lower_triangle.checkpoint import Checkpoint, Manifest, load_checkpoint, save_checkpoint, write_atomically
from lower_triangle.config import ModelConfig, TrainConfig, nearest_splits
from lower_triangle.corpus import Corpus, draw_batch, require_length
from lower_triangle.devices import AUTO, find_device, find_precision, get_random_state, set_random_state
from lower_triangle.errors import CheckpointError, Interrupted, OutputError, TrainingError, UsageError
from lower_triangle.folders import locked, sweep, writable_folder
from lower_triangle.loss import cross_entropy, evaluate
from lower_triangle.model import LanguageModel
from lower_triangle.parallel import ALONE, Group, process_group, processes
from lower_triangle.variants import find_stage

BEST, LAST, METRICS = "best.safetensors", "last.safetensors", "metrics.jsonl"

# What AdamW remembers of each parameter.
OPTIMIZER_KEYS = ("step", "exp_avg", "exp_avg_sq")

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


@dataclass
class TrainState:
    """What changes while a model trains, besides its weights and torch's own random stream, which dropout draws from.

    Args:
        optimizer: with its memory of past gradients
        generator: which the batches are drawn with
        step: how many updates were made
        curve: (step, validation loss) of each evaluation
        batch_losses: of the batch of each of those steps, before its update
    """

    optimizer: torch.optim.Optimizer
    generator: torch.Generator
    step: int = 0
    curve: Curve = field(default_factory=list)
    batch_losses: list[float] = field(default_factory=list)


def fit(
    model: LanguageModel,
    corpus: Corpus,
    config: TrainConfig,
    learning_rate: float,
    on_eval: Callable[[int, float], None] | None = None,
    progress: bool = True,
    state: TrainState | None = None,
    on_step: Callable[[int], None] | None = None,
    precision: torch.dtype = torch.float32,
    group: Group = ALONE,
) -> Curve:
    """Teach `model` to predict the next character, and return its validation loss along the way.

    Batches come from a generator of their own, so how often the model is evaluated does not change what it learns.
    `on_eval(step, val_loss)` is called after each evaluation, `on_step(step)` at the end of each step. A `state` is
    gone on from and kept up to date. `precision` is that of the large products of a step; an evaluation has float32
    always. Each process of a `group` calls this with the same arguments, and `batch_size` is that of all together.

    Raises:
        TrainingError: for a loss or a gradient that is not finite, before it spoils the model.

    Source: Karpathy, "Let's build GPT", from 00:34:53.
    """
    state = state or start_state(model, config, learning_rate)
    model.train()
    with progress_bar(config.steps, config.batch_size * model.context_length, progress, state.step) as steps:
        for step in steps:
            for parameters in state.optimizer.param_groups:
                parameters["lr"] = learning_rate * rate_share(step, config)
            batch = draw_batch(corpus.train, model.context_length, config.batch_size, state.generator)
            loss = take_step(model, state.optimizer, batch, step, config, precision, group)
            state.step = step
            steps.set_postfix(loss=f"{loss:.4f}", refresh=False)
            if step % config.eval_every == 0 or step == config.steps:
                val_loss = group.first(evaluate(model, corpus.val))
                require_finite("loss", val_loss, step)
                state.curve.append((step, val_loss))
                state.batch_losses.append(loss)
                if on_eval:
                    on_eval(step, val_loss)
                    model.train()  # whatever was done with it
                if is_stuck(state.curve, config.patience):
                    break
            if on_step:
                on_step(step)
    return state.curve


def start_state(model: LanguageModel, config: TrainConfig, learning_rate: float) -> TrainState:
    """The state before the first step."""
    generator = torch.Generator().manual_seed(config.seed)
    return TrainState(make_optimizer(model, learning_rate, config), generator)


def make_optimizer(model: LanguageModel, learning_rate: float, config: TrainConfig) -> torch.optim.AdamW:
    """AdamW that pulls matrices towards 0 and leaves vectors, such as biases and the scales of norms, alone.

    Source: Loshchilov and Hutter 2017 (arXiv 1711.05101); which parameters decay is as in nanoGPT.
    """
    matrices = [parameter for parameter in model.parameters() if parameter.dim() >= 2]
    vectors = [parameter for parameter in model.parameters() if parameter.dim() < 2]
    groups = [
        {"params": matrices, "weight_decay": config.weight_decay},
        {"params": vectors, "weight_decay": 0.0},
    ]
    groups = [group for group in groups if group["params"]]
    return torch.optim.AdamW(groups, lr=learning_rate, betas=(0.9, config.beta2), fused=True)


def rate_share(step: int, config: TrainConfig) -> float:
    """What part of the learning rate step number `step` has: up a line while warming up, then down a cosine.

    Source: Loshchilov and Hutter 2016 (arXiv 1608.03983) for the cosine; Vaswani et al. 2017, §5.3, for the warm-up.
    """
    if step <= config.warmup:
        return step / config.warmup
    way = (step - config.warmup) / (config.steps - config.warmup)  # from 0 to 1
    return config.final_share + (1 - config.final_share) * (1 + math.cos(math.pi * way)) / 2


def take_step(
    model: LanguageModel,
    optimizer: torch.optim.Optimizer,
    batch: tuple[Tensor, Tensor],
    step: int,
    config: TrainConfig,
    precision: torch.dtype = torch.float32,
    group: Group = ALONE,
) -> float:
    """One update from one batch, whose loss before the update is returned.

    Each process of a `group` works through its share of the batch, and all make the update that the whole batch calls
    for.

    Shapes:
        batch: (B, T), (B, T)

    Raises:
        TrainingError: for a loss or a gradient that is not finite; the model is as it was.
    """
    optimizer.zero_grad()
    total = 0.0
    shares = [group.share(half).to(model.device) for half in batch]
    for inputs, targets in zip(*(share.chunk(config.accumulate) for share in shares), strict=True):
        with torch.autocast(model.device.type, precision, enabled=precision != torch.float32):
            loss = cross_entropy(model(inputs), targets) / config.accumulate
        total += loss.item()
        loss.backward()
    total = group.average(model.parameters(), total)
    require_finite("loss", total, step)
    # Where nothing is shortened the length is still taken: it tells whether all of the gradient is finite.
    length = nn.utils.clip_grad_norm_(model.parameters(), config.clip or math.inf)
    require_finite("gradient", length.item(), step)
    optimizer.step()
    return total


def is_stuck(curve: Curve, patience: int) -> bool:
    """Whether the last `patience` evaluations brought no new best; with a patience of 0, never."""
    if patience == 0 or not curve:
        return False
    best = min(range(len(curve)), key=lambda i: curve[i][1])
    return len(curve) - 1 - best >= patience


def train(
    stage: str,
    corpus: Corpus,
    model_config: ModelConfig | None = None,
    train_config: TrainConfig | None = None,
    out: str | Path | None = None,
    overwrite: bool = False,
    progress: bool = True,
    resume: bool = False,
    on_eval: Callable[[int, float, LanguageModel], None] | None = None,
    device: str = "cpu",
    precision: str = AUTO,
) -> Result:
    """Build a stage, fit it, and measure it.

    Sizes and settings that are left out are the stage's own.

    Where `out` names a folder, it is given best.safetensors, the model of the lowest validation loss, and
    last.safetensors, the latest, and metrics.jsonl, a line for each evaluation; all are brought up to date at each of
    them, and then `on_eval(step, val_loss, model)` is called. Ctrl-C, SIGTERM, or a terminal that is closed, then
    finishes the step and saves it. `resume` goes on from last.safetensors and ends where the run would have ended, bit
    for bit, on the same machine with the same number of threads.

    `device` is cpu, cuda, mps, or auto for the fastest there is; `precision` is float32 or bfloat16, or auto, which
    takes bfloat16 on a GPU that computes with it. Called in each of the processes that torchrun has started, they train
    one model together; `batch_size` is that of all of them, and the first alone writes and calls `on_eval`.

    Raises:
        UsageError: for a stage, device or precision that does not exist, a batch that does not split among the
            processes, or a run that cannot be resumed so.
        CorpusError: for a text too short for the context.
        OutputError: when `out` cannot be written, is written by another run, or holds checkpoints, before any training.
        TrainingError: for a loss or a gradient that is not finite, or when another process of the run is gone.
        Interrupted: after Ctrl-C, SIGTERM or SIGHUP.
    """
    recipe = find_stage(stage)
    config, settings = model_config or recipe.model, train_config or recipe.train
    require_length(corpus, config.context_length)
    rate = recipe.learning_rate if settings.learning_rate is None else settings.learning_rate
    settings = replace(settings, learning_rate=rate)  # the record of a run says what it was, whoever chose it
    place = find_device(device)
    dtype = find_precision(precision, place)
    require_shares(settings, processes())
    if resume and overwrite:
        raise UsageError("--resume goes on with a run and --overwrite loses it; give one of them")
    with contextlib.ExitStack() as stack:
        group = stack.enter_context(process_group(place))
        stack.enter_context(run_folder(out if group.rank == 0 else None, overwrite or resume))
        stack.enter_context(own_random_streams(place))
        stopped_by = stack.enter_context(stop_signals(out))
        torch.manual_seed(settings.seed)
        model = recipe.build(config, len(corpus.tokenizer)).to(place)  # drawn on the processor, the same for any device
        group.agree(model)
        if group.rank > 0:
            torch.manual_seed(settings.seed + group.rank)  # each drops others
        state = start_state(model, settings, rate)  # the first optimizer loads much of torch: before the clock starts
        manifest = Manifest(
            stage,
            config,
            corpus.tokenizer.vocabulary,
            step=0,
            val_loss=None,
            corpus=corpus.name,
            corpus_sha256=corpus.sha256,
            train=settings,
            device=place.type,
            precision=str(dtype).removeprefix("torch."),
            processes=group.size,
        )
        if resume:
            restore(model, state, require_same_run(out, manifest), group)
        save = saver(out, model, state, manifest, rate, group) if out else None
        first_step, started = state.step, time.perf_counter()

        def stop_if_asked(step: int) -> None:
            # All stop at the same step, whichever was asked.
            number = int(group.highest(stopped_by[0] if stopped_by else 0))
            if number:
                if step not in dict(state.curve):  # where it was evaluated it is saved already
                    save(step, None)
                    group.highest(0)  # nobody leaves before it is saved: torchrun would end the others
                raise Interrupted(number, step, out)

        def note(step: int, val_loss: float) -> None:
            if save:
                save(step, val_loss)
            if on_eval and group.rank == 0:
                on_eval(step, val_loss, model)

        shown = progress and group.rank == 0
        curve = fit(model, corpus, settings, rate, note, shown, state, stop_if_asked, dtype, group)
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
        characters_per_second=(state.step - first_step) * settings.batch_size * config.context_length / seconds,
    )


@contextlib.contextmanager
def stop_signals(out: str | Path | None) -> Iterator[list[int]]:
    """A list into which the first Ctrl-C, SIGTERM or SIGHUP puts its number; a second one ends the program at once.

    Without a folder there is nothing to save, and outside the main thread Python takes no signals: the list stays empty
    and the signals do what they did before. So does SIGHUP where nohup has it ignored.
    """
    received: list[int] = []
    if out is None or threading.current_thread() is not threading.main_thread():
        yield received
        return
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    hung_up = getattr(signal, "SIGHUP", None)  # Windows has none
    if hung_up and signal.getsignal(hung_up) != signal.SIG_IGN:
        before[hung_up] = signal.getsignal(hung_up)

    def note(number: int, frame: object) -> None:
        received.append(number)
        for each, handler in before.items():
            signal.signal(each, handler)

    for number in before:
        signal.signal(number, note)
    try:
        yield received
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextlib.contextmanager
def own_random_streams(device: torch.device) -> Iterator[None]:
    """A seed is a run's own affair: the caller's random streams go on as if nothing had happened."""
    before = {place: get_random_state(place) for place in {torch.device("cpu"), device}}
    try:
        yield
    finally:
        for place, state in before.items():
            set_random_state(place, state)


def require_shares(settings: TrainConfig, size: int) -> None:
    """Refuse a batch that does not split into equal shares of the processes, and those into `accumulate` parts."""
    shares = size * settings.accumulate
    if settings.batch_size % shares:
        raise UsageError(
            f"batch_size={settings.batch_size} does not split among {size} processes that work it through in "
            f"accumulate={settings.accumulate} parts; {nearest_splits('batch_size', settings.batch_size, shares)}"
        )


def require_same_run(out: str | Path | None, asked: Manifest) -> Checkpoint:
    """The checkpoint to go on from, if it is of the very run that is asked for.

    Raises:
        UsageError: when it is of another, has no more steps to take, or cannot be gone on from.
        CheckpointError: when there is none.
    """
    if out is None:
        raise UsageError("resume=True needs the folder of the run to go on with; give out=")
    checkpoint = load_last(out)
    manifest = checkpoint.manifest
    if manifest.train is None:
        raise UsageError(f"'{Path(out, LAST)}' holds a model but not the state of its training; train again")
    was, now = identity(manifest), identity(asked)
    changed = [name for name in was if was[name] != now[name]]
    if changed:
        then, here = (", ".join(f"{name}={each[name]!r}" for name in changed) for each in (was, now))
        raise UsageError(
            f"'{out}' was trained with {then} and cannot go on with {here}; "
            "leave these as they were, or choose another --out"
        )
    curve = [tuple(point) for point in manifest.curve]
    if manifest.step >= asked.train.steps or is_stuck(curve, asked.train.patience):
        raise UsageError(
            f"the run in '{out}' is over: it took {manifest.step:,} steps; "
            "for a longer one, train anew with more --steps"
        )
    return checkpoint


def load_last(out: str | Path) -> Checkpoint:
    """What the run in a folder has saved last.

    Raises:
        CheckpointError: when it has saved nothing.
    """
    if not os.path.exists(Path(out, LAST)):
        raise CheckpointError(f"nothing was saved in '{out}' that a run could go on from; leave out --resume")
    return load_checkpoint(Path(out, LAST))


def best_of(place: str | Path) -> Path:
    """The file with the best model of the run in a folder; what is no folder is taken for such a file.

    Raises:
        CheckpointError: when the run was stopped before its first evaluation.
    """
    if not os.path.isdir(place):
        return Path(place)
    best, last = Path(place, BEST), Path(place, LAST)
    if last.exists() and not best.exists():
        raise CheckpointError(
            f"the run in '{place}' has not been evaluated yet, so none of its models is the best; "
            f"go on with it (--resume), or name '{last}'"
        )
    return best


def identity(manifest: Manifest) -> dict:
    """What two runs have in common when one can go on for the other."""
    how = {name: getattr(manifest, name) for name in ("stage", "device", "precision", "processes")}
    return how | {"corpus": manifest.corpus_sha256[:12]} | asdict(manifest.config) | asdict(manifest.train)


def restore(model: LanguageModel, state: TrainState, checkpoint: Checkpoint, group: Group) -> None:
    """Bring the model, the optimizer, the random streams and the curve to where the checkpoint left them."""
    model.load_state_dict(checkpoint.model.state_dict())
    memory = checkpoint.training
    for name, parameter in model.named_parameters():
        state.optimizer.state[parameter] = {
            key: memory[f"{key}.{name}"].to(parameter.device, copy=True) for key in OPTIMIZER_KEYS
        }
    state.generator.set_state(memory["batches"])
    set_random_state(model.device, memory[f"random.{group.rank}"])
    state.step = checkpoint.manifest.step
    state.curve.extend(tuple(point) for point in checkpoint.manifest.curve)
    state.batch_losses.extend(checkpoint.manifest.batch_losses)


def saver(
    out: str | Path,
    model: LanguageModel,
    state: TrainState,
    manifest: Manifest,
    rate: float,
    group: Group,
) -> Callable[[int, float | None], None]:
    """What saves the run after an evaluation, or at a step that was not evaluated: the best, if it is, and the last.

    Every process calls it, for the first to learn where the others' random streams are.
    """

    def save(step: int, val_loss: float | None) -> None:
        training = training_tensors(model, state, group)
        if group.rank > 0:
            return
        whole = replace(
            manifest, step=step, val_loss=val_loss, curve=tuple(state.curve), batch_losses=tuple(state.batch_losses)
        )
        # The best first: killed in between, the run goes on from before it, and comes by it again.
        if val_loss is not None and val_loss <= min(loss for _, loss in state.curve):
            save_checkpoint(Path(out, BEST), model, replace(whole, train=None, curve=(), batch_losses=()))
        save_checkpoint(Path(out, LAST), model, whole, training)
        write_atomically(Path(out, METRICS), metrics(state, manifest.train, rate).encode())

    return save


def metrics(state: TrainState, settings: TrainConfig, learning_rate: float) -> str:
    """A JSON object on a line for each evaluation."""
    lines = [
        {
            "step": step,
            "val_loss": val_loss,
            "batch_loss": batch_loss,
            "learning_rate": learning_rate * rate_share(step, settings),
        }
        for (step, val_loss), batch_loss in zip(state.curve, state.batch_losses, strict=True)
    ]
    return "".join(f"{json.dumps(line)}\n" for line in lines)


def training_tensors(model: LanguageModel, state: TrainState, group: Group) -> dict[str, Tensor]:
    """What it takes, beside the weights, to go on as if the run had never stopped."""
    memory = {
        f"{key}.{name}": state.optimizer.state[parameter][key]
        for name, parameter in model.named_parameters()
        for key in OPTIMIZER_KEYS
    }
    streams = {f"random.{rank}": each for rank, each in enumerate(group.gather(get_random_state(model.device)))}
    return {**memory, **streams, "batches": state.generator.get_state()}


def progress_bar(total: int, characters: int, shown: bool, done: int = 0) -> tqdm:
    """The steps still to do, of so many characters each; on a terminal also a bar with the loss, characters a second and
    the time left.
    """
    return tqdm(
        range(done + 1, total + 1),
        initial=done,
        total=total,
        disable=None if shown else True,  # None: shown on a terminal only
        leave=False,
        unit=" characters",
        unit_scale=characters,
        bar_format="{percentage:3.0f}% |{bar:30}| {rate_fmt}, {remaining} left{postfix}",
    )


def require_finite(what: str, value: float, step: int) -> None:
    """Stop a run whose loss or gradient is infinite or not a number."""
    if not math.isfinite(value):
        raise TrainingError(
            f"the {what} is {value} at step {step}, so the update was not made; try a smaller learning_rate, or clip=1"
        )


@contextlib.contextmanager
def run_folder(out: str | Path | None, reuse: bool) -> Iterator[None]:
    """The folder of a run, where there is one: it can be written, is written by this run alone, and loses nothing."""
    if out is None:
        yield
        return
    existing = [name for name in (BEST, LAST) if os.path.exists(Path(out, name))]
    if existing and not reuse:
        raise OutputError(
            f"'{out}' already holds {' and '.join(existing)}; choose another --out, --resume to go on with that run, "
            "or --overwrite to lose them"
        )
    with writable_folder(Path(out)), locked(Path(out)):
        sweep(Path(out), BEST, LAST, METRICS)
        yield
