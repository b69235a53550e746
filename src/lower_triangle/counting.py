"""Counting instead of training: how far letter pairs alone can go.

Shapes: N tokens of a split, V vocabulary.
"""

import torch
from torch import Tensor

from lower_triangle.corpus import Corpus


def count_pairs(tokens: Tensor, vocab_size: int) -> Tensor:
    """How often each token is followed by each other.

    Shapes:
        tokens: (N,)
        returns: (V, V)
    """
    pairs = tokens[:-1] * vocab_size + tokens[1:]  # (N - 1,)
    return pairs.bincount(minlength=vocab_size**2).view(vocab_size, vocab_size)  # (V, V)


def pair_losses(corpus: Corpus) -> tuple[float, float]:
    """The loss of the counted pairs on the training split, and with one added to each count on the validation split.

    The first is a floor: no model that sees one character can do better on the split it was counted on. The second is
    a yardstick and not a floor, for it must spare something for pairs that the training split does not have.
    """
    V = len(corpus.tokenizer)
    seen = count_pairs(corpus.train, V).double()  # (V, V)
    unseen = count_pairs(corpus.val, V).double()  # (V, V)
    # Pairs that never occur have no share in the sum, so the logarithm of their 0 must not be taken.
    floor = torch.where(seen > 0, (seen / seen.sum(dim=1, keepdim=True)).log(), 0.0)  # (V, V)
    smoothed = ((seen + 1) / (seen + 1).sum(dim=1, keepdim=True)).log()  # (V, V)
    return -float((seen * floor).sum() / seen.sum()), -float((unseen * smoothed).sum() / unseen.sum())
