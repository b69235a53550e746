"""Exercise: the causal mask."""

import math
from typing import Any

import torch
from torch import Tensor

from lower_triangle.exercises.cases import Belief, Case, Examination


def may_look(Tq: int, Tk: int) -> Tensor:
    """Who may look at whom: True at your own position and those before it.

    Each row is a query, each column a key. The last query stands at the last
    key: two queries with four keys are the last two positions of four.

    Shapes:
        returns: (Tq, Tk), of True and False
    """
    query = torch.arange(Tk - Tq, Tk)[:, None]  # (Tq, 1)
    key = torch.arange(Tk)  # (Tk,)
    return key <= query  # (Tq, Tk)


def given(Tq: int, Tk: int) -> Any:
    return lambda: {"Tq": Tq, "Tk": Tk}


def ones(Tq: int, Tk: int) -> Tensor:
    return torch.ones(Tq, Tk)


def average_weights(Tq: int, Tk: int) -> Tensor:
    """The mask with each row divided by its sum."""
    past = may_look(Tq, Tk).float()
    return past / past.sum(dim=-1, keepdim=True)


NOT_ALIGNED = (
    "Here there are fewer queries than keys, and the queries are the *last* positions of the text. In which column "
    "does the first query stand?"
)

EXAMINATION = Examination(
    solution=may_look,
    cases=(
        Case("3 queries, 3 keys", given(3, 3)),
        Case("5 queries, 5 keys", given(5, 5), "It fits three letters; does it count Tq and Tk, or 3?"),
        Case("1 query, 1 key", given(1, 1), "The first letter has nobody to look at but itself."),
        Case("2 queries, 4 keys", given(2, 4), NOT_ALIGNED),
        Case("1 query, 5 keys", given(1, 5), NOT_ALIGNED),
    ),
    beliefs=(
        Belief(
            "True means hidden",
            "Every answer is the opposite of what is wanted: this is True where a query may *not* look. It tempts, "
            "because a mask sounds like something that hides, and nn.MultiheadAttention wants it so. Here True means "
            "may look, as in scaled_dot_product_attention.",
            (lambda Tq, Tk: ~may_look(Tq, Tk), lambda Tq, Tk: ones(Tq, Tk).triu(1)),
        ),
        Belief(
            "the upper triangle",
            "This is the upper triangle: each row sees itself and what comes after. It tempts, because triu and tril "
            "differ only in who is a row. Rows are queries: the first row is the first letter, and all the others "
            "are its future.",
            (
                lambda Tq, Tk: ones(Tq, Tk).triu(),
                lambda Tq, Tk: ones(Tq, Tk).triu(Tk - Tq),
                lambda Tq, Tk: may_look(Tq, Tk).flip(0, 1),
            ),
        ),
        Belief(
            "nobody looks at themselves",
            "The diagonal is missing: no position may look at itself. It tempts, because 'those before it' sounds as "
            "if it left oneself out. But row 0 is then empty, and the softmax of a row with nothing in it is NaN.",
            (
                lambda Tq, Tk: ones(Tq, Tk).tril(Tk - Tq - 1),
                lambda Tq, Tk: ones(Tq, Tk).tril(-1),
            ),
        ),
        Belief(
            "everyone may look at everyone",
            "Every query may look at every key, the future too. That is right where two texts read each other, and "
            "tempts because nothing complains. A model trained so reads its answers off. What has not been said in "
            "row 0?",
            (ones,),
        ),
        Belief(
            "the first query stands at the first key",
            "The triangle begins in the upper left corner, as if the first query stood at the first key. It tempts, "
            "because in a square the corners agree, and because is_causal=True does the same. Here the queries are "
            "the last positions of the text: the last row must see everything.",
            (lambda Tq, Tk: ones(Tq, Tk).tril(),),
        ),
        Belief(
            "moved the other way",
            "The diagonal was moved, and the wrong way: with fewer queries than keys these rows see less, and they "
            "should see more. It tempts, because the two differences Tq - Tk and Tk - Tq look alike. How many keys "
            "lie before the first query?",
            (lambda Tq, Tk: ones(Tq, Tk).tril(Tq - Tk),),
        ),
        Belief(
            "one step too far",
            "Each row sees one position too many, the next one. It tempts, because counting from 0 is easy to be one "
            "off. The next character is what the model shall guess; may it see it?",
            (lambda Tq, Tk: ones(Tq, Tk).tril(Tk - Tq + 1), lambda Tq, Tk: ones(Tq, Tk).tril(1)),
        ),
        Belief(
            "something to add to the scores",
            "These are numbers to *add* to the scores, 0 and −∞, and they do the work of a mask. It tempts, because "
            "many programs keep them so. Here the mask is only the table of who may look, and −∞ comes where it is "
            "used.",
            (
                lambda Tq, Tk: ones(Tq, Tk).masked_fill(may_look(Tq, Tk), 0).masked_fill(~may_look(Tq, Tk), -math.inf),
                lambda Tq, Tk: may_look(Tq, Tk).float().masked_fill(~may_look(Tq, Tk), -math.inf),
            ),
        ),
        Belief(
            "the weights of the crude average",
            "These are the weights of the crude average, the triangle divided by the sums of its rows. It tempts, "
            "because that is what the triangle was first used for. Asked is the step before it: not how much, only "
            "whether.",
            (average_weights,),
        ),
        Belief(
            "always a square",
            "This is a square, and asked were Tq rows of Tk columns. It tempts, because in training every query is a "
            "key too. When one letter is added to a text, one query looks at all its keys: one row, many columns.",
            (
                lambda Tq, Tk: ones(Tq, Tq).tril(),
                lambda Tq, Tk: ones(Tk, Tk).tril(),
            ),
        ),
        Belief(
            "rows are keys",
            "The table lies on its side: rows are keys here and should be queries. It tempts, because a square does "
            "not show it. Read a row aloud: 'this *query* may look at the first key, at the second ...'.",
            (lambda Tq, Tk: may_look(Tq, Tk).mT, lambda Tq, Tk: ones(Tk, Tq).tril()),
        ),
    ),
    by_hand="Draw the table, with the letters beside its rows and above its columns. What has each row heard?",
)
