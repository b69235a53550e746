"""A trained model in one file that can be trusted: safetensors, with a manifest that says what the tensors are.

The manifest and a sha256 travel in the file's own metadata, so one rename replaces weights and manifest together.
Nothing is ever unpickled.
"""

import contextlib
import hashlib
import importlib.metadata
import json
import os
import secrets
from dataclasses import asdict, dataclass, field
from pathlib import Path

import safetensors.torch
import torch
from torch import Tensor, nn

from lower_triangle.config import ModelConfig, TrainConfig
from lower_triangle.errors import CheckpointError, LowerTriangleError, OutputError
from lower_triangle.model import LanguageModel
from lower_triangle.tokenizer import CharTokenizer
from lower_triangle.variants import find_stage

FORMAT = 1
KEY = "lower_triangle"

# Before the names of those tensors that belong to the training and not to the model.
TRAINING = "training."

# Stands where the sha256 will be while the sha256 is taken, so that it covers every byte of the file.
BLANK = "0" * 64


def package_version() -> str:
    """The version of this package, where it is installed."""
    try:
        return importlib.metadata.version("lower-triangle")
    except importlib.metadata.PackageNotFoundError:
        return "not installed"


@dataclass(frozen=True)
class Manifest:
    """What a checkpoint's tensors are: enough to rebuild the model and to say where it came from.

    Args:
        stage: the recipe, a key of STAGES
        config: the model's sizes
        vocabulary: every character, in the order of its token
        step: after how many updates
        val_loss: the exact validation loss at that step, where it was measured
        corpus: what the model was trained on, a name or a path
        corpus_sha256: of that text's bytes
        package: the version of this package that wrote the file
        train: the settings of the run, where it can be resumed
        curve: (step, validation loss) of each evaluation so far, where it can be resumed
        batch_losses: of the batch of each of those steps
        device: the kind it was trained on, as torch calls it
        precision: the type its large products were computed in
        processes: how many trained it together
    """

    stage: str
    config: ModelConfig
    vocabulary: str
    step: int
    val_loss: float | None
    corpus: str
    corpus_sha256: str
    package: str = field(default_factory=package_version)
    train: TrainConfig | None = None
    curve: tuple[tuple[int, float], ...] = ()
    batch_losses: tuple[float, ...] = ()
    device: str = "cpu"
    precision: str = "float32"
    processes: int = 1


@dataclass(frozen=True)
class Checkpoint:
    """A model ready to use, its tokenizer, where it came from, and what resuming its training takes, if it is there."""

    model: LanguageModel
    tokenizer: CharTokenizer
    manifest: Manifest
    training: dict[str, Tensor] = field(default_factory=dict)


def save_checkpoint(
    path: str | Path, model: nn.Module, manifest: Manifest, training: dict[str, Tensor] | None = None
) -> None:
    """Write `model` and `manifest`, and what `training` takes to go on, as one file, wholly or not at all.

    Raises:
        OutputError: when the file cannot be written; one that was there before is still as it was.
    """
    # The sha256 comes first, so that the first BLANK of the file is it, whatever the manifest holds.
    content = {"sha256": BLANK, "format": FORMAT, **asdict(manifest)}
    kept = {TRAINING + name: tensor for name, tensor in (training or {}).items()}
    data = safetensors.torch.save(own_tensors(model) | kept, metadata={KEY: json.dumps(content)})
    digest = hashlib.sha256(data).hexdigest()
    write_atomically(path, data.replace(BLANK.encode(), digest.encode(), 1))


def load_checkpoint(path: str | Path) -> Checkpoint:
    """Read what `save_checkpoint` wrote, after its sha256 has been found right.

    Raises:
        CheckpointError: when there is no such file, or it is not ours, or not as we wrote it.
    """
    data = read_checkpoint(Path(path))
    content = read_manifest(data, path)
    digest = content.pop("sha256", None)
    blanked = data.replace(str(digest).encode(), BLANK.encode(), 1)
    if hashlib.sha256(blanked).hexdigest() != digest:
        raise damaged(path)
    require_format(content.pop("format", None), path)
    try:
        manifest = manifest_from(content)
        # Building draws initial weights, which are overwritten at once: the caller's random stream must not notice.
        with torch.random.fork_rng(devices=[]):
            model = find_stage(manifest.stage).build(manifest.config, len(manifest.vocabulary))
    except (LowerTriangleError, TypeError, KeyError, ValueError) as error:
        raise CheckpointError(f"'{path}' describes a model that we cannot build: {error}") from error
    tensors = safetensors.torch.load(data)
    training = {name: tensors.pop(name) for name in list(tensors) if name.startswith(TRAINING)}
    load_tensors(model, tensors, path)
    training = {name.removeprefix(TRAINING): tensor for name, tensor in training.items()}
    return Checkpoint(model.eval(), CharTokenizer(manifest.vocabulary), manifest, training)


def manifest_from(content: dict) -> Manifest:
    """A manifest from what its JSON says."""
    train = content.get("train")
    parts = {
        "config": ModelConfig(**content["config"]),
        "train": TrainConfig(**train) if train else None,
        "curve": tuple((step, loss) for step, loss in content.get("curve", ())),
        "batch_losses": tuple(content.get("batch_losses", ())),
    }
    return Manifest(**{**content, **parts})


def require_format(given: object, path: str | Path) -> None:
    """Refuse a file whose manifest is written in another way than ours."""
    if given == FORMAT:
        return
    is_newer = isinstance(given, int) and given > FORMAT
    hint = "update lower-triangle" if is_newer else "train again, or read it with the version that wrote it"
    age = "a newer" if is_newer else "an older"
    raise CheckpointError(f"'{path}' is of {age} format than {FORMAT}, the one we read; {hint}")


def read_checkpoint(path: Path) -> bytes:
    """The bytes of a checkpoint file."""
    try:
        return path.read_bytes()
    except (FileNotFoundError, NotADirectoryError) as error:
        raise CheckpointError(f"no checkpoint at '{path}'; train one: lower-triangle train head") from error
    except IsADirectoryError as error:
        raise CheckpointError(f"'{path}' is a folder; name the checkpoint in it, such as best.safetensors") from error
    except OSError as error:
        raise CheckpointError(f"cannot read '{path}': {error.strerror}") from error


def read_header(data: bytes, path: str | Path) -> dict:
    """The header of a safetensors file: eight bytes of length, then JSON with the tensors and, it may be, metadata."""
    # Our files begin with a length, which may begin like a pickle; the JSON that follows it does not go on like one.
    if data[8:9] != b"{" and (data[:4] == b"PK\x03\x04" or data[:1] == b"\x80"):
        raise CheckpointError(
            f"'{path}' is a pickle (torch.save writes such files), which could run any code when it is opened, so we "
            "never open one; we read the .safetensors that lower-triangle train writes"
        )
    try:
        header = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])
    except (ValueError, RecursionError) as error:
        raise CheckpointError(
            f"'{path}' is not a safetensors file, or only a part of one; give a checkpoint that "
            "lower-triangle train wrote, or train again"
        ) from error
    return header if isinstance(header, dict) else {}


def read_manifest(data: bytes, path: str | Path) -> dict:
    """The manifest in the metadata of a safetensors file."""
    try:
        content = json.loads(read_header(data, path)["__metadata__"][KEY])
    except (KeyError, TypeError) as error:
        raise CheckpointError(
            f"'{path}' is a safetensors file without our manifest; give a checkpoint that lower-triangle train wrote"
        ) from error
    except ValueError as error:
        raise damaged(path) from error
    if not isinstance(content, dict):
        raise damaged(path)
    return content


def damaged(path: str | Path) -> CheckpointError:
    """The error for a file that is ours but has changed since."""
    return CheckpointError(f"'{path}' is damaged: its sha256 is not the one we wrote; restore it, or train again")


def own_tensors(model: nn.Module) -> dict[str, Tensor]:
    """The tensors that make up a model, by name; one that serves in two places is there once, under its first name."""
    return {name: tensor.detach() for name, tensor in (*model.named_parameters(), *model.named_buffers())}


def load_tensors(model: nn.Module, tensors: dict[str, Tensor], path: str | Path) -> None:
    """Copy `tensors` into `model`, all of them and no others."""
    own = own_tensors(model)
    wanted = {name: tuple(tensor.shape) for name, tensor in own.items()}
    given = {name: tuple(tensor.shape) for name, tensor in tensors.items()}
    for name in sorted(wanted.keys() | given.keys()):
        if wanted.get(name) != given.get(name):
            raise CheckpointError(
                f"'{path}' does not fit its model: tensor {name!r} is {given.get(name, 'missing')} in the file and "
                f"{wanted.get(name, 'missing')} in the model; train again"
            )
    for name, tensor in tensors.items():
        own[name].copy_(tensor)


def write_atomically(path: str | Path, data: bytes) -> None:
    """Put `data` at `path` in one step: a reader, or a power cut, finds the old file or the new one, never a mixture.

    Raises:
        OutputError: when it cannot be written; nothing of the attempt stays behind.
    """
    path = Path(path)
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        with temporary.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except OSError as error:
        raise OutputError(f"cannot write '{path}': {error.strerror}; choose another place") from error
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink()
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Have the disk remember a rename now, where the system lets a folder be synchronised; it will later anyway."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
