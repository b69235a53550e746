"""What is stacked: attention, then a layer that thinks about what it found. Each kind of block adds one thing.

Shapes: T time, C d_model, F d_ff.
"""

from torch import Tensor, nn


class FeedForward(nn.Module):
    """Each position on its own: widen, bend, narrow again.

    Args:
        d_model: the width outside (C)
        d_ff: the width inside (F)
        activation: what bends; the paper and the lecture have ReLU, GPT-2 has GELU
        bias: whether the products add a bias
        dropout: the share of what comes out that is set to 0 while training

    Shapes:
        x: (..., T, C)
        returns: (..., T, C)

    Source: Vaswani et al. 2017, §3.3, eq. (2); Karpathy, "Let's build GPT", from 01:24:25.
    """

    def __init__(self, d_model: int, d_ff: int, activation: nn.Module, bias: bool = True, dropout: float = 0.0) -> None:
        super().__init__()
        self.up = nn.Linear(d_model, d_ff, bias=bias)
        self.activation = activation
        self.down = nn.Linear(d_ff, d_model, bias=bias)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor) -> Tensor:
        inner = self.activation(self.up(x))  # (..., T, F)
        return self.dropout(self.down(inner))  # (..., T, C)


class PlainBlock(nn.Module):
    """Look around, then think: attention, then feed-forward.

    Shapes:
        x: (..., T, C)
        returns: (..., T, C)
    """

    def __init__(self, attn: nn.Module, ffn: nn.Module) -> None:
        super().__init__()
        self.attn = attn
        self.ffn = ffn

    def forward(self, x: Tensor) -> Tensor:
        x = self.attn(x)
        return self.ffn(x)


class ResidualBlock(nn.Module):
    """A `PlainBlock` that adds to what came in instead of replacing it. It has no parameter more.

    Shapes:
        x: (..., T, C)
        returns: (..., T, C)

    Source: He et al. 2015 (arXiv 1512.03385); Vaswani et al. 2017, §3.1; Karpathy, "Let's build GPT", from 01:26:48.
    """

    def __init__(self, attn: nn.Module, ffn: nn.Module) -> None:
        super().__init__()
        self.attn = attn
        self.ffn = ffn

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.attn(x)
        return x + self.ffn(x)


class Block(nn.Module):
    """A `ResidualBlock` that brings its input to a common scale before each layer reads it: pre-norm.

    Shapes:
        x: (..., T, C)
        returns: (..., T, C)

    Source: Karpathy, "Let's build GPT", from 01:32:51; Xiong et al. 2020 (arXiv 2002.04745). Vaswani et al. 2017, §3.1,
    normalise after the addition.
    """

    def __init__(self, ln_1: nn.Module, attn: nn.Module, ln_2: nn.Module, ffn: nn.Module) -> None:
        super().__init__()
        self.ln_1 = ln_1
        self.attn = attn
        self.ln_2 = ln_2
        self.ffn = ffn

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.attn(self.ln_1(x))
        return x + self.ffn(self.ln_2(x))
