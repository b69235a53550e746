"""Exercise: each position's numbers brought to a common scale."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from lower_triangle.exercises.cases import Belief, Case, Examination


def layer_norm_rows(
    x: Tensor, weight: Tensor, bias: Tensor, eps: float
) -> Tensor:
    """Bring each position's numbers to mean 0 and variance 1, then scale.

    (1, 7, 7, 9) has mean 6 and variance 9. With weights of 1, biases of 0 and
    an eps of 0 it becomes (-1.6667, 0.3333, 0.3333, 1). eps is added to the
    variance.

    Shapes:
        x: (..., T, C), any number of texts
        weight: (C,)
        bias: (C,)
        returns: (..., T, C)
    """
    distance = x - x.mean(dim=-1, keepdim=True)  # (..., T, C)
    variance = distance.square().mean(dim=-1, keepdim=True)  # (..., T, 1)
    return weight * distance / (variance + eps).sqrt() + bias


def plain(*rows: list[float], eps: float = 0.0) -> Callable[[], dict[str, Any]]:
    """Rows of four, with weights of 1 and biases of 0."""
    return lambda: {"x": torch.tensor(rows), "weight": torch.ones(4), "bias": torch.zeros(4), "eps": eps}


def given(*shape: int, eps: float = 0.5) -> Callable[[], dict[str, Any]]:
    """Small whole numbers, the same each time, with weights and biases that all differ."""
    rng = torch.Generator().manual_seed(11)
    x = torch.randint(-5, 6, shape, generator=rng).float()
    weight, bias = torch.randint(1, 5, (2, shape[-1]), generator=rng).float()
    return lambda: {"x": x.clone(), "weight": weight.clone(), "bias": bias.clone(), "eps": eps}


def mistaken(
    centre: Callable[[Tensor], Tensor] = lambda x: x - x.mean(dim=-1, keepdim=True),
    size: Callable[[Tensor, Tensor, float], Any] = lambda x, d, eps: (d.square().mean(dim=-1, keepdim=True) + eps).sqrt(),
    last: Callable[[Tensor, Tensor, Tensor], Tensor] = lambda normed, weight, bias: weight * normed + bias,
) -> Callable[..., Tensor]:
    """The norm with one of its steps done in another way."""

    def norm(x: Tensor, weight: Tensor, bias: Tensor, eps: float) -> Tensor:
        distance = centre(x)
        return last(distance / size(x, distance, eps), weight, bias)

    return norm


def over(*dims: int) -> Callable[..., Tensor]:
    """The norm over other dimensions than the last."""

    def norm(x: Tensor, weight: Tensor, bias: Tensor, eps: float) -> Tensor:
        distance = x - x.mean(dim=dims, keepdim=True)
        return weight * distance / (distance.square().mean(dim=dims, keepdim=True) + eps).sqrt() + bias

    return norm


EXAMINATION = Examination(
    solution=layer_norm_rows,
    time="x",
    cases=(
        Case("the vector of the page", plain([1.0, 7.0, 7.0, 9.0])),
        Case(
            "two positions of different size",
            plain([1.0, 7.0, 7.0, 9.0], [100.0, 700.0, 700.0, 900.0]),
            "The second is the first, a hundred times. Each position is brought into range by itself: what must come "
            "out for both?",
        ),
        Case("four numbers around 0, an eps of a half", plain([-2.0, 0.0, 0.0, 2.0], eps=0.5)),
        Case(
            "equal numbers",
            plain([3.0, 3.0, 3.0, 3.0], eps=1e-5),
            "Here the variance is 0, and eps is what is divided by. Is it inside of the root?",
        ),
        Case("three positions of five numbers, weights and biases that all differ", given(3, 5)),
        Case("one position", given(1, 6)),
        Case("a batch of two texts", given(2, 4, 6), "One text is right, several side by side are not."),
        Case("a gradient comes back", given(3, 5), gradient=True),
    ),
    beliefs=(
        Belief(
            "the unbiased variance",
            "The squares were divided by one less than there are. It tempts, because statistics does so, and "
            "x.var() and x.std() unless told otherwise. No larger population is guessed at here. What is the "
            "variance of (1, 7, 7, 9): 9, or 12?",
            (mistaken(size=lambda x, d, eps: (x.var(dim=-1, keepdim=True) + eps).sqrt()),),
        ),
        Belief(
            "the mean stays",
            "The mean was not taken away. It tempts, because RMSNorm leaves it. What should the numbers of a position "
            "sum to, before they are scaled?",
            (
                mistaken(centre=lambda x: x, size=lambda x, d, eps: (x.square().mean(dim=-1, keepdim=True) + eps).sqrt()),
                mistaken(centre=lambda x: x, size=lambda x, d, eps: (x.var(dim=-1, keepdim=True, correction=0) + eps).sqrt()),
            ),
        ),
        Belief(
            "divided by the variance",
            "The root is missing. It tempts, because the variance is what one has worked out. Of 100 times the vector "
            "the variance is 10,000 times as large: what must it be divided by, to come out the same?",
            (mistaken(size=lambda x, d, eps: d.square().mean(dim=-1, keepdim=True) + eps),),
        ),
        Belief(
            "eps outside of the root",
            "eps was added after the root, or not at all. It tempts, because either way nothing is divided by 0, as "
            "long as no numbers are equal. To what does the task add it?",
            (
                mistaken(size=lambda x, d, eps: d.square().mean(dim=-1, keepdim=True).sqrt() + eps),
                mistaken(size=lambda x, d, eps: d.square().mean(dim=-1, keepdim=True).sqrt()),
            ),
        ),
        Belief(
            "columns",
            "Numbers of different positions were compared, those of one column. That is BatchNorm. It tempts, because "
            "dim=0 is the first that one thinks of. Whose numbers are to have the mean 0?",
            (over(0), over(-2), over(0, 1)),
        ),
        Belief(
            "a whole text at once",
            "All numbers of a text have been brought to one mean and one size. It tempts, because mean() and var() "
            "without a dimension do so. What may a letter know of the later ones?",
            (
                over(-2, -1),
                mistaken(
                    centre=lambda x: x - x.mean(), size=lambda x, d, eps: (d.square().mean() + eps).sqrt()
                ),
            ),
        ),
        Belief(
            "the length is 1",
            "Each row was divided by its length, so its squares sum to 1. It tempts, because normalising means that "
            "elsewhere. Here they are 1 on average. To what do they sum, for four numbers?",
            (
                mistaken(size=lambda x, d, eps: (d.square().sum(dim=-1, keepdim=True) + eps).sqrt()),
                mistaken(centre=lambda x: x, size=lambda x, d, eps: x.norm(dim=-1, keepdim=True)),
            ),
        ),
        Belief(
            "divided by the largest",
            "The numbers were brought between −1 and 1, or 0 and 1. It tempts, because that is a range. Asked is a "
            "variance of 1. How large may the largest number be then?",
            (
                mistaken(size=lambda x, d, eps: d.abs().amax(dim=-1, keepdim=True) + eps),
                lambda x, weight, bias, eps: weight
                * (x - x.amin(dim=-1, keepdim=True))
                / (x.amax(dim=-1, keepdim=True) - x.amin(dim=-1, keepdim=True) + eps)
                + bias,
            ),
        ),
        Belief(
            "the mean distance",
            "It was divided by the mean of the distances, without squares. It tempts, because it is a size, too. What "
            "are the squares of the distances, and their mean?",
            (mistaken(size=lambda x, d, eps: d.abs().mean(dim=-1, keepdim=True) + eps),),
        ),
        Belief(
            "weight and bias are left out",
            "The numbers are in range, and what was learnt is missing: all of it, or a half. It tempts, because the "
            "weights are 1 at first and the biases 0. What comes after the norm?",
            (
                mistaken(last=lambda normed, weight, bias: normed),
                mistaken(last=lambda normed, weight, bias: weight * normed),
                mistaken(last=lambda normed, weight, bias: normed + bias),
            ),
        ),
        Belief(
            "first shifted, then multiplied",
            "The bias was added first, and multiplied with the rest. It tempts, because both are done one after the "
            "other. With which number does the weight belong?",
            (mistaken(last=lambda normed, weight, bias: weight * (normed + bias)),),
        ),
        Belief(
            "a softmax",
            "The rows sum to 1, like weights. It tempts, because softmax normalises as well. What should a row sum to "
            "here?",
            (lambda x, weight, bias, eps: weight * x.softmax(dim=-1) + bias,),
        ),
    ),
    by_hand="Take the first wrong row: write down its mean, the distances, their squares, the mean of these, its root.",
)
