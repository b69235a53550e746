"""Muon: steps for matrices that are as long in every direction.

The gradient of a matrix is often long in a few directions and short in all others, and so is every step along it. Muon
takes the directions and leaves the lengths: the step is the nearest matrix that only turns. What does not multiply,
such as a table of embeddings or the scale of a norm, is left to AdamW.

Shapes: N rows, M columns.
"""

from collections import defaultdict
from collections.abc import Iterable

import torch
from torch import Tensor

# Rounds of a·x + b·x³ + c·x⁵ bring each singular value, from wherever in (0.01, 1] it is, to between 0.68 and 1.14.
COEFFICIENTS = (3.4445, -4.7750, 2.0315)
ROUNDS = 5


def orthogonalize(matrix: Tensor) -> Tensor:
    """Nearly the nearest matrix whose rows, or whose columns if there are fewer, are orthogonal and of length 1.

    By a singular value decomposition U S Vᵀ it would be U Vᵀ. A polynomial of odd powers reaches the singular values
    with products alone, and drives them all towards 1.

    Shapes:
        matrix: (..., N, M)
        returns: (..., N, M)

    Source: Keller Jordan, "Muon" (kellerjordan.github.io/posts/muon), the coefficients too.
    """
    a, b, c = COEFFICIENTS
    x = matrix / (matrix.norm(dim=(-2, -1), keepdim=True) + 1e-7)  # (..., N, M), no singular value above 1
    is_tall = x.size(-2) > x.size(-1)
    x = x.mT if is_tall else x
    for _ in range(ROUNDS):
        square = x @ x.mT  # (..., n, n), of the shorter side
        x = a * x + (b * square + c * square @ square) @ x
    return x.mT if is_tall else x


class Muon(torch.optim.Optimizer):
    """Momentum, orthogonalized.

    A matrix with three times as many rows as columns is taken for the queries, keys and values of `SelfAttention`, three
    squares on one another. A step changes a matrix by `lr` in each of its directions, and one with more rows than columns
    by the root of their ratio more, so that what it gives back changes as much.

    Args:
        matrices: what is learned, each of shape (N, M)
        lr: how far a step goes
        momentum: what share of the mean of gradients is kept from step to step
        precision: of the products that orthogonalize; nobody needs a step to be exact

    Source: Keller Jordan, "Muon" (kellerjordan.github.io/posts/muon).
    """

    def __init__(
        self, matrices: Iterable[Tensor], lr: float, momentum: float = 0.95, precision: torch.dtype = torch.float32
    ) -> None:
        super().__init__(matrices, {"lr": lr, "momentum": momentum})
        self.precision = precision

    @torch.no_grad()
    def step(self) -> None:
        """Change each matrix that has a gradient. Those of one shape are orthogonalized together."""
        for group in self.param_groups:
            alike = defaultdict(list)  # of each shape: what to change, and along what
            for matrix in group["params"]:
                if matrix.grad is None:
                    continue
                if "mean" not in self.state[matrix]:
                    self.state[matrix]["mean"] = torch.zeros_like(matrix)
                mean = self.state[matrix]["mean"]
                mean.lerp_(matrix.grad, 1 - group["momentum"])
                ahead = matrix.grad.lerp(mean, group["momentum"])  # Nesterov: as if it were a step later
                for part, along in zip(parts(matrix), parts(ahead), strict=True):
                    alike[part.shape].append((part, along))
            for (rows, columns), pairs in alike.items():
                along = torch.stack([along for _, along in pairs])  # (matrices, N, M)
                steps = orthogonalize(along.to(self.precision)).to(along.dtype)
                size = group["lr"] * max(1, rows / columns) ** 0.5
                for (part, _), step in zip(pairs, steps, strict=True):
                    part.sub_(step, alpha=size)


def parts(matrix: Tensor) -> Iterable[Tensor]:
    """A matrix of three squares as its squares, any other as it is."""
    rows, columns = matrix.shape
    return matrix.unflatten(0, (3, columns)) if rows == 3 * columns else matrix[None]
