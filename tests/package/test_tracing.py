"""A trace is that of the model which ran: shapes and bytes are worked out here from its sizes alone."""

import torch

from lower_triangle.attention import attend
from lower_triangle.config import ModelConfig
from lower_triangle.stages import STAGES, gpt
from lower_triangle.tracing import in_letters, trace

B, T, C, H, N, V = 2, 5, 12, 3, 2, 11
D, F = C // H, 4 * C
SIZES = ModelConfig(context_length=7, d_model=C, n_head=H, n_layer=N)


def spelled_out():
    model = gpt(SIZES, V).eval()
    for block in model.blocks:
        del block.attn.attend
        block.attn.attend = attend
    return model


def traced(model):
    return trace(model, torch.randint(V, (B, T)))


def test_the_tensors_of_a_block_are_those_that_its_sizes_ask_for():
    stream, split, table = (B, T, C), (B, H, T, D), (B, H, T, T)
    wanted = [
        ("ln_1", stream, 4 * B * T * C),
        ("attn.qkv", (B, T, 3 * C), 4 * B * T * 3 * C),
        *[("attn", stream, 0)] * 3,
        *[("attn", (B, T, H, D), 0), ("attn", split, 0)] * 3,
        *[("attn", (T, T), T * T)] * 2,  # the triangle, one byte a cell
        ("attn", (B, H, D, T), 0),
        *[("attn", table, 4 * B * H * T * T)] * 2,
        ("attn", (T, T), T * T),
        *[("attn", table, 4 * B * H * T * T)] * 2,
        ("attn", split, 4 * B * T * C),
        ("attn", (B, T, H, D), 0),
        ("attn", stream, 4 * B * T * C),
        ("attn.projection", stream, 4 * B * T * C),
        ("", stream, 4 * B * T * C),
        ("ln_2", stream, 4 * B * T * C),
        *[("ffn.up", (B, T, F), 4 * B * T * F), ("ffn.activation", (B, T, F), 4 * B * T * F)],
        *[("ffn.down", stream, 4 * B * T * C), ("", stream, 4 * B * T * C)],
    ]
    for block in range(N):
        place = f"blocks.{block}"
        found = [each for each in traced(spelled_out()) if each.module.startswith(place)]
        assert [(each.module[len(place) + 1 :], each.shape, each.bytes) for each in found] == wanted


def test_the_last_tensor_is_the_logits_whatever_the_stage():
    for name, stage in STAGES.items():
        last = traced(stage.build(SIZES, V))[-1]
        assert last.shape == (B, T, V), name


def test_what_a_fused_attention_never_writes_down_is_not_in_the_trace():
    found = traced(gpt(SIZES, V).eval())
    assert not any(each.shape == (B, H, T, T) for each in found)
    assert sum(each.operation == "scaled_dot_product_attention" for each in found) == N


def test_a_trace_leaves_the_model_without_a_hook_and_its_answers_as_they_were():
    model, tokens = spelled_out(), torch.randint(V, (B, T))
    before = model(tokens)
    trace(model, tokens)
    assert torch.equal(model(tokens), before)
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in model.modules())


def test_a_shape_is_written_in_the_letters_of_its_sizes():
    letters = dict(B=B, T=T, C=C, H=H, D=D, F=F, V=V)
    assert in_letters((B, T, 3 * C), letters) == "(B, T, 3C)"
    assert in_letters((T,), letters) == "(T,)"
    assert in_letters((B, 13), letters) == "(B, 13)"
