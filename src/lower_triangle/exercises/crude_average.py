"""Exercise: the crude average of the past, in any form the reader likes."""

from typing import Any

import torch
from torch import Tensor

from lower_triangle.examples import W_V, YET
from lower_triangle.exercises.cases import Belief, Case, Examination


def crude_average(x: Tensor) -> Tensor:
    """Average each position with all those before it.

    On "yet", where y brings (5, 5), e (0, 10) and t (10, 0), that is
    (5, 5), then (2.5, 7.5), then (5, 5).

    Shapes:
        x: (..., T, C), any number of texts
        returns: (..., T, C)
    """
    T = x.size(-2)
    heard = torch.arange(1, T + 1, device=x.device)[:, None]  # (T, 1)
    return x.cumsum(dim=-2) / heard  # (..., T, C)


def given(*shape: int) -> dict[str, Any]:
    """A text of small whole numbers, the same each time."""
    return {"x": torch.randint(-4, 5, shape, generator=torch.Generator().manual_seed(1)).float()}


def by(weights: Any) -> Any:
    """The answer of one who weighs the positions by a function of the lower triangle of ones."""
    return lambda x: weights(torch.ones(x.size(-2), x.size(-2)).tril()) @ x


def rows(x: Tensor, row: Any) -> Tensor:
    """What `row(x, t)` says for each position t."""
    return torch.stack([row(x, t) for t in range(x.size(-2))], dim=-2)


def halves(x: Tensor) -> Tensor:
    """Each average made of the one before it and the new position, half and half."""
    average = [x[..., 0, :]]
    for t in range(1, x.size(-2)):
        average.append((average[-1] + x[..., t, :]) / 2)
    return torch.stack(average, dim=-2)


def overwrite(x: Tensor) -> Tensor:
    """Each row replaced by its average before the next row reads it."""
    x = x.clone()
    for t in range(x.size(-2)):
        x[..., t, :] = x[..., : t + 1, :].mean(dim=-2)
    return x


def up_to(row: Tensor) -> Any:
    """The average of those before a position alone, with `row` where there is nobody."""
    return lambda x: rows(x, lambda x, t: x[..., :t, :].mean(dim=-2) if t else x[..., 0, :] * row)


def along(x: Tensor, dim: int) -> Tensor:
    """Running averages along another dimension than time."""
    counts = torch.ones_like(x).cumsum(dim)
    return x.cumsum(dim) / counts


EXAMINATION = Examination(
    solution=crude_average,
    cases=(
        Case("the letters of yet", lambda: {"x": YET @ W_V}),
        Case("another word, of two letters with three numbers each", lambda: given(2, 3)),
        Case("one letter, T = 1", lambda: given(1, 2), "The average of one letter is that letter."),
        Case("a text of five letters", lambda: given(5, 2)),
        Case(
            "a batch of two texts",
            lambda: given(2, 3, 2),
            "One text is right, several side by side are not. Count the dimensions from the end, where time is "
            "always dim=-2; from the front it is dim=0 in one text and dim=1 in a batch.",
        ),
        Case("a gradient comes back", lambda: given(3, 2), gradient=True),
    ),
    beliefs=(
        Belief(
            "the whole text, the future included",
            "Every row is the average of the whole text. It tempts, because mean(dim=-2) is called the average; it "
            "also comes of a softmax over scores of 0, which is a score like any other. When y is said, e and t have "
            "not been: what may row 0 know?",
            (lambda x: x.mean(dim=-2, keepdim=True).expand_as(x), lambda x: x.mean(dim=-2)),
        ),
        Belief(
            "divided by T",
            "Every row is divided by T, how long the whole text is. It tempts, because the last row comes out right; "
            "it also comes of a triangle laid over weights that were 1/T already. How many letters has row 0 heard?",
            (by(lambda past: past / past.size(-1)),),
        ),
        Belief(
            "the sum is the average",
            "These are the sums of what was heard so far. It tempts to stop here, because they look back and never "
            "forward, as they should. But an average lies among what it averages. How many letters went into each "
            "row?",
            (lambda x: x.cumsum(dim=-2),),
        ),
        Belief(
            "divided by t, counted from 0",
            "Row t is divided by t. It tempts, because positions are counted from 0; then row 0 is divided by "
            "nothing. Count on your fingers how many letters each row has heard.",
            (lambda x: x.cumsum(dim=-2) / torch.arange(x.size(-2))[:, None],),
        ),
        Belief(
            "a position does not hear itself",
            "Each row averages those before it and leaves itself out. It tempts, because x[:t] ends before t, and "
            "because 'the past' sounds as if it did. The first letter would have nobody to listen to.",
            (up_to(torch.nan), up_to(0), up_to(1)),
        ),
        Belief(
            "the rest instead of the past",
            "Each row averages itself and what comes after it. It tempts, because the upper triangle (triu) and the "
            "lower (tril) look alike until you say who is a row. A row is who listens: which letters has the first "
            "one heard?",
            (lambda x: along(x.flip(-2), -2).flip(-2),),
        ),
        Belief(
            "half of the average so far, half of the new letter",
            "Each row is half the row above and half its own letter. It tempts, because for two letters that is "
            "their average. But from the third on, the row above stands for several letters. What share does y have "
            "in row 2, and what share should it have?",
            (halves,),
        ),
        Belief(
            "the sums of the rows, lined up with the columns",
            "Each column of the weights is divided by one number, where each row should be. It tempts, because "
            "sum(dim=-1) has the right numbers; but it has lost a dimension, so it lies down as a row. Print the "
            "weights: which of their rows sum to one? Then read what keepdim does.",
            (by(lambda past: past / past.sum(dim=-1)),),
        ),
        Belief(
            "averages that are read again",
            "Row t reads rows that have been replaced by their averages already, so they are averaged twice. It "
            "tempts, because writing into x saves a tensor. Which letters does row 2 find in x when its turn comes?",
            (overwrite,),
        ),
        Belief(
            "time is the last dimension",
            "The numbers within each letter are averaged, and no letter hears another. It tempts, because dim=-1 is "
            "the dimension one types first. In (T, C) the last dimension is C; which one is time?",
            (lambda x: along(x, -1), lambda x: x.mean(dim=-1), lambda x: x.mean(dim=-1, keepdim=True).expand_as(x)),
        ),
        Belief(
            "time is the first dimension",
            "In a batch the first dimension counts the texts, and here one text is averaged with another. It tempts, "
            "because with a single text dim=0 is time. From the end, time is in the same place in both.",
            (lambda x: along(x, 0),),
        ),
    ),
    by_hand="Take the first row that is wrong, and write down which letters it may hear, their sum, and their number.",
    time="x",
)
