"""Exercise: the parameters of a GPT, counted by part."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from lower_triangle.exercises.cases import Belief, Case, Examination


def count_parameters(
    vocab_size: int,
    context_length: int,
    d_model: int,
    n_head: int,
    n_layer: int,
) -> Tensor:
    """How many numbers a GPT learns, in each of five parts.

    It is the one of the page: the feed-forward is four times as wide inside,
    nothing has a bias, and the last layer is the token table, counted once.
    For 65 tokens, a context of 64, width 128, four heads and four blocks:
    8,320, 8,192, 262,144, 524,288 and 1,152.

    Shapes:
        returns: (5,), whole numbers: tokens, positions, the attention of all
            blocks, the feed-forward of all blocks, all norms
    """
    square = d_model * d_model
    return torch.tensor(
        [
            vocab_size * d_model,
            context_length * d_model,
            n_layer * (3 + 1) * square,
            n_layer * (4 + 4) * square,
            (2 * n_layer + 1) * d_model,
        ]
    )


def given(V: int, T: int, C: int, H: int, N: int) -> Callable[[], dict[str, Any]]:
    return lambda: {"vocab_size": V, "context_length": T, "d_model": C, "n_head": H, "n_layer": N}


def counted(
    tokens: Callable[..., float] = lambda V, T, C, H, N: V * C,
    positions: Callable[..., float] = lambda V, T, C, H, N: T * C,
    attention: Callable[..., float] = lambda V, T, C, H, N: N * 4 * C * C,
    thinking: Callable[..., float] = lambda V, T, C, H, N: N * 8 * C * C,
    norms: Callable[..., float] = lambda V, T, C, H, N: (2 * N + 1) * C,
) -> Callable[..., Tensor]:
    """The count with some of its parts counted in another way."""

    def count(vocab_size: int, context_length: int, d_model: int, n_head: int, n_layer: int) -> Tensor:
        sizes = (vocab_size, context_length, d_model, n_head, n_layer)
        return torch.tensor([int(part(*sizes)) for part in (tokens, positions, attention, thinking, norms)])

    return count


EXAMINATION = Examination(
    solution=count_parameters,
    cases=(
        Case("the gpt of the page", given(65, 64, 128, 4, 4)),
        Case("sizes that all differ", given(11, 7, 12, 3, 5), "With V near T and H equal to N much is forgiven."),
        Case("one block", given(5, 6, 8, 2, 1)),
        Case("one head", given(5, 6, 8, 1, 3), "Fewer heads are wider heads."),
        Case("the lecture's sizes", given(65, 256, 384, 6, 6)),
        Case("the sizes of GPT-2", given(50_257, 1024, 768, 12, 12)),
    ),
    beliefs=(
        Belief(
            "the last layer is another table",
            "The token table is counted twice. It tempts, because the model uses it twice, first and last. But "
            "it is one table with two uses. How many numbers would be saved in a file?",
            (counted(tokens=lambda V, T, C, H, N: 2 * V * C),),
        ),
        Belief(
            "positions do not count",
            "The positions have no numbers here. It tempts, because nanoGPT leaves them out when it prints its "
            "count. But they are a table, and they learn. What does the task ask for second?",
            (counted(positions=lambda V, T, C, H, N: 0),),
        ),
        Belief(
            "a place is one number",
            "There is one number for each place. It tempts, because the place of a letter is a number. But it is "
            "looked up in a table. How wide must a row be that is added to a letter's?",
            (counted(positions=lambda V, T, C, H, N: T),),
        ),
        Belief(
            "one block",
            "One block was counted, and there are n_layer of them. It tempts to stop, when one is understood. Do the "
            "blocks share their numbers?",
            (
                counted(
                    attention=lambda V, T, C, H, N: 4 * C * C,
                    thinking=lambda V, T, C, H, N: 8 * C * C,
                    norms=lambda V, T, C, H, N: 3 * C,
                ),
                counted(attention=lambda V, T, C, H, N: 4 * C * C, thinking=lambda V, T, C, H, N: 8 * C * C),
                counted(attention=lambda V, T, C, H, N: 4 * C * C),
                counted(thinking=lambda V, T, C, H, N: 8 * C * C),
            ),
        ),
        Belief(
            "no projection",
            "The attention has its three products and nothing after them. It tempts, because query, key and value "
            "are all that one head has. What mixes the heads?",
            (counted(attention=lambda V, T, C, H, N: N * 3 * C * C),),
        ),
        Belief(
            "each head is as wide as the model",
            "Every head has matrices of C by C. It tempts, because one head alone had them. But the heads share "
            "the width. What is D, if C is 12 and there are three heads?",
            (
                counted(attention=lambda V, T, C, H, N: N * (3 * H + 1) * C * C),
                counted(attention=lambda V, T, C, H, N: N * 4 * H * C * C),
            ),
        ),
        Belief(
            "one narrow head",
            "The matrices of one head were counted, and there are n_head. It tempts, when one head is worked out and "
            "the others forgotten. How many rows has the matrix that makes the queries of all?",
            (
                counted(attention=lambda V, T, C, H, N: N * (3 * C * (C // H) + C * C)),
                counted(attention=lambda V, T, C, H, N: N * 4 * C * (C // H)),
            ),
        ),
        Belief(
            "the feed-forward has one matrix",
            "The way up was counted, or the way down, and there are both. It tempts, because one of them brings the "
            "four. What makes C numbers of 4C again?",
            (counted(thinking=lambda V, T, C, H, N: N * 4 * C * C),),
        ),
        Belief(
            "the feed-forward is as narrow as the model",
            "The inner width is C here. It tempts, because the lecture's first feed-forward was like that. How much "
            "wider is it inside?",
            (counted(thinking=lambda V, T, C, H, N: N * 2 * C * C), counted(thinking=lambda V, T, C, H, N: N * C * C)),
        ),
        Belief(
            "both ways are four times as wide",
            "C and F were each taken four times as large. It tempts, because 4C stands in both matrices. But in each "
            "it is one side. What is the other?",
            (counted(thinking=lambda V, T, C, H, N: N * 2 * 16 * C * C),),
        ),
        Belief(
            "no last norm",
            "There are two norms in each block, and after the last block nothing. It tempts, because the blocks hold "
            "all that repeats. What does the last layer read?",
            (counted(norms=lambda V, T, C, H, N: 2 * N * C),),
        ),
        Belief(
            "one norm a block",
            "Each block has one norm here. It tempts, because it is one block. How many layers in it read the stream?",
            (counted(norms=lambda V, T, C, H, N: (N + 1) * C), counted(norms=lambda V, T, C, H, N: N * C)),
        ),
        Belief(
            "biases",
            "There are biases in this count. It tempts, because a Linear of PyTorch and its LayerNorm have them "
            "unless they are told otherwise. What does the task say of them?",
            (
                counted(
                    attention=lambda V, T, C, H, N: N * (4 * C * C + 4 * C),
                    thinking=lambda V, T, C, H, N: N * (8 * C * C + 5 * C),
                    norms=lambda V, T, C, H, N: 2 * (2 * N + 1) * C,
                ),
                counted(norms=lambda V, T, C, H, N: 2 * (2 * N + 1) * C),
                counted(
                    attention=lambda V, T, C, H, N: N * (4 * C * C + 4 * C),
                    thinking=lambda V, T, C, H, N: N * (8 * C * C + 5 * C),
                ),
            ),
        ),
        Belief(
            "bytes",
            "These are bytes, four for each number. It tempts, because that is what a file tells. How many numbers "
            "are there?",
            (
                lambda vocab_size, context_length, d_model, n_head, n_layer: 4
                * count_parameters(vocab_size, context_length, d_model, n_head, n_layer),
            ),
        ),
    ),
    by_hand="Take the first part that is wrong, and write down the shape of each of its matrices.",
)
