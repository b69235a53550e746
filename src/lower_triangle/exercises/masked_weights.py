"""Exercise: scores into weights, where some keys must not be looked at."""

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from lower_triangle.attention import causal_mask
from lower_triangle.examples import W_K, W_Q, YET
from lower_triangle.exercises.cases import Belief, Case, Examination


def masked_weights(scores: Tensor, visible: Tensor) -> Tensor:
    """Turn each row of scores into weights; what is not visible gets 0.

    The scores are divided by the root of D already. On "yet", e has
    0.7071, 0 and 1.4142, and t is hidden: its weights are 0.6698, 0.3302
    and 0. Each row sums to one, and each query may look at one key at least.
    What a hidden score says must not matter, however large it is.

    Shapes:
        scores: (..., Tq, Tk)
        visible: (Tq, Tk) or (..., Tq, Tk), True where a query may look
        returns: (..., Tq, Tk)
    """
    hidden = ~visible  # (..., Tq, Tk)
    return scores.masked_fill(hidden, -math.inf).softmax(dim=-1)  # (..., Tq, Tk)


def of_yet() -> dict[str, Any]:
    return {"scores": YET @ W_Q @ (YET @ W_K).mT / math.sqrt(2), "visible": causal_mask(3, 3)}


def given(*rows: list[float], visible: list[list[int]]) -> Any:
    """Scores, and a table of 1 where a query may look and 0 where not."""
    return lambda: {"scores": torch.tensor(rows), "visible": torch.tensor(visible) == 1}


def drawn(scores: tuple[int, ...], visible: tuple[int, ...]) -> dict[str, Any]:
    """Small scores, and a table that is no triangle; every query may look at key 1."""
    rng = torch.Generator().manual_seed(4)
    table = torch.randint(0, 2, visible, generator=rng) == 1
    table[..., 1] = True
    return {"scores": torch.randint(-4, 5, scores, generator=rng).float() / 2, "visible": table}


def shares(x: Tensor) -> Tensor:
    """Each number divided by the sum of its row."""
    return x / x.sum(dim=-1, keepdim=True)


def filled(fill: Any) -> Callable[[Tensor, Tensor], Tensor]:
    """The answer of one who puts something else where it is hidden."""

    def weights(scores: Tensor, visible: Tensor) -> Tensor:
        number = fill(scores) if callable(fill) else fill
        return torch.where(visible, scores, torch.as_tensor(number)).softmax(dim=-1)

    return weights


def lowered(by: float) -> Callable[[Tensor, Tensor], Tensor]:
    """The answer of one who takes a number away where it is hidden."""
    return lambda scores, visible: (scores - by * ~visible).softmax(dim=-1)


def along(dim: int) -> Callable[[Tensor, Tensor], Tensor]:
    """The answer of one whose weights sum to one along another dimension."""
    return lambda scores, visible: scores.masked_fill(~visible, -math.inf).softmax(dim=dim)


def triangle(scores: Tensor, Tq: int, Tk: int) -> Tensor:
    """The weights of a causal mask, whatever else is asked."""
    return masked_weights(scores, torch.ones(Tq, Tk).tril(Tk - Tq) == 1)


EXAMINATION = Examination(
    solution=masked_weights,
    cases=(
        Case("the scores of yet, and the lower triangle", of_yet),
        Case(
            "two queries, four keys, and no triangle",
            given(
                [0.5, -1.0, 2.0, 0.0],
                [-0.5, 1.5, 1.0, -2.0],
                visible=[[1, 0, 0, 1], [0, 1, 1, 1]],
            ),
            "On 'yet' the mask is a square and a triangle, and here it is neither. Does every line take it as it is?",
        ),
        Case("one query, one key", given([-3.0], visible=[[1]]), "There is one key to look at; it gets everything."),
        Case(
            "a batch of two texts under one mask",
            lambda: drawn((2, 3, 5), (3, 5)),
            "One text is right, several side by side are not. Count the dimensions from the end: the keys are dim=-1 "
            "in both, and the mask is the same for every text.",
        ),
        Case(
            "a batch of two texts, each with a mask of its own",
            lambda: drawn((2, 4, 5), (2, 4, 5)),
            "Here each text hides something else: the first text's mask says nothing of the second.",
        ),
        Case(
            "large scores",
            given([1000.0, 1001.0, 999.0], [2.0, 1000.0, 1001.0], visible=[[1, 1, 1], [0, 1, 1]]),
            "What works for small scores fails for large ones. Softmax looks at differences only.",
        ),
        Case(
            "a hidden score of 1000",
            given([1.0, 2.0, 1000.0], visible=[[1, 1, 0]]),
            "A hidden score must not matter, and here it stands 998 above the others. Where does it still come in?",
        ),
        Case(
            "scores far below zero",
            given([-30000.0, -30001.0, 2.0], visible=[[1, 1, 0]]),
            "What is hidden must be lower than anything visible, however low that is.",
        ),
        Case("a gradient comes back", lambda: drawn((3, 4), (3, 4)), gradient=True),
    ),
    beliefs=(
        Belief(
            "no mask",
            "Every query looks at everything. It tempts, because nothing complains, and in training the loss becomes "
            "wonderfully small. When e is spoken, t has not been. Which argument have you not used?",
            (lambda scores, visible: scores.softmax(dim=-1),),
        ),
        Belief(
            "0 hides",
            "The hidden scores became 0, or so little that it is the same, and 0 is a score like any other. It "
            "tempts, because in a sum 0 means nothing. In an exponential it means 1. Of which number is the "
            "exponential 0?",
            (filled(0.0), lambda scores, visible: (scores * visible).softmax(dim=-1)),
        ),
        Belief(
            "a little below",
            "The hidden scores are a little lower, so their weights are small and not 0. It tempts, because −1 or "
            "−10 looks like 'no'. But each point less divides the weight by 2.7183 and never makes nothing of it. "
            "How low must a score be for a weight of 0?",
            (filled(-1.0), filled(-10.0), filled(-5.0), lowered(1), lowered(10), lowered(5)),
        ),
        Belief(
            "as low as the lowest",
            "The hidden scores became as low as the lowest one. It tempts, because nothing visible is lower. But the "
            "lowest has a weight too, and the hidden ones now have the same. What is lower than every number?",
            (
                filled(lambda scores: scores.min()),
                filled(lambda scores: scores.amin(dim=-1, keepdim=True)),
            ),
        ),
        Belief(
            "a number low enough for these scores",
            "What hides is a certain number here, −100 or −10000 perhaps, and these scores are not above it by "
            "enough. It tempts, because with small scores it leaves exactly 0. What would have to be put in, so that "
            "no score could ever be lower?",
            (filled(-100.0), filled(-1000.0), filled(-1e4), lowered(100), lowered(1000), lowered(1e4)),
        ),
        Belief(
            "masked after the softmax",
            "The hidden weights were set to 0 after the softmax, and the rows no longer sum to one. It tempts, "
            "because the zeros are in the right places. But what is hidden took its share first. Add up the row of "
            "e: where is the rest?",
            (lambda scores, visible: scores.softmax(dim=-1) * visible,),
        ),
        Belief(
            "masked after the softmax, and divided again",
            "The hidden weights were set to 0 after the softmax, and the rest divided by its sum. On paper this is "
            "right. It tempts, because it repairs the sums. But a hidden score of 1000 leaves nothing for the "
            "others, and 0/0 is NaN. When must it go, so that it takes no share?",
            (lambda scores, visible: shares(scores.softmax(dim=-1) * visible),),
        ),
        Belief(
            "an exponential can hold anything",
            "The softmax is written out, and exp(89) is more than a float32 holds, exp(−104) is 0 in it: ∞/∞ and 0/0 "
            "are NaN. It tempts, because with small scores it is right. What may be taken from every score of a row, "
            "and the weights stay?",
            (
                lambda scores, visible: shares(scores.exp() * visible),
                lambda scores, visible: shares(scores.masked_fill(~visible, -math.inf).exp()),
            ),
        ),
        Belief(
            "True means hidden",
            "What may be looked at is hidden, and what may not is heard; a row that sees everything is NaN. It "
            "tempts, because masked_fill fills where its mask is True, and nn.MultiheadAttention wants it so. What "
            "does True mean in the task?",
            (
                lambda scores, visible: masked_weights(scores, ~visible),
                lambda scores, visible: scores.softmax(dim=-1) * ~visible,
            ),
        ),
        Belief(
            "the mask lies on its side",
            "Row and column of the mask have changed places: each query sees what should see *it*. It tempts, "
            "because scores were made with a transpose, and a square does not complain. Whose row is row i of "
            "visible?",
            (lambda scores, visible: masked_weights(scores, visible.mT),),
        ),
        Belief(
            "a triangle, whatever visible says",
            "The mask is a triangle made anew, and visible was not asked. It tempts, because on 'yet' it is the same. "
            "But who pads a text, or reads another one, hides something else. Which argument have you not used?",
            (
                lambda scores, visible: triangle(scores, *scores.shape[-2:]),
                lambda scores, visible: triangle(scores, scores.size(-1), scores.size(-1)),
                lambda scores, visible: masked_weights(scores, torch.ones_like(scores).tril() == 1),
            ),
        ),
        Belief(
            "columns sum to one",
            "Each column sums to one, or something else than the row does. It tempts, because dim=0 or dim=1 is "
            "quickly typed, and in a batch dim=1 is the queries. Who is it that spends one whole attention, who asks "
            "or who is asked?",
            (along(-2), along(0), along(1)),
        ),
        Belief(
            "−∞ times 0 is 0",
            "The mask was multiplied by −∞ and added, and 0 · ∞ is NaN: so is every score that is visible. It tempts, "
            "because 1 − visible is 0 there, and 0 of anything is nothing. What *chooses* between two numbers, where "
            "a product does not?",
            (lambda scores, visible: (scores + ~visible * -math.inf).softmax(dim=-1),),
        ),
        Belief(
            "masked scores are the answer",
            "These are scores, with −∞ where it is hidden. It tempts to stop here, because the mask was the new "
            "thing. Asked are the weights: what does the row of e sum to?",
            (lambda scores, visible: scores.masked_fill(~visible, -math.inf),),
        ),
        Belief(
            "whoever is visible counts alike",
            "Everything visible has the same weight: the crude average. It tempts, because the triangle was used so "
            "before there were scores. e asks for a consonant, and y is half a one. Which argument have you not used?",
            (lambda scores, visible: shares(visible.float()).expand_as(scores),),
        ),
    ),
    by_hand="Take the first wrong row, strike out what is hidden, and make weights of the scores that are left.",
)
