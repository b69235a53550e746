"""Exercise: a text written on, one token after another."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from lower_triangle.errors import UsageError
from lower_triangle.exercises.cases import Belief, Case, Examination


def write_on(
    model: Callable[[Tensor], Tensor],
    tokens: Tensor,
    context_length: int,
    length: int,
) -> Tensor:
    """Write a text on by `length` tokens, each time the likeliest.

    At every position `model` says what may follow there. It refuses more than
    `context_length` tokens, so what no longer fits is left out at the left.
    With a model that says the sum of what it sees, and a context of 3, the
    tokens 1, 2 are written on with 3, 6, 11.

    Shapes:
        model: makes (1, T, V) logits of (1, T) tokens
        tokens: (1, T), with T at least 1
        returns: (1, T + length)
    """
    for _ in range(length):
        logits = model(tokens[:, -context_length:])  # (1, Tk, V), Tk in view
        likeliest = logits[:, -1].argmax(dim=-1, keepdim=True)  # (1, 1)
        tokens = torch.cat([tokens, likeliest], dim=1)  # (1, T + 1), and so on
    return tokens


@dataclass(frozen=True)
class Rule:
    """A model that follows a rule, so that a pencil can follow it too.

    Attributes:
        words: the rule, as a reader is told it
        follow: from tokens (1, T) to what is likeliest to come after each, which knows that token and those before it
    """

    words: str
    follow: Callable[[Tensor], Tensor]
    vocab_size: int
    context_length: int

    def __repr__(self) -> str:
        return self.words

    def __call__(self, tokens: Tensor) -> Tensor:
        """Logits, or what a model complains of."""
        if tokens.dim() != 2:
            raise UsageError(f"the model takes tokens of shape (1, T), and got {tuple(tokens.shape)}")
        T, V = tokens.size(1), self.vocab_size
        if not 1 <= T <= self.context_length:
            raise UsageError(f"{T} tokens do not fit in a context of {self.context_length}")
        if tokens.is_floating_point() or not 0 <= tokens.min() <= tokens.max() < V:
            raise UsageError(f"the model's tokens are whole numbers from 0 to {V - 1}, and these are {tokens.tolist()}")
        likeliest = F.one_hot(self.follow(tokens) % V, V)  # (1, T, V)
        # A model is surer the more it has read, so that no two logits of a token are equal.
        return (2.0 * likeliest - 1) * (1 + torch.arange(T)[:, None] / 8)  # (1, T, V)


def given(words: str, tokens: list[int], context_length: int, length: int, V: int = 50) -> Any:
    """The arguments of a case, with the model that these words name."""
    rule = Rule(words, RULES[words], V, context_length)
    return lambda: {
        "model": rule,
        "tokens": torch.tensor([tokens]),
        "context_length": context_length,
        "length": length,
    }


SUM, FIRST, NUMBER = "<the sum of what it sees>", "<one more than the first it sees>", "<how many it sees>"
YET = "<t after e, y after t, e after y>"
RULES: dict[str, Callable[[Tensor], Tensor]] = {
    SUM: lambda tokens: tokens.cumsum(dim=1),
    FIRST: lambda tokens: tokens[:, :1].expand_as(tokens) + 1,
    NUMBER: lambda tokens: torch.ones_like(tokens).cumsum(dim=1),
    YET: lambda tokens: tokens + 1,  # of three
}

Model = Callable[[Tensor], Tensor]


def mistaken(
    crop: Callable[[Tensor, int], Tensor] = lambda tokens, context_length: tokens[:, -context_length:],
    choose: Callable[[Tensor], Tensor] = lambda logits: logits[:, -1].argmax(dim=-1, keepdim=True),
    join: Callable[[Tensor, Tensor], Tensor] = lambda tokens, new: torch.cat([tokens, new], dim=1),
    steps: Callable[[int, int], int] = lambda length, T: length,
) -> Callable[..., Tensor]:
    """The loop with one of its steps done in another way."""

    def answer(model: Model, tokens: Tensor, context_length: int, length: int) -> Tensor:
        for _ in range(steps(length, tokens.size(1))):
            tokens = join(tokens, choose(model(crop(tokens, context_length))))
        return tokens

    return answer


def context_only(model: Model, tokens: Tensor, context_length: int, length: int) -> Tensor:
    """What is cropped is gone from the answer too."""
    for _ in range(length):
        tokens = tokens[:, -context_length:]
        tokens = torch.cat([tokens, model(tokens)[:, -1:].argmax(dim=-1)], dim=1)
    return tokens


def at_once(choose: Callable[[Tensor, int], Tensor]) -> Callable[..., Tensor]:
    """All new tokens from one call of the model, `choose(logits, length)`."""
    return lambda model, tokens, context_length, length: torch.cat(
        [tokens, choose(model(tokens[:, -context_length:]), length)], dim=1
    )


EXAMINATION = Examination(
    solution=write_on,
    cases=(
        Case("y is written on, e and t being 0 and 1", given(YET, [2], context_length=3, length=2, V=3)),
        Case(
            "a model that adds up what it sees",
            given(SUM, [1, 2], context_length=6, length=3),
            "This model listens to all that it is shown, and says something else at each position.",
        ),
        Case("a text that outgrows the context", given(SUM, [1, 2], context_length=3, length=3)),
        Case("a text longer than the context", given(FIRST, [3, 1, 4, 1, 5, 9], context_length=4, length=3)),
        Case(
            "as many as fit",
            given(NUMBER, [9, 7], context_length=4, length=5),
            "The model says how many tokens it was shown. What is the largest number it may say?",
        ),
        Case("a context of one token", given(YET, [0, 2], context_length=1, length=3, V=3)),
        Case(
            "nothing more to write",
            given(SUM, [1, 2, 3], context_length=2, length=0),
            "With a length of 0 the text stays what it is, all of it.",
        ),
        Case("a vocabulary of two", given(SUM, [1, 0, 0], context_length=4, length=12, V=2)),
    ),
    beliefs=(
        Belief(
            "the text always fits",
            "The model was shown more tokens than fit in its context. It tempts, because at first the text is short. "
            "It has two dimensions, and a slice of the first leaves the second as it is. Which tokens can the model do "
            "without, when there is no room for all of them?",
            (mistaken(crop=lambda tokens, context_length: tokens),),
        ),
        Belief(
            "the beginning is kept",
            "The model was shown the beginning of the text, the same tokens again and again. It tempts, because "
            "[:context_length] is the slice one types first. But what comes next hangs on what was said last. Which "
            "end of the text should stay in view?",
            (mistaken(crop=lambda tokens, context_length: tokens[:, :context_length]),),
        ),
        Belief(
            "one token more or less in view",
            "The model was shown one token less than fits, or one more. It tempts, because room seems needed for the "
            "new token, or because counting from 0 is easy to be one off. What is written is not in the context yet. "
            "How many tokens does the model accept?",
            (
                mistaken(crop=lambda tokens, context_length: tokens[:, -context_length + 1 :]),
                mistaken(crop=lambda tokens, context_length: tokens[:, -context_length - 1 :]),
                mistaken(crop=lambda tokens, context_length: tokens[:, -max(1, context_length - 1) :]),
            ),
        ),
        Belief(
            "a slice that begins before the text",
            "The slice begins at the number of tokens less the context, and while the text is short that is below 0: "
            "Python then counts from the end, and shows less than all. It tempts, because for a long text it is "
            "right. Write down where it begins for a text of 4 and a context of 6. Where should it?",
            (mistaken(crop=lambda tokens, context_length: tokens[:, tokens.size(1) - context_length :]),),
        ),
        Belief(
            "only the last token is in view",
            "The model was shown the last token alone. It tempts, because for a bigram that was enough. This model "
            "reads all that it is shown: with 1, 2 before it, it says 3. What does it say to a 2 alone?",
            (mistaken(crop=lambda tokens, context_length: tokens[:, -1:]),),
        ),
        Belief(
            "what is cropped is gone",
            "The answer begins in the middle: what no longer fitted in the context is missing from the text too. It "
            "tempts, because one name, tokens, is used for both. The model forgets; must the text? Which two things "
            "need two names?",
            (
                context_only,
                lambda model, tokens, n, length: write_on(model, tokens, n, length)[:, -n:],
                lambda model, tokens, n, length: write_on(model, tokens[:, -n:], n, length),
            ),
        ),
        Belief(
            "the first position speaks",
            "What follows the *first* token in view was written down. It tempts, because the batch is at index 0 and "
            "so much else. The model says something at every position, and the others only repeat what the text says "
            "already. At which position is the next token unknown?",
            (mistaken(choose=lambda logits: logits[:, 0].argmax(dim=-1, keepdim=True)),),
        ),
        Belief(
            "the largest in another direction",
            "The largest was sought along the wrong dimension, or in all of the logits at once. It tempts, because "
            "argmax takes any dimension, or none. Its answer then is the number of a position, or of a place in the "
            "whole table. In (1, T, V), which one counts tokens?",
            (
                mistaken(choose=lambda logits: logits.argmax(dim=1)),
                mistaken(choose=lambda logits: logits.argmax().view(1, 1)),
                mistaken(choose=lambda logits: logits.argmax(dim=1)[:, -1:]),
            ),
        ),
        Belief(
            "a token without its dimensions",
            "The new token is right, and cat cannot put it beside the text. It tempts, because argmax finds it, and "
            "takes the dimension away along which it looked. The text is (1, T): it has two. Which shape must one "
            "token have, to stand beside it? Read what keepdim does.",
            (
                mistaken(choose=lambda logits: logits[:, -1].argmax(dim=-1)),
                mistaken(choose=lambda logits: logits[0, -1].argmax()),
            ),
        ),
        Belief(
            "one look is enough",
            "All new tokens come from what the model said of the text as it was given. It tempts, because one call is "
            "cheaper than many. But each new token changes what comes after it. What has to be shown to the model, "
            "before it can say the second one?",
            (
                at_once(lambda logits, length: logits[:, -1:].argmax(dim=-1).expand(1, length)),
                at_once(lambda logits, length: logits[:, -1].topk(length).indices),
                at_once(lambda logits, length: logits.argmax(dim=-1)[:, -length:]),
            ),
        ),
        Belief(
            "every position's token is written down",
            "With each step the model's words of *all* positions were added. It tempts, because argmax gives them all "
            "at once. But what the earlier ones predict stands in the text already. How many tokens should a step "
            "add?",
            (
                mistaken(choose=lambda logits: logits.argmax(dim=-1)),
                at_once(lambda logits, length: logits.argmax(dim=-1)),
            ),
        ),
        Belief(
            "how likely, instead of which",
            "What was added is the largest logit, or a probability. It tempts, because max is at hand, and the "
            "largest is what one looks for. A text is made of the *numbers of tokens*. Not how large is the largest: "
            "what should be asked of it?",
            (
                mistaken(choose=lambda logits: logits[:, -1].amax(dim=-1, keepdim=True)),
                mistaken(choose=lambda logits: logits[:, -1].softmax(dim=-1).amax(dim=-1, keepdim=True)),
                mistaken(choose=lambda logits: logits[:, -1].amax(dim=-1, keepdim=True).long()),
            ),
        ),
        Belief(
            "only what is new",
            "These are the new tokens, without the text that they go on with. It tempts, because the beginning is "
            "known to whoever asked. Asked is the whole text, as one would read it. How long was it before, and how "
            "long must it be?",
            (lambda model, tokens, n, length: write_on(model, tokens, n, length)[:, tokens.size(1) :],),
        ),
        Belief(
            "another number of steps",
            "The number of new tokens is not `length`: it is one more, or one less, or so many that the whole text has "
            "that length. It tempts, because length may be said of either. Count the tokens you were given, and those "
            "that came to them. Which of the two numbers should it be?",
            (
                mistaken(steps=lambda length, T: length + 1),
                mistaken(steps=lambda length, T: length - 1),
                mistaken(steps=lambda length, T: length - T),
            ),
        ),
        Belief(
            "new tokens come first",
            "Each new token was put before the text. It tempts, because cat takes a list, and either order fits. But "
            "a text is read from left to right, and the model looks at its end for what was said last. Where does "
            "'yet' grow?",
            (mistaken(join=lambda tokens, new: torch.cat([new, tokens], dim=1)),),
        ),
    ),
    by_hand="Write the text down, frame the tokens that the model is shown, say what its rule makes of them, add it.",
)
