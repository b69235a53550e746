"""The recipes, in the order of the lesson. Each differs from the one before in one thing: their diff is the lesson."""

from collections.abc import Callable
from dataclasses import dataclass

from torch import nn

from lower_triangle.attention import Average, Head, MultiHead
from lower_triangle.blocks import Block, FeedForward, PlainBlock, ResidualBlock
from lower_triangle.config import GPT_SETTINGS, GPT_SIZES, ModelConfig, TrainConfig
from lower_triangle.model import Embedding, LanguageModel, decoder, init_like_gpt2


def bigram(config: ModelConfig, vocab_size: int) -> LanguageModel:
    """A table: the row of the current character holds the logits of the next."""
    return LanguageModel(
        embed=nn.Embedding(vocab_size, vocab_size),
        blocks=[],
        norm=nn.Identity(),
        lm_head=nn.Identity(),
        context_length=config.context_length,
    )


def embedding(config: ModelConfig, vocab_size: int) -> LanguageModel:
    """The table through a narrow waist: a vector for each character, then logits read off it."""
    return LanguageModel(
        embed=nn.Embedding(vocab_size, config.d_model),
        blocks=[],
        norm=nn.Identity(),
        lm_head=nn.Linear(config.d_model, vocab_size),
        context_length=config.context_length,
    )


def position(config: ModelConfig, vocab_size: int) -> LanguageModel:
    """The character's vector plus one for where it stands."""
    return LanguageModel(
        embed=Embedding(vocab_size, config.context_length, config.d_model),
        blocks=[],
        norm=nn.Identity(),
        lm_head=nn.Linear(config.d_model, vocab_size),
        context_length=config.context_length,
    )


def average(config: ModelConfig, vocab_size: int) -> LanguageModel:
    """Each position replaced by the crude average of itself and its past."""
    return LanguageModel(
        embed=Embedding(vocab_size, config.context_length, config.d_model),
        blocks=[Average()],
        norm=nn.Identity(),
        lm_head=nn.Linear(config.d_model, vocab_size),
        context_length=config.context_length,
    )


def head(config: ModelConfig, vocab_size: int) -> LanguageModel:
    """The average weighted by query and key: one head of self-attention."""
    return LanguageModel(
        embed=Embedding(vocab_size, config.context_length, config.d_model),
        blocks=[Head(config.d_model, config.d_model)],
        norm=nn.Identity(),
        lm_head=nn.Linear(config.d_model, vocab_size),
        context_length=config.context_length,
    )


def multi_head(config: ModelConfig, vocab_size: int) -> LanguageModel:
    """Several narrow heads in place of a wide one, and a projection that mixes what they found."""
    return LanguageModel(
        embed=Embedding(vocab_size, config.context_length, config.d_model),
        blocks=[MultiHead(config.d_model, config.n_head)],
        norm=nn.Identity(),
        lm_head=nn.Linear(config.d_model, vocab_size),
        context_length=config.context_length,
    )


def feed_forward(config: ModelConfig, vocab_size: int) -> LanguageModel:
    """After attention each position thinks about what it found, on its own."""
    return LanguageModel(
        embed=Embedding(vocab_size, config.context_length, config.d_model),
        blocks=[
            PlainBlock(
                attn=MultiHead(config.d_model, config.n_head),
                ffn=FeedForward(config.d_model, config.d_ff, nn.ReLU()),
            )
        ],
        norm=nn.Identity(),
        lm_head=nn.Linear(config.d_model, vocab_size),
        context_length=config.context_length,
    )


def deep(config: ModelConfig, vocab_size: int) -> LanguageModel:
    """Several such blocks in a row."""
    return LanguageModel(
        embed=Embedding(vocab_size, config.context_length, config.d_model),
        blocks=[
            PlainBlock(
                attn=MultiHead(config.d_model, config.n_head),
                ffn=FeedForward(config.d_model, config.d_ff, nn.ReLU()),
            )
            for _ in range(config.n_layer)
        ],
        norm=nn.Identity(),
        lm_head=nn.Linear(config.d_model, vocab_size),
        context_length=config.context_length,
    )


def residual(config: ModelConfig, vocab_size: int) -> LanguageModel:
    """Each layer adds to what came in, instead of replacing it."""
    return LanguageModel(
        embed=Embedding(vocab_size, config.context_length, config.d_model),
        blocks=[
            ResidualBlock(
                attn=MultiHead(config.d_model, config.n_head),
                ffn=FeedForward(config.d_model, config.d_ff, nn.ReLU()),
            )
            for _ in range(config.n_layer)
        ],
        norm=nn.Identity(),
        lm_head=nn.Linear(config.d_model, vocab_size),
        context_length=config.context_length,
    )


def layer_norm(config: ModelConfig, vocab_size: int) -> LanguageModel:
    """Each layer reads its input at a common scale, and so does the last."""
    return LanguageModel(
        embed=Embedding(vocab_size, config.context_length, config.d_model),
        blocks=[
            Block(
                ln_1=nn.LayerNorm(config.d_model),
                attn=MultiHead(config.d_model, config.n_head),
                ln_2=nn.LayerNorm(config.d_model),
                ffn=FeedForward(config.d_model, config.d_ff, nn.ReLU()),
            )
            for _ in range(config.n_layer)
        ],
        norm=nn.LayerNorm(config.d_model),
        lm_head=nn.Linear(config.d_model, vocab_size),
        context_length=config.context_length,
    )


def gpt(config: ModelConfig, vocab_size: int) -> LanguageModel:
    """The destination: fused attention, GELU, no biases, tied embeddings, dropout, and GPT-2's initial weights."""
    model = decoder(config, vocab_size, nn.GELU, bias=False)
    init_like_gpt2(model)
    return model


# A recipe builds a model for a vocabulary of the given size.
Recipe = Callable[[ModelConfig, int], LanguageModel]

WIDTH = ("context_length", "d_model")
HEADS = (*WIDTH, "n_head")
LAYERS = (*HEADS, "n_layer")


@dataclass(frozen=True)
class Stage:
    """A rung of the ladder.

    Args:
        build: how its model is built
        sizes: which of ModelConfig's fields that reads
        learning_rate: the one that suits it
        model: the sizes it is trained with where none are given
        train: the settings it is trained with where none are given
    """

    build: Recipe
    sizes: tuple[str, ...]
    learning_rate: float = 1e-3
    model: ModelConfig = ModelConfig()
    train: TrainConfig = TrainConfig()


STAGES = {
    "bigram": Stage(bigram, ("context_length",), learning_rate=1e-2),
    "embedding": Stage(embedding, WIDTH),
    "position": Stage(position, WIDTH),
    "average": Stage(average, WIDTH),
    "head": Stage(head, WIDTH),
    "multi_head": Stage(multi_head, HEADS),
    "feed_forward": Stage(feed_forward, HEADS),
    "deep": Stage(deep, LAYERS),
    "residual": Stage(residual, LAYERS),
    "layer_norm": Stage(layer_norm, LAYERS),
    "gpt": Stage(gpt, (*LAYERS, "dropout"), model=GPT_SIZES, train=GPT_SETTINGS),
}
