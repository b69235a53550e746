"""The folded model writes what the taught one writes, and past the context what was agreed upon."""

import random

import pytest
import torch
from torch import nn
from torch.testing import assert_close

from lower_triangle.attention import Head
from lower_triangle.beyond.folded import FoldedModel, generate_folded
from lower_triangle.config import ModelConfig
from lower_triangle.errors import UsageError, VocabularyError
from lower_triangle.generate import generate, sample_next
from lower_triangle.model import decoder
from lower_triangle.stages import STAGES

SIZES = ModelConfig(context_length=9, d_model=8, n_head=2, n_layer=3, dropout=0.3)
V = 11
TEXT = [3, 1, 4, 1, 5, 9, 2, 6, 5]
PROMPTS = [[3], [2, 7, 1, 8], [1, 6, 1, 8, 0, 3, 3, 9, 8], [1, 6, 1, 8, 0, 3, 3, 9, 8, 8, 7, 4]]


def build():
    """A model whose logits differ enough for a mistake to be heard, the scales of its norms among them."""
    torch.manual_seed(0)
    model = STAGES["gpt"].build(SIZES, V)
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.dim() >= 2:
                parameter.normal_(std=parameter.size(-1) ** -0.5)
            else:
                parameter.uniform_(0.5, 2.0)
    return model


@torch.no_grad()
def rereading_half(model, tokens, length, rng, keep):
    """The policy in plain words: read on until the context is full, then from the last `keep` tokens."""
    model.eval()
    text, window = list(tokens), tokens[-model.context_length :]
    for _ in range(length):
        logits = model(torch.tensor([window]))[0, -1]
        text.append(sample_next(logits, rng))
        window = [*window, text[-1]] if len(window) < model.context_length else text[-keep:]
        yield text[-1]


@pytest.mark.parametrize("first", range(1, len(TEXT)))
def test_the_logits_are_those_of_the_model(first):
    model = build().eval()
    folded = FoldedModel(model)
    with torch.no_grad():
        assert_close(folded.begin(TEXT[:first]), model(torch.tensor([TEXT[:first]]))[0, -1])
        for end in range(first + 1, len(TEXT) + 1):
            expected = model(torch.tensor([TEXT[:end]]))[0, -1]
            assert_close(folded.go_on(TEXT[end - 1]), expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("prompt", PROMPTS)
@pytest.mark.parametrize("choice", [{}, {"temperature": 0}, {"temperature": 0.7, "top_k": 5, "top_p": 0.9}])
def test_the_text_is_that_of_generate_within_the_context_and_with_all_kept_past_it(prompt, choice):
    model = build()
    plain = list(generate(model, prompt, 25, random.Random(1), **choice))
    assert list(generate_folded(model, prompt, 25, random.Random(1), **choice, keep=9)) == plain
    inside = max(0, SIZES.context_length - len(prompt)) + 1
    assert list(generate_folded(model, prompt, 25, random.Random(1), **choice))[:inside] == plain[:inside]


@pytest.mark.parametrize("prompt", PROMPTS)
@pytest.mark.parametrize("keep", [1, 2, 4, 8, 9])
def test_past_the_context_the_last_tokens_are_read_again(prompt, keep):
    model = build()
    plain = list(rereading_half(model, prompt, 40, random.Random(2), keep))
    assert list(generate_folded(model, prompt, 40, random.Random(2), keep=keep)) == plain


def test_left_out_half_of_the_context_is_kept():
    model = build()
    half = list(generate_folded(model, [3], 40, random.Random(2), keep=4))
    assert list(generate_folded(model, [3], 40, random.Random(2))) == half
    assert half != list(generate(model, [3], 40, random.Random(2)))


def test_other_models_are_refused_in_a_line():
    biases, relu = decoder(SIZES, V, nn.GELU, bias=True), decoder(SIZES, V, nn.ReLU, bias=False)
    tanh, headed, empty = decoder(SIZES, V, lambda: nn.GELU("tanh"), bias=False), build(), build()
    headed.blocks[1].attn = Head(8, 8)
    empty.blocks = nn.Sequential()
    stages = [STAGES[name].build(SIZES, V) for name in ("bigram", "head", "layer_norm")]
    for model in (biases, relu, tanh, headed, empty, *stages):
        with pytest.raises(UsageError, match="is made of a model built as gpt is"):
            FoldedModel(model)


def test_what_cannot_be_kept_or_read_is_refused():
    model = build()
    for keep in (0, 10):
        with pytest.raises(UsageError, match=f"keep={keep} is not from 1 to the 9 tokens of the context; try keep=4"):
            list(generate_folded(model, [3], 5, random.Random(0), keep=keep))
    with pytest.raises(UsageError, match="cannot continue an empty prompt"):
        list(generate_folded(model, [], 5, random.Random(0)))
    with pytest.raises(VocabularyError, match="the prompt holds token 11"):
        list(generate_folded(model, [11], 5, random.Random(0)))
    folded = FoldedModel(model)
    folded.begin(TEXT)
    with pytest.raises(UsageError, match="the context of 9 tokens is full"):
        folded.go_on(1)


def test_nothing_is_written_where_nothing_is_asked_for():
    assert list(generate_folded(build(), [3], 0, random.Random(0))) == []
