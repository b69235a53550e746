"""With kept keys and values the text is the same, alone or among others, within the context and past it."""

import random

import pytest
import torch
from torch.testing import assert_close

from lower_triangle.beyond.kv_cache import CachedModel, Past, generate_batch, generate_cached
from lower_triangle.config import ModelConfig
from lower_triangle.errors import UsageError, VocabularyError
from lower_triangle.generate import generate
from lower_triangle.stages import STAGES

SIZES = ModelConfig(context_length=9, d_model=8, n_head=2, n_layer=2, dropout=0.3)
V = 11
TEXT = [3, 1, 4, 1, 5, 9, 2, 6, 5]
PROMPTS = [[2, 7, 1, 8], [3], [1, 6, 1, 8, 0, 3, 3, 9, 8, 8, 7, 4], [5, 10]]


def build(stage, spread=1.0):
    """A model whose logits differ enough for a mistake to be heard, layers of its blocks included."""
    torch.manual_seed(0)
    model = STAGES[stage].build(SIZES, V)
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.dim() >= 2:
                parameter.normal_(std=spread / parameter.size(-1) ** 0.5)
    return model


@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize("cuts", [(1, 2, 3, 4, 5, 6, 7, 8), (4,), (1, 6), ()])
def test_what_is_read_in_pieces_has_the_logits_of_what_is_read_at_once(stage, cuts):
    model = build(stage).eval()
    cached = CachedModel(model)
    ends = [*cuts, len(TEXT)]
    with torch.no_grad():
        assert_close(cached.begin([TEXT[: ends[0]]])[0], model(torch.tensor([TEXT[: ends[0]]]))[0, -1])
        for start, end in zip(ends, ends[1:], strict=False):
            assert_close(cached.go_on([TEXT[start:end]])[0], model(torch.tensor([TEXT[:end]]))[0, -1])


@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize("prompt", PROMPTS)
def test_the_text_is_that_without_a_cache_within_the_context_and_past_it(stage, prompt):
    model = build(stage)
    for choice in ({}, {"temperature": 0}, {"temperature": 0.7, "top_k": 5, "top_p": 0.9}):
        plain = list(generate(model, prompt, 25, random.Random(1), **choice))
        assert list(generate_cached(model, prompt, 25, random.Random(1), **choice)) == plain


@pytest.mark.parametrize("stage", STAGES)
def test_prompts_of_unequal_length_each_go_on_as_they_would_alone(stage):
    model = build(stage)
    together = list(generate_batch(model, PROMPTS, 25, [random.Random(seed) for seed in range(len(PROMPTS))]))
    for row, prompt in enumerate(PROMPTS):
        assert [drawn[row] for drawn in together] == list(generate(model, prompt, 25, random.Random(row)))


class Blind(Past):
    """A past in which padding does not even see itself."""

    def visible(self, Tq):
        Tk = self.length + Tq
        return super().visible(Tq) & (torch.arange(Tk) >= self.padding[:, None])[:, None]


def test_padding_sees_itself_or_nothing_would_be_a_number_after_two_layers():
    model = build("layer_norm")
    assert len(model.blocks) == 2
    with torch.no_grad():
        logits = CachedModel(model).begin(PROMPTS)
        blind = CachedModel(model, Blind).begin(PROMPTS)
    assert logits.isfinite().all()
    # The third fills the context: nothing stands before it.
    assert blind.isnan().all(dim=-1).tolist() == [True, True, False, True]


def test_what_padding_is_does_not_matter():
    cached = CachedModel(build("gpt"))
    logits = []
    with torch.no_grad():
        for padding in ([0, 0], [9, 7]):
            cached.past = Past(torch.tensor([2]))
            logits.append(cached.go_on([[*padding, 3, 1, 4]]))
        alone = cached.begin([[3, 1, 4]])
    assert torch.equal(*logits)
    assert_close(logits[0], alone)


def test_once_the_past_is_kept_only_the_new_token_is_read():
    model = build("gpt")
    read = []
    model.norm.register_forward_hook(lambda layer, inputs, output: read.append(inputs[0].size(1)))
    list(generate_cached(model, [1, 2, 3], 9, random.Random(0)))
    assert read == [3, 1, 1, 1, 1, 1, 1, 9, 9]  # and all of the window where it moves


def test_the_cached_model_shares_the_parameters_and_leaves_the_model_as_it_was():
    model = build("gpt")
    kinds = [type(layer) for layer in model.modules()]
    cached = CachedModel(model)
    ours, theirs = (sorted(parameter.data_ptr() for parameter in each.parameters()) for each in (model, cached.model))
    assert ours == theirs
    assert [type(layer) for layer in model.modules()] == kinds


@pytest.mark.parametrize(("prompts", "rngs"), [([], []), ([[1], [2]], [random.Random(0)])])
def test_as_many_generators_as_prompts_and_at_least_one(prompts, rngs):
    with pytest.raises(UsageError, match=f"^{len(prompts)} prompts and {len(rngs)} random generators; give at least"):
        next(generate_batch(build("head"), prompts, 1, rngs))


def test_every_prompt_is_looked_at():
    with pytest.raises(UsageError, match="^cannot continue an empty prompt"):
        next(generate_batch(build("head"), [[1], []], 1, [random.Random(0)] * 2))
    with pytest.raises(VocabularyError, match="^the prompt holds token 11, "):
        next(generate_cached(build("head"), [11], 1, random.Random(0)))
