"""Text from a model, one token at a time.

Shapes: T time, V vocabulary.
"""

import random
from collections.abc import Iterator

import torch
from torch import Tensor

from lower_triangle.errors import UsageError
from lower_triangle.model import LanguageModel


def sample_next(logits: Tensor, rng: random.Random, temperature: float = 1.0) -> int:
    """Draw the next token: throw a dart at a line on which each token owns a stretch as long as its probability.

    Temperature 0 takes the likeliest token; below 1 sharpens the choice, above 1 flattens it.

    Shapes:
        logits: (V,)

    Raises:
        UsageError: for a temperature that is negative or not a number.
    """
    if not temperature >= 0:
        raise UsageError(f"temperature={temperature} is not a number of at least 0; try 0, the likeliest token, or 1")
    if temperature == 0:
        return int(logits.argmax())
    probabilities = (logits.double() / temperature).softmax(dim=-1)  # (V,)
    ends = probabilities.cumsum(dim=-1)  # (V,)
    dart = rng.random() * ends[-1]
    return int(torch.searchsorted(ends, dart, right=True))


@torch.no_grad()
def generate(
    model: LanguageModel, tokens: list[int], length: int, rng: random.Random, temperature: float = 1.0
) -> Iterator[int]:
    """Continue `tokens` by `length` tokens, each as soon as it is drawn.

    What no longer fits in the model's context is cropped from the left.

    Raises:
        UsageError: when there is nothing to continue, or for a temperature that `sample_next` refuses.

    Source: Karpathy, "Let's build GPT", from 00:22:11; cropping from 01:19:11.
    """
    if not tokens:
        raise UsageError("cannot continue an empty prompt; give at least one character, a newline for example")
    model.eval()
    tokens = list(tokens)
    for _ in range(length):
        context = torch.tensor([tokens[-model.context_length :]])  # (1, T)
        logits = model(context)[0, -1]  # (V,)
        tokens.append(sample_next(logits, rng, temperature))
        yield tokens[-1]
