"""Exercise: one merge of byte-pair encoding."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from lower_triangle.exercises.cases import Belief, Case, Examination


def merge_pair(tokens: Tensor, first: int, second: int, new: int) -> Tensor:
    """Write `new` for each `first` that `second` follows, from left to right.

    A token is merged once at most. With 3 for the pair 1, 2, the tokens
    1, 2, 0, 1, 2 become 3, 0, 3.

    Shapes:
        tokens: (N,)
        returns: (M,), with M at most N
    """
    merged, position = [], 0
    while position < len(tokens):
        if tokens[position : position + 2].tolist() == [first, second]:
            merged.append(new)
            position += 2
        else:
            merged.append(int(tokens[position]))
            position += 1
    return tokens.new_tensor(merged)  # (M,)


def given(tokens: list[int], first: int, second: int, new: int) -> Any:
    return lambda: {"tokens": torch.tensor(tokens), "first": first, "second": second, "new": new}


def walk(
    put: Callable[[int, int, int], list[int]] = lambda first, second, new: [new],
    step: int = 2,
    same: Callable[[list[int], list[int]], bool] = list.__eq__,
    most: int = 100,
) -> Callable[..., Tensor]:
    """Another merge: what is put for a pair, how far it goes on, when two are the pair, and how often at most."""

    def answer(tokens: Tensor, first: int, second: int, new: int) -> Tensor:
        values, merged, position, times = tokens.tolist(), [], 0, 0
        while position < len(values):
            hit = times < most and same(values[position : position + 2], [first, second])
            merged += put(first, second, new) if hit else [values[position]]
            position += step if hit else 1
            times += hit
        return tokens.new_tensor(merged)

    return answer


def starts_of(tokens: Tensor, first: int, second: int) -> Tensor:
    """Where a pair begins, one that overlaps another included."""
    return (tokens == first) & torch.cat([tokens[1:] == second, torch.tensor([False])])


def both_places(tokens: Tensor, first: int, second: int, new: int) -> Tensor:
    starts = starts_of(tokens, first, second)
    return tokens.masked_fill(starts | starts.roll(1), new)


def overlapping(tokens: Tensor, first: int, second: int, new: int) -> Tensor:
    starts = starts_of(tokens, first, second)
    return tokens.masked_fill(starts, new)[starts | ~starts.roll(1)]


def overlapping_and_gone(tokens: Tensor, first: int, second: int, new: int) -> Tensor:
    starts = starts_of(tokens, first, second)
    return tokens.masked_fill(starts, new)[~starts.roll(1)]


def without_end(tokens: Tensor, first: int, second: int, new: int) -> Tensor:
    """The merged tokens, without the last where it is not merged."""
    merged = merge_pair(tokens, first, second, new)
    return merged if merged[-1] == new else merged[:-1]


def beyond_end(tokens: Any, first: int, second: int, new: int) -> Any:
    """The complaint of one who asks for the token after the last."""
    return merge_pair(torch.as_tensor(tokens), first, second, new) if tokens[-1] == second else tokens[len(tokens)]


EXAMINATION = Examination(
    solution=merge_pair,
    cases=(
        Case("the same pair twice", given([1, 2, 0, 1, 2], 1, 2, 3)),
        Case("the pair at the end", given([0, 5, 1, 2], 1, 2, 3), "Is the pair at the end found?"),
        Case("pair beside pair", given([1, 2, 1, 2, 0], 1, 2, 3), "Is the last token read, which has none after it?"),
        Case("2, 1 is not 1, 2", given([2, 1, 0, 2, 1], 1, 2, 3), "Nothing is to be merged here."),
        Case("both, but apart", given([1, 0, 2, 5], 1, 2, 3), "Nothing is to be merged here."),
        Case("one token", given([1], 1, 2, 3), "One token is no pair, and stays what it is."),
        Case(
            "three of the same",
            given([4, 4, 4], 4, 4, 5),
            "Each token is in one pair at most, and the left one comes first. Which token is left over?",
        ),
        Case("a longer text", given([4, 4, 4, 4, 4, 0, 4, 4, 1, 4], 4, 4, 5), "Go from left to right, with a finger."),
    ),
    beliefs=(
        Belief(
            "the new token at both places",
            "Where the pair stood, the new token stands twice. It tempts, because a tensor that is written into keeps "
            "its length. But a merge makes a text shorter: how many tokens has yet, when e and t are one?",
            (both_places, walk(put=lambda first, second, new: [new, new])),
        ),
        Belief(
            "either token is replaced",
            "Both tokens are replaced wherever they stand, alone as well. It tempts, because == finds tokens one by "
            "one. But meant is a pair: what has to be known of the neighbour?",
            (lambda tokens, first, second, new: tokens.masked_fill((tokens == first) | (tokens == second), new),),
        ),
        Belief(
            "either order will do",
            "The pair is merged in either order. It tempts, because 'pair' does not sound as if it had an order, and "
            "a set or sorted makes it forget it. But 'et' is not 'te'. Which of the two stands on the left here?",
            (walk(same=lambda pair, wanted: sorted(pair) == sorted(wanted)),),
        ),
        Belief(
            "only the first pair",
            "The first pair is merged, and those after it are not. It tempts, because index and break are done with "
            "the first find. A merge is a rule for the whole text: how often does the pair stand in it?",
            (walk(most=1),),
        ),
        Belief(
            "one of the two is left standing",
            "The new token is there, and so is one of the two that it stands for. It tempts, because a loop goes on "
            "by one place, whatever it has found. Spell the answer with letters: which one would be read twice?",
            (
                walk(put=lambda first, second, new: [new, second]),
                walk(step=1),
                lambda tokens, first, second, new: walk(step=1)(tokens, first, second, new)[:-1],  # of all neighbours
                walk(put=lambda first, second, new: [first, new]),
            ),
        ),
        Belief(
            "taken out, and nothing written",
            "The pairs are gone, and nothing stands where they were. It tempts, because a shorter text is what a "
            "merge is for. But no letter may be lost: what does the reader of the tokens need at this place?",
            (walk(put=lambda first, second, new: []),),
        ),
        Belief(
            "the last token is forgotten",
            "The last token is missing where it is in no pair. It tempts, because a pair needs a token after the "
            "first, so the loop ends one early. Which token of the text did your loop never stand at?",
            (without_end,),
        ),
        Belief(
            "there is always a next token",
            "This asks for the token after the last one. It tempts, because every other token has one after it. "
            "When one token is left, can a pair begin there? What should come of it?",
            (
                lambda tokens, first, second, new: beyond_end(tokens.tolist(), first, second, new),
                lambda tokens, first, second, new: beyond_end(tokens, first, second, new),
            ),
        ),
        Belief(
            "a token in two pairs",
            "A token was counted in two pairs, as the second of one and the first of the next. It tempts, because "
            "all neighbours can be compared at once. But what is merged is gone: after the first pair, what can "
            "the third token still be paired with?",
            (overlapping, overlapping_and_gone),
        ),
        Belief(
            "from right to left",
            "The pairs are taken from the end of the text. It tempts, because what is cut out there moves nothing "
            "that is still to be read. But of three of the same it decides which one is left over. With which "
            "token does reading begin?",
            (lambda tokens, first, second, new: merge_pair(tokens.flip(0), second, first, new).flip(0),),
        ),
    ),
    by_hand="Lay a finger on each token in turn, and say aloud what follows it, what you write, and where you go on.",
)
