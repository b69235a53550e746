"""The stage `gpt`, built with one thing taken back: what that thing is worth is what is lost without it."""

from collections.abc import Callable
from dataclasses import replace

from torch import nn

from lower_triangle.config import ModelConfig
from lower_triangle.errors import UsageError, did_you_mean
from lower_triangle.model import LanguageModel, decoder, init_like_gpt2
from lower_triangle.stages import STAGES, Stage, gpt


def gpt_own_head(config: ModelConfig, vocab_size: int) -> LanguageModel:
    """The last layer is a table of its own."""
    model = gpt(config, vocab_size)
    model.lm_head.weight = nn.Parameter(model.lm_head.weight.detach().clone())
    init_like_gpt2(model)
    return model


def gpt_relu(config: ModelConfig, vocab_size: int) -> LanguageModel:
    """ReLU in the place of GELU."""
    return begun(config, vocab_size, nn.ReLU)


def gpt_biases(config: ModelConfig, vocab_size: int) -> LanguageModel:
    """A bias in every product and every norm, as GPT-2 has them."""
    return begun(config, vocab_size, nn.GELU, bias=True)


def gpt_torch_weights(config: ModelConfig, vocab_size: int) -> LanguageModel:
    """The first weights are those that PyTorch's layers come with."""
    return decoder(config, vocab_size, nn.GELU, bias=False)


def gpt_one_spread(config: ModelConfig, vocab_size: int) -> LanguageModel:
    """The first weights are normal with a spread of 0.02, those that write to the stream too."""
    model = decoder(config, vocab_size, nn.GELU, bias=False)
    for layer in model.modules():
        if isinstance(layer, nn.Linear | nn.Embedding):
            nn.init.normal_(layer.weight, std=0.02)
    return model


def begun(
    config: ModelConfig,
    vocab_size: int,
    activation: Callable[[], nn.Module],
    bias: bool = False,
) -> LanguageModel:
    """A decoder with the first weights of GPT-2."""
    model = decoder(config, vocab_size, activation, bias)
    init_like_gpt2(model)
    return model


VARIANTS = {
    build.__name__: replace(STAGES["gpt"], build=build)
    for build in (gpt_own_head, gpt_relu, gpt_biases, gpt_torch_weights, gpt_one_spread)
}


def find_stage(name: str) -> Stage:
    """The stage or the variant called `name`.

    Raises:
        UsageError: when there is none.
    """
    if name not in STAGES | VARIANTS:
        raise UsageError(f"no stage called {name!r}; {did_you_mean(name, STAGES | VARIANTS)}")
    return (STAGES | VARIANTS)[name]
