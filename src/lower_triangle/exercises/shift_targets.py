"""Exercise: what each position of a batch should predict."""

from typing import Any

import torch
from torch import Tensor

from lower_triangle.exercises.cases import Belief, Case, Examination


def next_tokens(tokens: Tensor, starts: Tensor, context_length: int) -> Tensor:
    """Say what comes right after each position of the chunks that begin there.

    Of the tokens 5, 2, 7, 1, 4, the chunks of three that start at 0 and 1
    should predict 2, 7, 1 and 7, 1, 4.

    Shapes:
        tokens: (N,), a text
        starts: (B,), the place of the first token of each chunk
        returns: (B, T), where T is context_length
    """
    steps = torch.arange(context_length, device=starts.device)  # (T,)
    positions = starts[:, None] + steps  # (B, T)
    return tokens[positions + 1]  # (B, T)


def given(tokens: list[int], starts: list[int], context_length: int) -> Any:
    return lambda: {
        "tokens": torch.tensor(tokens),
        "starts": torch.tensor(starts),
        "context_length": context_length,
    }


def longer() -> dict[str, Any]:
    """A text too long for a pencil, the same each time."""
    tokens = torch.randint(0, 65, (200,), generator=torch.Generator().manual_seed(1))
    return {"tokens": tokens, "starts": torch.tensor([150, 0, 191, 37]), "context_length": 8}


def indexed(first: Any) -> Any:
    """The answer of one who begins each chunk's targets at `first(start, T)`, by indexing."""
    return lambda tokens, starts, T: tokens[first(starts, T)[:, None] + torch.arange(T)]


def sliced(first: Any) -> Any:
    """The same by slicing, which ends with the text and counts places before it from its end."""
    return lambda tokens, starts, T: torch.stack([tokens[first(start, T) :][:T] for start in starts.tolist()])


def cut(first: Any) -> Any:
    """The same by slicing from one place to another."""
    return lambda tokens, starts, T: torch.stack(
        [tokens[first(start, T) : first(start, T) + T] for start in starts.tolist()]
    )


def chunks(tokens: Tensor, starts: Tensor, T: int) -> Tensor:
    return tokens[starts[:, None] + torch.arange(T)]


EXAMINATION = Examination(
    solution=next_tokens,
    cases=(
        Case("chunks at 0 and 1", given([5, 2, 7, 1, 4], [0, 1], 3)),
        Case("one chunk", given([6, 3, 8, 1, 4, 9], [2], 2), "A batch of one chunk is a batch: (1, T)."),
        Case("chunks of one token, T = 1", given([6, 3, 8, 1], [2, 0], 1), "One position predicts one token: (B, 1)."),
        Case(
            "the last chunk that fits",
            given([6, 3, 8, 1, 4, 9], [1], 4),
            "The last target is the last token of the text here. Does the text reach as far, or is it asked for more?",
        ),
        Case(
            "chunks in any order, and one twice",
            given([6, 3, 8, 1, 4, 9, 7, 2], [4, 1, 4, 2], 3),
            "Chunks are drawn at random: they overlap, and come in any order. Row 0 belongs to the first of `starts`.",
        ),
        Case("a longer text", longer, "Which number in your function is right for small texts alone?"),
    ),
    beliefs=(
        Belief(
            "the chunk itself",
            "These are the chunks themselves: each position should say what it has just read. It tempts, because they "
            "have the right shape. A model would learn to repeat, and would need no context for it. What does the "
            "text say after the first token?",
            (chunks,),
        ),
        Belief(
            "shifted the other way",
            "Each position should predict the token before it. It tempts, because 'shifted by one' does not say which "
            "way. But that token has been read already. Write the chunk and your answer below one another: which of "
            "the two is ahead in the text?",
            (
                indexed(lambda start, T: start - 1),
                sliced(lambda start, T: start - 1),
                cut(lambda start, T: start - 1),
                lambda tokens, starts, T: chunks(tokens, starts, T).roll(1, dims=1),
            ),
        ),
        Belief(
            "the next chunk",
            "This goes on where the chunk ends, a whole chunk further, where there may be no text any more. It tempts, "
            "because 'what comes next' can be meant of the chunk. Here it is meant of each position. How far from the "
            "first token stands the one that comes after it?",
            (indexed(lambda start, T: start + T), sliced(lambda start, T: start + T)),
        ),
        Belief(
            "only the last position predicts",
            "There is one target for each chunk, that of its last position. It tempts, because to go on with a text, "
            "only that one is needed. In training all of them predict. How many positions has a chunk?",
            (
                lambda tokens, starts, T: tokens[starts + T],
                lambda tokens, starts, T: tokens[starts + T][:, None],
            ),
        ),
        Belief(
            "starts count chunks",
            "The starts were taken for numbers of chunks, and multiplied by their length. It tempts, because a text "
            "can be cut into chunks side by side. Here a start is a place in the text, and chunks may overlap. Which "
            "token does the chunk with start 1 begin with?",
            (indexed(lambda start, T: start * T + 1), sliced(lambda start, T: start * T + 1)),
        ),
        Belief(
            "the chunk along with its targets",
            "The chunks are in the answer along with their targets. It tempts, because a stretch of T + 1 tokens holds "
            "both. Asked are the targets alone, as many as there are positions. Which of these tokens is the target "
            "of none?",
            (
                lambda tokens, starts, T: tokens[starts[:, None] + torch.arange(T + 1)],
                lambda tokens, starts, T: torch.stack([chunks(tokens, starts, T), next_tokens(tokens, starts, T)]),
            ),
        ),
        Belief(
            "the last position has no target",
            "The targets are taken out of the chunk, so there is one too few. It tempts, because inside the chunk each "
            "position is the target of the one before. But the last position predicts as well, and the text does not "
            "end with the chunk. What does it say there?",
            (lambda tokens, starts, T: chunks(tokens, starts, T)[:, 1:],),
        ),
        Belief(
            "the chunk goes round in a circle",
            "The last target of each chunk is the first token of a chunk, its own or another. It tempts, because roll "
            "moves everything by one and keeps the shape. But the text goes on where a chunk ends. What does it say "
            "there?",
            (
                lambda tokens, starts, T: chunks(tokens, starts, T).roll(-1, dims=1),
                lambda tokens, starts, T: chunks(tokens, starts, T).roll(-1),
            ),
        ),
    ),
    by_hand="Write the text in a row, mark a chunk in it, and write below each of its tokens the one that comes next.",
)
