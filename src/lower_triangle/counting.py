"""Counting instead of training: how far letter pairs can go, and longer runs of letters.

Shapes: N tokens of a split, V vocabulary, T time, G different runs of tokens.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from lower_triangle.corpus import Corpus
from lower_triangle.errors import UsageError


def count_pairs(tokens: Tensor, vocab_size: int) -> Tensor:
    """How often each token is followed by each other.

    Shapes:
        tokens: (N,)
        returns: (V, V)
    """
    pairs = tokens[:-1] * vocab_size + tokens[1:]  # (N - 1,)
    counts = pairs.bincount(minlength=vocab_size**2)
    return counts.view(vocab_size, vocab_size)  # (V, V)


def add_one(counts: Tensor) -> Tensor:
    """The probability of each next token, had each pair occurred once more than it did: none is 0.

    Shapes:
        counts: (V, V)
        returns: (V, V)
    """
    return (counts + 1) / (counts + 1).sum(dim=-1, keepdim=True)  # (V, V)


def pair_loss(counts: Tensor, probabilities: Tensor) -> float:
    """The mean of -ln p over the pairs that were counted; infinite where one of them has no probability.

    Shapes:
        counts: (V, V)
        probabilities: (V, V)
    """
    # A pair that never occurs has no share in the sum: its log 0 is left out.
    logs = torch.where(counts > 0, probabilities.log(), 0.0)  # (V, V)
    return -float((counts * logs).sum() / counts.sum())


def pair_losses(corpus: Corpus) -> tuple[float, float]:
    """The loss of the counted pairs on the training split, and with one added to each count on the validation split.

    The first is a floor: no model that sees one character can do better on the split it was counted on. The second is
    a yardstick and not a floor, for it must spare something for pairs that the training split does not have.
    """
    V = len(corpus.tokenizer)
    seen = count_pairs(corpus.train, V).double()  # (V, V)
    unseen = count_pairs(corpus.val, V).double()  # (V, V)
    return pair_loss(seen, seen / seen.sum(dim=-1, keepdim=True)), pair_loss(unseen, add_one(seen))


@dataclass(frozen=True, eq=False)
class Counts:
    """How often each run of tokens occurs, and what its context, all of it but the last token, was followed by.

    Runs are written as numbers with V as the base, in ascending order.

    Args:
        runs: each run that occurs, (G,)
        times: how often it does, (G,)
        contexts: each context that occurs, in ascending order
        followed: how often each context was followed by a token
        kinds: by how many different tokens
    """

    runs: Tensor
    times: Tensor
    contexts: Tensor
    followed: Tensor
    kinds: Tensor

    @classmethod
    def of(cls, tokens: Tensor, vocab_size: int, length: int) -> "Counts":
        """The counts of the runs of one length."""
        every = encode(tokens.unfold(0, length, 1), vocab_size)  # (N - length + 1,)
        runs, times = every.unique(return_counts=True)  # (G,), (G,)
        contexts, place, kinds = (runs // vocab_size).unique(
            return_inverse=True, return_counts=True
        )
        followed = torch.zeros_like(contexts).index_add(0, place, times)
        return cls(runs, times, contexts, followed, kinds)

    def mix(self, shorter: Tensor, runs: Tensor, vocab_size: int) -> Tensor:
        """The probability of each run's last token, from what the context one shorter says of it and the counts.

        With c(h) the times that a context h was followed and n(h) the kinds of tokens that followed it, it is
        (c(h w) + n(h) · shorter) / (c(h) + n(h)); after a context that never occurred it is what the shorter one says.
        """
        times = look_up(self.runs, self.times, runs)
        followed = look_up(self.contexts, self.followed, runs // vocab_size)
        kinds = look_up(self.contexts, self.kinds, runs // vocab_size)
        mixed = (times + kinds * shorter) / (followed + kinds).clamp(min=1)
        return torch.where(followed > 0, mixed, shorter)


class NGram:
    """The next token's probability by counting runs of `order` tokens, with Witten and Bell's smoothing.

    A context hands a share of its probability on to the context that is one token shorter, and a larger share the more
    different tokens have followed it: where much that is new has come, more may come. The shortest context is none, and
    it hands on to all tokens alike.

    Raises:
        UsageError: for an order that is not a whole number of at least 1, for runs so long that their numbers do not
            fit in 64 bits, and for fewer tokens than `order`.

    Source: Witten and Bell 1991, The zero-frequency problem, IEEE Transactions on Information Theory 37(4).
    """

    def __init__(self, tokens: Tensor, vocab_size: int, order: int) -> None:
        if not isinstance(order, int) or order < 1 or vocab_size**order >= 2**63:
            raise UsageError(
                f"order={order!r} is no length of runs that can be counted; "
                "try order=5"
            )
        if len(tokens) < order:
            raise UsageError(
                f"cannot count runs of {order} in {len(tokens)} tokens; "
                "give a longer text"
            )
        self.vocab_size = vocab_size
        self.order = order
        lengths = range(1, order + 1)
        self.counts = [Counts.of(tokens, vocab_size, n) for n in lengths]

    def probabilities(self, context: Tensor) -> Tensor:
        """The probability of each token after `context`, of which the last order - 1 tokens count.

        Shapes:
            context: (T,)
            returns: (V,)
        """
        V = self.vocab_size
        p = torch.full((V,), 1 / V, dtype=torch.double)  # (V,)
        for n, counts in enumerate(self.counts, start=1):
            if len(context) >= n - 1:
                past = encode(context[len(context) - n + 1 :], V)  # ()
                p = counts.mix(p, past * V + torch.arange(V), V)  # (V,)
        return p

    def loss(self, tokens: Tensor) -> float:
        """The mean of -ln p over every token but the first, whose contexts begin with the text.

        Shapes:
            tokens: (N,)

        Raises:
            UsageError: when there are fewer than two tokens.
        """
        if len(tokens) < 2:
            raise UsageError(
                f"cannot measure {len(tokens)} tokens: "
                "it takes one to predict from and one to predict"
            )
        N, V = len(tokens), self.vocab_size
        p = torch.full((N,), 1 / V, dtype=torch.double)  # (N,)
        for n, counts in enumerate(self.counts, start=1):
            if n <= N:
                runs = encode(tokens.unfold(0, n, 1), V)  # (N - n + 1,)
                p[n - 1 :] = counts.mix(p[n - 1 :], runs, V)
        return -float(p[1:].log().mean())


def encode(runs: Tensor, vocab_size: int) -> Tensor:
    """Each run of tokens as one number; the run of no token is 0.

    Shapes:
        runs: (..., T)
        returns: (...)
    """
    return (runs.long() * vocab_size ** torch.arange(runs.size(-1) - 1, -1, -1)).sum(dim=-1)


def look_up(keys: Tensor, values: Tensor, wanted: Tensor) -> Tensor:
    """The value beside each wanted key in ascending `keys`, or 0 where there is none.

    Shapes:
        keys: (G,)
        values: (G,)
        wanted: (N,)
        returns: (N,)
    """
    places = torch.searchsorted(keys, wanted).clamp(max=len(keys) - 1)
    return torch.where(keys[places] == wanted, values[places], 0)
