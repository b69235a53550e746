"""Exercise: AdamW, step after step."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from lower_triangle.exercises.cases import Belief, Case, Examination


def adamw_steps(
    weights: Tensor,
    gradients: Tensor,
    rate: float,
    decay: float,
    beta1: float,
    beta2: float,
) -> Tensor:
    """Take a step of AdamW for each row of gradients.

    Both running means begin at 0 and are corrected for it. The share
    rate * decay of a weight is taken off beside the step. To the root in the
    division, 1e-8 is added. A weight of 2, the gradients 3 and 1, a rate of
    0.1, a decay of 0.1, and 0.9 and 0.99 make 1.88 and then 1.7739.

    Shapes:
        weights: (N,)
        gradients: (S, N), a row for each step
        returns: (S, N), the weights after each step
    """
    m = v = torch.zeros_like(weights)  # (N,), of g and of its square
    after = []
    for t, g in enumerate(gradients, start=1):
        m = beta1 * m + (1 - beta1) * g  # (N,)
        v = beta2 * v + (1 - beta2) * g.square()  # (N,)
        whole_m, whole_v = m / (1 - beta1**t), v / (1 - beta2**t)  # (N,)
        step = whole_m / (whole_v.sqrt() + 1e-8)  # (N,)
        weights = weights - rate * decay * weights - rate * step
        after.append(weights)
    return torch.stack(after)  # (S, N)


def given(
    weights: list[float],
    *gradients: list[float],
    decay: float = 0.1,
    rate: float = 0.1,
    beta1: float = 0.9,
    beta2: float = 0.99,
) -> Any:
    return lambda: {
        "weights": torch.tensor(weights),
        "gradients": torch.tensor(gradients),
        "rate": rate,
        "decay": decay,
        "beta1": beta1,
        "beta2": beta2,
    }


def drawn(S: int, N: int, **settings: float) -> Any:
    """Weights and gradients of both signs, the same each time."""
    rng = torch.Generator().manual_seed(3)
    weights, gradients = torch.randint(1, 9, (N,), generator=rng), torch.randint(-6, 7, (S, N), generator=rng)
    return given(weights.mul(0.5).tolist(), *gradients.mul(0.5).tolist(), **settings)


Mean = Callable[[Tensor, Tensor, float], Tensor]


def mistaken(
    mean: Mean = lambda old, new, beta: beta * old + (1 - beta) * new,
    square: Callable[[Tensor], Tensor] = torch.square,
    correct_m: Callable[[float, int], float] = lambda beta, t: 1 - beta**t,
    correct_v: Callable[[float, int], float] = lambda beta, t: 1 - beta**t,
    divide: Callable[[Tensor, Tensor], Tensor] = lambda m, v: m / (v.sqrt() + 1e-8),
    pull: Callable[[Tensor, float, float], Tensor] = lambda weights, rate, decay: weights * (1 - rate * decay),
    inside: float = 0.0,
    swapped: bool = False,
    sign: int = -1,
    first: int = 1,
    forgets: bool = False,
    stays: bool = False,
) -> Callable[..., Tensor]:
    """AdamW with one of its parts done in another way."""

    def answer(weights: Tensor, gradients: Tensor, rate: float, decay: float, beta1: float, beta2: float) -> Tensor:
        beta1, beta2 = (beta2, beta1) if swapped else (beta1, beta2)
        m = v = torch.zeros_like(weights)
        start, after = weights, []
        for t, g in enumerate(gradients, start=first):
            if forgets:
                m, v, t = torch.zeros_like(g), torch.zeros_like(g), 1
            g = g + inside * decay * weights
            m, v = mean(m, g, beta1), mean(v, square(g), beta2)
            step = divide(m / torch.tensor(correct_m(beta1, t)), v / torch.tensor(correct_v(beta2, t)))
            weights = pull(start if stays else weights, rate, decay) + sign * rate * step
            after.append(weights)
        return torch.stack(after)

    return answer


def at_the_end(weights: Tensor, gradients: Tensor, rate: float, *settings: float) -> Tensor:
    """The weights after the last step alone."""
    return adamw_steps(weights, gradients, rate, *settings)[-1]


def one_tensor(weights: Tensor, gradients: Tensor, rate: float, *settings: float) -> Tensor:
    """One tensor that was written into, put by many times."""
    return adamw_steps(weights, gradients, rate, *settings)[-1].expand_as(gradients).clone()


def pulled_after(weights: Tensor, gradients: Tensor, rate: float, decay: float, beta1: float, beta2: float) -> Tensor:
    """The decay of a weight that has been moved."""
    steps = adamw_steps(torch.zeros_like(weights), gradients, rate, 0.0, beta1, beta2)
    moves = torch.diff(steps, dim=0, prepend=torch.zeros_like(steps[:1]))
    after = []
    for move in moves:
        weights = (weights + move) * (1 - rate * decay)
        after.append(weights)
    return torch.stack(after)


def uncorrected(beta: float, t: int) -> float:
    return 1.0


EXAMINATION = Examination(
    solution=adamw_steps,
    cases=(
        Case("one weight, one step, no decay", given([2.0], [3.0], decay=0.0, beta2=0.999)),
        Case("the table of the page", given([2.0], [3.0], [1.0])),
        Case(
            "three weights, with gradients of very different size",
            given([1.0, 2.0, -3.0], [3000.0, 0.3, -3.0]),
            "The three should move equally far on a first step, whatever the size of the gradient.",
        ),
        Case(
            "a gradient that changes its sign",
            given([1.0], [2.0], [-2.0], [2.0], decay=0.0),
            "The mean of 2 and −2 is near 0; that of their squares is 4. Which of the two is which?",
        ),
        Case("seven steps of four weights", drawn(7, 4, beta1=0.8, beta2=0.95, rate=0.05, decay=0.5)),
        Case(
            "a weight that nothing pushes",
            given([2.0, 1.0], [0.0, 1.0], [0.0, 1.0], decay=0.5),
            "Its gradient is 0, and so is its step. What is still taken off?",
        ),
        Case(
            "a gradient of a ten-thousandth",
            given([2.0], [1e-4], [-1e-4], decay=0.0),
            "Small as it is, it is all there is. What does 1e-8 do to it, added before the root, and after?",
        ),
        Case("forty steps", drawn(40, 2, beta2=0.999, decay=0.0)),
    ),
    beliefs=(
        Belief(
            "no correction",
            "Neither mean is corrected for its beginning at 0. It tempts, because a mean is a mean. But after one step "
            "m is a tenth of the gradient, and v a hundredth or a thousandth of its square. By what would you have to "
            "divide each to have 3 and 9 again?",
            (mistaken(correct_m=uncorrected, correct_v=uncorrected),),
        ),
        Belief(
            "one of the two corrected",
            "One of the running means is corrected for its beginning at 0, and the other is not. It tempts, because "
            "the two lines look alike, and one is soon forgotten. Which of yours is still too small after one step?",
            (mistaken(correct_m=uncorrected), mistaken(correct_v=uncorrected)),
        ),
        Belief(
            "corrected as after the first step",
            "The correction is that of the first step, at every step. It tempts, because on the first it is right. "
            "But the means fill up: after two steps of a steady gradient, m is 1 − 0.9 · 0.9 of it. What is it after t?",
            (mistaken(correct_m=lambda beta, t: 1 - beta, correct_v=lambda beta, t: 1 - beta),),
        ),
        Belief(
            "steps counted from another number",
            "The first step was taken for the zeroth, or the second. It tempts, because enumerate begins at 0. At 0 "
            "the correction divides by 1 − 1. How many gradients has m seen when it is corrected first?",
            (mistaken(first=0), mistaken(first=2)),
        ),
        Belief(
            "the decay added to the gradient",
            "decay · weight went into the gradient, and so through both means. It tempts, because a pull towards 0 is "
            "a gradient too, and Adam was long used so. But the division then cancels its size with the rest. Where "
            "does the W of AdamW put it?",
            (mistaken(inside=1.0, pull=lambda weights, rate, decay: weights),),
        ),
        Belief(
            "no decay",
            "Nothing is taken off the weights but the step. It tempts, because without decay the numbers look "
            "finished, and the first case has none. What becomes of a weight whose gradient is 0?",
            (mistaken(pull=lambda weights, rate, decay: weights),),
        ),
        Belief(
            "the decay without the rate",
            "The share that is taken off is decay itself. It tempts, because that is its name. But then a lower rate "
            "would leave the pull as it was, and it would win in the end. What else is the pull multiplied by?",
            (mistaken(pull=lambda weights, rate, decay: weights * (1 - decay)),),
        ),
        Belief(
            "the decay of the weight that was moved",
            "The share was taken off after the step, and so off the step too. It tempts, because the order of two "
            "lines looks free. Of 2, a hundredth is 0.02; of 1.9 it is less. Which weight does the decay see?",
            (pulled_after,),
        ),
        Belief(
            "the root forgotten",
            "The step is divided by the mean square. It tempts, because v stands below the line. But v is of squares: "
            "a gradient of 3 has a v of 9, and 3 / 9 depends on its size. What would make the size cancel?",
            (mistaken(divide=lambda m, v: m / (v + 1e-8)),),
        ),
        Belief(
            "not divided at all",
            "Each weight moves by the mean of its gradients, times the rate. It tempts, because that is momentum, and "
            "it works. But a gradient of 3,000 then throws its weight far away. What is v for?",
            (mistaken(divide=lambda m, v: m), mistaken(divide=lambda m, v: m, correct_m=uncorrected)),
        ),
        Belief(
            "the mean size in place of the mean square",
            "v is a mean of sizes, not of squares. It tempts, because for a gradient that never changes they say the "
            "same. For 3 and then 1 they do not. What is squared before it is averaged, and when is the root taken?",
            (
                mistaken(square=torch.abs, divide=lambda m, v: m / (v + 1e-8)),
                mistaken(square=torch.abs),
                mistaken(square=lambda g: g),
            ),
        ),
        Belief(
            "uphill",
            "The weights go the way of the gradient. It tempts, because one says that one follows it. But it points "
            "to where the loss grows. Which way is down?",
            (mistaken(sign=1),),
        ),
        Belief(
            "the betas in each other's place",
            "m forgets as slowly as v should, and v as fast as m. It tempts, because both lines are alike but for a "
            "number. Which of them, β₁ or β₂, belongs to the gradient itself?",
            (mistaken(swapped=True),),
        ),
        Belief(
            "β is the share of the new",
            "Each mean keeps 1 − β of what it knew and takes β of the new. It tempts, because β sounds like the share "
            "of what comes. At 0.9 such a mean has nearly forgotten everything. Which of the two shares is to be "
            "large?",
            (
                mistaken(mean=lambda old, new, beta: (1 - beta) * old + beta * new),
                mistaken(
                    mean=lambda old, new, beta: (1 - beta) * old + beta * new,
                    correct_m=lambda beta, t: 1 - (1 - beta) ** t,
                    correct_v=lambda beta, t: 1 - (1 - beta) ** t,
                ),
            ),
        ),
        Belief(
            "nothing is remembered",
            "Each step begins with empty means, so each is the whole rate, up or down. It tempts, because on a first "
            "step it is right. Which lines belong before the loop, and which in it?",
            (mistaken(forgets=True),),
        ),
        Belief(
            "every step from the first weights",
            "Each row starts from the weights that were handed over, and not from those that the step before left. It "
            "tempts, because one name for both is confusing. What is the second step taken from?",
            (mistaken(stays=True),),
        ),
        Belief(
            "only the end",
            "These are the weights after the last step. It tempts, because that is what training keeps. Asked for is "
            "a row for each step. Where could you put them by on the way?",
            (at_the_end,),
        ),
        Belief(
            "a list keeps what a tensor was",
            "Every row is the last one. It tempts to save a tensor by -= or by sub_, and to put it by each time. But "
            "the list then holds one and the same tensor many times over, and that is what it is in the end. "
            "Which line makes a new tensor at each step?",
            (one_tensor,),
        ),
        Belief(
            "10⁻⁸ under the root",
            "What was added to v before the root was added to a square. It tempts, because there it prevents 0/0 as "
            "well. But the root of 10⁻⁸ is 10⁻⁴, and a gradient of that size is then halved or so. Where does it "
            "disturb less?",
            (mistaken(divide=lambda m, v: m / (v + 1e-8).sqrt()),),
        ),
        Belief(
            "the gradient is never 0",
            "A weight without a gradient has become NaN, from 0/0. It tempts to leave the tiny number out, because it "
            "changes no digit elsewhere. A character that a text does not have is such a weight. What keeps the "
            "division from being by 0?",
            (mistaken(divide=lambda m, v: m / v.sqrt()),),
        ),
    ),
    by_hand="Take one weight: write g, m, v, the two corrected, and their quotient in a column for each step.",
)
