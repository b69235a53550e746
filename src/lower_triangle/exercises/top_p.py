"""Exercise: keep as few of the likeliest as reach a probability."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from lower_triangle.exercises.cases import Belief, Case, Examination


def nucleus(probabilities: Tensor, p: float) -> Tensor:
    """Keep as few of the likeliest as together reach p, and scale them.

    Of 0.5, 0.25, 0.125, 0.0625, 0.0625 with p = 0.8 the first three stay,
    the third being the one that crosses: 0.5714, 0.2857, 0.1429, 0, 0. Of
    equal ones the first is kept. The order stays as it was.

    Shapes:
        probabilities: (V,), they sum to one
        p: above 0, at most 1
        returns: (V,), they sum to one
    """
    order = probabilities.argsort(descending=True, stable=True)  # (V,)
    before = probabilities[order].cumsum(dim=-1) - probabilities[order]  # (V,)
    kept = probabilities.index_fill(0, order[before >= p], 0.0)  # (V,)
    return kept / kept.sum()


def given(*sixteenths: int, p: float) -> Callable[[], dict[str, Any]]:
    """Probabilities in sixteenths, whose sums are exact."""
    return lambda: {"probabilities": torch.tensor([float(each) for each in sixteenths]) / 16, "p": p}


def keeping(choose: Callable[[Tensor, float], Tensor]) -> Callable[..., Tensor]:
    """Keep what is chosen of the sorted probabilities, by their places, and scale it."""

    def chosen(probabilities: Tensor, p: float) -> Tensor:
        order = probabilities.argsort(descending=True, stable=True)
        kept = torch.zeros_like(probabilities)
        places = order[choose(probabilities[order], p)]
        kept[places] = probabilities[places]
        return kept / kept.sum()

    return chosen


def so_far(sorted_p: Tensor) -> Tensor:
    return sorted_p.cumsum(dim=-1)


EXAMINATION = Examination(
    solution=nucleus,
    cases=(
        Case("the five letters of the page, p = 0.8", given(8, 4, 2, 1, 1, p=0.8)),
        Case("p = 0.3, which the first alone reaches", given(8, 4, 2, 1, 1, p=0.3), "Somebody must be left."),
        Case("not in order, p = 0.75", given(1, 3, 1, 8, 3, p=0.75), "Here the likeliest is not the first."),
        Case(
            "p = 0.75, which is reached exactly",
            given(8, 4, 2, 1, 1, p=0.75),
            "Those that have reached p exactly have reached it. Does one more stay?",
        ),
        Case("p = 1", given(1, 3, 1, 8, 3, p=1.0), "All are needed to reach 1."),
        Case("four equals, p = 0.5", given(4, 4, 4, 4, p=0.5), "Of equal ones the first are kept, and no more than needed."),
        Case("one character", given(16, p=0.9)),
        Case("three that cannot come", given(0, 12, 0, 4, 0, p=0.9)),
    ),
    beliefs=(
        Belief(
            "who crosses is out",
            "The one that crosses p was left out. It tempts, because the sum then stays below p. But it is to *reach* "
            "p. Who is left, if the likeliest alone has more?",
            (
                keeping(lambda s, p: so_far(s) <= p),
                keeping(lambda s, p: so_far(s) < p),
                keeping(lambda s, p: (so_far(s) <= p) | (torch.arange(len(s)) == 0)),
            ),
        ),
        Belief(
            "one more than needed",
            "When p is reached exactly, another one was kept. It tempts, because > and >= are quickly swapped. What "
            "do the first two of the page sum to?",
            (keeping(lambda s, p: so_far(s) - s <= p),),
        ),
        Belief(
            "nothing is scaled back",
            "What is kept does not sum to one. It tempts to stop here, because the right ones are kept. A dart is "
            "thrown at a line of which length?",
            (
                lambda probabilities, p: probabilities.where(nucleus(probabilities, p) > 0, 0),
            ),
        ),
        Belief(
            "each that is likely enough",
            "Those were kept whose own probability is p or more, or above 1 − p. It tempts, from the name. It is "
            "their sum that is to reach p. What do the first two letters of the page sum to?",
            (
                lambda probabilities, p: probabilities.where(probabilities >= p, 0) / probabilities.where(probabilities >= p, 0).sum(),
                lambda probabilities, p: probabilities.where(probabilities > 1 - p, 0)
                / probabilities.where(probabilities > 1 - p, 0).sum(),
            ),
        ),
        Belief(
            "a share of the characters",
            "A share p of all characters was kept. It tempts, because top-k keeps a number. Here it is a share of the "
            "probability. How many does that take, if one has nearly all?",
            (keeping(lambda s, p: torch.arange(len(s)) < max(1, round(p * len(s)))),),
        ),
        Belief(
            "they are in order already",
            "The sums were taken in the order of the characters. It tempts, because on the page the likeliest comes "
            "first. Which should be counted first?",
            (
                lambda probabilities, p: probabilities.where(so_far(probabilities) - probabilities < p, 0)
                / probabilities.where(so_far(probabilities) - probabilities < p, 0).sum(),
            ),
        ),
        Belief(
            "the order is lost",
            "The probabilities come out sorted. It tempts, because they were sorted to be summed. Whose is the first "
            "number now? A draw needs to know.",
            (lambda probabilities, p: nucleus(probabilities, p).sort(descending=True).values,),
        ),
        Belief(
            "the least likely are kept",
            "The counting began with the least likely. It tempts, because sort() begins with the smallest. Who should "
            "be kept first?",
            (
                lambda probabilities, p: keeping(lambda s, q: (so_far(s.flip(0)) - s.flip(0) < q).flip(0))(probabilities, p),
            ),
        ),
        Belief(
            "equals stay together",
            "More were kept than are needed, since they are as likely as the last one. It tempts, because none of "
            "them is better. What does the task say of equals?",
            (
                lambda probabilities, p: probabilities.where(
                    probabilities >= probabilities[nucleus(probabilities, p) > 0].min(), 0
                )
                / probabilities.where(probabilities >= probabilities[nucleus(probabilities, p) > 0].min(), 0).sum(),
            ),
        ),
        Belief(
            "a softmax brings them back",
            "What is kept went through a softmax. It tempts, because that makes a sum of one. These are probabilities "
            "already, and a softmax makes them nearly equal, the zeros too. What keeps their ratios?",
            (
                lambda probabilities, p: probabilities.where(nucleus(probabilities, p) > 0, 0).softmax(dim=-1),
                lambda probabilities, p: probabilities.where(nucleus(probabilities, p) > 0, -torch.inf).softmax(dim=-1),
            ),
        ),
        Belief(
            "only the likeliest",
            "The likeliest alone was kept. It tempts, where p is small. How much do the others have to bring, to reach p?",
            (keeping(lambda s, p: torch.arange(len(s)) == 0),),
        ),
    ),
    by_hand="Sort the probabilities, write the sum so far below each, and mark the first sum that reaches p.",
)
