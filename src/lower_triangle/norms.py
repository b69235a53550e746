"""Numbers brought into range: mean 0 and variance 1, or a mean square of 1."""

import torch
from torch import Tensor, nn


def standardize(x: Tensor, dim: int, eps: float = 1e-5) -> Tensor:
    """Subtract the mean along one dimension, and divide by the root of the variance.

    Along the batch this is what BatchNorm begins with, along the width what LayerNorm does. The variance is the mean
    of the squared distances, divided by how many there are and not by one less: the numbers at hand are to come into
    range, no larger population is guessed at.

    Args:
        dim: the dimension along which numbers are compared
        eps: what is added to the variance, so that equal numbers do not divide by 0

    Shapes:
        x: (B, C)
        returns: (B, C)

    Source: Ioffe and Szegedy 2015 (arXiv 1502.03167), algorithm 1, without its scale and shift; Ba et al. 2016
    (arXiv 1607.06450).
    """
    distance = x - x.mean(dim=dim, keepdim=True)  # (B, C)
    variance = distance.square().mean(dim=dim, keepdim=True)
    return distance / (variance + eps).sqrt()


class RMSNorm(nn.Module):
    """Divide by the root of the mean square, and scale each number as it was learnt: LayerNorm without its mean.

    Args:
        d_model: how many numbers belong together (C)
        eps: what is added to the mean square, so that zeros do not divide by 0

    Shapes:
        x: (..., C)
        returns: (..., C)

    Source: Zhang and Sennrich 2019 (arXiv 1910.07467), eq. (4), without its optional bias.
    """

    def __init__(self, d_model: int, eps: float = 1e-5) -> None:
        super().__init__()
        self.eps = eps
        self.weight = nn.Parameter(torch.ones(d_model))

    def forward(self, x: Tensor) -> Tensor:
        mean_square = x.square().mean(dim=-1, keepdim=True)  # (..., 1)
        return self.weight * x / (mean_square + self.eps).sqrt()  # (..., C)
