"""What is in a checkpoint, of ours or of another's."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import safetensors
import safetensors.torch
from torch import Tensor

from lower_triangle.checkpoint import KEY, load_checkpoint, own_tensors, read_checkpoint, read_header
from lower_triangle.convert import from_gpt2, from_lecture, from_nanogpt
from lower_triangle.errors import CheckpointError
from lower_triangle.model import LanguageModel
from lower_triangle.train import best_of

# Whose weights they are, by a tensor that all of theirs have.
FOREIGN: dict[str, tuple[str, Callable[[Mapping[str, Tensor], Mapping], LanguageModel]]] = {
    "transformer.wte.weight": ("nanoGPT", from_nanogpt),
    "token_embedding_table.weight": ("the lecture's gpt.py", from_lecture),
}

# Some files keep the weights beside other tensors, under this name.
WEIGHTS = "weights."


@dataclass(frozen=True)
class Inspected:
    """What a checkpoint holds, under our names.

    Args:
        source: whose it is
        context_length: how many tokens it looks back on
        vocab_size: how many tokens it knows
        vocabulary: its characters in the order of their tokens, where the file has them
        parameters: how many numbers it has learnt, those that serve twice counted once
        parts: how many of them are in each part
        shapes: of each tensor
        shared: the names of tensors that are another, which is counted and has a shape above, and that one's name
    """

    source: str
    context_length: int
    vocab_size: int
    vocabulary: str | None
    parameters: int
    parts: dict[str, int]
    shapes: dict[str, tuple[int, ...]]
    shared: dict[str, str]


def inspect(place: str | Path) -> Inspected:
    """Open a checkpoint of ours, nanoGPT's or the lecture's weights as safetensors, or a folder of GPT-2's.

    The file of nanoGPT's or the lecture's says in its metadata under `config`, as JSON, what sizes it has.

    Raises:
        CheckpointError: when it is none of these, or damaged, or its weights do not fit its config.
        UsageError: for a config that lacks a size, or whose sizes no model has.
    """
    place = Path(place)
    if place.is_dir() and (place / "config.json").exists():
        return summary("GPT-2", from_gpt2(place))
    path = best_of(place)
    data = read_checkpoint(path)
    metadata = read_header(data, path).get("__metadata__") or {}
    if KEY in metadata:
        checkpoint = load_checkpoint(path)
        manifest = checkpoint.manifest
        source = f"ours, stage {manifest.stage}, after {manifest.step:,} steps on {manifest.corpus}"
        return summary(source, checkpoint.model, manifest.vocabulary)
    try:
        tensors = safetensors.torch.load(data)
    except safetensors.SafetensorError as error:
        raise CheckpointError(f"'{path}' is only a part of a safetensors file; fetch it again") from error
    kept = {name.removeprefix(WEIGHTS): each for name, each in tensors.items() if name.startswith(WEIGHTS)}
    weights = {name.removeprefix("_orig_mod."): each for name, each in (kept or tensors).items()}
    for tensor, (source, convert) in FOREIGN.items():
        if tensor in weights:
            return summary(source, convert(weights, read_config(metadata, path)))
    raise CheckpointError(
        f"'{path}' holds the weights of no model that we know; we read ours, nanoGPT's (with {next(iter(FOREIGN))!r}), "
        "the lecture's, and a folder of GPT-2's with its config.json"
    )


def read_config(metadata: Mapping[str, str], path: Path) -> dict:
    """The sizes that a file says it has.

    Raises:
        CheckpointError: when it says none.
    """
    try:
        config = json.loads(metadata["config"])
    except (KeyError, ValueError) as error:
        raise CheckpointError(
            f"'{path}' does not say what sizes its model has; save it with them: safetensors.torch.save_file("
            "{name: tensor.clone() for name, tensor in weights.items()}, path, metadata={'config': json.dumps(config)})"
        ) from error
    if not isinstance(config, dict):
        raise CheckpointError(f"'{path}' has a config that is no object of sizes; save it with one")
    return config


def summary(source: str, model: LanguageModel, vocabulary: str | None = None) -> Inspected:
    """What there is to say of a model."""
    tensors = own_tensors(model)
    names = {id(tensor): name for name, tensor in model.named_parameters()}
    every = model.named_parameters(remove_duplicate=False)
    parts: dict[str, int] = {}
    for name, tensor in tensors.items():
        pieces = name.split(".")
        part = ".".join(pieces[: 2 if pieces[0] in ("embed", "blocks") else 1]).removesuffix(".weight")
        parts[part] = parts.get(part, 0) + tensor.numel()
    return Inspected(
        source=source,
        context_length=model.context_length,
        vocab_size=model.vocab_size,
        vocabulary=vocabulary,
        parameters=sum(parts.values()),
        parts=parts,
        shapes={name: tuple(tensor.shape) for name, tensor in tensors.items()},
        shared={name: names[id(tensor)] for name, tensor in every if names[id(tensor)] != name},
    )


def describe(found: Inspected) -> str:
    """The same, to be read by a person."""
    known = f": {json.dumps(found.vocabulary, ensure_ascii=False)}" if found.vocabulary else ", not in the file"
    rows = [
        f"source      {found.source}",
        f"parameters  {found.parameters:,}",
        f"context     {found.context_length:,} tokens",
        f"vocabulary  {found.vocab_size:,} tokens{known}",
        "",
        "parameters by part",
        *(f"{number:14,}  {100 * number / found.parameters:5.1f} %  {part}" for part, number in found.parts.items()),
        "",
        "shapes",
        *(f"{' × '.join(f'{size:,}' for size in shape):>14}  {name}" for name, shape in found.shapes.items()),
        *(f"{'the same':>14}  {name} as {other}" for name, other in found.shared.items()),
    ]
    return "\n".join(rows)
