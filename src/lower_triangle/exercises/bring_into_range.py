"""Exercise: each column to mean 0 and variance 1 over the batch."""

from typing import Any

import torch
from torch import Tensor

from lower_triangle.exercises.cases import Belief, Case, Examination


def bring_into_range(x: Tensor) -> Tensor:
    """Bring each column to mean 0 and variance 1 over the batch.

    The variance is the mean of the squared distances from the mean: their
    sum divided by B. No column is constant. The rows (1, 0) and (3, 10) become
    (-1, -1) and (1, 1); a column of 1, 7, 7, 9, whose mean is 6 and whose
    variance is 9, becomes -1.6667, 0.3333, 0.3333, 1.

    Shapes:
        x: (B, C)
        returns: (B, C)
    """
    mean = x.mean(dim=0)  # (C,)
    spread = x.std(dim=0, correction=0)  # (C,), the root of the variance
    return (x - mean) / spread


def given(*rows: list[float]) -> Any:
    return lambda: {"x": torch.tensor(rows)}


def drawn(B: int, C: int) -> Tensor:
    """Small numbers, the same each time."""
    return torch.randint(-4, 5, (B, C), generator=torch.Generator().manual_seed(5)).float()


def centred(x: Tensor) -> Tensor:
    return x - x.mean(dim=0)


def of_rows(x: Tensor) -> Tensor:
    """Each row brought into range; one of a single number is 0/0."""
    return (x - x.mean(dim=1, keepdim=True)) / x.std(dim=1, correction=0, keepdim=True)


def textbook(x: Tensor) -> Tensor:
    """With the mean of the squares less the square of the mean, which in float32 leaves few digits."""
    return centred(x) / (x.square().mean(dim=0) - x.mean(dim=0).square()).sqrt()


EXAMINATION = Examination(
    solution=bring_into_range,
    cases=(
        Case("two rows, two columns", given([1.0, 0.0], [3.0, 10.0])),
        Case("a column of 1, 7, 7, 9", given([1.0], [7.0], [7.0], [9.0])),
        Case("three columns of different size", lambda: {"x": drawn(4, 3) * torch.tensor([1.0, 10.0, 100.0])}),
        Case("more columns than rows", lambda: {"x": drawn(3, 5)}, "Here C is not B. Which of them do you count?"),
        Case(
            "numbers around 1000",
            given([996.0, 1002.0], [998.0, 1002.0], [996.0, 1000.0]),
            "The distances are small and the numbers large. Take the mean away first: what is left to square?",
        ),
        Case("a gradient comes back", lambda: {"x": drawn(4, 3)}, gradient=True),
    ),
    beliefs=(
        Belief(
            "divided by B - 1",
            "The sum of the squared distances was divided by B − 1. It tempts, because var and std do so unless told "
            "otherwise: they guess at a larger population, of which these are a few. Here the numbers themselves are "
            "to come into range. How many squared distances is the mean taken of?",
            (lambda x: centred(x) / x.std(dim=0), lambda x: centred(x) / (x.var(dim=0) + 1e-5).sqrt()),
        ),
        Belief(
            "rows instead of columns",
            "Each *row* was brought into range, as LayerNorm does. It tempts, because the last dimension is the one "
            "typed first. Here numbers are compared that stand under one another, one from each example. Which "
            "dimension is to disappear when you take their mean?",
            (of_rows, lambda x: of_rows(x) * (1 - 1 / x.size(1)) ** 0.5),
        ),
        Belief(
            "one mean and one variance for all",
            "The whole table has one mean and one variance here. It tempts, because mean() without a dimension is the "
            "shorter word, and for a single column it is right. But one column may be in metres and another in "
            "millimetres. How many means does a table of C columns have?",
            (lambda x: (x - x.mean()) / x.std(correction=0), lambda x: (x - x.mean()) / x.std()),
        ),
        Belief(
            "divided by the variance, the root forgotten",
            "The distances were divided by the variance. It tempts, because the variance is what the task names. But "
            "it is made of squares: if x is in metres, it is in square metres. What has the unit of x again?",
            (lambda x: centred(x) / x.var(dim=0, correction=0), lambda x: centred(x) / x.var(dim=0)),
        ),
        Belief(
            "the mean is 0, and that is all",
            "The mean of each column is 0, and its variance is what it was. It tempts to stop here, because the "
            "numbers lie around 0 now. But those of a column in the hundreds still drown the others. How far from 0 "
            "do they lie on average?",
            (centred,),
        ),
        Belief(
            "the mean is left where it was",
            "The columns were scaled, and their means not taken away. It tempts, because range sounds like size "
            "alone, and RMSNorm does no more. Add up a column of your answer: where does it lie?",
            (
                lambda x: x / x.std(dim=0, correction=0),
                lambda x: x / x.std(dim=0),
                lambda x: x / x.square().mean(dim=0).sqrt(),
            ),
        ),
        Belief(
            "from 0 to 1",
            "Each column runs from 0 to 1, or to another end: its least and its greatest number set the range. It "
            "tempts, because that is a range too. But one wild number then presses all the others together. What are "
            "the mean and the variance of your first column?",
            (
                lambda x: (x - x.amin(dim=0)) / (x.amax(dim=0) - x.amin(dim=0)),
                lambda x: 2 * (x - x.amin(dim=0)) / (x.amax(dim=0) - x.amin(dim=0)) - 1,
                lambda x: centred(x) / (x.amax(dim=0) - x.amin(dim=0)),
            ),
        ),
        Belief(
            "the mean distance",
            "The distances were divided by their mean size, without a square. It tempts, because that is how far away "
            "a number is on average, and for two numbers it is the same. For −5, 1, 1, 3 the mean size is 2.5. What "
            "do you get from the mean of their squares?",
            (lambda x: centred(x) / centred(x).abs().mean(dim=0),),
        ),
        Belief(
            "the mean of the squares less the square of the mean",
            "On paper this variance is right: the mean of the squares, less the square of the mean. It tempts, "
            "because one pass over the numbers is enough. But a float32 has seven digits: of 993345.33 − 993344.44 "
            "few are left. Which numbers could you square instead, small ones?",
            (textbook,),
        ),
    ),
    by_hand="Take one column: write down its mean, the distances, their squares, the mean of these, and its root.",
)
