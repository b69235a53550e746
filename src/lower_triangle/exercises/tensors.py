"""Compare what a function answered with what was wanted, and write both so that they can be compared by eye."""

from typing import Any

import torch
from torch import Tensor

WIDTH = 62  # so that a 3 by 3 table of True and False is drawn as a table
WIDER = 70  # for what is given, which is not compared by eye
MANY = 24  # numbers; of more, only the first row that is wrong is shown


def learnable(arguments: dict[str, Any]) -> dict[str, Tensor]:
    """Those arguments that a gradient can reach: tensors, and not of whole numbers."""
    tensors = {name: value for name, value in arguments.items() if isinstance(value, Tensor)}
    return {name: tensor for name, tensor in tensors.items() if tensor.is_floating_point()}


def alike(one: Any, other: Any) -> bool:
    """Whether two answers are the same numbers in the same shape; True is 1."""
    if not (isinstance(one, Tensor) and isinstance(other, Tensor)) or one.shape != other.shape:
        return False
    return torch.allclose(one.detach().double(), other.detach().double(), rtol=1e-4, atol=1e-5, equal_nan=True)


def compared(wanted: Tensor, got: Any) -> dict[str, str]:
    """The facts wanted and got; of a large tensor its first wrong row."""
    if not isinstance(got, Tensor):
        return {"wanted": written(wanted), "got": described(got)}
    if wanted.numel() <= MANY and got.numel() <= MANY:
        return {"wanted": unlike(wanted, got), "got": unlike(got, wanted)}
    if got.shape != wanted.shape:
        return {"wanted": kind(wanted, got), "got": kind(got, wanted)}
    place = first_difference(wanted, got)
    where = f"[{', '.join(map(str, place))}]"
    facts = {"wanted": unlike(wanted[place], got[place]), "got": unlike(got[place], wanted[place])}
    return {"row": f"{where}, the first that differs"} | facts


def first_difference(wanted: Tensor, got: Tensor) -> tuple[int, ...]:
    """The place of the first row that differs."""
    differs = ~torch.isclose(wanted.double(), got.double(), rtol=1e-4, atol=1e-5, equal_nan=True)
    rows = differs.any(dim=-1).nonzero().tolist()
    return tuple(rows[0]) if rows else (0,) * (wanted.dim() - 1)


def unlike(tensor: Tensor, other: Tensor) -> str:
    """A tensor, with its shape and its type below where another's differ."""
    return "\n".join(filter(None, [written(tensor), kind(tensor, other)]))


def kind(tensor: Tensor, other: Tensor) -> str:
    """The shape and the type of a tensor, each only where another's differs."""
    shape = [f"shape {tuple(tensor.shape)}"] if tensor.shape != other.shape else []
    return ", ".join(shape + ([f"dtype {tensor.dtype}"] if tensor.dtype != other.dtype else []))


def described(thing: Any) -> str:
    """A thing that is no tensor."""
    text = " ".join(repr(thing).split())
    return f"{text[:WIDTH]}..." if len(text) > WIDTH else text


def written(thing: Any, name: str = "") -> str:
    """A tensor in brackets, with no more decimals than it has; in one line if it fits, else rows under one another."""
    label = f"{name} = " if name else ""
    if not isinstance(thing, Tensor):
        return label + described(thing)
    return label + stacked(thing.detach().tolist(), len(label), WIDER if name else WIDTH)


def stacked(values: Any, indent: int, width: int) -> str:
    """Numbers in brackets, those that do not fit into a line under one another."""
    flat = nested(values)
    if indent + len(flat) <= width or not isinstance(values, list) or not isinstance(values[0], list):
        return flat
    rows = [stacked(row, indent + 1, width) for row in values]
    between = ",\n" + " " * (indent + 1)
    return f"[{between.join(rows)}]"


def nested(values: Any) -> str:
    if isinstance(values, list):
        return f"[{', '.join(map(nested, values))}]"
    if isinstance(values, float):
        text = f"{values:.4f}".rstrip("0").rstrip(".") if "n" not in str(values) else str(values)
        return "0" if text == "-0" else text
    return str(values)
