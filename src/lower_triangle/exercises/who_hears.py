"""Exercise: which positions of a layer hear which, found from outside.

Longer than other modules, for it has the layers that are asked about.
"""

import math
from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from lower_triangle.attention import attend, average_matmul, causal_mask
from lower_triangle.examples import W_K, W_Q, W_V, YET
from lower_triangle.exercises.cases import Belief, Case, Examination, Layer


def who_hears(layer: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    """Find out which position of a layer hears which, from outside alone.

    True at [i, j] where some change of what goes in at j changes what comes
    out at i. For the crude average of three letters that is the lower
    triangle. Where a layer hears, its derivative is not 0 either, so you may
    push and look, or ask for gradients. What is below 0.00001 is rounding.

    Shapes:
        layer: takes (T, C), and makes (T, another C) of it
        x: (T, C), where to try it
        returns: (T, T), of True and False
    """
    T, C = x.shape
    before = layer(x)
    heard = torch.zeros(T, T, dtype=torch.bool, device=x.device)
    for j in range(T):
        for c in range(C):
            pushed = x.clone()
            pushed[j, c] += 0.3
            heard[:, j] |= ((layer(pushed) - before).abs() > 1e-5).any(dim=-1)
    return heard


def of_yet(says: str, weigh: Callable[[Tensor], Tensor]) -> Any:
    """One head, made of its scores by `weigh`, and the letters of yet."""

    def head(x: Tensor) -> Tensor:
        scores = x @ W_Q @ (x @ W_K).mT / math.sqrt(2)
        return weigh(scores) @ (x @ W_V)

    return lambda: {"layer": Layer(says, head), "x": YET.clone()}


def given(says: str, does: Callable[[Tensor], Tensor], T: int, C: int) -> Any:
    """A layer, and a text of small numbers, no two of a position alike, the same each time; position 1 is all 0."""

    def arguments() -> dict[str, Any]:
        rng = torch.Generator().manual_seed(9)
        x = torch.stack([torch.randperm(9, generator=rng)[:C] - 4 for _ in range(T)]) / 4
        x[1:2] = 0
        return {"layer": Layer(says, does), "x": x}

    return arguments


def hidden(scores: Tensor, fill: float = -math.inf) -> Tensor:
    """The scores with the future filled."""
    return scores.masked_fill(torch.ones_like(scores).triu(1) == 1, fill)


def shifted(x: Tensor) -> Tensor:
    """Each position is handed what stood at the one before it."""
    return torch.cat([torch.zeros_like(x[:1]), x[:-1]])


def neighbours(x: Tensor) -> Tensor:
    """The sum of a position and those at its two sides."""
    return x + shifted(x) + shifted(x.flip(0)).flip(0)


def mirrored(x: Tensor) -> Tensor:
    """The average of the past, and the same with a minus."""
    return torch.cat([average_matmul(x), -average_matmul(x)], dim=-1)


def beside(x: Tensor) -> Tensor:
    """A position's own numbers, and those of the average beside them."""
    return torch.cat([x, average_matmul(x)], dim=-1)


def normed(x: Tensor) -> Tensor:
    """Each position's numbers brought to mean 0 and variance 1."""
    return F.layer_norm(x, x.shape[-1:])


def over_time(x: Tensor) -> Tensor:
    """Each number brought to mean 0 and variance 1 over the whole text."""
    return (x - x.mean(dim=0)) / (x.var(dim=0, correction=0) + 0.1).sqrt()


def pushing(
    push: Callable[[Tensor, int], Any] = lambda x, j: x[j].add_(torch.arange(1, x.size(1) + 1) / 3),
    heard: Callable[[Tensor], Tensor] = lambda change: (change.abs() > 1e-6).any(dim=-1),
) -> Callable[..., Tensor]:
    """The answer of one who pushes a position, and looks at what comes out, in a certain way."""

    def ask(layer: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
        columns = []
        for j in range(x.size(0)):
            pushed = x.clone()
            push(pushed, j)
            columns.append(heard(layer(pushed) - layer(x)))
        return torch.stack(columns, dim=1)

    return ask


def seen(change: Callable[[Tensor], Tensor]) -> Callable[..., Tensor]:
    """The answer of one who does something to the table that is wanted."""
    return lambda layer, x: change(who_hears(layer, x).int()) > 0


def later_at_once(table: Tensor) -> Tensor:
    """The past taken for granted, and one answer a row for all that comes later."""
    return table.triu(1).amax(dim=1, keepdim=True).expand_as(table) | torch.ones_like(table).tril()


EXAMINATION = Examination(
    solution=who_hears,
    cases=(
        Case(
            "the crude average of yet",
            lambda: {"layer": Layer("the crude average", average_matmul), "x": YET @ W_V},
        ),
        Case(
            "one head on yet, with its mask",
            of_yet("one head, masked before the softmax", lambda scores: hidden(scores).softmax(dim=-1)),
        ),
        Case(
            "a head that leaks",
            of_yet("one head, masked after the softmax", lambda scores: scores.softmax(dim=-1).tril()),
            "The values of the future are hidden here and its keys are not: they are in what each row is divided by.",
        ),
        Case(
            "each position is handed the one before it",
            given("shifts the text by one", shifted, 4, 3),
            "Nobody hears itself here, and the first hears nobody. What does your function take for granted?",
        ),
        Case("a single position", given("shifts the text by one", shifted, 1, 2), "It hears nobody, itself included."),
        Case(
            "neighbours on both sides",
            given("adds the neighbours at both sides", neighbours, 4, 2),
            "Position 0 hears 1 and not 2. Is each pair asked about on its own?",
        ),
        Case(
            "what comes out sums to 0",
            given("the average of the past, and minus the same", mirrored, 3, 2),
            "What comes out at a position sums to 0 here, always. Look at its numbers one by one.",
        ),
        Case(
            "only the last number is heard",
            given("the last number of each, backwards in time", lambda x: x.flip(0)[:, -1:], 4, 3),
            "This layer looks at one of the three numbers of a position. Did you push that one too?",
        ),
        Case(
            "a position's own numbers, and the average beside them",
            given("its own numbers, and beside them the average", beside, 3, 2),
            "Some numbers that come out are a position's own, and others hear the past. Look at all of them.",
        ),
        Case(
            "LayerNorm, each position by itself",
            given("LayerNorm of each position", normed, 3, 4),
            "LayerNorm takes away what all numbers of a position have in common, be it a sum or a factor.",
        ),
        Case("a norm over the whole text", given("a norm over time", over_time, 4, 3)),
        Case(
            "softmax over the wrong dimension",
            of_yet("one head, its softmax down the columns", lambda scores: hidden(scores).softmax(dim=-2)),
        ),
        Case(
            "the past in a whisper",
            given("itself, and a hundredth of the average", lambda x: x + average_matmul(x) / 100, 3, 2),
            "The past is heard here, if only in the third decimal. From what size on do you call it a change?",
        ),
    ),
    beliefs=(
        Belief(
            "rows are who is heard",
            "The table lies on its side: row i says who hears i. It tempts, because one pushes j and sees what comes "
            "of it, and writes that down as a row. Read row 0 aloud: *whom* does the first letter hear?",
            (lambda layer, x: who_hears(layer, x).mT,),
        ),
        Belief(
            "True means not heard",
            "Every answer is the opposite: this is True where nothing changed. It tempts, because one compares, and "
            "what is equal is True. Push y: does what comes out at y stay as it was?",
            (lambda layer, x: ~who_hears(layer, x),),
        ),
        Belief(
            "a second name is a copy",
            "Nobody hears anybody, not even itself. It tempts to write pushed = x, because it looks like a copy; but "
            "it is a second name for the same tensor, and both were pushed. After pushed[j] has moved, what is x[j]?",
            (lambda layer, x: torch.zeros(len(x), len(x)) == 1,),
        ),
        Belief(
            "only whether it hears itself",
            "Only the position that was pushed was looked at, so nobody is heard but oneself. It tempts, because x and "
            "what comes out have an index in common. Push y: at how many positions does the average change?",
            (
                lambda layer, x: who_hears(layer, x) & (torch.eye(len(x)) == 1),
                lambda layer, x: who_hears(layer, x).diagonal(),
            ),
        ),
        Belief(
            "one answer for all who listen",
            "Each column is all True or all False: what comes out was added up over the whole text before it was "
            "looked at. It tempts, because a gradient wants one number, and sum() makes one. It says that *somebody* "
            "hears j. Who is it?",
            (seen(lambda table: table.amax(dim=0).expand_as(table)), lambda layer, x: who_hears(layer, x).any(dim=0)),
        ),
        Belief(
            "the whole text is pushed at once",
            "Each row is all True or all False: everything was pushed together. It tempts, because one push is less "
            "work than T. It says that i hears *somebody*. Whom does it hear?",
            (
                seen(lambda table: table.amax(dim=1, keepdim=True).expand_as(table)),
                lambda layer, x: who_hears(layer, x).any(dim=1),
            ),
        ),
        Belief(
            "a lower triangle",
            "This is the lower triangle, whatever the layer. It tempts, because that is what one hopes for, and for an "
            "average it is right. But whether a layer leaks is the question. What does it say when you change the "
            "last letter?",
            (lambda layer, x: torch.ones(len(x), len(x)).tril() == 1,),
        ),
        Belief(
            "the future is all one",
            "Several positions were pushed together, those from j on or all later ones. It tempts, because to find "
            "*whether* there is a leak, that is enough, and for an average it is right. But a neighbour may be heard "
            "and the one after it not. Which of them made the difference?",
            (
                seen(later_at_once),
                seen(lambda table: later_at_once(table) & (table | torch.ones_like(table).triu(1))),
                seen(lambda table: table.flip(1).cumsum(dim=1).flip(1)),
            ),
        ),
        Belief(
            "the pushes pile up",
            "Whoever has heard one position seems to hear all after it too: the pushes of before are still there. It "
            "tempts to write into one and the same tensor, because a copy costs a line. When t is pushed, what is y "
            "at that moment?",
            (seen(lambda table: table.cumsum(dim=1)),),
        ),
        Belief(
            "what comes out is added up",
            "The numbers that come out at a position were added before they were looked at, and one rose as another "
            "fell. It tempts, because a sum is one number, and a gradient wants one. Here the sum is always 0. What "
            "cannot cancel?",
            (pushing(heard=lambda change: change.sum(dim=-1).abs() > 1e-4),),
        ),
        Belief(
            "only what grows has changed",
            "Only a rise counts here, and what falls when a position is pushed is overlooked. It tempts, because one "
            "asks whether the difference is *greater* than a small number. What e says "
            "falls from 5 to 2 when t is pushed: has it changed?",
            (
                pushing(heard=lambda change: change.sum(dim=-1) > 1e-6),
                pushing(heard=lambda change: change.mean(dim=-1) > 1e-4),
                pushing(heard=lambda change: (change > 1e-6).all(dim=-1)),
                pushing(heard=lambda change: change.amax(dim=-1) > 1e-6),
                pushing(lambda x, j: x[j].add_(1), heard=lambda change: change.sum(dim=-1) > 1e-6),
                pushing(lambda x, j: x[j].add_(1), heard=lambda change: change.amax(dim=-1) > 1e-6),
            ),
        ),
        Belief(
            "only one number goes in",
            "Only one number of a position was pushed, the first perhaps. It tempts, because x[j, 0] is a number and "
            "x[j] is not. But a layer may look at another one. How many numbers has a position?",
            (pushing(lambda x, j: x[j, 0].add_(1)), pushing(lambda x, j: x[j, -1].add_(1))),
        ),
        Belief(
            "only one number comes out",
            "Only one of the numbers that come out at a position was looked at. It tempts, because [i, 0] is a number "
            "and a gradient wants one. But a position may keep its own there, and hear others beside it. How many "
            "numbers come out?",
            (
                pushing(heard=lambda change: change[:, 0].abs() > 1e-6),
                pushing(heard=lambda change: change[:, -1].abs() > 1e-6),
            ),
        ),
        Belief(
            "every number is pushed alike",
            "All numbers of a position were pushed by the same amount. It tempts, because x[j] + 1 is short. But "
            "LayerNorm takes their mean away first, and then it is as if nothing had been done. How could the push be "
            "different for each number?",
            (pushing(lambda x, j: x[j].add_(1)),),
        ),
        Belief(
            "a factor is a push",
            "A position was multiplied, or set to 0. It tempts, because 'what if it were not there' is a good "
            "question. But one that is 0 already stays so, and 2 · 0 is 0 as well. Position 1 of this text is (0, 0, "
            "...): what changes whatever stood there?",
            (
                pushing(lambda x, j: x[j].mul_(2)),
                pushing(lambda x, j: x[j].zero_()),
                pushing(lambda x, j: x[j].neg_()),
            ),
        ),
        Belief(
            "a whisper is silence",
            "Small changes were not counted, or lost. It tempts to ask for a clear one, because floating-point numbers "
            "are never quite equal. But what was not touched comes out of the same layer to the last digit. How large "
            "is a hundredth of a third of your push?",
            (
                pushing(heard=lambda change: (change.abs() > 0.1).any(dim=-1)),
                pushing(heard=lambda change: (change.abs() > 0.05).any(dim=-1)),
                pushing(heard=lambda change: (change.abs() > 0.02).any(dim=-1)),
                pushing(lambda x, j: x[j].add_(1e-6), heard=lambda change: (change != 0).any(dim=-1)),
            ),
        ),
        Belief(
            "NaN as a dye",
            "A NaN or ∞ was put in at j, to see where it comes out. It tempts, because it spreads to all that touch "
            "it. But it spreads too far: 0 · NaN is NaN, so a weight of 0 hears it as well. What kind of number does "
            "a weight of 0 silence?",
            (
                pushing(lambda x, j: x[j].fill_(math.nan), heard=lambda change: change.isnan().any(dim=-1)),
                pushing(lambda x, j: x[j].fill_(math.inf), heard=lambda change: change.isnan().any(dim=-1)),
            ),
        ),
    ),
    by_hand="Take the first wrong place [i, j], change x[j] by hand, and look whether what comes out at i moves.",
)
