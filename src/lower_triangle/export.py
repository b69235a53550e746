"""From a checkpoint to what a browser reads: the weights in half precision, and a manifest of all that are there."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

import safetensors.torch
import torch
from torch import Tensor

from lower_triangle.checkpoint import Checkpoint, load_checkpoint, own_tensors, write_atomically
from lower_triangle.config import ModelConfig
from lower_triangle.errors import CheckpointError, OutputError, UsageError
from lower_triangle.folders import writable_folder
from lower_triangle.results import load_result, load_trained
from lower_triangle.stages import STAGES
from lower_triangle.train import best_of

MANIFEST = "manifest.json"

# What the pages show where nothing else is said: for each stage a recorded run, for gpt the best.
SHOWN = {name: name for name in STAGES} | {"gpt": "gpt_hurried"}


@dataclass(frozen=True)
class Exported:
    """What the manifest says of a model.

    Args:
        stage: the recipe, a key of STAGES
        config: the model's sizes
        vocabulary: every character, in the order of its token
        parameters: how many numbers it has learnt
        step: after how many updates
        val_loss: the exact validation loss at that step, in nats per character, before its weights were rounded
        corpus: what it was trained on, a name or a path
        corpus_sha256: of that text's bytes
        command: what repeats its training, where it is a recorded run
        file: where its weights are, beside the manifest
        bytes: how long that file is
        sha256: of that file
    """

    stage: str
    config: ModelConfig
    vocabulary: str
    parameters: int
    step: int
    val_loss: float | None
    corpus: str
    corpus_sha256: str
    command: str | None
    file: str
    bytes: int
    sha256: str


def export(places: Iterable[str | Path] = (), out: str | Path = "docs/assets/models") -> list[Exported]:
    """Write checkpoints, or where none is given the recorded runs that the pages show, for the browser to read.

    A stage that `out` has already is replaced, and those that it has besides stay.

    Raises:
        UsageError: for two checkpoints of one stage, or of a stage that the browser does not know.
        CheckpointError: for a file that is none, or has a weight that half precision does not reach.
        OutputError: when `out` cannot be written, or its manifest not be read.
    """
    chosen = [(place, load_checkpoint(best_of(place)), None) for place in places]
    chosen = chosen or [(name, load_trained(name), load_result(name)["command"]) for name in SHOWN.values()]
    require_one_of_each([(place, checkpoint.manifest.stage) for place, checkpoint, _ in chosen])
    ready = [prepare(place, checkpoint, command) for place, checkpoint, command in chosen]
    with writable_folder(Path(out)):
        models = read_models(Path(out, MANIFEST)) | {exported.stage: asdict(exported) for exported, _ in ready}
        for exported, data in ready:
            write_atomically(Path(out, exported.file), data)
        text = json.dumps({"models": [models[stage] for stage in STAGES if stage in models]}, indent=1)
        write_atomically(Path(out, MANIFEST), f"{text}\n".encode())
    return [exported for exported, _ in ready]


def require_one_of_each(given: list[tuple[str | Path, str]]) -> None:
    """Refuse what would be written over each other, and what has no recipe in the browser."""
    seen: dict[str, str | Path] = {}
    for place, stage in given:
        if stage not in STAGES:
            raise UsageError(f"'{place}' is of stage {stage!r}, and the browser knows {', '.join(STAGES)}")
        if stage in seen:
            raise UsageError(
                f"'{seen[stage]}' and '{place}' are both of stage {stage!r}, and there is one file for each stage; "
                "export them into two folders, with --out"
            )
        seen[stage] = place


def prepare(place: str | Path, checkpoint: Checkpoint, command: str | None) -> tuple[Exported, bytes]:
    """What is said of a checkpoint, and the bytes of its weights."""
    manifest, tensors = checkpoint.manifest, own_tensors(checkpoint.model)
    data = safetensors.torch.save({name: halved(name, tensor, place) for name, tensor in tensors.items()})
    exported = Exported(
        stage=manifest.stage,
        config=manifest.config,
        vocabulary=manifest.vocabulary,
        parameters=sum(tensor.numel() for tensor in tensors.values()),
        step=manifest.step,
        val_loss=manifest.val_loss,
        corpus=manifest.corpus,
        corpus_sha256=manifest.corpus_sha256,
        command=command,
        file=f"{manifest.stage}.safetensors",
        bytes=len(data),
        sha256=hashlib.sha256(data).hexdigest(),
    )
    return exported, data


def halved(name: str, tensor: Tensor, place: str | Path) -> Tensor:
    """A tensor in half precision."""
    half = tensor.to(torch.float16)
    if not half.isfinite().all():
        raise CheckpointError(
            f"'{place}' has in {name!r} a number that half precision, which ends at 65,504, does not hold; "
            "train again with a smaller learning rate"
        )
    return half


def read_models(path: Path) -> dict[str, dict]:
    """The models that a manifest has, by stage; none where there is no manifest."""
    try:
        return {model["stage"]: model for model in json.loads(path.read_bytes())["models"]}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise OutputError(f"'{path}' is no manifest of exported models; remove it, or choose another --out") from error
