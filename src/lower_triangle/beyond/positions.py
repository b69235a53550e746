"""Four answers to where a token stands, besides the learned table of the lecture.

Each takes the place of something that `gpt` has: the table of positions, or the function with which its layers attend.
With more keys than queries the last query stands at the last key, as in `causal_mask`, so all go with a KV cache.

Shapes: T time, C d_model, H heads, D head_dim, P pairs; Tq and Tk where queries and keys differ in number.
"""

import math
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from lower_triangle.attention import attend_fused
from lower_triangle.config import ModelConfig
from lower_triangle.errors import UsageError
from lower_triangle.model import LanguageModel
from lower_triangle.stages import Recipe, gpt

# What turns queries, keys, values and who may see whom into outputs.
Attend = Callable[[Tensor, Tensor, Tensor, Tensor], Tensor]

# The longest wave is this many times 2π, the shortest 2π.
SLOWEST = 10_000


def angles(positions: Tensor, width: int) -> Tensor:
    """How far each clock has turned at each position, in radians: the first fastest, the last SLOWEST times slower.

    Shapes:
        positions: (T,)
        returns: (T, P), of half the width

    Raises:
        UsageError: for a width that is odd.

    Source: Vaswani et al. 2017, §3.5.
    """
    if width % 2:
        raise UsageError(f"a width of {width} does not split into pairs; try {width - 1 or 2} or {width + 1}")
    rates = SLOWEST ** -(torch.arange(0, width, 2, device=positions.device) / width)  # (P,)
    return positions[:, None] * rates


def sinusoids(T: int, d_model: int, device: torch.device | None = None) -> Tensor:
    """A table of positions that nobody has to learn: sines and cosines of waves of different lengths.

    Shapes:
        returns: (T, C)

    Source: Vaswani et al. 2017, §3.5.
    """
    turned = angles(torch.arange(T, device=device), d_model)  # (T, P)
    return torch.stack([turned.sin(), turned.cos()], dim=-1).flatten(-2)  # (T, C)


def rotate(x: Tensor, positions: Tensor) -> Tensor:
    """Turn each pair of numbers by an angle that grows with the position.

    A query and a key that were both turned have the dot product of a query that was turned by the difference alone.

    Shapes:
        x: (..., T, D)
        positions: (T,)
        returns: (..., T, D)

    Source: Su et al. 2021 (arXiv 2104.09864), eq. (34): RoPE. Pairs are neighbours here as there; many codes pair the
    first half of the numbers with the second, which is the same up to their order.
    """
    turned = angles(positions, x.size(-1))  # (T, P)
    turns = torch.polar(torch.ones_like(turned), turned)  # (T, P), complex: to multiply by one is to turn by its angle
    pairs = torch.view_as_complex(x.float().unflatten(-1, (-1, 2)))  # (..., T, P), complex
    return torch.view_as_real(pairs * turns).flatten(-2).type_as(x)  # (..., T, D)


class Rotary(nn.Module):
    """Attention to queries and keys that are rotated by where they stand.

    Shapes:
        q: (..., Tq, D)
        k: (..., Tk, D)
        v: (..., Tk, D)
        visible: (..., Tq, Tk), True where a query may look
        returns: (..., Tq, D)

    Source: Su et al. 2021 (arXiv 2104.09864).
    """

    def __init__(self, attend: Attend = attend_fused) -> None:
        super().__init__()
        self.attend = attend

    def forward(self, q: Tensor, k: Tensor, v: Tensor, visible: Tensor) -> Tensor:
        positions = torch.arange(k.size(-2), device=k.device)  # (Tk,)
        q = rotate(q, positions[-q.size(-2) :])
        return self.attend(q, rotate(k, positions), v, visible)


def slopes(n_head: int) -> Tensor:
    """How much a step into the past costs each head: from 2^(-8/H), each the same factor less, to 2^-8.

    Shapes:
        returns: (H,)

    Source: Press et al. 2021 (arXiv 2108.12409), §3: ALiBi.
    """
    return 2 ** (-8 * torch.arange(1, n_head + 1) / n_head)


def distance_penalty(Tq: int, Tk: int, n_head: int, device: torch.device | None = None) -> Tensor:
    """What is added to the scores: minus the distance from query to key, times the slope of the head.

    Shapes:
        returns: (H, Tq, Tk)

    Source: Press et al. 2021 (arXiv 2108.12409), §3.
    """
    positions = torch.arange(Tk, device=device)
    distance = positions[-Tq:, None] - positions  # (Tq, Tk)
    return -slopes(n_head).to(device)[:, None, None] * distance  # (H, Tq, Tk)


class Nearby(nn.Module):
    """Attention that prefers what is near, each head to its degree, and has no other notion of place.

    Shapes:
        q: (..., H, Tq, D)
        k: (..., H, Tk, D)
        v: (..., H, Tk, D)
        visible: (Tq, Tk), True where a query may look; or one for each text and all its heads
        returns: (..., H, Tq, D)

    Source: Press et al. 2021 (arXiv 2108.12409): ALiBi.
    """

    def forward(self, q: Tensor, k: Tensor, v: Tensor, visible: Tensor) -> Tensor:
        penalty = distance_penalty(q.size(-2), k.size(-2), q.size(-3), device=q.device)  # (H, Tq, Tk)
        return F.scaled_dot_product_attention(q, k, v, attn_mask=penalty.masked_fill(~visible, -math.inf))


def gpt_sinusoid(config: ModelConfig, vocab_size: int) -> LanguageModel:
    """The table of positions holds waves, as loud at first as the one it replaces, and is not learned."""
    model = gpt(config, vocab_size)
    waves = sinusoids(config.context_length, config.d_model)  # (T, C), of mean square 1/2
    model.embed.position = nn.Embedding.from_pretrained(0.02 * math.sqrt(2) * waves)
    return model


def gpt_nowhere(config: ModelConfig, vocab_size: int) -> LanguageModel:
    """Nobody is told where anything stands; the mask alone makes a difference between first and last."""
    model = gpt(config, vocab_size)
    model.embed = nn.Sequential(model.embed.token, model.embed.dropout)
    return model


def gpt_rotary(config: ModelConfig, vocab_size: int) -> LanguageModel:
    """Queries and keys are rotated; the stream holds no positions."""
    model = gpt_nowhere(config, vocab_size)
    for block in model.blocks:
        block.attn.attend = Rotary(block.attn.attend)
    return model


def gpt_nearby(config: ModelConfig, vocab_size: int) -> LanguageModel:
    """What is far costs; the stream holds no positions. Attention has no dropout."""
    model = gpt_nowhere(config, vocab_size)
    for block in model.blocks:
        block.attn.attend = Nearby()
    return model


# What a model knows of places, and the recipe for it; `learned` is the lecture's.
POSITIONS: dict[str, Recipe] = {
    "none": gpt_nowhere,
    "learned": gpt,
    "sinusoid": gpt_sinusoid,
    "rotary": gpt_rotary,
    "nearby": gpt_nearby,
}
