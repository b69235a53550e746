"""A step without autograd is the step with it: the same losses, the same gradients, the very same parameters."""

from dataclasses import replace

import pytest
import torch
from torch.testing import assert_close

from lower_triangle.beyond.by_hand import ByHand
from lower_triangle.beyond.positions import Rotary
from lower_triangle.config import GPT_SETTINGS, GPT_SIZES, ModelConfig
from lower_triangle.corpus import draw_batch
from lower_triangle.errors import UsageError
from lower_triangle.loss import cross_entropy, evaluate
from lower_triangle.stages import STAGES, gpt
from lower_triangle.train import fit

SIZES = ModelConfig(context_length=16, d_model=32, n_head=2, n_layer=2)
V = 65


def build(sizes=SIZES):
    torch.manual_seed(0)
    return gpt(sizes, V)


def gradients(model, batch):
    """The loss and, by backward as a run has it, the gradient of each parameter."""
    model.train().zero_grad()
    loss = cross_entropy(model(batch[0]), batch[1])
    loss.backward()
    assert not any(parameter.grad.is_inference() for parameter in model.parameters()), (
        "no optimizer could go on with it"
    )
    return loss.detach(), [parameter.grad.clone() for parameter in model.parameters()]


@pytest.mark.parametrize(("texts", "length", "workers"), [(8, 16, 2), (7, 16, 2), (5, 16, 3), (1, 16, 2), (4, 9, 1)])
def test_a_step_is_that_of_the_model(play, texts, length, workers):
    model = build()
    batch = draw_batch(play.train, length, texts, torch.Generator().manual_seed(0))
    assert_close(gradients(ByHand(model, workers), batch), gradients(model, batch), rtol=1e-4, atol=1e-6)


def test_at_the_sizes_of_the_run_each_gradient_is_equal_to_six_digits(play):
    torch.manual_seed(0)
    model = gpt(GPT_SIZES, V)
    batch = draw_batch(play.train, model.context_length, 12, torch.Generator().manual_seed(0))
    (loss, exact), (same, found) = gradients(model, batch), gradients(ByHand(model, 2), batch)
    assert_close(same, loss, rtol=0, atol=1e-6)
    assert max((one - other).norm() / one.norm() for one, other in zip(exact, found, strict=True)) < 1e-6


def test_in_half_it_is_a_step_of_the_model_but_for_digits(play):
    model = build()
    batch = draw_batch(play.train, 16, 8, torch.Generator().manual_seed(0))
    (loss, exact), (near, rough) = gradients(model, batch), gradients(ByHand(model, 2, torch.bfloat16), batch)
    assert 0 < abs(loss - near) < 2e-3
    assert all(each.dtype == torch.float32 for each in rough)
    for whole, half in zip(exact, rough, strict=True):
        assert 0 < (whole - half).norm() / whole.norm() < 0.03


def test_the_parameters_are_the_very_same_and_it_reads_as_the_model(play):
    model = build()
    twin = ByHand(model, 2, torch.bfloat16)
    assert [id(each) for each in twin.parameters()] == [id(each) for each in model.parameters()]
    assert list(twin.state_dict()) == list(model.state_dict())
    with torch.no_grad():
        assert torch.equal(twin.eval()(play.val[None, :16]), model.eval()(play.val[None, :16]))


def test_pytorch_has_its_threads_after_a_step(play):
    before = torch.get_num_threads()
    gradients(ByHand(build(), 2), draw_batch(play.train, 16, 4, torch.Generator().manual_seed(0)))
    assert torch.get_num_threads() == before


def test_a_model_of_other_layers_is_refused():
    turned = build()
    turned.blocks[1].attn.attend = Rotary()
    for model in (STAGES["layer_norm"].build(SIZES, V), turned):
        with pytest.raises(UsageError, match="built as gpt is"):
            ByHand(model, 2)


def test_a_model_that_drops_or_whose_head_is_its_own_is_refused():
    with pytest.raises(UsageError, match="dropout=0"):
        ByHand(build(replace(SIZES, dropout=0.1)), 2)
    model = build()
    model.lm_head = torch.nn.Linear(32, V, bias=False)
    with pytest.raises(UsageError, match="tied"):
        ByHand(model, 2)


def test_a_text_longer_than_the_context_is_refused_as_ever():
    with pytest.raises(UsageError, match="do not fit"):
        ByHand(build(), 2).train()(torch.zeros(1, 17, dtype=torch.long))


def test_a_run_comes_to_the_same_loss(play):
    settings = replace(GPT_SETTINGS, steps=400, eval_every=400, warmup=40)
    losses = []
    for prepare in (
        lambda model: model,
        lambda model: ByHand(model, 2),
        lambda model: ByHand(model, 2, torch.bfloat16),
    ):
        model = build()
        fit(prepare(model), play, settings, 2e-3, progress=False)
        losses.append(evaluate(model, play.val))
    assert losses[1] == pytest.approx(losses[0], abs=1e-3) and losses[0] < 2.9
    assert losses[2] == pytest.approx(losses[0], abs=0.01)
