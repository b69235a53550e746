"""What the pages embed and import."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from .witness import mark

PLACES = 4
# Two of a kind.
HALF = 1 / 2


@mark("embed")
def rounded(value: float) -> float:
    """Round as the pages do."""
    return round(value, PLACES)


@mark("embed two")
def root(value: float) -> float:
    """Take the square root and round it."""
    return rounded(math.sqrt(value))


@mark("part")
class Mean:
    """The mean of a tensor, times a weight."""

    def __init__(self, weight: float = 1.0) -> None:
        """Keep the weight."""
        self.weight = weight

    # The mean over the last axis.
    def of(self, x: Tensor) -> Tensor:
        """Average."""

        return self.weight * x.mean(dim=-1)


def old(x: Tensor) -> Tensor:
    """One way."""
    return x + 1


def new(x: Tensor) -> Tensor:
    """Another."""
    return x + torch.ones(())
