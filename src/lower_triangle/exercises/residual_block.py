"""Exercise: a block that adds to what came in."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from lower_triangle.exercises.cases import Belief, Case, Examination, Layer


def residual_block(
    x: Tensor,
    attn: Callable[[Tensor], Tensor],
    ffn: Callable[[Tensor], Tensor],
) -> Tensor:
    """Look around and think, and add to what came in each time.

    With an attn that doubles and an ffn that adds 1, the number 1 becomes 3
    after the first and 7 after the second. What was handed in stays as it is.

    Shapes:
        x: (..., T, C)
        attn, ffn: make (..., T, C) of (..., T, C)
        returns: (..., T, C)
    """
    x = x + attn(x)  # (..., T, C)
    return x + ffn(x)  # (..., T, C)


doubled = Layer("doubles", lambda x: 2 * x)
one_more = Layer("adds 1", lambda x: x + 1)
squared = Layer("squares", torch.square)
summed_up = Layer("sums up the past", lambda x: x.cumsum(dim=-2))
nothing = Layer("says 0", torch.zeros_like)


def given(*shape: int, attn: Layer, ffn: Layer) -> Callable[[], dict[str, Any]]:
    """Small whole numbers, the same each time, and two layers."""
    numbers = torch.randint(-3, 4, shape, generator=torch.Generator().manual_seed(2)).float()
    return lambda: {"x": numbers.clone(), "attn": attn, "ffn": ffn}


EXAMINATION = Examination(
    solution=residual_block,
    time="x",
    cases=(
        Case(
            "the number 1, an attn that doubles, an ffn that adds 1",
            lambda: {"x": torch.ones(1, 1), "attn": doubled, "ffn": one_more},
        ),
        Case(
            "an attn that sums up the past, an ffn that squares",
            given(4, 3, attn=summed_up, ffn=squared),
            "With layers that only double or add, some slips come out right by luck. These two are curved and look back.",
        ),
        Case(
            "layers that have nothing to say",
            given(3, 2, attn=nothing, ffn=nothing),
            "Where both layers say 0, what came in must come out.",
        ),
        Case("an ffn that has nothing to say", given(3, 2, attn=doubled, ffn=nothing)),
        Case("one position", given(1, 5, attn=summed_up, ffn=one_more)),
        Case("a batch of two texts", given(2, 4, 3, attn=summed_up, ffn=squared)),
        Case("a gradient comes back", given(4, 3, attn=summed_up, ffn=squared), gradient=True),
    ),
    beliefs=(
        Belief(
            "no sum at all",
            "This is the plain block: each layer replaces what came in. It tempts, because it looks and thinks in "
            "the right order. Where both layers say 0, what is left of the text?",
            (lambda x, attn, ffn: ffn(attn(x)),),
        ),
        Belief(
            "one sum, after attention",
            "The feed-forward replaces what it reads. It tempts, because the first plus is there. How many layers "
            "does the block have?",
            (lambda x, attn, ffn: ffn(x + attn(x)),),
        ),
        Belief(
            "one sum, after the feed-forward",
            "Attention replaces what it reads, and only then something is added. It tempts, because a plus stands on "
            "the last line. Which letter does the second sum add to?",
            (lambda x, attn, ffn: attn(x) + ffn(attn(x)),),
        ),
        Belief(
            "one sum around both",
            "What came in is added once, at the end. It tempts, because it is the block's input that is to be kept. "
            "But the feed-forward reads what attention found without the letter. What should it read for 1: 2, or 3?",
            (lambda x, attn, ffn: x + ffn(attn(x)),),
        ),
        Belief(
            "both layers read what came in",
            "The feed-forward has read the old x, and not the sum that attention made. It tempts, because both "
            "are added to the same stream, and there are models like that. Here it is to think about what was found. "
            "What does the task say comes after 3?",
            (lambda x, attn, ffn: x + attn(x) + ffn(x),),
        ),
        Belief(
            "the second sum adds to what came in",
            "The last line adds to the old x, so what attention found is lost. It tempts, when the sum has got "
            "another name. What is the first term of the second sum?",
            (lambda x, attn, ffn: x + ffn(x + attn(x)),),
        ),
        Belief(
            "think first",
            "The feed-forward comes before attention. It tempts, because nothing complains. What does the task name first?",
            (lambda x, attn, ffn: (x + ffn(x)) + attn(x + ffn(x)),),
        ),
        Belief(
            "what came in is added twice",
            "Something was added once more than it should be. It tempts, when the sum is made inside a line and "
            "around it, too. Where both layers say 0, is what comes out as large as what went in?",
            (
                lambda x, attn, ffn: x + residual_block(x, attn, ffn),
                lambda x, attn, ffn: 2 * x + attn(x) + ffn(2 * x + attn(x)),
                lambda x, attn, ffn: x + (x + attn(x)) + ffn(x + attn(x)),
            ),
        ),
        Belief(
            "the mean of old and new",
            "The sums were halved. It tempts, because then nothing grows. But what is halved at each layer is soon "
            "gone. Where both layers say 0, what should come out?",
            (lambda x, attn, ffn: ((x + attn(x)) / 2 + ffn((x + attn(x)) / 2)) / 2,),
        ),
        Belief(
            "the difference",
            "Something was subtracted. It tempts, from the word residual, which is what remains. Here the layer makes "
            "what remains to be said, and it is added. With what sign?",
            (
                lambda x, attn, ffn: (x - attn(x)) - ffn(x - attn(x)),
                lambda x, attn, ffn: attn(x) - x + ffn(attn(x) - x),
            ),
        ),
        Belief(
            "the first half",
            "Attention has spoken and been added, and there it ends. It tempts, because the first line is a block of "
            "its own. What was to be done with the sum?",
            (lambda x, attn, ffn: x + attn(x),),
        ),
        Belief(
            "multiplied",
            "What came in was multiplied by what a layer said. It tempts, because gates do so. Where a layer says 0, "
            "what is left?",
            (lambda x, attn, ffn: (x * attn(x)) * ffn(x * attn(x)),),
        ),
    ),
    by_hand="Put the number 1 in, and write down what each of the two layers reads, and what it says.",
)
