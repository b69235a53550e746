"""The ladder: how many parameters each stage has, and that none of them sees the future."""

import pytest
import torch

from lower_triangle.attention import Average, Head
from lower_triangle.cli import list_stages
from lower_triangle.config import ModelConfig
from lower_triangle.errors import UsageError
from lower_triangle.stages import STAGES, find_stage

PARAMETERS = {"bigram": 4225, "embedding": 4225, "position": 4481, "average": 4481, "head": 7553}
LAYERS = {"bigram": [], "embedding": [], "position": [], "average": [Average], "head": [Head]}


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_has_the_layers_of_the_ladder(stage):
    assert [type(block) for block in STAGES[stage].build(ModelConfig(), 65).blocks] == LAYERS[stage]


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_has_the_parameters_of_the_ladder(stage):
    model = STAGES[stage].build(ModelConfig(context_length=8, d_model=32), 65)
    assert sum(parameter.numel() for parameter in model.parameters()) == PARAMETERS[stage]


@pytest.mark.parametrize("stage", STAGES)
def test_no_stage_sees_the_future_by_perturbation(stage):
    model = STAGES[stage].build(ModelConfig(context_length=6, d_model=5), 11)
    tokens = torch.tensor([[1, 2, 3, 4, 5, 6]])
    changed = torch.tensor([[1, 2, 3, 7, 8, 9]])
    assert torch.equal(model(changed)[:, :3], model(tokens)[:, :3])
    assert not torch.equal(model(changed)[:, 3:], model(tokens)[:, 3:])


@pytest.mark.parametrize("stage", STAGES)
def test_no_stage_sees_the_future_by_gradient(stage):
    model = STAGES[stage].build(ModelConfig(context_length=6, d_model=5), 11)
    x = model.embed(torch.tensor([[1, 2, 3, 4, 5, 6]])).detach().requires_grad_()
    model.lm_head(model.norm(model.blocks(x)))[0, 2].sum().backward()
    past = [True, True] if LAYERS[stage] else [False, False]
    assert (x.grad[0].abs().sum(-1) > 0).tolist() == [*past, True, False, False, False]


def test_more_tokens_than_the_context_are_refused():
    model = find_stage("bigram").build(ModelConfig(context_length=2), 5)
    with pytest.raises(UsageError, match=r"^3 tokens do not fit in a context of 2; keep the last 2: tokens\[:, -2:\]$"):
        model(torch.tensor([[1, 2, 3]]))


def test_a_stage_that_does_not_exist_is_answered_with_the_nearest():
    with pytest.raises(UsageError, match=r"^no stage called 'heads'; did you mean 'head'\?$"):
        find_stage("heads")


def test_the_list_in_the_help_is_the_registry():
    listed = [tuple(line.split(maxsplit=1)) for line in list_stages().splitlines()]
    assert listed == [(name, stage.build.__doc__) for name, stage in STAGES.items()]
