"""Embeddings of runs of tokens: what came just before is looked up whole, beside being attended to.

A table with a vector for each run that the text holds often enough. Millions of numbers, of which a token reads a few
hundred: they cost memory and next to no arithmetic, and they begin to learn what counting knows at once.

Shapes: B batch, T time, C d_model, O orders, from two up, N tokens of a split.
"""

from collections.abc import Sequence

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from lower_triangle.errors import UsageError

# The row of a table that stays zero: of runs that are not known, or that would begin before the text.
NOTHING = 0


def number_runs(tokens: Tensor, vocab_size: int, order: int) -> Tensor:
    """Each run of `order` tokens as one number: its tokens read as digits. Of the first tokens no run ends there: -1.

    Shapes:
        tokens: (..., T)
        returns: (..., T)

    Raises:
        UsageError: for runs so long that their numbers do not fit in 64 bits.
    """
    if vocab_size**order >= 2**63:
        raise UsageError(f"runs of {order} tokens of {vocab_size} kinds do not fit in 64 bits; take shorter ones")
    T = tokens.size(-1)
    numbers = torch.zeros_like(tokens)  # (..., T)
    for back in range(order - 1, -1, -1):
        digits = F.pad(tokens[..., : max(0, T - back)], (min(back, T), 0))  # (..., T)
        numbers = numbers * vocab_size + digits
    return numbers.masked_fill(torch.arange(T, device=tokens.device) < order - 1, -1)


def frequent_runs(tokens: Tensor, vocab_size: int, longest: int, least: int) -> list[Tensor]:
    """The numbers of the runs of two tokens, of three, … that a text holds at least `least` times, in order.

    Shapes:
        tokens: (N,)
    """
    frequent = []
    for order in range(2, longest + 1):
        # NumPy, since it sorts several times as fast as PyTorch.
        runs, times = np.unique(number_runs(tokens, vocab_size, order)[order - 1 :].numpy(), return_counts=True)
        frequent.append(torch.from_numpy(runs[times >= least]))
    return frequent


class NGramEmbedding(nn.Module):
    """The sum of a vector for the token and one for each known run that ends there, brought to a common scale.

    Args:
        vocab_size: how many tokens there are (V)
        d_model: the width of a vector (C)
        known: the numbers of the known runs in order, of two tokens, of three, and so on

    Shapes:
        tokens: (B, T)
        returns: (B, T, C)
    """

    def __init__(self, vocab_size: int, d_model: int, known: Sequence[Tensor] = ()) -> None:
        super().__init__()
        self.token = nn.Embedding(vocab_size, d_model)
        rows = 1 + sum(map(len, known))
        self.runs = nn.EmbeddingBag(rows, d_model, mode="sum", sparse=True, padding_idx=NOTHING)
        self.norm = nn.LayerNorm(d_model, elementwise_affine=False)
        self.orders = range(2, len(known) + 2)
        for order, numbers in zip(self.orders, known, strict=True):
            self.register_buffer(f"known_{order}", numbers)
        nn.init.zeros_(self.runs.weight)

    def forward(self, tokens: Tensor) -> Tensor:
        return self.add(tokens, self.rows(tokens))

    def add(self, tokens: Tensor, rows: Tensor) -> Tensor:
        """The vectors of the tokens and of what stands in the rows.

        Shapes:
            tokens: (B, T)
            rows: (B, T, O)
            returns: (B, T, C)
        """
        x = self.token(tokens)  # (B, T, C)
        if rows.size(-1):
            x = x + self.runs(rows.flatten(0, 1)).view_as(x)
        return self.norm(x)

    def rows(self, tokens: Tensor) -> Tensor:
        """Which row of the table each run has.

        Shapes:
            tokens: (B, T)
            returns: (B, T, O)
        """
        found, before = [], NOTHING + 1
        for order in self.orders:
            known = getattr(self, f"known_{order}")  # sorted
            if len(known) == 0:
                continue
            numbers = number_runs(tokens, self.token.num_embeddings, order)  # (B, T)
            places = torch.searchsorted(known, numbers).clamp(max=len(known) - 1)  # (B, T)
            found.append(torch.where(known[places] == numbers, places + before, NOTHING))
            before += len(known)
        return torch.stack(found, dim=-1) if found else tokens.new_empty(*tokens.shape, 0)
