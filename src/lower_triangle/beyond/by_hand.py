"""A step of `gpt` without autograd: the way there and the way back, written out, with a worker for each core.

Autograd notes down hundreds of operations as they are done. Each is dealt out to the cores, which wait for each other
at its end and then read what the other has written. Here nothing has to be noted down, since it is known what is
done, and what is dealt out is the batch. The workers meet twice: where the logits are put together, and where the
gradients are added up.

Shapes: B batch, T time, C d_model, H heads, D head_dim, F d_ff, V vocabulary, N = B·T tokens one below the other.
"""

import math
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache, reduce
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from lower_triangle.attention import AttendWithDropout, attend, attend_fused, causal_mask
from lower_triangle.beyond.folded import require_foldable
from lower_triangle.blocks import Block
from lower_triangle.errors import UsageError
from lower_triangle.model import LanguageModel

# The ways back through single operations are PyTorch's, as autograd would call them.
aten = torch.ops.aten


class ByHand(LanguageModel):
    """A model built as `gpt` is, with its very parameters, that knows its own gradients while it trains.

    PyTorch should have one thread meanwhile, `torch.set_num_threads(1)`: its others would be in the workers' way.

    Args:
        model: built as `gpt` is, without dropout
        workers: how many threads share a batch, one for each core
        precision: of the products and of what is kept for the way back; parameters and gradients keep theirs

    Shapes:
        tokens: (B, T)
        returns: (B, T, V)

    Raises:
        UsageError: for a model that is built otherwise, or drops something.
    """

    def __init__(self, model: LanguageModel, workers: int, precision: torch.dtype = torch.float32) -> None:
        require_foldable(model)
        tied = model.lm_head.weight is model.embed.token.weight
        if not tied or any(drops(layer) or attends_otherwise(layer) for layer in model.modules()):
            raise UsageError("a step by hand is that of a model built as gpt is, its head tied and with dropout=0")
        super().__init__(model.embed, model.blocks, model.norm, model.lm_head, model.context_length)
        self.workers, self.precision = workers, precision

    def forward(self, tokens: Tensor) -> Tensor:
        if not self.training or tokens.size(1) > self.context_length:
            return super().forward(tokens)
        return ThereAndBack.apply(self, tokens, *self.parameters())


def drops(layer: nn.Module) -> bool:
    """Whether a layer sets something to 0 while it trains."""
    share = layer.p if isinstance(layer, nn.Dropout) else getattr(layer, "dropout", 0)
    return isinstance(layer, nn.Dropout | AttendWithDropout) and share > 0


def attends_otherwise(layer: nn.Module) -> bool:
    """Whether queries, keys and values become something else in a layer than in `attend`."""
    way = getattr(layer, "attend", attend)
    return way not in (attend, attend_fused) and not isinstance(way, AttendWithDropout)


class ThereAndBack(torch.autograd.Function):
    """The logits of a batch, and what their gradient means for each parameter."""

    @staticmethod
    def forward(ctx: Any, model: "ByHand", tokens: Tensor, *parameters: Tensor) -> Tensor:
        """The parts of the batch side by side."""
        short = [parameter.to(model.precision) for parameter in parameters]
        parts = [part for part in tokens.tensor_split(model.workers) if len(part)]
        ctx.ways = [Way(model, parameters[:2], short, part) for part in parts]
        return torch.cat(list(workers(model.workers).map(Way.there, ctx.ways)))  # (B, T, V)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        """The same back; a parameter has the sum of what it has from each part."""
        parts = gradient.split([len(way.tokens) for way in ctx.ways])
        found = workers(len(parts)).map(Way.back, ctx.ways, parts)
        # Copied, since what is made in inference mode could not be changed by an optimizer.
        shares = ([share.to(gradient.dtype, copy=True) for share in each] for each in zip(*found, strict=True))
        return None, None, *(reduce(torch.add, each) for each in shares)


@cache
def workers(count: int) -> ThreadPoolExecutor:
    """So many threads, each of which does its operations alone."""
    return ThreadPoolExecutor(count, initializer=torch.set_num_threads, initargs=(1,))


class Way:
    """Some texts on their way through the model and back.

    Args:
        model: for its sizes
        tables: the vectors of tokens (V, C) and of places (context, C), as they are
        short: all parameters in the order of the model's, in the precision of the products
        tokens: (B, T)
    """

    def __init__(self, model: "ByHand", tables: Sequence[Tensor], short: Sequence[Tensor], tokens: Tensor) -> None:
        self.tokens, self.tables = tokens, tables
        self.lm_head, _, *inner, norm = short
        self.norm = NormWay(norm, model.norm.eps)
        (B, T), each = tokens.shape, len(inner) // len(model.blocks)
        hidden = torch.zeros(T, T, dtype=norm.dtype).masked_fill_(~causal_mask(T, T), -math.inf)
        self.blocks = [
            BlockWay(block, inner[each * number : each * (number + 1)], hidden, B)
            for number, block in enumerate(model.blocks)
        ]

    @torch.inference_mode()
    def there(self) -> Tensor:
        """The logits.

        Shapes:
            returns: (B, T, V)
        """
        (B, T), (token, position) = self.tokens.shape, self.tables
        x = (F.embedding(self.tokens, token) + position[:T]).flatten(0, 1).to(self.lm_head.dtype)  # (N, C)
        for block in self.blocks:
            x = block.there(x)
        self.last = self.norm.there(x)
        return (self.last @ self.lm_head.T).view(B, T, -1).to(token.dtype)

    @torch.inference_mode()
    def back(self, gradient: Tensor) -> list[Tensor]:
        """The gradients of all parameters, from that of the logits.

        Shapes:
            gradient: (B, T, V)
            returns: each as its parameter
        """
        B, T = self.tokens.shape
        gradient = gradient.flatten(0, 1).to(self.lm_head.dtype)  # (N, V)
        lm_head = gradient.T @ self.last  # (V, C)
        x, norm = self.norm.back(gradient @ self.lm_head)
        inner: list[Tensor] = []
        for block in reversed(self.blocks):
            x, found = block.back(x)
            inner = [*found, *inner]
        x = x.to(self.tables[0].dtype)
        position = torch.zeros_like(self.tables[1])
        position[:T] = x.view(B, T, -1).sum(dim=0)
        token = aten.embedding_dense_backward(x, self.tokens, len(lm_head), -1, False)
        return [token.add_(lm_head), position, *inner, norm]  # the head is the table of tokens


class NormWay:
    """A LayerNorm on the way there and back."""

    def __init__(self, weight: Tensor, eps: float) -> None:
        self.weight, self.eps = weight, eps

    def there(self, x: Tensor) -> Tensor:
        """What it makes of x.

        Shapes:
            x: (N, C)
            returns: (N, C)
        """
        self.x = x
        out, *self.spread = torch.native_layer_norm(x, x.shape[-1:], self.weight, None, self.eps)
        return out

    def back(self, gradient: Tensor) -> tuple[Tensor, Tensor]:
        """The gradients of x and of its weight.

        Shapes:
            gradient: (N, C)
            returns: (N, C), (C,)
        """
        x, weight, _ = aten.native_layer_norm_backward(
            gradient, self.x, self.x.shape[-1:], *self.spread, self.weight, None, [True, True, False]
        )
        return x, weight


class BlockWay:
    """A block on the way there and back: what it keeps in between is what the way back reads again.

    Args:
        block: for its sizes
        parameters: the block's, in their order, in the precision of the products
        hidden: (T, T), 0 where a query may look and -inf elsewhere
        B: how many texts
    """

    def __init__(self, block: Block, parameters: Sequence[Tensor], hidden: Tensor, B: int) -> None:
        ln_1, self.qkv, self.projection, ln_2, self.up, self.down = parameters
        self.ln_1, self.ln_2 = NormWay(ln_1, block.ln_1.eps), NormWay(ln_2, block.ln_2.eps)
        self.hidden, self.B, self.head_dim = hidden, B, block.attn.head_dim

    def there(self, x: Tensor) -> Tensor:
        """What the block makes of x.

        Shapes:
            x: (N, C)
            returns: (N, C)
        """
        self.read = self.ln_1.there(x)
        self.q, self.k, self.v = self.split_heads(self.read @ self.qkv.T)  # each (B·H, T, D)
        scores = torch.baddbmm(self.hidden, self.q, self.k.mT, alpha=self.head_dim**-0.5)  # (B·H, T, T)
        self.weights = torch.softmax(scores, dim=-1)
        self.found = self.merge_heads((self.weights @ self.v)[None])
        x = torch.addmm(x, self.found, self.projection.T)
        self.thought = self.ln_2.there(x)
        self.inner = self.thought @ self.up.T  # (N, F)
        self.bent = F.gelu(self.inner)
        return torch.addmm(x, self.bent, self.down.T)

    def back(self, x: Tensor) -> tuple[Tensor, list[Tensor]]:
        """The gradients of what came in and of the parameters in their order, from that of what went out.

        Shapes:
            x: (N, C)
            returns: (N, C), each as its parameter
        """
        down = x.T @ self.bent  # (C, F)
        inner = aten.gelu_backward(x @ self.down, self.inner)  # (N, F)
        up = inner.T @ self.thought  # (F, C)
        through, ln_2 = self.ln_2.back(inner @ self.up)
        x = through.add_(x)  # what went past the layer comes back past it
        projection = x.T @ self.found
        [found] = self.split_heads(x @ self.projection)  # (B·H, T, D)
        v = self.weights.mT @ found  # (B·H, T, D)
        scores = aten._softmax_backward_data(found @ self.v.mT, self.weights, -1, x.dtype).mul_(self.head_dim**-0.5)
        q, k = scores @ self.k, scores.mT @ self.q  # each (B·H, T, D)
        asked = self.merge_heads(torch.stack([q, k, v]))  # (N, 3C)
        qkv = asked.T @ self.read
        through, ln_1 = self.ln_1.back(asked @ self.qkv)
        return through.add_(x), [ln_1, qkv, projection, ln_2, up, down]

    def split_heads(self, x: Tensor) -> Tensor:
        """What stands side by side, apart: queries, keys and values, or one of them, and in each its heads.

        Shapes:
            x: (N, 3C) or (N, C)
            returns: (3, B·H, T, D) or (1, B·H, T, D)
        """
        T, C = len(self.hidden), len(self.projection)
        apart = x.view(self.B, T, -1, C // self.head_dim, self.head_dim)  # (B, T, 3 or 1, H, D)
        return apart.permute(2, 0, 3, 1, 4).reshape(apart.size(2), -1, T, self.head_dim)

    def merge_heads(self, x: Tensor) -> Tensor:
        """The reverse.

        Shapes:
            x: (3, B·H, T, D) or (1, B·H, T, D)
            returns: (N, 3C) or (N, C)
        """
        kinds, _, T, D = x.shape
        return x.view(kinds, self.B, -1, T, D).permute(1, 3, 0, 2, 4).reshape(self.B * T, -1)
