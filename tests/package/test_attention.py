"""The equalities of attention, its blindness to the future, and the running example."""

import math

import pytest
import torch
import torch.nn.functional as F
from torch.testing import assert_close

from lower_triangle.attention import (
    AttendWithDropout,
    Average,
    Head,
    MultiHead,
    SelfAttention,
    attend,
    attend_fused,
    average_loop,
    average_matmul,
    average_softmax,
    causal_mask,
)
from lower_triangle.errors import UsageError
from lower_triangle.examples import W_K, W_Q, W_V, YET

MASKS = {"past of as many": causal_mask(4, 4), "longer past": causal_mask(4, 6), "everything": torch.ones(4, 6) > 0}


def gradient(function, *inputs):
    leaves = [each.clone().requires_grad_() for each in inputs]
    (function(*leaves) ** 2).sum().backward()
    return [leaf.grad for leaf in leaves]


@pytest.mark.parametrize("other", [average_matmul, average_softmax, Average()])
def test_the_averages_are_one_function(other):
    x = torch.randn(2, 5, 3)
    assert_close(other(x), average_loop(x))
    assert_close(gradient(other, x), gradient(average_loop, x))


@pytest.mark.parametrize("visible", MASKS.values(), ids=MASKS.keys())
def test_attention_spelled_out_equals_the_fused_one(visible):
    q, k, v = torch.randn(2, 4, 3), torch.randn(2, visible.size(1), 3), torch.randn(2, visible.size(1), 3)
    forms = [
        lambda q, k, v: attend(q, k, v, visible),
        lambda q, k, v: attend_fused(q, k, v, visible),
        lambda q, k, v: F.scaled_dot_product_attention(q, k, v, attn_mask=visible),
    ]
    for form in forms[1:]:
        assert_close(form(q, k, v), forms[0](q, k, v))
        assert_close(gradient(form, q, k, v), gradient(forms[0], q, k, v))


def test_the_last_query_stands_at_the_last_key():
    assert causal_mask(2, 4).tolist() == [[True, True, True, False], [True, True, True, True]]


def test_more_queries_than_keys_are_refused():
    with pytest.raises(UsageError, match=r"^causal_mask got 3 queries and 2 keys; .* torch\.ones\(3, 2, dtype=torch"):
        causal_mask(3, 2)


def test_equal_scores_make_attention_the_crude_average():
    x = torch.randn(2, 5, 3)
    assert_close(attend(torch.zeros(2, 5, 1), torch.zeros(2, 5, 1), x, causal_mask(5, 5)), average_loop(x))


def test_a_head_cannot_see_the_future_by_gradient():
    x = torch.randn(1, 6, 5, requires_grad=True)
    Head(5, 3)(x)[0, 2].sum().backward()
    assert (x.grad[0].abs().sum(-1) > 0).tolist() == [True, True, True, False, False, False]


def test_a_head_cannot_see_the_future_by_perturbation():
    head, x = Head(5, 3), torch.randn(1, 6, 5)
    changed = x.clone()
    changed[:, 3:] += 1
    assert torch.equal(head(changed)[:, :3], head(x)[:, :3])
    assert not torch.isclose(head(changed)[:, 3:], head(x)[:, 3:]).any()


def test_the_running_example_has_the_scores_of_the_page():
    assert ((YET @ W_Q) @ (YET @ W_K).T).tolist() == [[1, 1, 1], [1, 0, 2], [1, 2, 0]]


def test_the_running_example_has_the_weights_of_the_page():
    q, k, identity = YET @ W_Q, YET @ W_K, torch.eye(3)
    seen = attend(q, k, identity, torch.ones(3, 3, dtype=torch.bool))
    assert_close(seen, torch.tensor([[1 / 3] * 3, [0.2840, 0.1400, 0.5760], [0.2840, 0.5760, 0.1400]]), **LAST_PLACE)
    masked = attend(q, k, identity, causal_mask(3, 3))
    assert_close(masked, torch.tensor([[1, 0, 0], [0.6698, 0.3302, 0], [0.2840, 0.5760, 0.1400]]), **LAST_PLACE)


def test_the_running_example_has_the_answers_of_the_page():
    answers = attend(YET @ W_Q, YET @ W_K, YET @ W_V, causal_mask(3, 3))
    assert_close(answers, torch.tensor([[5, 5], [3.3488, 6.6512], [2.8203, 7.1797]]), **LAST_PLACE)


def test_an_extra_point_of_dot_product_about_doubles_the_weight():
    assert round(math.exp(1 / math.sqrt(2)), 4) == 2.0281


LAST_PLACE = {"atol": 6e-5, "rtol": 0}


def same_weights(taught: MultiHead) -> SelfAttention:
    """The attention of all heads at once with the weights of one head at a time: its rows are theirs, stacked."""
    d_model = taught.projection.in_features
    fast = SelfAttention(d_model, len(taught.heads))
    rows = [getattr(head, name).weight for name in ("query", "key", "value") for head in taught.heads]
    with torch.no_grad():
        fast.qkv.weight.copy_(torch.cat(rows))
        fast.qkv.bias.zero_()
    fast.projection.load_state_dict(taught.projection.state_dict())
    return fast


@pytest.mark.parametrize(("d_model", "n_head"), [(6, 1), (6, 2), (6, 3), (6, 6)])
def test_all_heads_at_once_equals_one_head_at_a_time(d_model, n_head):
    """The fast attention is the taught attention: same weights, same answer, same gradient."""
    torch.manual_seed(0)
    taught = MultiHead(d_model, n_head)
    fast = same_weights(taught)
    x = torch.randn(2, 5, d_model)
    assert_close(fast(x), taught(x))
    assert_close(gradient(fast, x), gradient(taught, x))


def test_position_two_cannot_see_the_future():
    x = torch.randn(1, 6, 12, requires_grad=True)
    SelfAttention(12, 3)(x)[0, 2].sum().backward()
    assert (x.grad[0].abs().sum(-1) > 0).tolist() == [True, True, True, False, False, False]


def test_heads_are_shares_of_the_width_and_not_of_time():
    """Viewing (T, C) straight as (H, T, D) would deal tokens out to heads."""
    qkv = torch.arange(2 * 12.0).view(1, 2, 12)  # (B, T, 3C), C = 4
    q, k, v = SelfAttention(4, 2).split_heads(qkv)
    assert q.tolist() == [[[[0, 1], [12, 13]], [[2, 3], [14, 15]]]]
    assert k[0, 0].tolist() == [[4, 5], [16, 17]]
    assert v[0, 1].tolist() == [[10, 11], [22, 23]]


def test_two_heads_on_yet_by_hand():
    """The second head asks of everyone: which letter began the word? Head one is the running example."""
    first = attend(YET @ W_Q, YET @ W_K, YET @ W_V, causal_mask(3, 3))
    q = torch.tensor([[1.0, 0.0]]).expand(3, 2)
    k = torch.tensor([[2.0, 0.0], [0.0, 0.0], [0.0, 0.0]])
    v = torch.tensor([[10.0, 0.0], [0.0, 10.0], [0.0, 10.0]])
    both = torch.cat([first, attend(q, k, v, causal_mask(3, 3))], dim=-1)
    expected = [[5, 5, 10, 0], [3.3488, 6.6512, 8.0443, 1.9557], [2.8203, 7.1797, 6.7284, 3.2716]]
    assert_close(both, torch.tensor(expected), atol=6e-5, rtol=0)


def test_dropped_weights_are_made_up_for_and_only_while_training():
    torch.manual_seed(0)
    layer = AttendWithDropout(0.5)
    q, k, v, visible = torch.zeros(9, 1), torch.zeros(1000, 1), torch.ones(1000, 1), torch.ones(9, 1000) > 0
    dropped = layer(q, k, v, visible)
    assert dropped.unique().numel() > 1
    assert_close(dropped, torch.ones(9, 1), atol=0.15, rtol=0)  # the weights that are left are doubled
    layer.eval()
    assert torch.equal(layer(q, k, v, visible), attend_fused(q, k, v, visible))


def test_what_comes_out_is_dropped_only_while_training():
    torch.manual_seed(0)
    layer = SelfAttention(4, 2, dropout=0.5)
    x = torch.ones(1, 9, 4)
    assert (layer(x) == 0).any() and not (layer.eval()(x) == 0).any()
