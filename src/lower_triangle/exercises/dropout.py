"""Exercise: forget while training, and make up for it."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from lower_triangle.exercises.cases import Belief, Case, Examination


def drop(x: Tensor, kept: Tensor, p: float, training: bool) -> Tensor:
    """Forget what is not kept while training, and make up for it.

    With p = 0.5, the weights (0.6698, 0.3302) of which the second is not kept
    become (1.3396, 0). When it does not train, nothing is forgotten.

    Shapes:
        x: (...)
        kept: (...), the shape of x, True for what stays
        p: the share that is forgotten on average, from 0 to below 1
        returns: (...)
    """
    if not training:
        return x
    return x * kept / (1 - p)


def given(*shape: int, p: float, training: bool = True) -> Callable[[], dict[str, Any]]:
    """Small whole numbers, and what stays of them, the same each time."""
    rng = torch.Generator().manual_seed(4)
    x = torch.randint(1, 9, shape, generator=rng).float() * (1 - 2 * torch.randint(2, shape, generator=rng))
    kept = torch.rand(shape, generator=rng) >= p
    return lambda: {"x": x.clone(), "kept": kept.clone(), "p": p, "training": training}


def weights_of_e() -> dict[str, Any]:
    """The row of e on yet, of which itself is forgotten."""
    return {"x": torch.tensor([0.6698, 0.3302]), "kept": torch.tensor([True, False]), "p": 0.5, "training": True}


def mistaken(
    scale: Callable[[Tensor, Tensor, float], Any] = lambda x, kept, p: 1 / (1 - p),
    idle: Callable[[Tensor, Tensor, float], Tensor] = lambda x, kept, p: x,
) -> Callable[..., Tensor]:
    """Dropout with another scale, or with something done when it does not train."""

    def dropped(x: Tensor, kept: Tensor, p: float, training: bool) -> Tensor:
        return x * kept * scale(x, kept, p) if training else idle(x, kept, p)

    return dropped


def right(x: Tensor, kept: Tensor, p: float) -> Tensor:
    return x * kept / (1 - p)


EXAMINATION = Examination(
    solution=drop,
    cases=(
        Case("the weights of e, itself forgotten, p = ½", weights_of_e),
        Case("five numbers, p = ¼", given(5, p=0.25), "With p = ½ some slips come out right: ½ is 1 − ½, and 1/½ is 2."),
        Case(
            "the same five, not training",
            given(5, p=0.25, training=False),
            "When it does not train, what comes out is what went in.",
        ),
        Case("p = 0", given(4, p=0.0), "With p = 0 nothing is forgotten and nothing made up for."),
        Case(
            "all are kept, by luck",
            lambda: {"x": torch.tensor([1.0, 2.0]), "kept": torch.tensor([True, True]), "p": 0.5, "training": True},
            "What stays is made larger by the same factor, however many have stayed this time.",
        ),
        Case(
            "none is kept",
            lambda: {"x": torch.tensor([1.0, 2.0]), "kept": torch.tensor([False, False]), "p": 0.5, "training": True},
            "A row that has lost everything is all 0.",
        ),
        Case("a batch of two texts", given(2, 3, 4, p=0.2)),
        Case("a gradient comes back", given(3, 4, p=0.2), gradient=True),
    ),
    beliefs=(
        Belief(
            "nothing is made up for",
            "What stays is as it was. It tempts, because the numbers that stay are right as they are. But on average "
            "the sum of them is too small. What is the mean of x · kept, if a half is kept?",
            (mistaken(scale=lambda x, kept, p: 1.0),),
        ),
        Belief(
            "multiplied by the share that stays",
            "What stays was made smaller. It tempts, because an older way multiplies by 1 − p, when the model is "
            "used. Some are missing: must the others be larger or smaller?",
            (mistaken(scale=lambda x, kept, p: 1 - p),),
        ),
        Belief(
            "divided by p",
            "It was divided by the share that is forgotten. It tempts, because for p = ½ it is the same. If a tenth "
            "is forgotten, how much is missing?",
            (mistaken(scale=lambda x, kept, p: 1 / p if p else float("inf")),),
        ),
        Belief(
            "p is what stays",
            "The numbers were divided by p, or those that should stay were forgotten. It tempts, because in some "
            "libraries of old p was the share that is kept. What does the task call p, and what does True mean?",
            (lambda x, kept, p, training: x * ~kept / (1 - p) if training else x,),
        ),
        Belief(
            "the share that has stayed this time",
            "It was divided by how many happened to stay. It tempts, because then the sum is always made up for. But "
            "then the numbers hang together again. What should happen when all are kept by luck?",
            (mistaken(scale=lambda x, kept, p: kept.numel() / kept.sum().clamp(min=1)),),
        ),
        Belief(
            "rows sum to one",
            "What stays was divided by its sum. It tempts, because weights should sum to one. Then nothing is "
            "forgotten but the mixture. What does e hear in the second line of the table?",
            (
                lambda x, kept, p, training: (x * kept) / (x * kept).sum(dim=-1, keepdim=True)
                if training
                else x,
            ),
        ),
        Belief(
            "it forgets when it is used, too",
            "It makes no difference whether it trains. It tempts, because a function does what it is told. What does "
            "model.eval() say to each layer?",
            (lambda x, kept, p, training: right(x, kept, p),),
        ),
        Belief(
            "made up for when it is used",
            "When it does not train, the numbers are made smaller or larger. It tempts, because the older way did so: "
            "forget while training, and make up for it in use. Here it is made up for at once. What is left to do?",
            (
                mistaken(idle=lambda x, kept, p: x * (1 - p)),
                mistaken(scale=lambda x, kept, p: 1.0, idle=lambda x, kept, p: x * (1 - p)),
                mistaken(idle=lambda x, kept, p: x / (1 - p)),
            ),
        ),
        Belief(
            "training and using are swapped",
            "It forgets when it is used, and not while it trains. It tempts, when the two lines of an if are in the "
            "wrong order. When may a model do without some of its numbers?",
            (lambda x, kept, p, training: x if training else right(x, kept, p),),
        ),
        Belief(
            "what is forgotten is −∞",
            "There is an infinite number where a 0 should be. It tempts, because a score is hidden so. These are no "
            "scores: no softmax comes after. What does an average make of −∞?",
            (
                lambda x, kept, p, training: (x / (1 - p)).masked_fill(~kept, -torch.inf) if training else x,
                lambda x, kept, p, training: x.masked_fill(~kept, -torch.inf) if training else x,
            ),
        ),
        Belief(
            "what is forgotten is taken out",
            "The numbers that do not stay have been taken out, and their places with them. It tempts, because "
            "x[kept] is short. What stood where?",
            (lambda x, kept, p, training: x[kept] / (1 - p) if training else x,),
        ),
        Belief(
            "nothing is set to 0",
            "Every number was made larger, and none is 0. It tempts, because on average that is all that p says. Which "
            "ones go is decided already. What does kept say of the second number?",
            (lambda x, kept, p, training: x / (1 - p) if training else x,),
        ),
        Belief(
            "p is added",
            "What is missing was made up for by a sum or by 1 + p. It tempts, because 1/(1 − p) is near 1 + p when p "
            "is small. By what must a half be multiplied to be whole?",
            (mistaken(scale=lambda x, kept, p: 1 + p),),
        ),
    ),
    by_hand="Take the first wrong number: is it kept, what is 1 − p, and what is the number divided by that?",
)
