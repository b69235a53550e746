"""One shell for every stage: embed the tokens, let them talk, read off the next one.

Shapes: B batch, T time, C d_model, V vocabulary.
"""

import math
from collections.abc import Callable, Iterable

import torch
from torch import Tensor, nn

from lower_triangle.attention import AttendWithDropout, SelfAttention
from lower_triangle.blocks import Block, FeedForward
from lower_triangle.config import ModelConfig
from lower_triangle.errors import UsageError


class Embedding(nn.Module):
    """Add a vector for which token it is to a vector for where it stands.

    Shapes:
        tokens: (B, T)
        returns: (B, T, C)

    Source: Vaswani et al. 2017, §3.5 (learned positions, Table 3 row E); Karpathy, "Let's build GPT", from 01:00:18.
    """

    def __init__(self, vocab_size: int, context_length: int, d_model: int) -> None:
        super().__init__()
        self.token = nn.Embedding(vocab_size, d_model)
        self.position = nn.Embedding(context_length, d_model)

    def forward(self, tokens: Tensor) -> Tensor:
        positions = torch.arange(tokens.size(1), device=tokens.device)  # (T,)
        return self.token(tokens) + self.position(positions)  # (B, T, C)


class DropoutEmbedding(Embedding):
    """An `Embedding` of whose sum a share is set to 0 while it trains.

    Shapes:
        tokens: (B, T)
        returns: (B, T, C)

    Source: Vaswani et al. 2017, §5.4; GPT-2's embd_pdrop.
    """

    def __init__(self, vocab_size: int, context_length: int, d_model: int, dropout: float) -> None:
        super().__init__(vocab_size, context_length, d_model)
        self.dropout = nn.Dropout(dropout)

    def forward(self, tokens: Tensor) -> Tensor:
        return self.dropout(super().forward(tokens))  # (B, T, C)


class LanguageModel(nn.Module):
    """Score every possible next token at every position.

    The lecture's forward also takes targets and returns a loss, and then flattens its logits; ours does one thing.

    Shapes:
        tokens: (B, T)
        returns: (B, T, V)

    Raises:
        UsageError: for more tokens than `context_length`.
    """

    def __init__(
        self, embed: nn.Module, blocks: Iterable[nn.Module], norm: nn.Module, lm_head: nn.Module, context_length: int
    ) -> None:
        super().__init__()
        self.embed = embed
        self.blocks = nn.Sequential(*blocks)
        self.norm = norm
        self.lm_head = lm_head
        self.context_length = context_length

    @property
    def vocab_size(self) -> int:
        """How many tokens it knows (V): the rows of its first table."""
        return next(table.num_embeddings for table in self.embed.modules() if isinstance(table, nn.Embedding))

    @property
    def device(self) -> torch.device:
        """Where its parameters lie, and where its tokens have to be."""
        return next(self.parameters()).device

    def forward(self, tokens: Tensor) -> Tensor:
        if tokens.size(1) > self.context_length:
            raise UsageError(
                f"{tokens.size(1)} tokens do not fit in a context of {self.context_length}; "
                f"keep the last {self.context_length}: tokens[:, -{self.context_length}:]"
            )
        x = self.embed(tokens)  # (B, T, C)
        x = self.blocks(x)  # (B, T, C)
        return self.lm_head(self.norm(x))  # (B, T, V)


def decoder(
    config: ModelConfig, vocab_size: int, activation: Callable[[], nn.Module], bias: bool, eps: float = 1e-5
) -> LanguageModel:
    """What `gpt` and the models of nanoGPT and GPT-2 have in common; they choose the activation and the biases.

    Source: Radford et al. 2019 (GPT-2); nanoGPT's model.py. The head is the token table: Vaswani et al. 2017, §3.4.
    """
    blocks = [
        Block(
            ln_1=nn.LayerNorm(config.d_model, eps=eps, bias=bias),
            attn=SelfAttention(
                config.d_model, config.n_head, bias, config.dropout, attend=AttendWithDropout(config.dropout)
            ),
            ln_2=nn.LayerNorm(config.d_model, eps=eps, bias=bias),
            ffn=FeedForward(config.d_model, config.d_ff, activation(), bias, config.dropout),
        )
        for _ in range(config.n_layer)
    ]
    embed = DropoutEmbedding(vocab_size, config.context_length, config.d_model, config.dropout)
    lm_head = nn.Linear(config.d_model, vocab_size, bias=False)
    lm_head.weight = embed.token.weight
    return LanguageModel(
        embed=embed,
        blocks=blocks,
        norm=nn.LayerNorm(config.d_model, eps=eps, bias=bias),
        lm_head=lm_head,
        context_length=config.context_length,
    )


@torch.no_grad()
def init_like_gpt2(model: LanguageModel) -> None:
    """Draw the weights anew: small enough that a fresh model is unsure, and that depth does not make it louder.

    Matrices are normal with a spread of 0.02. Each block adds to the residual stream twice, so the matrices that write
    to it are smaller by the root of twice the number of blocks. Biases are 0.

    Source: Radford et al. 2019 (GPT-2), §2.3; nanoGPT. The lecture's code has the 0.02 only, added after the video.
    """
    for name, module in model.named_modules():
        if isinstance(module, nn.Linear | nn.Embedding):
            writes = name.endswith(("attn.projection", "ffn.down"))
            nn.init.normal_(module.weight, std=0.02 / math.sqrt(2 * len(model.blocks)) if writes else 0.02)
        if isinstance(module, nn.Linear) and module.bias is not None:
            nn.init.zeros_(module.bias)
