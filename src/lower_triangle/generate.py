"""Text from a model, one token at a time.

Shapes: T time, V vocabulary.
"""

import random
from collections.abc import Iterator

import torch
from torch import Tensor

from lower_triangle.errors import UsageError, VocabularyError
from lower_triangle.model import LanguageModel


def sample_next(
    logits: Tensor,
    rng: random.Random,
    temperature: float = 1.0,
    top_k: int | None = None,
    top_p: float | None = None,
) -> int:
    """Draw the next token: throw a dart at a line on which each token owns a stretch as long as its probability.

    Temperature 0 takes the likeliest token; below 1 sharpens the choice, above 1 flattens it. Then `top_k` leaves only
    the k likeliest tokens to choose from, and `top_p` of those the likeliest that together reach a probability of p.

    Shapes:
        logits: (V,)

    Raises:
        UsageError: for a temperature that is negative or not a number, and for a top_k or top_p that leaves no choice
            or is none.

    Source: Holtzman et al. 2019 (arXiv 1904.09751) for `top_p`, which they call nucleus sampling.
    """
    if not temperature >= 0:
        raise UsageError(
            f"temperature={temperature} is not a number of at least 0; "
            "try 0, the likeliest token, or 1"
        )
    require_choice(top_k, top_p, len(logits))
    if temperature == 0:
        return int(logits.argmax())
    probabilities = (logits.double() / temperature).softmax(dim=-1)  # (V,)
    if top_k is not None:
        probabilities = keep_top_k(probabilities, top_k)
    if top_p is not None:
        probabilities = keep_top_p(probabilities, top_p)
    ends = probabilities.cumsum(dim=-1)  # (V,)
    dart = rng.random() * ends[-1]
    return int(torch.searchsorted(ends, dart, right=True))


def require_choice(top_k: int | None, top_p: float | None, vocab_size: int) -> None:
    """Refuse a number of tokens, or a probability, that there is not."""
    if top_k is not None and not 1 <= top_k <= vocab_size:
        try_k = max(1, vocab_size // 2)
        raise UsageError(f"top_k={top_k} is not from 1 to the {vocab_size} tokens there are; try top_k={try_k}")
    if top_p is not None and not 0 < top_p <= 1:
        raise UsageError(f"top_p={top_p} is not above 0 and at most 1; try top_p=0.9")


def keep_top_k(probabilities: Tensor, k: int) -> Tensor:
    """The k largest probabilities, scaled to sum to 1 again; of equal ones the first.

    Shapes:
        probabilities: (V,)
        returns: (V,)
    """
    order = probabilities.argsort(descending=True, stable=True)  # (V,)
    kept = probabilities.index_fill(0, order[k:], 0.0)  # (V,)
    return kept / kept.sum()


def keep_top_p(probabilities: Tensor, p: float) -> Tensor:
    """As few of the largest probabilities as reach `p` together, scaled to sum to 1 again; of equal ones the first.

    Shapes:
        probabilities: (V,)
        returns: (V,)
    """
    order = probabilities.argsort(descending=True, stable=True)  # (V,)
    # A token is kept while those before it have not reached p: the likeliest always is.
    reached = probabilities[order].cumsum(dim=-1) - probabilities[order]  # (V,)
    kept = probabilities.index_fill(0, order[reached >= p], 0.0)  # (V,)
    return kept / kept.sum()


@torch.no_grad()
def generate(
    model: LanguageModel,
    tokens: list[int],
    length: int,
    rng: random.Random,
    temperature: float = 1.0,
    top_k: int | None = None,
    top_p: float | None = None,
) -> Iterator[int]:
    """Continue `tokens` by `length` tokens, each as soon as it is drawn.

    What no longer fits in the model's context is cropped from the left.

    Raises:
        UsageError: when there is nothing to continue, or for what `sample_next` refuses.
        VocabularyError: for a token that the model does not know.

    Source: Karpathy, "Let's build GPT", from 00:22:11; cropping from 01:19:11.
    """
    require_known(tokens, model.vocab_size)
    model.eval()
    tokens = list(tokens)
    for _ in range(length):
        context = torch.tensor([tokens[-model.context_length :]]).to(model.device)  # (1, T)
        logits = model(context)[0, -1].cpu()  # (V,)
        tokens.append(sample_next(logits, rng, temperature, top_k, top_p))
        yield tokens[-1]


def require_known(tokens: list[int], vocab_size: int) -> None:
    """Refuse a prompt that is empty or holds what is no token."""
    if not tokens:
        raise UsageError("cannot continue an empty prompt; give at least one character, a newline for example")
    for token in tokens:
        if not 0 <= token < vocab_size:
            raise VocabularyError(
                f"the prompt holds token {token}, and the model's tokens are 0 to {vocab_size - 1}; "
                "encode the prompt with the vocabulary that the model was trained with"
            )
