"""The exact loss of a whole split, sooner: the model folded, in any precision, a worker for each core.

Shapes: B batch, T time, C d_model, H heads, D head_dim, V vocabulary, N tokens of a split.
"""

import math
from concurrent.futures import ThreadPoolExecutor

import torch
import torch.nn.functional as F
from torch import Tensor

from lower_triangle.attention import causal_mask
from lower_triangle.beyond.folded import FoldedModel
from lower_triangle.loss import evaluate
from lower_triangle.model import LanguageModel

# How many characters a worker reads at once: enough to be busy, few enough to stay in the cache.
AT_ONCE = 3072
# The target of a place at which nothing is predicted.
NOWHERE = -100


class WindowReader:
    """The model `gpt`, folded, for many windows of the whole context. What is done to the model later changes nothing.

    What the first queries, keys and values are depends on a token and its place alone. So they are worked out once for
    all V·T pairs, and looked up. The largest score is not subtracted before the exponential: where it is above 88, or
    all of a query's are below -87, there are logits that are no numbers.

    Args:
        model: built as `gpt` is
        precision: of the products and of what is kept

    Raises:
        UsageError: for a model that cannot be folded.
    """

    @torch.inference_mode()
    def __init__(self, model: LanguageModel, precision: torch.dtype = torch.float32) -> None:
        folded, T = FoldedModel(model), model.context_length
        (self.vocab_size, C), self.context_length = folded.token.shape, T
        self.heads, self.least = len(folded.blocks[0].keys), torch.tensor((C * folded.norm.eps) ** 0.5, dtype=precision)
        x = (folded.position[:, None] + folded.token).flatten(0, 1)  # (T·V, C)
        self.x = x.to(precision)
        self.qkv = F.linear(folded.norm(x), folded.blocks[0].qkv).to(precision)  # (T·V, 3C)
        # The √C of the norms, and the two √2 of a GELU as PyTorch has it, go into the matrices.
        self.blocks = [
            [
                matrix.to(precision)
                for matrix in (C**0.5 * block.qkv, block.projection, (2 * C) ** 0.5 * block.up, 2**0.5 * block.down)
            ]
            for block in folded.blocks
        ]
        self.lm_head = (C**0.5 * folded.lm_head).to(precision)
        mask = causal_mask(T, T)  # (T, T)
        self.hidden = torch.zeros(mask.shape, dtype=precision).masked_fill_(~mask, -math.inf)

    @torch.inference_mode()
    def __call__(self, tokens: Tensor) -> Tensor:
        """The logits at every place.

        Shapes:
            tokens: (B, T)
            returns: (B, T, V)
        """
        B, T = tokens.shape
        rows = (tokens + self.vocab_size * torch.arange(T)).flatten()  # (B·T,)
        x, first = F.embedding(rows, self.x), F.embedding(rows, self.qkv)  # (B·T, C), (B·T, 3C)
        for number, (qkv, projection, up, down) in enumerate(self.blocks):
            found = self.attend(F.linear(self.norm(x), qkv) if number else first, B)  # (B·T, C)
            x = torch.addmm(x, found, projection.T)
            inner = F.gelu(F.linear(self.norm(x), up))  # (B·T, F)
            x = torch.addmm(x, inner, down.T)
        return F.linear(self.norm(x), self.lm_head).view(B, T, -1)

    def norm(self, x: Tensor) -> Tensor:
        """The stream, whose mean is 0, brought to a length of 1.

        Shapes:
            x: (B·T, C)
            returns: (B·T, C)
        """
        length = torch.linalg.vector_norm(x, dim=-1, keepdim=True)  # (B·T, 1)
        return x / length.hypot_(self.least)

    def attend(self, qkv: Tensor, B: int) -> Tensor:
        """What all heads find.

        Shapes:
            qkv: (B·T, 3C)
            returns: (B·T, C)
        """
        T, H = self.context_length, self.heads
        q, k, v = qkv.view(B, T, 3, H, -1).permute(2, 0, 3, 1, 4).reshape(3, B * H, T, -1)  # each (B·H, T, D)
        weights = torch.baddbmm(self.hidden, q, k.mT).exp_()  # (B·H, T, T)
        found = (weights @ v).div_(weights.sum(dim=-1, keepdim=True))  # (B·H, T, D)
        return found.view(B, H, T, -1).transpose(1, 2).reshape(B * T, -1)


def evaluate_folded(
    model: LanguageModel, tokens: Tensor, precision: torch.dtype = torch.float32, workers: int | None = None
) -> float:
    """The same as `evaluate`, sooner, for a model built as `gpt` is.

    Each worker reads its windows from start to end with one thread; they meet once, where the losses are added up. There
    are as many as PyTorch has threads, where `workers` is left out. If the exponential of a score was too large or too
    small, `evaluate` is asked after all.

    Shapes:
        tokens: (N,)

    Raises:
        UsageError: when there are fewer than two tokens, or for a model that cannot be folded.
    """
    if len(tokens) < 2:
        return evaluate(model, tokens)  # which says what is wrong
    reader, T = WindowReader(model, precision), model.context_length
    workers = workers or torch.get_num_threads()
    fill = -(len(tokens) - 1) % T  # the last window is filled up behind its end, where nothing is predicted
    inputs = F.pad(tokens[:-1], (0, fill)).view(-1, T)
    targets = F.pad(tokens[1:], (0, fill), value=NOWHERE).view(-1, T)
    # As many batches for each worker, all about as large.
    batches = min(len(inputs), workers * math.ceil(inputs.numel() / (workers * AT_ONCE)))
    pairs = list(zip(inputs.tensor_split(batches), targets.tensor_split(batches), strict=True))

    def read(number: int) -> float:
        torch.set_num_threads(1)
        return sum(surprise(reader(x), y) for x, y in pairs[number::workers])

    threads = torch.get_num_threads()
    try:
        with ThreadPoolExecutor(workers) as pool:
            total = sum(pool.map(read, range(workers)))
    finally:
        torch.set_num_threads(threads)
    return total / (len(tokens) - 1) if math.isfinite(total) else evaluate(model, tokens)


def surprise(logits: Tensor, targets: Tensor) -> float:
    """The sum of -ln p(target) over all predictions that have a target.

    Shapes:
        logits: (B, T, V)
        targets: (B, T), NOWHERE where nothing is predicted
    """
    return F.cross_entropy(
        logits.flatten(0, 1).float(), targets.flatten(), ignore_index=NOWHERE, reduction="sum"
    ).item()
