"""Generation of one text with as few operations as there can be: the norms are folded into the matrices.

With one new token a step does little arithmetic, and most of its time goes into calling the operations that do it. So
whatever does not depend on the text is worked out once, beforehand:

- Each layer that adds to the stream is made to add numbers whose mean is 0. Then the stream's mean is 0 throughout, and
  a LayerNorm has nothing left to subtract: it divides by the root of the mean square.
- The scale of a norm goes into the matrix that reads it. The division, by one number, comes after the product.
- The 1/√D of the scores goes into the queries' matrix, and the factors of GELU into the two matrices around it.

What is left is done by NumPy, whose calls cost less than PyTorch's, in memory that is kept.

Shapes: T time, C d_model, H heads, D head_dim, F d_ff, V vocabulary.
"""

import math
import random
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from lower_triangle.attention import SelfAttention
from lower_triangle.blocks import Block, FeedForward
from lower_triangle.errors import UsageError
from lower_triangle.generate import require_known, sample_next
from lower_triangle.model import Embedding, LanguageModel


@dataclass
class FoldedBlock:
    """The four matrices of a block, each with what comes before and after it, and room for keys and values.

    Shapes:
        qkv: (3C, C)
        projection: (C, C)
        up: (F, C)
        down: (C, F)
        keys: (H, T, D)
        values: (H, T, D)
    """

    qkv: Tensor
    projection: Tensor
    up: Tensor
    down: Tensor
    keys: Tensor
    values: Tensor


class FoldedModel:
    """The model `gpt`, rearranged for one text at a time. What is done to the model later does not change this one.

    Raises:
        UsageError: for a model that is not built as `gpt` is: blocks of LayerNorm, SelfAttention and a FeedForward with
            GELU, none with a bias, after an Embedding.
    """

    def __init__(self, model: LanguageModel) -> None:
        require_foldable(model)
        self.context_length = model.context_length
        self.token = centred(model.embed.token.weight)  # (V, C)
        self.position = centred(model.embed.position.weight)  # (T, C)
        self.blocks = [fold(block, model.context_length) for block in model.blocks]
        self.lm_head = folded(model.lm_head.weight * model.norm.weight)  # (V, C)
        self.norm = nn.RMSNorm(self.token.size(1), model.norm.eps, elementwise_affine=False)
        self.length = 0
        # The same memory, for NumPy.
        self.tables = self.token.numpy(), self.position.numpy()
        self.layers = [[tensor.numpy() for tensor in vars(block).values()] for block in self.blocks]
        self.last = self.lm_head.numpy()
        self.inner, self.bent = torch.empty(2, self.blocks[0].up.size(0))  # each (F,)
        self.hidden = self.inner.numpy(), self.bent.numpy()

    @torch.no_grad()
    def begin(self, text: list[int]) -> Tensor:
        """Forget all, and read the last tokens of a text at once, as many as fit. For many PyTorch is the quicker.

        Shapes:
            returns: (V,), the logits of the next token
        """
        tokens = text[-self.context_length :]
        self.length = T = len(tokens)
        x = self.token[tokens] + self.position[:T]  # (T, C)
        for block in self.blocks:
            heads, _, head_dim = block.keys.shape
            qkv = F.linear(self.norm(x), block.qkv)  # (T, 3C)
            q, k, v = qkv.view(T, 3, heads, head_dim).permute(1, 2, 0, 3)  # each (H, T, D)
            block.keys[:, :T], block.values[:, :T] = k, v
            found = F.scaled_dot_product_attention(q[None], k[None], v[None], is_causal=True, scale=1.0)  # (1, H, T, D)
            x = x + F.linear(found[0].transpose(0, 1).flatten(1), block.projection)  # (T, C)
            inner = F.linear(self.norm(x), block.up)  # (T, F)
            x = x + F.linear(inner * (1 + inner.erf()), block.down)  # (T, C)
        return F.linear(self.norm(x[-1]), self.lm_head)

    def go_on(self, token: int) -> Tensor:
        """Read one token more.

        Shapes:
            returns: (V,), the logits of the next token

        Raises:
            UsageError: when the context is full.
        """
        now = self.length
        if now == self.context_length:
            raise UsageError(f"the context of {now} tokens is full; begin anew with the last ones of the text")
        (token_table, position_table), (inner, bent) = self.tables, self.hidden
        x = token_table[token] + position_table[now]  # (C,)
        for qkv, projection, up, down, keys, values in self.layers:
            heads, _, head_dim = keys.shape
            new = qkv.dot(x)  # (3C,)
            new *= self.scale(x)
            q, keys[:, now], values[:, now] = new.reshape(3, heads, head_dim)  # each (H, D)
            scores = keys[:, : now + 1] @ q[:, :, None]  # (H, T, 1)
            weights = np.exp(scores - scores.max(axis=1, keepdims=True))  # (H, T, 1)
            weights /= weights.sum(axis=1, keepdims=True)
            found = weights.reshape(heads, 1, -1) @ values[:, : now + 1]  # (H, 1, D)
            x = x + projection.dot(found.reshape(-1))  # (C,)
            up.dot(x, out=inner)  # (F,)
            inner *= self.scale(x)
            torch.erf(self.inner, out=self.bent)  # NumPy has none
            bent += 1
            bent *= inner
            x += down.dot(bent)  # (C,)
        self.length += 1
        logits = self.last.dot(x)  # (V,)
        logits *= self.scale(x)
        return torch.from_numpy(logits)

    def scale(self, x: np.ndarray) -> float:
        """What a LayerNorm multiplies a stream of mean 0 by.

        Shapes:
            x: (C,)
        """
        return 1 / math.sqrt(x.dot(x) / len(x) + self.norm.eps)


def fold(block: Block, context_length: int) -> FoldedBlock:
    """The matrices of a block: those that read are scaled as its norms do, those that write have columns of mean 0."""
    head_dim = block.attn.head_dim
    heads = block.attn.projection.in_features // head_dim
    queries, others = (block.attn.qkv.weight * block.ln_1.weight).tensor_split([heads * head_dim])
    keys, values = torch.zeros(2, heads, context_length, head_dim)
    # GELU is x/2 · (1 + erf(x/√2)): of u = x/√2, which `up` gives, u · (1 + erf u), and `down` takes 1/√2 of it.
    return FoldedBlock(
        qkv=folded(torch.cat([queries / math.sqrt(head_dim), others])),
        projection=centred(block.attn.projection.weight.T).T.contiguous(),
        up=folded(block.ffn.up.weight * block.ln_2.weight / math.sqrt(2)),
        down=centred(block.ffn.down.weight.T / math.sqrt(2)).T.contiguous(),
        keys=keys,
        values=values,
    )


def folded(matrix: Tensor) -> Tensor:
    """A matrix on its own, where NumPy can read it."""
    return matrix.detach().float().cpu().clone()


def centred(rows: Tensor) -> Tensor:
    """Rows less the mean of each.

    Shapes:
        rows: (..., C)
        returns: (..., C)
    """
    return folded(rows - rows.mean(dim=-1, keepdim=True))


def require_foldable(model: LanguageModel) -> None:
    """Refuse a model whose layers are not those that are folded."""
    without_biases = all(not name.endswith("bias") for name, _ in model.named_parameters())
    if not (
        isinstance(model.embed, Embedding)
        and len(model.blocks)
        and all(is_foldable(block) for block in model.blocks)
        and isinstance(model.norm, nn.LayerNorm)
        and without_biases
    ):
        raise UsageError(
            "a FoldedModel is made of a model built as gpt is, with LayerNorm, GELU and no biases; "
            "generate_cached writes the text of any"
        )


def is_foldable(block: nn.Module) -> bool:
    """Whether a block consists of the layers that are folded."""
    return (
        isinstance(block, Block)
        and isinstance(block.ln_1, nn.LayerNorm)
        and isinstance(block.attn, SelfAttention)
        and isinstance(block.ln_2, nn.LayerNorm)
        and isinstance(block.ffn, FeedForward)
        and isinstance(block.ffn.activation, nn.GELU)
        and block.ffn.activation.approximate == "none"
    )


@torch.no_grad()
def generate_folded(
    model: LanguageModel,
    tokens: list[int],
    length: int,
    rng: random.Random,
    temperature: float = 1.0,
    top_k: int | None = None,
    top_p: float | None = None,
    keep: int | None = None,
) -> Iterator[int]:
    """The same as `generate`, sooner yet, and with a choice of what happens where the context is full.

    There the last `keep` tokens, the newest among them, are read anew. As many as the context holds is what `generate`
    does, at each token; left out it is half of them, and the next half is then free to be filled. The text is that of
    `generate` as long as it fits in the context, and with `keep` the whole context past it too.

    Raises:
        UsageError: for a `keep` that is not from 1 to the context, for a model that cannot be folded, when there is
            nothing to continue, or for what `sample_next` refuses.
        VocabularyError: for a token that the model does not know.
    """
    T = model.context_length
    keep = max(1, T // 2) if keep is None else keep
    if not 1 <= keep <= T:
        raise UsageError(f"keep={keep} is not from 1 to the {T} tokens of the context; try keep={max(1, T // 2)}")
    require_known(tokens, model.vocab_size)
    text, reader = list(tokens), FoldedModel(model)
    for step in range(length):
        if step == 0:
            logits = reader.begin(text)  # (V,)
        elif reader.length == T:
            logits = reader.begin(text[-keep:])  # (V,)
        else:
            logits = reader.go_on(text[-1])  # (V,)
        text.append(sample_next(logits, rng, temperature, top_k, top_p))
        yield text[-1]
