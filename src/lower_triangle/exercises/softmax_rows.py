"""Exercise: rows of scores into weights, in any form the reader likes."""

import math
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from lower_triangle.exercises.cases import Belief, Case, Examination


def softmax_rows(scores: Tensor) -> Tensor:
    """Turn each row of scores into weights: positive, and summing to one.

    The scores ln 1, ln 2 and ln 5, about (0, 0.6931, 1.6094), become
    (0.125, 0.25, 0.625), shares of 1 to 2 to 5. Any scores may come: large
    ones, negative ones, and -inf, whose weight is 0.

    Shapes:
        scores: (..., Tk), any number of rows
        returns: (..., Tk)
    """
    # The logarithm of the sum of a row's exponentials, found without overflow.
    total = scores.logsumexp(dim=-1, keepdim=True)  # (..., 1)
    return (scores - total).exp()  # (..., Tk)


def given(*rows: list[float]) -> Any:
    return lambda: {"scores": torch.tensor(rows)}


def drawn(*shape: int) -> dict[str, Any]:
    """Small scores, the same each time."""
    return {"scores": torch.randint(-4, 5, shape, generator=torch.Generator().manual_seed(2)).float() / 2}


def shares(x: Tensor) -> Tensor:
    """Each number divided by the sum of its row."""
    return x / x.sum(dim=-1, keepdim=True)


EXAMINATION = Examination(
    solution=softmax_rows,
    cases=(
        Case("the scores ln 1, ln 2, ln 5", lambda: {"scores": torch.tensor([[1.0, 2.0, 5.0]]).log()}),
        Case("a row with negative scores", given([-2, -1, 0.5, 0]), "A score may be negative, and no weight may be."),
        Case(
            "two rows of three scores",
            lambda: drawn(2, 3),
            "One row is right, two are not. Each row is a question of its own: what of the other row came in?",
        ),
        Case("equal large scores", given([1000.0, 1000.0]), "Both are equal, so each gets half, however large."),
        Case("a row of large scores above a row of small ones", given([1000.0, 1001.0], [-1000.0, -999.0])),
        Case("one score is -inf", given([1.0, -math.inf, 1.0]), "Its weight is 0. What became of it on the way?"),
        Case(
            "a batch of two tables",
            lambda: drawn(2, 3, 4),
            "One table is right, several side by side are not. Count the dimensions from the end: the scores of a "
            "row lie along the last one, however many come before it.",
        ),
        Case("a gradient comes back", lambda: drawn(2, 3), gradient=True),
    ),
    beliefs=(
        Belief(
            "scores divided by their sum",
            "The scores themselves were divided by their sum. It tempts, because shares are made so. But a score may "
            "be negative, and a row may sum to 0: what share has −2 in (−2, 1, 1)? What makes a positive number of "
            "any score, and a larger one of a higher?",
            (shares,),
        ),
        Belief(
            "negative scores made positive, or 0",
            "The scores were first made positive, or 0, without an exponential, then divided by their sum. It tempts, "
            "because shares of such numbers are in order. But −3 is a lower score than 1, and its weight should be "
            "smaller, yet not nothing. Put a −3 beside a 1: what do you give them?",
            (
                lambda scores: shares(scores.abs()),
                lambda scores: shares(scores.square()),
                lambda scores: shares(scores.clamp(min=0)),
            ),
        ),
        Belief(
            "an exponential can hold anything",
            "exp(89) is more than a float32 holds, and exp(−104) is 0 in it: ∞/∞ and 0/0 are NaN. It tempts, because "
            "with small scores it is right. Only the differences of scores count: take 5 from each of a row, and "
            "the weights stay. What would you take from a row of 1000s?",
            (lambda scores: shares(scores.exp()),),
        ),
        Belief(
            "the largest of the whole table is taken away",
            "The largest score of the whole table was taken from every row. It tempts, because it saves the first "
            "row from overflow. But the second is 2000 lower: each of its exponentials becomes 0, and 0/0 is NaN. "
            "Which number brings that row close to 0?",
            (lambda scores: shares((scores - scores.max()).exp()),),
        ),
        Belief(
            "the sum of the whole table",
            "All weights of the table together sum to one, and no row does. It tempts, because sum() without a "
            "dimension is the shorter word. A row is one query that deals out its attention: how much has each to "
            "deal out?",
            (lambda scores: scores.exp() / scores.exp().sum(),),
        ),
        Belief(
            "columns sum to one",
            "Each column sums to one, and each row should. It tempts, because the first dimension of a table is "
            "called its rows; but a sum along it adds up those that stand under one another. Which index moves, as "
            "you go through one row?",
            (lambda scores: scores.softmax(dim=-2), lambda scores: scores.softmax(dim=0)),
        ),
        Belief(
            "dim=1 is the row",
            "In a batch dim=1 counts the rows of a table, and here rows that stand under one another share a sum. It "
            "tempts, because in a single table dim=1 runs along a row. Count from the end: where are the scores of a "
            "row in both?",
            (lambda scores: scores.softmax(dim=1),),
        ),
        Belief(
            "one number a row, lined up with the columns",
            "There is one number for each row here, a sum or a maximum, and it was lined up with the columns. It "
            "tempts, because the numbers are right; but the shape (2,) has lost a dimension, so it lies down as a "
            "row. Which shape stands upright beside (2, 3)? Read what keepdim does.",
            (
                lambda scores: scores.exp() / scores.exp().sum(dim=-1),
                lambda scores: shares((scores - scores.amax(dim=-1)).exp()),
            ),
        ),
        Belief(
            "max gives the largest alone",
            "Along a dimension, max gives two things in one: the largest numbers, and where they stand. It tempts to "
            "calculate with it at once, because without a dimension it is a number. Print it: what are its two parts "
            "called? There is also amax.",
            (lambda scores: shares((scores - scores.max(dim=-1, keepdim=True)).exp()),),
        ),
        Belief(
            "the exponential is the weight",
            "These are exponentials: positive, and the larger the higher the score. It tempts to stop at them, "
            "because they are in the right ratio. But weights are shares: what does your first row sum to?",
            (lambda scores: scores.exp(), lambda scores: (scores - scores.amax(dim=-1, keepdim=True)).exp()),
        ),
        Belief(
            "powers of 2",
            "The weights are shares of powers of 2. It tempts, because any base makes positive numbers that sum to "
            "one. Look at the scores ln 1, ln 2, ln 5: which number, raised to the power of ln 5, is 5?",
            (lambda scores: shares(2**scores),),
        ),
        Belief(
            "the logarithms of the weights",
            "These are the logarithms of the weights, and none of them is positive. It tempts, because a loss is made "
            "of them, and log_softmax stands beside softmax. What undoes a logarithm?",
            (lambda scores: scores.log_softmax(dim=-1),),
        ),
        Belief(
            "the highest takes all",
            "The highest score has the weight 1 and the others nothing. It tempts, because that is who wins. But 'e' "
            "may matter much and 'y' a little: a weight is how much, not whether. What should the second highest "
            "get?",
            (lambda scores: F.one_hot(scores.argmax(dim=-1), scores.size(-1)).float(),),
        ),
    ),
    by_hand="Take the first wrong row. Is each weight positive, what is their sum, and which should be largest?",
)
