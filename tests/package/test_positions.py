"""Where a token stands: told by waves, by rotations, by distance, or not at all."""

import math
import random

import pytest
import torch
from torch.testing import assert_close

from lower_triangle.attention import attend, attend_fused, causal_mask
from lower_triangle.beyond.kv_cache import generate_batch, generate_cached
from lower_triangle.beyond.positions import (
    POSITIONS,
    Nearby,
    Rotary,
    angles,
    distance_penalty,
    rotate,
    sinusoids,
    slopes,
)
from lower_triangle.config import ModelConfig
from lower_triangle.errors import UsageError
from lower_triangle.generate import generate

SIZES = ModelConfig(context_length=9, d_model=12, n_head=3, n_layer=2)
V = 11


def build(name, sizes=SIZES):
    torch.manual_seed(0)
    model = POSITIONS[name](sizes, V)
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.dim() >= 2 and parameter.requires_grad:
                parameter.normal_(std=parameter.size(-1) ** -0.5)
    return model.eval()


def test_the_waves_are_those_of_the_paper():
    """PE(pos, 2i) = sin(pos / 10000^(2i/C)), PE(pos, 2i + 1) = cos of the same."""
    table = sinusoids(7, 6)
    for position in range(7):
        for i in range(3):
            angle = position / 10_000 ** (2 * i / 6)
            assert_close(table[position, 2 * i].item(), math.sin(angle), rtol=0, atol=1e-6)
            assert_close(table[position, 2 * i + 1].item(), math.cos(angle), rtol=0, atol=1e-6)


def test_a_quarter_turn_by_hand():
    x = torch.tensor([[3.0, 4.0]])
    assert_close(rotate(x, torch.tensor([math.pi / 2])), torch.tensor([[-4.0, 3.0]]))


def test_a_rotation_keeps_lengths_and_position_zero_turns_nothing():
    x = torch.randn(5, 8, generator=torch.Generator().manual_seed(0))
    turned = rotate(x, torch.arange(5))
    assert_close(turned.norm(dim=-1), x.norm(dim=-1))
    assert_close(turned[0], x[0])
    assert not torch.allclose(turned[1], x[1])


def test_scores_of_rotated_pairs_depend_on_the_distance_alone():
    q, k = torch.randn(2, 1, 8, generator=torch.Generator().manual_seed(0)).double()
    near, far = [
        (rotate(q, torch.tensor([start + 3])) @ rotate(k, torch.tensor([start])).T).item() for start in (0, 1000)
    ]
    assert_close(near, far, rtol=0, atol=1e-4)
    other = (rotate(q, torch.tensor([4])) @ rotate(k, torch.tensor([0])).T).item()
    assert abs(near - other) > 1e-3


def test_slopes_are_those_of_the_paper():
    assert slopes(8).tolist() == [2.0**-n for n in range(1, 9)]
    assert_close(slopes(4).tolist(), [1 / 4, 1 / 16, 1 / 64, 1 / 256])


def test_distance_costs_by_hand():
    penalty = distance_penalty(2, 3, n_head=8)
    assert penalty[0].tolist() == [[-0.5, 0.0, 0.5], [-1.0, -0.5, 0.0]]
    assert penalty[1].tolist() == [[-0.25, 0.0, 0.25], [-0.5, -0.25, 0.0]]


@pytest.mark.parametrize("inner", [attend, attend_fused])
def test_new_queries_alone_get_what_they_got_among_all(inner):
    q, k, v = torch.randn(3, 2, 3, 6, 4, generator=torch.Generator().manual_seed(0))
    for layer in (Rotary(inner), Nearby()):
        whole = layer(q, k, v, causal_mask(6, 6))
        assert_close(layer(q[..., 4:, :], k, v, causal_mask(2, 6)), whole[..., 4:, :])


@pytest.mark.parametrize("name", POSITIONS)
def test_no_answer_sees_the_future(name):
    model, tokens = build(name), torch.tensor([[3, 1, 4, 1, 5, 9]])
    changed = tokens.clone()
    changed[0, 3:] = 7
    with torch.no_grad():
        before, after = model(tokens), model(changed)
    assert torch.equal(before[0, :3], after[0, :3])
    assert not torch.allclose(before[0, 3:], after[0, 3:])


@pytest.mark.parametrize("name", POSITIONS)
def test_the_order_of_the_past_is_heard_and_with_one_layer_and_no_places_it_is_not(name):
    model = build(name, ModelConfig(context_length=9, d_model=12, n_head=3, n_layer=1))
    with torch.no_grad():
        one, other = model(torch.tensor([[3, 1, 4, 5], [1, 4, 3, 5]]))[:, -1]
    assert torch.allclose(one, other, atol=1e-5) == (name == "none")


@pytest.mark.parametrize("name", POSITIONS)
def test_the_kept_past_writes_the_same_text(name):
    model, prompts = build(name), [[3, 1, 4], [1], [5, 9, 2, 6, 5, 3, 5, 8, 9, 7, 9]]
    alone = [list(generate(model, prompt, 20, random.Random(seed))) for seed, prompt in enumerate(prompts)]
    for seed, (prompt, text) in enumerate(zip(prompts, alone, strict=True)):
        assert list(generate_cached(model, prompt, 20, random.Random(seed))) == text
    together = generate_batch(model, prompts, 20, [random.Random(seed) for seed in range(3)])
    assert [list(text) for text in zip(*together, strict=True)] == alone


def test_the_waves_are_not_learned_and_the_rest_is():
    model = build("sinusoid")
    still = {name for name, parameter in model.named_parameters() if not parameter.requires_grad}
    assert still == {"embed.position.weight"}
    assert_close(model.embed.position.weight, 0.02 * 2**0.5 * sinusoids(9, 12))


@pytest.mark.parametrize("name", POSITIONS)
def test_the_token_table_is_the_head_still(name):
    model = build(name)
    tables = [module for module in model.embed.modules() if isinstance(module, torch.nn.Embedding)]
    assert tables[0].weight is model.lm_head.weight
    assert model.vocab_size == V


def test_an_odd_width_is_refused():
    with pytest.raises(UsageError, match="a width of 7 does not split into pairs; try 6 or 8"):
        angles(torch.arange(3), 7)
    with pytest.raises(UsageError, match="a width of 1 does not split into pairs; try 2"):
        angles(torch.arange(3), 1)
