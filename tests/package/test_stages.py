"""The ladder: how many parameters each stage has, what changes from rung to rung, and that none sees the future."""

import math
import re
from dataclasses import fields, replace

import pytest
import torch
from torch import nn

from lower_triangle.attention import AttendWithDropout, Average, Head, MultiHead, SelfAttention
from lower_triangle.blocks import Block, FeedForward, PlainBlock, ResidualBlock
from lower_triangle.cli import list_stages
from lower_triangle.config import ModelConfig
from lower_triangle.errors import UsageError
from lower_triangle.loss import cross_entropy
from lower_triangle.model import DropoutEmbedding
from lower_triangle.stages import STAGES
from lower_triangle.variants import find_stage

PARAMETERS = {
    "bigram": 4225,
    "embedding": 4225,
    "position": 4481,
    "average": 4481,
    "head": 7553,
    "multi_head": 8609,
    "feed_forward": 16961,
    "deep": 41921,
    "residual": 41921,
    "layer_norm": 42369,
    "gpt": 39424,
}
LAYERS = {
    "bigram": [],
    "embedding": [],
    "position": [],
    "average": [Average],
    "head": [Head],
    "multi_head": [MultiHead],
    "feed_forward": [PlainBlock],
    "deep": [PlainBlock] * 3,
    "residual": [ResidualBlock] * 3,
    "layer_norm": [Block] * 3,
    "gpt": [Block] * 3,
}
SIZE_NAMES = [field.name for field in fields(ModelConfig)]
TINY = ModelConfig(context_length=6, d_model=4, n_head=2, n_layer=3)


def count(model):
    return sum(parameter.numel() for parameter in model.parameters())


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_has_the_layers_of_the_ladder(stage):
    assert [type(block) for block in STAGES[stage].build(ModelConfig(), 65).blocks] == LAYERS[stage]


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_has_the_parameters_of_the_ladder(stage):
    assert count(STAGES[stage].build(ModelConfig(context_length=8, d_model=32), 65)) == PARAMETERS[stage]


def test_the_large_models_have_the_counts_that_others_report():
    notebook = ModelConfig(context_length=32, d_model=64, n_head=4, n_layer=4)
    scaled_up = ModelConfig(context_length=256, d_model=384, n_head=6, n_layer=6)
    with torch.device("meta"):
        assert count(find_stage("layer_norm").build(notebook, 65)) == 209_729
        assert count(find_stage("layer_norm").build(scaled_up, 65)) == 10_788_929
        gpt = find_stage("gpt").build(scaled_up, 65)
        assert count(gpt) - gpt.embed.position.weight.numel() == 10_646_784, "nanoGPT does not count positions"


def parts(stage):
    """Each part of a stage's model that holds parts of its own or parameters, by name, with its make."""
    modules = find_stage(stage).build(TINY, 11).named_modules()
    return {name: type(module) for name, module in modules if name and not isinstance(module, nn.Dropout)}


def shapes(stage):
    return {name: tuple(each.shape) for name, each in find_stage(stage).build(TINY, 11).named_parameters()}


def test_residual_connections_have_no_parameter():
    assert shapes("residual") == shapes("deep")


def test_one_thing_changes_from_rung_to_rung():
    """Everything below a name that changes may change with it; nothing else may."""
    changed = {
        "position": ["embed"],
        "average": ["blocks.0"],
        "head": ["blocks.0"],
        "multi_head": ["blocks.0"],
        "feed_forward": ["blocks.0"],
        "deep": ["blocks.1", "blocks.2"],
        "residual": ["blocks.0", "blocks.1", "blocks.2"],
        "layer_norm": ["blocks.0", "blocks.1", "blocks.2", "norm"],
    }
    rungs = list(STAGES)
    for before, after in zip(rungs, rungs[1:], strict=False):
        if after in changed:
            old, new = parts(before), parts(after)
            different = {name for name in old.keys() | new.keys() if old.get(name) is not new.get(name)}
            tops = {name for name in different if not any(name.startswith(f"{top}.") for top in different)}
            assert sorted(tops) == changed[after], after


def test_deep_is_the_same_block_again():
    one, three = (parts(stage) for stage in ("feed_forward", "deep"))
    for i in range(3):
        below = {name.replace(f"blocks.{i}", "blocks.0"): make for name, make in three.items() if f"blocks.{i}" in name}
        assert below == {name: make for name, make in one.items() if "blocks.0" in name}


@pytest.mark.parametrize("stage", STAGES)
def test_no_stage_sees_the_future_by_perturbation(stage):
    torch.manual_seed(0)  # three plain blocks say nearly the same everywhere, and by bad luck the very same
    model = STAGES[stage].build(TINY, 11).eval()
    tokens = torch.tensor([[1, 2, 3, 4, 5, 6]])
    changed = torch.tensor([[1, 2, 3, 7, 8, 9]])
    torch.testing.assert_close(model(changed)[:, :3], model(tokens)[:, :3])
    assert not torch.allclose(model(changed)[:, 3:], model(tokens)[:, 3:])


@pytest.mark.parametrize("stage", STAGES)
def test_no_stage_sees_the_future_by_gradient(stage):
    torch.manual_seed(0)
    model = STAGES[stage].build(TINY, 11).eval()
    x = model.embed(torch.tensor([[1, 2, 3, 4, 5, 6]])).detach().requires_grad_()
    model.lm_head(model.norm(model.blocks(x)))[0, 2].square().sum().backward()
    past = [True, True] if LAYERS[stage] else [False, False]
    assert (x.grad[0].abs().sum(-1) > 0).tolist() == [*past, True, False, False, False]


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_reads_the_sizes_that_it_says_it_reads(stage):
    def picture(config):
        model = find_stage(stage).build(config, 11)
        shares = [module.p for module in model.modules() if isinstance(module, nn.Dropout)]
        return repr(model), model.context_length, shares

    other = {"context_length": 5, "d_model": 8, "n_head": 4, "n_layer": 2, "dropout": 0.5}
    read = [name for name in SIZE_NAMES if picture(replace(TINY, **{name: other[name]})) != picture(TINY)]
    if "n_head" in STAGES[stage].sizes and "n_head" not in read:  # heads in one product look alike from outside
        assert find_stage(stage).build(replace(TINY, n_head=4), 11).blocks[0].attn.head_dim == 1
        read.insert(2, "n_head")
    assert tuple(read) == STAGES[stage].sizes


@pytest.mark.parametrize("stage", [stage for stage in STAGES if "n_head" in STAGES[stage].sizes])
def test_heads_that_do_not_divide_the_width_are_refused(stage):
    message = "^d_model=32 does not split into n_head=5 equal heads; try d_model=30 or 35$"
    with pytest.raises(UsageError, match=message):
        find_stage(stage).build(ModelConfig(n_head=5), 11)


def test_gpt_begins_with_gpt2s_weights():
    torch.manual_seed(0)
    config = ModelConfig(context_length=50, d_model=96, n_head=6, n_layer=8)
    model = find_stage("gpt").build(config, 65)
    for name, parameter in model.named_parameters():
        if parameter.dim() == 2:
            writes = name.endswith(("attn.projection.weight", "ffn.down.weight"))
            wanted = 0.02 / math.sqrt(2 * 8) if writes else 0.02
            assert parameter.std().item() == pytest.approx(wanted, rel=0.08), name
            assert abs(parameter.mean().item()) < 0.1 * wanted
        else:
            assert torch.equal(parameter, torch.ones_like(parameter)), name
    tokens = torch.randint(65, (4, 50))
    assert cross_entropy(model(tokens), torch.randint(65, (4, 50))).item() == pytest.approx(math.log(65), abs=0.1)


def test_gpt_reads_its_answer_off_the_table_it_reads_its_tokens_from():
    model = find_stage("gpt").build(TINY, 11)
    assert model.lm_head.weight is model.embed.token.weight
    assert [name for name, _ in model.named_parameters() if name.endswith("bias")] == []


def test_dropout_is_where_gpt2_has_it_and_only_while_training():
    model = find_stage("gpt").build(replace(TINY, dropout=0.25), 11)
    assert [type(model.embed)] + [type(block.attn.attend) for block in model.blocks] == [
        DropoutEmbedding,
        *[AttendWithDropout] * 3,
    ]
    for part in (model.embed, *(block.attn for block in model.blocks), *(block.ffn for block in model.blocks)):
        assert part.dropout.p == 0.25
    assert all(block.attn.attend.dropout == 0.25 for block in model.blocks)
    tokens = torch.tensor([[1, 2, 3, 4, 5, 6]])
    assert not torch.equal(model(tokens), model(tokens))
    assert torch.equal(model.eval()(tokens), model(tokens))


def test_gpts_block_is_built_of_the_pieces_of_the_ladder():
    block = find_stage("gpt").build(TINY, 11).blocks[0]
    assert [type(each) for each in block.children()] == [nn.LayerNorm, SelfAttention, nn.LayerNorm, FeedForward]
    assert isinstance(block.ffn.activation, nn.GELU)


def test_more_tokens_than_the_context_are_refused():
    model = find_stage("bigram").build(ModelConfig(context_length=2), 5)
    with pytest.raises(UsageError, match=r"^3 tokens do not fit in a context of 2; keep the last 2: tokens\[:, -2:\]$"):
        model(torch.tensor([[1, 2, 3]]))


def test_a_stage_that_does_not_exist_is_answered_with_the_nearest():
    with pytest.raises(UsageError, match=r"^no stage called 'heads'; did you mean 'head'\?$"):
        find_stage("heads")


def test_the_list_in_the_help_is_the_registry():
    rows = re.split(r"\n(?=  \w)", list_stages())  # a long one goes on below, further in
    listed = [tuple(" ".join(row.split()).split(maxsplit=1)) for row in rows]
    assert listed == [(name, stage.build.__doc__) for name, stage in STAGES.items()]
