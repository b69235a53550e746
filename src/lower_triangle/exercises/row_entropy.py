"""Exercise: how undecided each row of weights is."""

import math
from typing import Any

import torch
from torch import Tensor

from lower_triangle.attention import causal_mask
from lower_triangle.examples import W_K, W_Q, YET
from lower_triangle.exercises.cases import Belief, Case, Examination


def row_entropy(weights: Tensor) -> Tensor:
    """How undecided each row of weights is: its entropy, in nats.

    That is the sum of -w ln w over the weights w of a row, and a weight of 0
    counts 0. On "yet", t weighs its letters 0.2840, 0.5760 and 0.1400: 0.9505.
    A row that gives all to one letter has 0, and equal thirds have ln 3.

    Shapes:
        weights: (..., Tq, Tk), each row sums to one
        returns: (..., Tq)
    """
    surprise = -weights.where(weights > 0, 1).log()  # (..., Tq, Tk), and 0 where the weight is 0
    return (weights * surprise).sum(dim=-1)  # (..., Tq)


def of_yet() -> Tensor:
    """The scores of yet, divided by the root of 2."""
    return YET @ W_Q @ (YET @ W_K).mT / math.sqrt(2)


def given(*rows: list[float]) -> Any:
    return lambda: {"weights": torch.tensor(rows)}


def drawn(*shape: int) -> dict[str, Any]:
    """Rows of shares of small whole numbers, the same each time."""
    numbers = torch.randint(1, 9, shape, generator=torch.Generator().manual_seed(7)).float()
    return {"weights": numbers / numbers.sum(dim=-1, keepdim=True)}


def terms(weights: Tensor) -> Tensor:
    """-w ln w for each weight."""
    return torch.special.entr(weights)


def right(weights: Tensor) -> Tensor:
    return terms(weights).sum(dim=-1)


def most(weights: Tensor) -> float:
    """The entropy of equal weights."""
    return math.log(weights.size(-1))


EXAMINATION = Examination(
    solution=row_entropy,
    cases=(
        Case("the weights of yet, nothing masked", lambda: {"weights": of_yet().softmax(dim=-1)}),
        Case(
            "the weights of yet, masked",
            lambda: {"weights": of_yet().masked_fill(~causal_mask(3, 3), -math.inf).softmax(dim=-1)},
            "Here some weights are 0, and −ln 0 is ∞. What does the task say that such a weight counts?",
        ),
        Case("two rows of four weights", lambda: drawn(2, 4)),
        Case(
            "a weight of a thousandth, and of a ten-thousandth",
            given([0.999, 0.001], [0.0001, 0.9999]),
            "A small weight has a large logarithm, and its product with it still counts. Is it cut off somewhere?",
        ),
        Case("one letter, which gets everything", given([1.0]), "Nothing is undecided here."),
        Case(
            "a batch of two tables",
            lambda: drawn(2, 3, 5),
            "One table is right, several side by side are not. Count the dimensions from the end: the weights of a "
            "row lie along the last one.",
        ),
        Case(
            "six keys: all to one of them, and equal sixths",
            lambda: {"weights": torch.stack([torch.eye(6)[4], torch.ones(6) / 6])},
            "A row that is sure has 0, and equal weights have the logarithm of their number.",
        ),
        Case("a gradient comes back", lambda: drawn(3, 4), gradient=True),
    ),
    beliefs=(
        Belief(
            "bits",
            "The entropy is in bits: the logarithm is to the base 2. It tempts, because it is defined so in books "
            "about messages. The losses of a model are in nats, and so is this. What are equal thirds to be, and what "
            "are yours?",
            (lambda weights: right(weights) / math.log(2),),
        ),
        Belief(
            "logarithms to the base 10",
            "The logarithm is to the base 10. It tempts, because 'log' means it on a pocket calculator. Here it is "
            "the natural one. Which of the two undoes an exponential?",
            (lambda weights: right(weights) / math.log(10),),
        ),
        Belief(
            "0 times a logarithm is 0",
            "Where a weight is 0, there stands 0 · ∞, which is NaN, and one NaN makes one of the whole row. It tempts, "
            "because 0 of anything is nothing, and w ln w does go to 0 with w. Which number could the logarithm be "
            "handed there, so that it is finite?",
            (lambda weights: -(weights * weights.log()).sum(dim=-1),),
        ),
        Belief(
            "the sign forgotten",
            "These are negative. It tempts to stop here, because the products and their sum are right. But a weight "
            "is at most one, so its logarithm is at most 0, and being undecided is never less than 0. Take a weight "
            "of ½: is its −w ln w above 0 or below?",
            (lambda weights: -right(weights), lambda weights: (weights * weights.log()).sum(dim=-1)),
        ),
        Belief(
            "the mean over the keys",
            "The terms of a row were averaged. It tempts, because losses are means. But the weights already make a "
            "mean of the logarithms: they sum to one. How large is yours for equal thirds, and how large is ln 3?",
            (lambda weights: terms(weights).mean(dim=-1),),
        ),
        Belief(
            "a share of the most that is possible",
            "The entropy was divided by the largest one possible, so it lies between 0 and 1. It tempts, because rows "
            "of different lengths can be compared so. Asked are nats. What should the equal thirds of y be?",
            (lambda weights: right(weights) / most(weights),),
        ),
        Belief(
            "columns are rows",
            "The terms were added down the columns, or over the wrong dimension of a batch. It tempts, because dim=0 "
            "and dim=1 are quickly typed, and a square hides it. Each query has a row and one entropy. Which "
            "dimension is to be gone?",
            (
                lambda weights: terms(weights).sum(dim=-2),
                lambda weights: terms(weights).sum(dim=0),
                lambda weights: terms(weights).sum(dim=1),
            ),
        ),
        Belief(
            "one number for the whole table",
            "This is one number for all the rows together. It tempts, because sum() and mean() without a dimension "
            "are the shorter words. But y may be undecided and t sure. How many queries are there?",
            (
                lambda weights: terms(weights).sum(),
                lambda weights: right(weights).mean(),
                lambda weights: terms(weights).mean(),
            ),
        ),
        Belief(
            "a little is added before the logarithm",
            "A small number was added to the weights, or they were kept above it, and the sums are off, if only in the "
            "fifth decimal. It tempts, because then no logarithm is infinite. But it changes terms that were right. "
            "Which terms need help, and which do not?",
            (
                lambda weights: -(weights * (weights + 1e-3).log()).sum(dim=-1),
                lambda weights: -(weights * (weights + 1e-2).log()).sum(dim=-1),
                lambda weights: -(weights * (weights + 1e-4).log()).sum(dim=-1),
                lambda weights: -(weights * (weights + 1e-5).log()).sum(dim=-1),
                lambda weights: -(weights * weights.clamp(min=1e-2).log()).sum(dim=-1),
                lambda weights: -(weights * weights.clamp(min=1e-3).log()).sum(dim=-1),
                lambda weights: right(weights + 1e-3),
                lambda weights: right(weights + 1e-6),
                lambda weights: right(weights.clamp(min=1e-3)),
                lambda weights: right(weights.clamp(min=1e-6)),
            ),
        ),
        Belief(
            "as if so many were equal",
            "This is the exponential of the entropy: among how many equal keys a row is as undecided. It tempts, "
            "because 3 for equal thirds is easy to read; of a loss it is called the perplexity. Asked is what stands "
            "in the exponent. What should a row have that is sure?",
            (lambda weights: right(weights).exp(),),
        ),
        Belief(
            "these are scores",
            "A softmax went over the weights once more, so they are nearly equal. It tempts, because an entropy often "
            "comes straight after a softmax. What do the rows that you are given sum to?",
            (lambda weights: right(weights.softmax(dim=-1)),),
        ),
        Belief(
            "how decided",
            "This is how far a row is from equal weights: 0 where all are equal, and most where it is sure. It tempts, "
            "because one looks for what attention has decided. Asked is the opposite. How undecided is a row of "
            "thirds?",
            (lambda weights: most(weights) - right(weights), lambda weights: weights.amax(dim=-1)),
        ),
        Belief(
            "what the largest leaves over, or the squares",
            "This is 1 less the largest weight, or less the squares of all. It tempts, because it is 0 for a row that "
            "is sure and grows as it is less so. But it is no entropy. What are equal thirds to be, and where is the "
            "logarithm?",
            (
                lambda weights: 1 - weights.amax(dim=-1),
                lambda weights: 1 - weights.square().sum(dim=-1),
            ),
        ),
        Belief(
            "every logarithm counts alike",
            "The logarithms were added, or averaged, without their weights. It tempts, because a loss is a mean of "
            "logarithms. But what a row hardly looks at should hardly count; here it counts most. What stands before "
            "ln w in the task?",
            (
                lambda weights: -weights.log().sum(dim=-1),
                lambda weights: -weights.log().mean(dim=-1),
            ),
        ),
        Belief(
            "the terms are not added",
            "There is one number for each weight here, and one for each row is wanted. It tempts to stop here, "
            "because every term is right. How much does a whole row add up to?",
            (terms, lambda weights: -weights * weights.log(), lambda weights: -weights.log()),
        ),
    ),
    by_hand="Take the first wrong row: write down each weight, its natural logarithm, their product, and the sum.",
)
