"""A transformer that learns in half a minute on two cores more than `gpt` in a quarter of an hour: recipe and training.

The recipe is built of parts like every other: embeddings of runs of tokens, blocks whose queries and keys are brought
to one length and rotated, and a feed-forward layer with a squared ReLU, no biases and no scales. Its training takes
Muon for what multiplies, AdamW for the tables of tokens and logits, and steps of their own for the rows of runs, of
which a batch touches few.

Shapes: B batch, T time, C d_model, H heads, D head_dim, V vocabulary.
"""

import ctypes
import math
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from lower_triangle.attention import SelfAttention, attend_fused
from lower_triangle.beyond.muon import Muon
from lower_triangle.beyond.ngrams import NGramEmbedding
from lower_triangle.beyond.positions import Attend, Rotary
from lower_triangle.blocks import Block, FeedForward
from lower_triangle.config import ModelConfig
from lower_triangle.corpus import Corpus, require_length
from lower_triangle.loss import cross_entropy, evaluate
from lower_triangle.model import LanguageModel
from lower_triangle.stages import gpt
from lower_triangle.train import Result, own_random_streams, progress_bar, require_finite


class OneLength(nn.Module):
    """Attention to queries and keys of length √D, so that how much is said does not depend on how loudly.

    Args:
        attend: what is done with them then
        sharpness: what their dot products are multiplied by besides

    Shapes:
        q: (..., Tq, D)
        k: (..., Tk, D)
        v: (..., Tk, D)
        visible: (..., Tq, Tk), True where a query may look
        returns: (..., Tq, D)

    Source: Henry et al. 2020 (arXiv 2010.04245): QK-norm.
    """

    def __init__(self, attend: Attend = attend_fused, sharpness: float = 1.0) -> None:
        super().__init__()
        self.attend = attend
        self.sharpness = sharpness

    def forward(self, q: Tensor, k: Tensor, v: Tensor, visible: Tensor) -> Tensor:
        width = (q.size(-1),)
        return self.attend(self.sharpness * F.layer_norm(q, width), F.layer_norm(k, width), v, visible)


class SquaredReLU(nn.Module):
    """The square of what a ReLU leaves.

    Shapes:
        x: (..., F)
        returns: (..., F)

    Source: So et al. 2021 (arXiv 2109.08668): Primer.
    """

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(x).square()


def fast(config: ModelConfig, vocab_size: int, known: Sequence[Tensor] = ()) -> LanguageModel:
    """The fast recipe; `known` are the runs of tokens that have a vector of their own."""
    blocks = [
        Block(
            ln_1=nn.LayerNorm(config.d_model, elementwise_affine=False),
            attn=SelfAttention(
                config.d_model, config.n_head, bias=False, attend=OneLength(Rotary(attend_fused), sharpness=1.35)
            ),
            ln_2=nn.LayerNorm(config.d_model, elementwise_affine=False),
            ffn=FeedForward(config.d_model, config.d_ff, SquaredReLU(), bias=False),
        )
        for _ in range(config.n_layer)
    ]
    model = LanguageModel(
        embed=NGramEmbedding(vocab_size, config.d_model, known),
        blocks=blocks,
        norm=nn.LayerNorm(config.d_model, elementwise_affine=False),
        lm_head=nn.Linear(config.d_model, vocab_size, bias=False),
        context_length=config.context_length,
    )
    init_fast(model)
    return model


@torch.no_grad()
def init_fast(model: LanguageModel) -> None:
    """Draw the first weights: what writes, to the stream or as logits, is zero, and what reads has a spread of ½/√C.

    So each block begins by passing on what it gets, and the first logits are all equal.
    """
    init_blocks(model)
    nn.init.normal_(model.embed.token.weight)
    nn.init.zeros_(model.lm_head.weight)


@torch.no_grad()
def init_blocks(model: LanguageModel) -> None:
    """The matrices of the blocks as Muon likes to begin, for any model whose blocks are built as those of `gpt`."""
    for block in model.blocks:
        for reads in (block.attn.qkv, block.ffn.up):
            nn.init.normal_(reads.weight, std=0.5 / math.sqrt(reads.in_features))
        for writes in (block.attn.projection, block.ffn.down):
            nn.init.zeros_(writes.weight)


@torch.no_grad()
def begin_looking_back(model: LanguageModel, loudness: float = 0.2) -> None:
    """Let the first block of a model with a table of positions begin with heads that look one back, two back, and so on.

    Left to themselves such heads take a good part of a short run to find. The table begins as pairs of waves, in as many
    of its columns as a head is wide; the keys pass them on, and the queries of each head turn them back by its
    distance, so that they match where that stands. All of it is learned from there on.

    Args:
        model: built as `gpt` is
        loudness: how large the waves are
    """
    attn, table = model.blocks[0].attn, model.embed.position.weight  # (T, C)
    (T, C), D = table.shape, attn.head_dim
    rates = math.pi / 2 * (2 / T) ** torch.linspace(0, 1, D // 2)  # (P,), from a quarter turn a step down
    waves = torch.polar(torch.ones(T, D // 2), torch.arange(T)[:, None] * rates)  # (T, P), complex
    table.zero_()[:, :D] = loudness * torch.view_as_real(waves).flatten(-2)
    queries, keys = attn.qkv.weight[: 2 * C].view(2, C // D, D, C)  # each (H, D, C)
    queries.zero_(), keys.zero_()
    keys[:, :, :D] = torch.eye(D)
    units = torch.view_as_complex(torch.eye(D).unflatten(-1, (-1, 2)))  # (D, P), complex
    for distance, query in enumerate(queries, start=1):
        back = units * torch.polar(torch.ones(D // 2), -distance * rates)  # (D, P), complex
        query[:, :D] = torch.view_as_real(back).flatten(-2).T


def gpt_in_a_hurry(config: ModelConfig, vocab_size: int) -> LanguageModel:
    """`gpt`, begun for a short run: with `init_blocks` and `begin_looking_back`."""
    model = gpt(config, vocab_size)
    init_blocks(model)
    begin_looking_back(model)
    return model


class RowAdagrad(torch.optim.Optimizer):
    """Steps for a table of which a batch touches few rows: those alone, each the shorter the more it has moved.

    Adagrad, with one memory for a row in the place of one for each number.

    Args:
        tables: what is learned, with sparse gradients
        lr: how far, in root mean square, the first step of a row goes

    Source: Duchi et al. 2011 (JMLR 12), fig. 1, for Adagrad.
    """

    def __init__(self, tables: Iterable[Tensor], lr: float) -> None:
        super().__init__(tables, {"lr": lr})

    @torch.no_grad()
    def step(self) -> None:
        """Change the rows that have a gradient."""
        for group in self.param_groups:
            for table in group["params"]:
                if table.grad is None:
                    continue
                gradient = table.grad.coalesce()
                rows, along = gradient.indices()[0], gradient.values()  # (N,), (N, C)
                if "moved" not in self.state[table]:
                    self.state[table]["moved"] = table.new_zeros(len(table))
                moved = self.state[table]["moved"]
                moved.index_add_(0, rows, along.square().mean(dim=-1))
                lengths = moved[rows].sqrt() + 1e-10  # (N,)
                table.index_add_(0, rows, along / lengths[:, None], alpha=-group["lr"])


@dataclass(frozen=True)
class FastSettings:
    """The settings of a fast run.

    Args:
        steps: how many updates
        batch_size: how many chunks of text a step learns from (B)
        matrix_rate: Muon's learning rate at its highest, for the matrices of the blocks
        table_rate: AdamW's, for the tables of tokens, positions and logits and for the scales of norms
        run_rate: RowAdagrad's, for the vectors of runs
        momentum: Muon's
        warmup: over how many of the first steps the learning rates grow
        cool_down: over what share of the steps, the last ones, they fall along a line to zero
        seed: of the order of batches
    """

    steps: int
    batch_size: int = 32
    matrix_rate: float = 0.02
    table_rate: float = 0.01
    run_rate: float = 0.01
    momentum: float = 0.9
    warmup: int = 10
    cool_down: float = 0.5
    seed: int = 0


# The fast recipe's sizes; which runs of characters have a vector: those of up to LONGEST that the text has at least
# LEAST times; and the settings with which it reads tiny Shakespeare through once.
FAST_SIZES = ModelConfig(context_length=256, d_model=128, n_head=2, n_layer=2)
LONGEST, LEAST = 8, 2
FAST_SETTINGS = FastSettings(steps=490, batch_size=8, run_rate=0.15, warmup=4, cool_down=0.6)

# `gpt_in_a_hurry` at the sizes of GPT_SIZES learns with these what `gpt` learns in 2,000 steps of GPT_SETTINGS.
GPT_IN_A_HURRY = FastSettings(steps=125, matrix_rate=0.03, table_rate=0.005, cool_down=0.4)
# And with these, which take some minutes, more than `gpt` learns in 10,000.
GPT_HURRIED = FastSettings(steps=2000, matrix_rate=0.02, table_rate=0.005, momentum=0.95)


def fit_fast(
    model: LanguageModel,
    corpus: Corpus,
    settings: FastSettings,
    on_step: Callable[[int], None] | None = None,
    optimizers: Sequence[torch.optim.Optimizer] | None = None,
    batches: Iterator[tuple[Tensor, Tensor]] | None = None,
) -> list[float]:
    """Teach `model` to predict the next character, and return the losses of the batches.

    `on_step(step)` is called at the end of each step. Optimizers and batches that are left out are those of
    `make_optimizers` and of `read_through`. It is the loop of `fit` without what a short run can do without: no
    evaluations, no clipping, nothing to resume.

    Raises:
        CorpusError: for a text too short for the context.
        TrainingError: for a loss that is not finite.
    """
    require_length(corpus, model.context_length)
    optimizers = optimizers or make_optimizers(model, settings)
    highest = [[group["lr"] for group in optimizer.param_groups] for optimizer in optimizers]
    generator = torch.Generator().manual_seed(settings.seed)
    batches = batches or read_through(corpus.train, model.context_length, settings.batch_size, generator)
    losses = []
    model.train()
    for step in range(1, settings.steps + 1):
        inputs, targets = next(batches)
        loss = cross_entropy(model(inputs), targets)
        losses.append(loss.item())
        require_finite("loss", losses[-1], step)
        loss.backward()
        for optimizer, rates in zip(optimizers, highest, strict=True):
            for group, rate in zip(optimizer.param_groups, rates, strict=True):
                group["lr"] = rate * fast_rate_share(step, settings)
            optimizer.step()
            optimizer.zero_grad()
        if on_step:
            on_step(step)
    return losses


def train_hurried(corpus: Corpus, config: ModelConfig, settings: FastSettings, progress: bool = True) -> Result:
    """Build `gpt_in_a_hurry`, fit it, and measure it at the end.

    Raises:
        CorpusError: for a text too short for the context.
        TrainingError: for a loss that is not finite.
    """
    characters = settings.batch_size * config.context_length  # of a step
    with own_random_streams(torch.device("cpu")), progress_bar(settings.steps, characters, progress) as steps:
        torch.manual_seed(settings.seed)
        model = gpt_in_a_hurry(config, len(corpus.tokenizer))
        started = time.perf_counter()
        fit_fast(model, corpus, settings, on_step=lambda _: steps.update())
        seconds = time.perf_counter() - started
    val_loss = evaluate(model, corpus.val)
    return Result(
        model=model,
        stage="gpt",
        learning_rate=settings.matrix_rate,
        params=sum(parameter.numel() for parameter in model.parameters()),
        curve=[(settings.steps, val_loss)],
        best_val=val_loss,
        best_step=settings.steps,
        final_val=val_loss,
        final_train=evaluate(model, corpus.train),
        seconds=seconds,
        characters_per_second=settings.steps * characters / seconds,
    )


def read_through(
    tokens: Tensor, context_length: int, batch_size: int, generator: torch.Generator
) -> Iterator[tuple[Tensor, Tensor]]:
    """Batches without end that hold all of a text before they hold any of it again, and then cut it at other places.

    Chunks from random places, as `draw_batch` has them, leave out 37 in 100 characters of a text while they go through
    as many as it has, and repeat others.

    Shapes:
        tokens: (N,)
        returns: (B, T), (B, T)
    """
    T, rest = context_length, tokens.new_empty(0)
    while True:
        first = int(torch.randint(min(T, len(tokens) - T), (1,), generator=generator))
        starts = torch.arange(first, len(tokens) - T, T)  # (chunks,)
        rest = torch.cat([rest, starts[torch.randperm(len(starts), generator=generator)]])
        while len(rest) >= batch_size:
            positions = rest[:batch_size, None] + torch.arange(T)  # (B, T)
            rest = rest[batch_size:]
            yield tokens[positions], tokens[positions + 1]


def fast_rate_share(step: int, settings: FastSettings) -> float:
    """What part of the learning rates step number `step` has: up a line, level, and down a line to zero."""
    left = (settings.steps - step) / (settings.cool_down * settings.steps)
    return min(1.0, step / settings.warmup, left)


def make_optimizers(
    model: LanguageModel, settings: FastSettings, precision: torch.dtype = torch.float32
) -> list[torch.optim.Optimizer]:
    """Muon for the matrices of the blocks, RowAdagrad for the vectors of runs, AdamW for the rest.

    `precision` is that of Muon's products.
    """
    matrices = [parameter for parameter in model.blocks.parameters() if parameter.dim() == 2]
    runs = [bag.weight for bag in model.embed.modules() if isinstance(bag, nn.EmbeddingBag)]
    others = [each for each in model.parameters() if all(each is not taken for taken in (*matrices, *runs))]
    optimizers: list[torch.optim.Optimizer] = [
        Muon(matrices, settings.matrix_rate, settings.momentum, precision),
        torch.optim.AdamW(others, settings.table_rate, betas=(0.9, 0.95), weight_decay=0.0, fused=True),
    ]
    if runs:
        optimizers.append(RowAdagrad(runs, settings.run_rate))
    return optimizers


def keep_memory() -> bool:
    """Let the C library keep memory that is given back, up to 32 MB at once; whether it is one that can.

    It would return large pieces to the system at once, and the next tensor of that size waits for fresh ones, page by
    page. Only glibc has this switch.
    """
    library = ctypes.CDLL(None)
    if not hasattr(library, "mallopt") or not hasattr(library, "gnu_get_libc_version"):
        return False
    trim_threshold, mmap_threshold = -1, -3
    return bool(library.mallopt(mmap_threshold, 32 << 20) and library.mallopt(trim_threshold, 2**31 - 1))
