"""Exercise: the gradient on its way back through a softmax, from the weights to the scores."""

from typing import Any

import torch
from torch import Tensor

from lower_triangle.exercises.cases import Belief, Case, Examination


def softmax_backward(weights: Tensor, gradient: Tensor) -> Tensor:
    """Take a gradient back through a softmax: from its weights to its scores.

    Each row of weights came out of a softmax, and `gradient` says how the loss
    moves with each weight. Say how it moves with each score. With the weights
    (0.5, 0.5) and the gradient (1, 0) that is (0.25, -0.25). With the weights
    (1, 0), where one has everything, it is (0, 0).

    Shapes:
        weights: (..., Tk), each row sums to one
        gradient: (..., Tk)
        returns: (..., Tk)
    """
    # A weight grows at the cost of its whole row, which loses in proportion.
    shared = (weights * gradient).sum(dim=-1, keepdim=True)  # (..., 1)
    return weights * (gradient - shared)  # (..., Tk)


def given(weights: list[float], gradient: list[float]) -> Any:
    """One row of weights, and its gradient."""
    return lambda: {"weights": torch.tensor([weights]), "gradient": torch.tensor([gradient])}


def drawn(*shape: int) -> dict[str, Any]:
    """Weights that are small parts of a whole, and a gradient of small whole numbers, the same each time."""
    rng = torch.Generator().manual_seed(4)
    parts = torch.randint(1, 6, shape, generator=rng).float()
    return {
        "weights": parts / parts.sum(dim=-1, keepdim=True),
        "gradient": torch.randint(-4, 5, shape, generator=rng).float(),
    }


def less(taken: Any) -> Any:
    """The answer of one who takes something else from the gradient than the average that the weights make of it."""
    return lambda weights, gradient: weights * (gradient - taken(weights, gradient))


def shared(weights: Tensor, gradient: Tensor) -> Tensor:
    return (weights * gradient).sum(dim=-1, keepdim=True)


EXAMINATION = Examination(
    solution=softmax_backward,
    cases=(
        Case("half and half", given([0.5, 0.5], [1.0, 0.0])),
        Case(
            "one has everything",
            given([1.0, 0.0], [1.0, 0.0]),
            "A score far above the others has the weight 1, and a little more or less of it changes nothing.",
        ),
        Case(
            "the row of e, before t is said",
            given([0.6698, 0.3302, 0.0], [2.0, -1.0, 4.0]),
            "The score of t is hidden, its weight is 0. Whatever the loss would like of it, can its score move it?",
        ),
        Case(
            "every weight is wanted alike",
            given([0.5, 0.25, 0.25], [6.0, 6.0, 6.0]),
            "The weights sum to one, whatever the scores. Can all of them grow?",
        ),
        Case("a single key, Tk = 1", given([1.0], [3.0]), "The softmax of one score is 1. How does it move?"),
        Case(
            "two rows of four weights",
            lambda: drawn(2, 4),
            "One row is right, two are not. Each row is a softmax of its own: what of the other row came in?",
        ),
        Case(
            "a batch of two tables",
            lambda: drawn(2, 3, 4),
            "One table is right, several side by side are not. Count the dimensions from the end: the weights of a "
            "row lie along the last one, however many come before it.",
        ),
    ),
    beliefs=(
        Belief(
            "each weight hangs on its own score alone",
            "This is w(1 − w) times the gradient: what each score does to its own weight. It tempts, because a "
            "sigmoid's slope is that. But the weights of a row share one whole: when one grows, the others shrink, and "
            "the loss feels those too. What happens to the second weight when the first score rises?",
            (lambda weights, gradient: weights * (1 - weights) * gradient,),
        ),
        Belief(
            "weight times gradient",
            "Each gradient was multiplied by its weight, and that is all. It tempts, because an exponential is its own "
            "slope. But the exponentials were divided by their sum, and every score is in it. Raise all scores of a "
            "row by 1: the weights stay. So what should the numbers of a row add up to, and what do yours?",
            (lambda weights, gradient: weights * gradient,),
        ),
        Belief(
            "the weight is left out",
            "From each gradient the average of its row was taken, and there it ended. It tempts, because the row "
            "is balanced now. But a key with the weight 0 gets a gradient here, and its score cannot move it. How "
            "far does a small weight move when its score rises, and how far a large one?",
            (lambda weights, gradient: gradient - shared(weights, gradient),),
        ),
        Belief(
            "all weights count alike",
            "What was taken from the gradient is its plain mean, or its plain sum, as if all weights were equal. It "
            "tempts, because for equal weights the mean is right. But of a key with the weight 0 the row "
            "holds nothing. Which average does attention take, of numbers that have weights?",
            (
                less(lambda weights, gradient: gradient.mean(dim=-1, keepdim=True)),
                less(lambda weights, gradient: gradient.sum(dim=-1, keepdim=True)),
            ),
        ),
        Belief(
            "the other way round",
            "Every number has the wrong sign. It tempts, because in the end a step goes *against* the gradient; that "
            "step is not taken here. With half and half the loss grows with the first weight. When the first score "
            "rises, does that weight grow, and the loss with it?",
            (lambda weights, gradient: weights * (shared(weights, gradient) - gradient),),
        ),
        Belief(
            "the largest is taken away",
            "From each gradient the largest of its row was taken. It tempts, because softmax is written so on the way "
            "forward, against overflow; there it changes nothing. Here the largest gets 0: half and half, with the "
            "gradient (1, 0), would the first score move nothing?",
            (less(lambda weights, gradient: gradient.amax(dim=-1, keepdim=True)),),
        ),
        Belief(
            "the logarithm of the weights",
            "This is the way back through log_softmax: the gradient, less the weight times the sum of the gradients. "
            "It tempts, because a loss takes logarithms, and the two are neighbours. Here the weights themselves went "
            "on. Which of them multiplies its own gradient in your line?",
            (lambda weights, gradient: gradient - weights * gradient.sum(dim=-1, keepdim=True),),
        ),
        Belief(
            "probability less target",
            "This is a difference of weights and gradient. It tempts, because back through softmax and cross-entropy "
            "*together* it is 'probability less target'. But what comes here is the gradient of any loss, not a "
            "target. Double the gradient: by how much should the answer grow?",
            (lambda weights, gradient: weights - gradient, lambda weights, gradient: gradient - weights),
        ),
        Belief(
            "sums down the columns",
            "What was taken away is the sum of a column: queries were added up. It tempts, because the first "
            "dimension of a table is called its rows, and a sum along it runs down. Which numbers came out of one "
            "softmax, those beside one another or those under one another?",
            (
                less(lambda weights, gradient: (weights * gradient).sum(dim=-2, keepdim=True)),
                less(lambda weights, gradient: (weights * gradient).sum(dim=0)),
            ),
        ),
        Belief(
            "dim=1 is the row",
            "In a batch dim=1 counts the rows of a table, and here it was added up. It tempts, because in a single "
            "table dim=1 runs along a row. Count from the end: where are the weights of a row in both?",
            (less(lambda weights, gradient: (weights * gradient).sum(dim=1, keepdim=True)),),
        ),
        Belief(
            "one number a row, lined up with the columns",
            "There is one sum for each row, and it was lined up with the columns. It tempts, because the sums are "
            "right; but the shape (2,) has lost a dimension, so it lies down as a row. Which shape stands upright "
            "beside (2, 4)? Read what keepdim does.",
            (
                less(lambda weights, gradient: (weights * gradient).sum(dim=-1)),
                less(lambda weights, gradient: torch.linalg.vecdot(weights, gradient)),
            ),
        ),
        Belief(
            "one sum for the whole table",
            "One sum of the whole table was taken from all rows. It tempts, because sum() without a dimension is the "
            "shorter word, and for one row it is right. But each query dealt out a whole of its own. How many sums do "
            "two rows need?",
            (less(lambda weights, gradient: (weights * gradient).sum()),),
        ),
        Belief(
            "the weights are scores",
            "A softmax was taken of the weights, as if they were scores. It tempts, because a way back begins with "
            "what went in, and of most functions it needs that. This one has come out already: the rows you are given "
            "sum to one. What is the softmax of (1, 0), and is it still (1, 0)?",
            (lambda weights, gradient: softmax_backward(weights.softmax(dim=-1), gradient),),
        ),
    ),
    by_hand="Raise one score of the row by a little: which weights grow, which shrink, and what does the loss feel?",
)
