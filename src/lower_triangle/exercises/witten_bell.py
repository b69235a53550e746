"""Exercise: what followed a context, mixed with what the context one shorter says."""

from typing import Any

import torch
from torch import Tensor

from lower_triangle.exercises.cases import Belief, Case, Examination


def witten_bell(counts: Tensor, shorter: Tensor) -> Tensor:
    """Mix what followed a context with what the shorter context says.

    The rule: give the shorter context as many counts as there are different
    tokens that followed, dealt out by its probabilities. If nothing followed,
    what the shorter context says is the answer. With counts (3, 1, 0) and
    shorter (0.5, 0.25, 0.25) that is about (0.6667, 0.25, 0.0833).

    Shapes:
        counts: (V,), how often each token followed the context, as floats
        shorter: (V,), the probabilities after the context one token shorter
        returns: (V,), probabilities
    """
    kinds = (counts > 0).sum()  # how many different tokens followed
    if kinds == 0:
        return shorter
    return (counts + kinds * shorter) / (counts.sum() + kinds)


def given(counts: list[float], shorter: list[float]) -> Any:
    return lambda: {"counts": torch.tensor(counts), "shorter": torch.tensor(shorter)}


def handed_on(number: Any) -> Any:
    """The answer of one who hands on another number of counts than there are kinds."""
    return lambda counts, shorter: (counts + number(counts) * shorter) / (counts.sum() + number(counts))


def kinds(counts: Tensor) -> Tensor:
    return (counts > 0).sum()


def unseen_only(seen: Any, unseen: Any) -> Any:
    """What stands where a token followed, and where it did not."""
    return lambda counts, shorter: torch.where(counts > 0, seen(counts), unseen(counts, shorter))


def kept(counts: Tensor) -> Tensor:
    return counts / (counts.sum() + kinds(counts))


EXAMINATION = Examination(
    solution=witten_bell,
    cases=(
        Case("counts of 3, 1 and 0", given([3.0, 1, 0], [0.5, 0.25, 0.25])),
        Case(
            "a context that never came",
            given([0.0, 0, 0], [0.5, 0.25, 0.25]),
            "Nothing followed this context, so it has nothing to say. Who has?",
        ),
        Case("always followed by the same token", given([0.0, 5, 0, 0], [0.25, 0.125, 0.5, 0.125])),
        Case("five kinds of token", given([1.0, 1, 3, 1, 0, 2], [0.125, 0.125, 0.25, 0.125, 0.25, 0.125])),
        Case("counts of a long text", given([700.0, 0, 20, 80], [0.25, 0.25, 0.125, 0.375])),
        Case("a vocabulary of one token", given([4.0], [1.0]), "There is one token only: it is certain."),
    ),
    beliefs=(
        Belief(
            "one count is handed on",
            "The shorter context got one count. It tempts, because one was added when pairs were smoothed. Here its "
            "share depends on what followed: where many different tokens came, one more new one is likely. How many "
            "different ones do the counts 3, 1, 0 show?",
            (handed_on(lambda counts: 1),),
        ),
        Belief(
            "half and half",
            "Half is always the counts' and half the shorter context's. It tempts, because a mixture sounds like "
            "halves; it also comes of handing on as many counts as there are in all. But after 700 'u's one believes "
            "the counts. How many *different* tokens followed?",
            (lambda counts, shorter: (counts / counts.sum() + shorter) / 2, handed_on(torch.sum)),
        ),
        Belief(
            "every token of the vocabulary is a kind",
            "The shorter context got V counts, one for each token that exists. It tempts, because the length of "
            "counts is at hand. But a context always followed by one token has shown one kind, however many exist. "
            "Which places of (3, 1, 0) have been seen?",
            (handed_on(len), lambda counts, shorter: handed_on(lambda _: (shorter > 0).sum())(counts, shorter)),
        ),
        Belief(
            "the kinds that never followed",
            "The shorter context got one count for each token that did *not* follow. It tempts, because it is they "
            "that need a share. But what has not come says nothing of how readily new things come. Which tokens do, "
            "those that came or those that did not?",
            (handed_on(lambda counts: (counts == 0).sum()),),
        ),
        Belief(
            "divided by the old total",
            "The counts were handed on and the whole divided by the old total. It tempts, because counts.sum() is what "
            "one divides counts by. But there are more of them now, and these numbers sum to more than one. How many "
            "counts lie on the table after the shorter context has dealt out its own?",
            (lambda counts, shorter: (counts + kinds(counts) * shorter) / counts.sum(),),
        ),
        Belief(
            "the shorter context is for what never followed",
            "The shorter context was asked only where the count is 0. It tempts, because a count seems to know "
            "better. But a count of 1 is hardly more than one of 0. The rule deals out its counts by all the "
            "probabilities: how many does token 0, with its count of 3, get on top?",
            (
                unseen_only(lambda counts: counts / counts.sum(), lambda counts, shorter: shorter),
                unseen_only(kept, lambda counts, shorter: shorter),
                unseen_only(kept, lambda counts, shorter: (1 - kept(counts).sum()) * shorter),
                unseen_only(kept, lambda counts, shorter: (1 - kept(counts).sum()) / (counts == 0).sum()),
            ),
        ),
        Belief(
            "one added to each count",
            "One was added to every count, and the shorter context not asked. It tempts, because it is the smoothing "
            "one knows. But it treats all tokens alike, and 'e' is more frequent than 'z' wherever you look. Which "
            "argument have you not used?",
            (lambda counts, shorter: (counts + 1) / (counts + 1).sum(),),
        ),
        Belief(
            "all tokens alike",
            "As many counts as there are kinds were handed on, and dealt out in equal parts. It tempts, because the "
            "shortest context of all does so. But here a shorter one is given, and it finds token 0 twice as probable "
            "as the others. By what should the counts be dealt out?",
            (lambda counts, shorter: (counts + kinds(counts) / len(counts)) / (counts.sum() + kinds(counts)),),
        ),
        Belief(
            "the counts alone",
            "These are the shares of the counts, and the shorter context is not heard. It tempts, because what was "
            "seen is what is known. But a token that never followed gets 0, as if it never could. Who knows something "
            "of such a token?",
            (lambda counts, shorter: counts / counts.sum(),),
        ),
        Belief(
            "a context that never came follows the same rule",
            "There are no counts and no kinds here, so this is 0 divided by 0, or by something put in its place. It "
            "tempts, because the rule is right for every context that did come. What do you know of the next token, "
            "when this context is new?",
            (handed_on(kinds), lambda counts, shorter: torch.zeros_like(counts)),
        ),
    ),
    by_hand="Write the counts down, deal out those of the shorter context on top of them, and add up all there are.",
)
