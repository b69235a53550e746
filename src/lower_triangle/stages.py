"""The recipes, in the order of the lesson. Each differs from the one before in one thing: their diff is the lesson."""

from collections.abc import Callable
from dataclasses import dataclass

from torch import nn

from lower_triangle.attention import Average, Head
from lower_triangle.config import ModelConfig
from lower_triangle.errors import UsageError, did_you_mean
from lower_triangle.model import Embedding, LanguageModel


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


# A recipe builds a model for a vocabulary of the given size.
Recipe = Callable[[ModelConfig, int], LanguageModel]


@dataclass(frozen=True)
class Stage:
    """A rung of the ladder: how its model is built and the learning rate that suits it."""

    build: Recipe
    learning_rate: float = 1e-3


STAGES = {
    "bigram": Stage(bigram, learning_rate=1e-2),
    "embedding": Stage(embedding),
    "position": Stage(position),
    "average": Stage(average),
    "head": Stage(head),
}


def find_stage(name: str) -> Stage:
    """The stage called `name`.

    Raises:
        UsageError: when there is none.
    """
    if name not in STAGES:
        raise UsageError(f"no stage called {name!r}; {did_you_mean(name, STAGES)}")
    return STAGES[name]
