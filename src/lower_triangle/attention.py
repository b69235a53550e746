"""Who listens to whom: the crude average of the past in three equal forms, and attention.

Shapes: B batch, T time, C d_model, H heads, D head_dim; Tq and Tk where queries and keys differ in number.
"""

import math
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from lower_triangle.config import nearest_splits
from lower_triangle.errors import UsageError


def average_loop(x: Tensor) -> Tensor:
    """Average each position with all those before it, one position at a time.

    Shapes:
        x: (B, T, C)
        returns: (B, T, C)

    Source: Karpathy, "Let's build GPT", from 00:42:13.
    """
    averages = torch.empty_like(x)
    for b in range(x.size(0)):
        for t in range(x.size(1)):
            averages[b, t] = x[b, : t + 1].mean(dim=0)  # (C,)
    return averages


def average_matmul(x: Tensor) -> Tensor:
    """Average each position with all those before it, by one matrix product.

    Shapes:
        x: (..., T, C)
        returns: (..., T, C)

    Source: Karpathy, "Let's build GPT", from 00:47:11 and 00:51:54.
    """
    T = x.size(-2)
    past = torch.ones(T, T, device=x.device).tril()  # (T, T)
    weights = past / past.sum(dim=-1, keepdim=True)  # (T, T)
    return weights @ x  # (..., T, C)


def average_softmax(x: Tensor) -> Tensor:
    """Average each position with all those before it, by a softmax of equal scores.

    Shapes:
        x: (..., T, C)
        returns: (..., T, C)

    Source: Karpathy, "Let's build GPT", from 00:54:42.
    """
    T = x.size(-2)
    scores = torch.zeros(T, T, device=x.device)  # (T, T)
    scores = scores.masked_fill(~causal_mask(T, T, device=x.device), -math.inf)
    return scores.softmax(dim=-1) @ x  # (..., T, C)


def causal_mask(Tq: int, Tk: int, device: torch.device | None = None) -> Tensor:
    """The lower triangle: True where a query may look, at its own position and at those before it.

    The last query stands at the last key, so with more keys than queries the first keys are everyone's past.

    Shapes:
        returns: (Tq, Tk)

    Raises:
        UsageError: when there are more queries than keys; the first ones would have nothing to look at.

    Source: Vaswani et al. 2017, §3.2.3. Karpathy's `tril` is this mask as ones and zeros; nanoGPT calls it `bias`.
    """
    if Tq > Tk:
        raise UsageError(
            f"causal_mask got {Tq} queries and {Tk} keys; it needs at least as many keys as queries. "
            f"Where queries read another text, mask nothing: torch.ones({Tq}, {Tk}, dtype=torch.bool)"
        )
    return torch.ones(Tq, Tk, dtype=torch.bool, device=device).tril(diagonal=Tk - Tq)


def attend(q: Tensor, k: Tensor, v: Tensor, visible: Tensor) -> Tensor:
    """Average the values each query may see, weighted by how well the keys match.

    Shapes:
        q: (..., Tq, D)
        k: (..., Tk, D)
        v: (..., Tk, D)
        visible: (..., Tq, Tk), True where a query may look
        returns: (..., Tq, D)

    Source: Vaswani et al. 2017, eq. (1) and §3.2.3. Our D is their d_k. `visible` is SDPA's convention;
    nn.MultiheadAttention's attn_mask says the opposite.
    """
    scores = q @ k.transpose(-2, -1) / math.sqrt(q.size(-1))  # (..., Tq, Tk)
    weights = scores.masked_fill(~visible, -math.inf).softmax(dim=-1)  # (..., Tq, Tk)
    return weights @ v  # (..., Tq, D)


def attend_fused(q: Tensor, k: Tensor, v: Tensor, visible: Tensor) -> Tensor:
    """The same as `attend`, in PyTorch's one fused operation.

    Shapes:
        q: (..., Tq, D)
        k: (..., Tk, D)
        v: (..., Tk, D)
        visible: (..., Tq, Tk), True where a query may look
        returns: (..., Tq, D)

    Source: torch.nn.functional.scaled_dot_product_attention. Its is_causal=True would line queries up with the
    *first* keys when there are fewer queries than keys, so the mask is always handed over.
    """
    return F.scaled_dot_product_attention(q, k, v, attn_mask=visible)


class Average(nn.Module):
    """The crude average of the past as a layer. It has nothing to learn.

    Shapes:
        x: (..., T, C)
        returns: (..., T, C)
    """

    def forward(self, x: Tensor) -> Tensor:
        return average_matmul(x)


class Head(nn.Module):
    """One head of causal self-attention: each position asks, and gathers from its past what answers.

    Shapes:
        x: (..., T, C)
        returns: (..., T, D)

    Source: Vaswani et al. 2017, §3.2.1; Karpathy, "Let's build GPT", from 01:02:00. Our D is the lecture's head_size.
    """

    def __init__(self, d_model: int, head_dim: int) -> None:
        super().__init__()
        self.query = nn.Linear(d_model, head_dim, bias=False)
        self.key = nn.Linear(d_model, head_dim, bias=False)
        self.value = nn.Linear(d_model, head_dim, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        T = x.size(-2)
        q = self.query(x)  # (..., T, D)
        k = self.key(x)  # (..., T, D)
        v = self.value(x)  # (..., T, D)
        return attend(q, k, v, causal_mask(T, T, device=x.device))


class MultiHead(nn.Module):
    """Several heads side by side, each in its share of the width, and a projection that mixes what they found.

    Shapes:
        x: (..., T, C)
        returns: (..., T, C)

    Raises:
        UsageError: when the heads do not divide the width.

    Source: Vaswani et al. 2017, §3.2.2; Karpathy, "Let's build GPT", from 01:21:59.
    """

    def __init__(self, d_model: int, n_head: int) -> None:
        super().__init__()
        head_dim = split_width(d_model, n_head)
        self.heads = nn.ModuleList(Head(d_model, head_dim) for _ in range(n_head))
        self.projection = nn.Linear(d_model, d_model)

    def forward(self, x: Tensor) -> Tensor:
        found = torch.cat([head(x) for head in self.heads], dim=-1)  # (..., T, C)
        return self.projection(found)


class SelfAttention(nn.Module):
    """All the heads of `MultiHead` in one matrix product, with biases and dropout where GPT-2 has them.

    Args:
        d_model: the width (C)
        n_head: how many heads share it (H)
        bias: whether the products add a bias
        dropout: the share of what comes out that is set to 0 while training
        attend: how queries, keys and values become outputs; `attend`, `attend_fused` or a layer that does the same

    Shapes:
        x: (..., T, C)
        returns: (..., T, C)

    Raises:
        UsageError: when the heads do not divide the width.

    Source: Vaswani et al. 2017, §3.2.2; Karpathy, "Let's build GPT", from 01:46:22 (nanoGPT's CausalSelfAttention).
    """

    def __init__(
        self,
        d_model: int,
        n_head: int,
        bias: bool = True,
        dropout: float = 0.0,
        attend: Callable[[Tensor, Tensor, Tensor, Tensor], Tensor] = attend_fused,
    ) -> None:
        super().__init__()
        self.head_dim = split_width(d_model, n_head)
        self.qkv = nn.Linear(d_model, 3 * d_model, bias=bias)
        self.projection = nn.Linear(d_model, d_model, bias=bias)
        self.dropout = nn.Dropout(dropout)
        self.attend = attend

    def forward(self, x: Tensor) -> Tensor:
        T = x.size(-2)
        q, k, v = self.split_heads(self.qkv(x))  # each (..., H, T, D)
        found = self.attend(q, k, v, causal_mask(T, T, device=x.device))  # (..., H, T, D)
        return self.merge_heads(found)

    def split_heads(self, qkv: Tensor) -> list[Tensor]:
        """Queries, keys and values, each with its heads in front of time.

        Shapes:
            qkv: (..., T, 3C)
            returns: three of (..., H, T, D)
        """
        # Unflatten first, then swap: taking (H, T, D) at once would deal tokens out to the heads.
        return [each.unflatten(-1, (-1, self.head_dim)).transpose(-3, -2) for each in qkv.chunk(3, dim=-1)]

    def merge_heads(self, found: Tensor) -> Tensor:
        """What the heads found, side by side again and mixed by the projection.

        Shapes:
            found: (..., H, T, D)
            returns: (..., T, C)
        """
        return self.dropout(self.projection(found.transpose(-3, -2).flatten(-2)))


class AttendWithDropout(nn.Module):
    """`attend_fused` that overlooks a share of the weights while it trains, and makes up for them with the others.

    Shapes:
        q: (..., Tq, D)
        k: (..., Tk, D)
        v: (..., Tk, D)
        visible: (..., Tq, Tk), True where a query may look
        returns: (..., Tq, D)

    Source: nanoGPT's attn_dropout, attn_pdrop in transformers' GPT-2. Vaswani et al. 2017, §5.4, have none here.
    """

    def __init__(self, dropout: float) -> None:
        super().__init__()
        self.dropout = dropout

    def forward(self, q: Tensor, k: Tensor, v: Tensor, visible: Tensor) -> Tensor:
        # The function does not know whether its caller trains: given a share, it always drops.
        share = self.dropout if self.training else 0.0
        return F.scaled_dot_product_attention(q, k, v, attn_mask=visible, dropout_p=share)


def split_width(d_model: int, n_head: int) -> int:
    """How wide each of `n_head` equal heads is.

    Raises:
        UsageError: when they do not divide the width.
    """
    if d_model % n_head:
        raise UsageError(
            f"d_model={d_model} does not split into n_head={n_head} equal heads; "
            f"{nearest_splits('d_model', d_model, n_head)}"
        )
    return d_model // n_head
