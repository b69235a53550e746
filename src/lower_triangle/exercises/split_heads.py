"""Exercise: deal out the numbers of each position to its heads."""

from typing import Any

import torch
from torch import Tensor

from lower_triangle.exercises.cases import Belief, Case, Examination


def split_heads(x: Tensor, n_head: int) -> Tensor:
    """Deal out the numbers of each position to its heads.

    The first D numbers of a position are its first head's, the next D the
    second's. With two heads, the positions (1, 2, 3, 4) and (5, 6, 7, 8)
    make the first head (1, 2), (5, 6) and the second (3, 4), (7, 8).

    Shapes:
        x: (..., T, C), any number of texts; n_head divides C
        returns: (..., H, T, D), with H = n_head and D = C / H
    """
    by_head = x.unflatten(-1, (n_head, -1))  # (..., T, H, D)
    return by_head.transpose(-3, -2)  # (..., H, T, D)


def numbered(*shape: int) -> Tensor:
    """1, 2, 3 and so on, so that it is seen where each number goes."""
    return torch.arange(1.0, 1 + torch.Size(shape).numel()).view(shape)


def given(*shape: int, n_head: int) -> dict[str, Any]:
    return {"x": numbered(*shape), "n_head": n_head}


def viewed(x: Tensor, n_head: int) -> Tensor:
    """The wanted shape at once."""
    *texts, T, C = x.shape
    return x.reshape(*texts, n_head, T, C // n_head)


def right(x: Tensor, n_head: int) -> Tensor:
    return torch.stack(x.chunk(n_head, dim=-1), dim=-3)


EXAMINATION = Examination(
    solution=split_heads,
    time="x",
    cases=(
        Case("two positions, two heads of two numbers", lambda: given(2, 4, n_head=2)),
        Case(
            "three positions, two heads of five numbers",
            lambda: given(3, 10, n_head=2),
            "Where H, T and D are 2, one cannot tell which is which. Here they are 2, 3 and 5.",
        ),
        Case("three heads of one number each", lambda: given(2, 3, n_head=3)),
        Case(
            "one head",
            lambda: given(3, 4, n_head=1),
            "A single head has all the numbers, in their order, and still a dimension of its own.",
        ),
        Case("one position", lambda: given(1, 6, n_head=2)),
        Case(
            "a batch of two texts",
            lambda: given(2, 3, 10, n_head=5),
            "One text is right, several side by side are not. Count the dimensions from the end, and leave those in "
            "front as they are.",
        ),
        Case("texts in two dimensions", lambda: given(2, 3, 4, 6, n_head=3)),
        Case(
            "numbers that do not lie in the order of their places",
            lambda: {"x": numbered(10, 3).mT, "n_head": 2},
            "The same numbers, but in memory another order. A view of those does not know which number belongs "
            "to which position.",
        ),
        Case("a gradient comes back", lambda: given(3, 4, n_head=2), gradient=True),
    ),
    beliefs=(
        Belief(
            "the wanted shape at once",
            "The numbers were taken in their order in memory, and only counted anew. It tempts, because the shape "
            "comes out right and no error comes. But in memory a position's numbers lie together, head after head: "
            "what should your second row be, and whose numbers are in it?",
            (viewed, lambda x, n_head: x.mT.reshape(viewed(x, n_head).shape)),
        ),
        Belief(
            "heads stay behind positions",
            "The numbers are cut into heads, and heads and positions have not changed places. It tempts to stop here, "
            "because nothing is mixed up yet. But attend looks at the last two dimensions: which two must these be?",
            (lambda x, n_head: x.unflatten(-1, (n_head, -1)),),
        ),
        Belief(
            "dealt out like cards",
            "The first number went to the first head, the next to the second, and so on round. It tempts, because "
            "that is how things are shared out. What does the task call the first D numbers of a position?",
            (lambda x, n_head: x.unflatten(-1, (-1, n_head)).movedim(-1, -3),),
        ),
        Belief(
            "n_head is the width of a head",
            "There are as many numbers in a head as there should be heads. It tempts, because both are what C is "
            "divided into. If C is 10 and n_head 2, how many numbers does a head have?",
            (lambda x, n_head: x.unflatten(-1, (-1, n_head)).transpose(-3, -2),),
        ),
        Belief(
            "each head on its side",
            "Within a head, positions and numbers have changed places. It tempts, because keys are transposed too, "
            "later. But what comes out here is to have a row for each position. What is its last dimension?",
            (lambda x, n_head: right(x, n_head).mT, lambda x, n_head: x.mT.unflatten(-2, (n_head, -1))),
        ),
        Belief(
            "the text is split",
            "Each head got some of the positions, with all their numbers. It tempts, because the work is shared out "
            "that way, too. But each head reads the whole text. Which dimension is to be cut?",
            (
                lambda x, n_head: torch.stack(x.chunk(n_head, dim=-2), dim=-3),
                lambda x, n_head: x.unflatten(-2, (n_head, -1)),
            ),
        ),
        Belief(
            "each head gets everything",
            "Every head has all the numbers of a position. It tempts, because every head *reads* all of them, when it "
            "makes its queries. Here they are made, and each head takes what is its own. How many numbers is that?",
            (lambda x, n_head: x.unsqueeze(-3).repeat_interleave(n_head, dim=-3),),
        ),
        Belief(
            "all heads the same",
            "Every head has the same D numbers. It tempts, when one slice is written and the others are copied "
            "from it. Where do the second head's begin?",
            (
                lambda x, n_head: torch.stack([x[..., : x.size(-1) // n_head]] * n_head, dim=-3),
                lambda x, n_head: torch.stack([x[..., -(x.size(-1) // n_head) :]] * n_head, dim=-3),
            ),
        ),
        Belief(
            "the last head first",
            "The heads are in the opposite order. It tempts, when one counts from the end. Whose are the first D "
            "numbers?",
            (lambda x, n_head: right(x, n_head).flip(-3),),
        ),
        Belief(
            "heads in front of everything",
            "The heads stand before the texts of the batch. It tempts, because a list of heads, stacked, comes out "
            "like that, and for one text it is right. Where does the task put the dots?",
            (
                lambda x, n_head: torch.stack(x.chunk(n_head, dim=-1)),
                lambda x, n_head: x.unflatten(-1, (n_head, -1)).movedim(-2, 0),
            ),
        ),
        Belief(
            "dimensions counted from the front",
            "The second and third dimension changed places, or the first and second. It tempts, because in the usual "
            "code there is a batch in front, and nothing more. Here there may be no text beside it, or a whole "
            "table of them. From which side can heads and positions be counted?",
            (
                lambda x, n_head: x.unflatten(-1, (n_head, -1)).transpose(0, 1),
                lambda x, n_head: x.unflatten(-1, (n_head, -1)).transpose(1, 2),
            ),
        ),
    ),
    by_hand="Write the numbers of the first position in a row, and cut it into heads. Where must each piece stand?",
)
