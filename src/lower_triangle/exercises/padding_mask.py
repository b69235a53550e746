"""Exercise: who may look at whom, in texts of unequal length."""

import math
from typing import Any

import torch
from torch import Tensor

from lower_triangle.exercises.cases import Belief, Case, Examination


def padding_mask(lengths: Tensor, T: int) -> Tensor:
    """Who may look at whom in texts that were padded at the left to T.

    Of each text the last `length` positions are real. A real position looks
    at itself and at the real ones before it. A padded one looks at itself
    only, so that no row is empty. A text of length 0 is padding throughout.
    With length 2 and T = 3, the rows are 100, 010 and 011, where 1 is True.

    Shapes:
        lengths: (B,), each from 0 to T
        returns: (B, T, T), True where a query may look
    """
    place = torch.arange(T, device=lengths.device)  # (T,)
    past = place <= place[:, None]  # (T, T), queries in rows
    oneself = place == place[:, None]  # (T, T)
    real = place >= T - lengths[:, None]  # (B, T)
    # What stands before a padded position is padded too, so hiding the padded
    # keys leaves its row empty, but for itself.
    return (past & real[:, None, :]) | oneself  # (B, T, T)


def given(*lengths: int, T: int) -> Any:
    return lambda: {"lengths": torch.tensor(lengths), "T": T}


def real_of(lengths: Tensor, T: int) -> Tensor:
    """Which positions are real, (B, T)."""
    return torch.arange(T) >= T - lengths[:, None]


def triangle(T: int, diagonal: int = 0) -> Tensor:
    return torch.ones(T, T, dtype=torch.bool).tril(diagonal)


def oneself(T: int) -> Tensor:
    return torch.eye(T, dtype=torch.bool)


def both(real: Tensor) -> Tensor:
    """Where query and key are real."""
    return real[:, :, None] & real[:, None, :]


def if_real(real: Any) -> tuple[Any, ...]:
    """The answers of one who thinks that others are real: with the padded rows right, empty, or half hidden."""
    return (
        lambda lengths, T: both(real(lengths, T)) & triangle(T) | oneself(T),
        lambda lengths, T: both(real(lengths, T)) & triangle(T),
        lambda lengths, T: real(lengths, T)[:, None, :] & triangle(T) | oneself(T),
        lambda lengths, T: real(lengths, T)[:, None, :] & triangle(T),
    )


def of_one(length: Any) -> Any:
    """The answer of one who gives every text the mask of one length."""
    return lambda lengths, T: padding_mask(length(lengths).expand_as(lengths), T)


EXAMINATION = Examination(
    solution=padding_mask,
    cases=(
        Case("a text of 2 in 3 places", given(2, T=3)),
        Case("a text that fills its places", given(4, T=4), "Nothing is padded here: who may look at whom, then?"),
        Case(
            "two texts, of 1 and of 3",
            given(1, 3, T=3),
            "One text is right, two side by side are not. Each has its own mask: which dimension counts the texts?",
        ),
        Case("one place, T = 1", given(1, T=1), "One position looks at itself."),
        Case(
            "an empty text beside another",
            given(0, 2, T=3),
            "A text of length 0 has no real position. Each of its padded ones looks at itself.",
        ),
        Case(
            "more texts than places",
            given(2, 0, 3, 1, 2, T=3),
            "Here B is 5 and T is 3. Which of the two does each line of yours count?",
        ),
        Case("texts of 2, 5 and 4 in 7 places", given(2, 5, 4, T=7)),
    ),
    beliefs=(
        Belief(
            "padded at the right",
            "The first positions were taken for the real ones. It tempts, because a list is filled up at its end. But "
            "a text that goes on is to end at the last position, where the next token is read off. With length 2 of "
            "3, which two positions hold the text?",
            if_real(lambda lengths, T: torch.arange(T) < lengths[:, None]),
        ),
        Belief(
            "the length counts the padding",
            "As many positions were hidden as are real. It tempts, because with half of them padded the two are the "
            "same number. Length is what the text has, not what it lacks. A text of length T fills its places: how "
            "many of them do you hide?",
            if_real(lambda lengths, T: torch.arange(T) >= lengths[:, None]),
        ),
        Belief(
            "one place too many or too few",
            "The text begins one position too early or too late. It tempts, because positions are counted from 0 and "
            "lengths from 1. Take length 2 in 3 places: the real ones are 1 and 2. From which number to which does "
            "your comparison go?",
            if_real(lambda lengths, T: torch.arange(T) > T - lengths[:, None])
            + if_real(lambda lengths, T: torch.arange(T) >= T - lengths[:, None] - 1),
        ),
        Belief(
            "a padded position looks at nothing",
            "The rows of padded positions are empty. It tempts, because nobody reads what comes out of them. But the "
            "softmax of nothing is NaN, and 0 times NaN is NaN: in the next layer it is in every row. At which one "
            "key does it do no harm to look?",
            (lambda lengths, T: both(real_of(lengths, T)) & triangle(T),),
        ),
        Belief(
            "a padded position looks at its past",
            "Padded positions look at others, their past or the whole text. It tempts, because it keeps their rows "
            "from being empty, and nobody reads what comes out. Asked is the least that does so. How many keys does a "
            "row need to have a softmax?",
            (
                lambda lengths, T: triangle(T) & (real_of(lengths, T)[:, None, :] | ~real_of(lengths, T)[:, :, None]),
                lambda lengths, T: triangle(T) & both(real_of(lengths, T)) | ~real_of(lengths, T)[:, :, None],
                lambda lengths, T: triangle(T) & (real_of(lengths, T)[:, None, :] == real_of(lengths, T)[:, :, None]),
            ),
        ),
        Belief(
            "padding is hidden as a query only",
            "The rows of padded positions are cut, and their columns are not: real positions still look at the "
            "padding. It tempts, because one line with the lengths seems enough, and the first dimension comes first. "
            "Read the last row aloud: at whom does the last letter look?",
            (
                lambda lengths, T: real_of(lengths, T)[:, :, None] & triangle(T) | oneself(T),
                lambda lengths, T: real_of(lengths, T)[:, :, None] & triangle(T),
            ),
        ),
        Belief(
            "no padding",
            "This is the triangle, the same for every text, and the padding can be seen. It tempts, because for the "
            "longest text it is right. But what stands in the padded places is no letter. Which argument has not been "
            "used?",
            (
                lambda lengths, T: triangle(T).expand(len(lengths), T, T),
                lambda lengths, T: triangle(T)[None],
                lambda lengths, T: triangle(T),
            ),
        ),
        Belief(
            "the future is seen",
            "Real positions look at all real positions, later ones too. It tempts, because the padding was the new "
            "part, and took all the attention. The texts are still written from left to right. What has the first "
            "real position heard?",
            (
                lambda lengths, T: both(real_of(lengths, T)) | oneself(T),
                lambda lengths, T: both(real_of(lengths, T)),
                lambda lengths, T: real_of(lengths, T)[:, None, :].expand(-1, T, T),
                lambda lengths, T: real_of(lengths, T)[:, None, :] | oneself(T),
            ),
        ),
        Belief(
            "rows are keys",
            "The table lies on its side: each real position sees itself and those after it. It tempts, because two "
            "comparisons of places look alike, and [:, None] may stand at either. Read a row aloud: 'this *query* may "
            "look at the first key, at the second ...'.",
            (
                lambda lengths, T: padding_mask(lengths, T).mT,
                lambda lengths, T: (both(real_of(lengths, T)) & triangle(T)).mT,
            ),
        ),
        Belief(
            "True means hidden",
            "Every answer is the opposite of what is wanted: this is True where a query may *not* look. It tempts, "
            "because what pads is to be hidden, and nn.MultiheadAttention calls it key_padding_mask. What is on the "
            "diagonal here, and may a position look at itself?",
            (
                lambda lengths, T: ~padding_mask(lengths, T),
                lambda lengths, T: ~(both(real_of(lengths, T)) & triangle(T)),
            ),
        ),
        Belief(
            "one mask for all texts",
            "All texts have the same mask, that of the longest, the shortest, the first or the last of them. It "
            "tempts, because the triangle was one for all. But each begins at a place of its own. How many masks do "
            "two lengths make?",
            (
                of_one(lambda lengths: lengths.max()),
                of_one(lambda lengths: lengths.min()),
                of_one(lambda lengths: lengths[0]),
                of_one(lambda lengths: lengths[-1]),
                lambda lengths, T: padding_mask(lengths.max()[None], T)[0],
            ),
        ),
        Belief(
            "which positions are real",
            "This says which positions are real, one row a text. It tempts, because that is all that the lengths "
            "know. Asked is who may look at whom: a table for each text, with a row for each query. What does the row "
            "of the first real position hold, and what the last one's?",
            (
                real_of,
                lambda lengths, T: real_of(lengths, T)[:, None, :],
                lambda lengths, T: real_of(lengths, T)[:, :, None],
            ),
        ),
        Belief(
            "something to add to the scores",
            "These are numbers to *add* to the scores, 0 and −∞, and they do the work of a mask. It tempts, because "
            "many programs keep them so. Here the mask is only the table of who may look, and −∞ comes where it is "
            "used. What is it a table of, then?",
            (
                lambda lengths, T: torch.zeros(len(lengths), T, T).masked_fill(~padding_mask(lengths, T), -math.inf),
                lambda lengths, T: torch.zeros(len(lengths), T, T).masked_fill(
                    ~(both(real_of(lengths, T)) & triangle(T)), -math.inf
                ),
            ),
        ),
    ),
    by_hand="Write the text in its places, with a dash for each padded one, and draw the table of that text alone.",
)
