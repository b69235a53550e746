"""Exercise: take the one matrix of a fused attention apart."""

from typing import Any

import torch
from torch import Tensor

from lower_triangle.exercises.cases import Belief, Case, Examination


def unfuse_heads(weight: Tensor, n_head: int) -> Tensor:
    """The matrices of each head, out of the one that makes all queries,
    keys and values.

    Its first C rows make the queries, the next C the keys, the last C the
    values. Of each C, the first D are the first head's, the next D the
    second's. With rows 1 to 12 and two heads of two numbers, the first
    head's queries are rows 1, 2, its keys 5, 6 and its values 9, 10.

    Shapes:
        weight: (3 * C, C); n_head divides C
        returns: (H, 3, D, C), with H = n_head and D = C / H; of each head
            the matrix for queries, then for keys, then for values
    """
    by_kind = weight.unflatten(0, (3, n_head, -1))  # (3, H, D, C)
    return by_kind.transpose(0, 1)  # (H, 3, D, C)


def given(d_model: int, n_head: int) -> dict[str, Any]:
    """Row 1 holds 1.01, 1.02 and so on, row 2 begins with 2.01: each number says where it stood."""
    rows = torch.arange(1.0, 1 + 3 * d_model)[:, None]
    columns = torch.arange(1.0, 1 + d_model) / 100
    return {"weight": rows + columns, "n_head": n_head}


EXAMINATION = Examination(
    solution=unfuse_heads,
    cases=(
        Case("width 4, two heads", lambda: given(4, 2)),
        Case(
            "width 6, two heads of three numbers",
            lambda: given(6, 2),
            "Where H and D are 2, one cannot tell which is which. Here they are 2 and 3.",
        ),
        Case(
            "width 6, three heads",
            lambda: given(6, 3),
            "As many heads as there are kinds: query, key and value. The shape no longer says which is which.",
        ),
        Case("one head", lambda: given(4, 1), "A single head has all the rows, and still a dimension of its own."),
        Case("heads of one number", lambda: given(4, 4)),
        Case(
            "numbers that do not lie in the order of their places",
            lambda: {"weight": given(6, 2)["weight"].T.contiguous().T, "n_head": 2},
            "The same numbers, but in memory another order. A view of those does not know which row they belong to.",
        ),
        Case("a gradient comes back", lambda: given(6, 2), gradient=True),
    ),
    beliefs=(
        Belief(
            "head after head",
            "The rows were taken as those of the first head, queries, keys and values, then those of the second. It "
            "tempts, because some models do keep theirs so, and the shape is right. What does the task call the first "
            "C rows?",
            (lambda weight, n_head: weight.unflatten(0, (n_head, 3, -1)),),
        ),
        Belief(
            "kinds stay in front of heads",
            "The rows are cut up, and kinds and heads have not changed places. It tempts to stop here, because nothing "
            "is mixed up yet. Which dimension is to come first?",
            (lambda weight, n_head: weight.unflatten(0, (3, n_head, -1)),),
        ),
        Belief(
            "keys before queries",
            "Keys and queries have changed places. It tempts, because nanoGPT's comment above the layer names them in "
            "that order; the line that cuts them does not. What are the first C rows for?",
            (lambda weight, n_head: unfuse_heads(weight, n_head)[:, [1, 0, 2]],),
        ),
        Belief(
            "values first",
            "The values are not the last. It tempts, since nothing but a habit says that they are. What are the last C "
            "rows for?",
            (
                lambda weight, n_head: unfuse_heads(weight, n_head)[:, [2, 1, 0]],
                lambda weight, n_head: unfuse_heads(weight, n_head)[:, [2, 0, 1]],
            ),
        ),
        Belief(
            "rows dealt out like cards",
            "The first row of the queries went to the first head, the next to the second, and so on round. It tempts, "
            "because that is how things are shared out. Whose are the first D?",
            (lambda weight, n_head: weight.unflatten(0, (3, -1, n_head)).movedim(2, 0),),
        ),
        Belief(
            "a head reads its own columns",
            "The columns are cut, or both rows and columns. It tempts, because a head's *output* is a part of the "
            "vector. But every head reads all C numbers of a position, and writes D. Which side of the matrix has the "
            "numbers that are read?",
            (
                lambda weight, n_head: weight.unflatten(0, (3, -1)).unflatten(2, (n_head, -1)).permute(2, 0, 1, 3),
                lambda weight, n_head: weight.unflatten(0, (3, -1)).unflatten(2, (n_head, -1)).permute(2, 0, 3, 1),
            ),
        ),
        Belief(
            "matrices on their side",
            "Within a head, rows and columns have changed places. It tempts, because in x @ W a matrix has a row for "
            "each number that is read. A Linear keeps W transposed: which is its row?",
            (lambda weight, n_head: unfuse_heads(weight, n_head).mT,),
        ),
        Belief(
            "n_head is the width of a head",
            "There are as many rows in a head as there should be heads. It tempts, because both are what C is divided "
            "into. If C is 6 and n_head 2, how many rows of queries does a head have?",
            (lambda weight, n_head: weight.unflatten(0, (3, -1, n_head)).transpose(0, 1),),
        ),
        Belief(
            "the kinds are not kept apart",
            "Each head has its rows in one piece, queries, keys and values below each other. It tempts, because that "
            "is what a head would be with one matrix of its own. How many dimensions does the answer have?",
            (lambda weight, n_head: unfuse_heads(weight, n_head).flatten(1, 2),),
        ),
        Belief(
            "there are no heads yet",
            "The three kinds are apart, and their heads are not. It tempts, because nanoGPT cuts the heads later, in "
            "what comes out. Which D of the C rows of a kind are the first head's?",
            (lambda weight, n_head: weight.unflatten(0, (3, -1)),),
        ),
        Belief(
            "all heads the same",
            "Every head has the same rows. It tempts, when one slice is written and the others are copied from it. "
            "Where do the second head's queries begin?",
            (
                lambda weight, n_head: unfuse_heads(weight, n_head)[:1].expand(n_head, -1, -1, -1).clone(),
                lambda weight, n_head: unfuse_heads(weight, n_head)[-1:].expand(n_head, -1, -1, -1).clone(),
            ),
        ),
        Belief(
            "the last head first",
            "The heads are in the opposite order. It tempts, when one counts from the end. Whose are the first D rows?",
            (lambda weight, n_head: unfuse_heads(weight, n_head).flip(0),),
        ),
    ),
    by_hand="Write the numbers 1 to 12 below each other, for the rows of width 4 and two heads. Draw a line after each "
    "kind, then one after each head. Which rows make the first head's keys?",
)
