"""Half as many bits in the products of a step, and the same model: parameters, texts, losses."""

from dataclasses import replace

import pytest
import torch
from torch.testing import assert_close

from lower_triangle.attention import attend
from lower_triangle.beyond import half as module
from lower_triangle.beyond.fast import FastSettings, fast, fit_fast, make_optimizers
from lower_triangle.beyond.half import InHalf, half_is_faster, in_half
from lower_triangle.beyond.ngrams import frequent_runs
from lower_triangle.config import GPT_SETTINGS, ModelConfig
from lower_triangle.corpus import draw_batch
from lower_triangle.loss import cross_entropy, evaluate
from lower_triangle.stages import gpt
from lower_triangle.train import fit

SIZES = ModelConfig(context_length=16, d_model=32, n_head=2, n_layer=2)
V = 65


def build(sizes=SIZES):
    torch.manual_seed(0)
    return gpt(sizes, V)


def ways(model):
    """How its layers attend."""
    return [layer.attend for layer in model.modules() if hasattr(layer, "attend")]


def gradients(model, batch):
    loss = cross_entropy(model(batch[0]), batch[1])
    return loss, torch.autograd.grad(loss, list(model.parameters()))


def test_the_parameters_are_the_very_same_and_keep_their_digits(play):
    model = build()
    twin = in_half(model)
    assert {id(each) for each in twin.parameters()} == {id(each) for each in model.parameters()}
    assert sum(1 for _ in twin.parameters()) == sum(1 for _ in model.parameters())
    _, found = gradients(twin, draw_batch(play.train, 16, 4, torch.Generator().manual_seed(0)))
    assert all(each.dtype == torch.float32 for each in (*twin.parameters(), *found))
    assert attend in ways(twin) and attend not in ways(model), "the model itself was changed"


def test_a_step_is_that_of_the_model_but_for_digits(play):
    model = build()
    batch = draw_batch(play.train, 16, 8, torch.Generator().manual_seed(0))
    (loss, exact), (near, rough) = gradients(model, batch), gradients(in_half(model), batch)
    assert 0 < abs(loss - near) < 2e-3
    for whole, half in zip(exact, rough, strict=True):
        assert 0 < (whole - half).norm() / whole.norm() < 0.03


def test_products_are_in_half_while_it_trains_and_in_full_otherwise(play):
    seen = []
    model = build()
    twin = in_half(model)
    twin.blocks[0].layer[0].ffn.up.register_forward_hook(lambda layer, inputs, output: seen.append(output.dtype))
    with torch.no_grad():
        logits = [twin.train(mode)(play.val[None, :16]) for mode in (True, False)]
        assert_close(logits[1], model.eval()(play.val[None, :16]))
    assert seen == [torch.bfloat16, torch.float32]
    assert all(each.dtype == torch.float32 for each in logits) and not torch.equal(*logits)


def test_dropping_goes_on():
    twin = in_half(build(replace(SIZES, dropout=0.5))).train()
    assert attend not in ways(twin)
    tokens = torch.zeros(1, 16, dtype=torch.long)
    assert not torch.equal(twin(tokens), twin(tokens))


def test_a_run_of_gpt_comes_to_the_same_loss(play):
    settings = replace(GPT_SETTINGS, steps=400, eval_every=400, warmup=40)
    losses = []
    for prepare in (in_half, lambda model: model):
        model = build()
        curve = fit(prepare(model), play, settings, 2e-3, progress=False)
        assert curve[-1][1] == pytest.approx(evaluate(model, play.val), abs=1e-5), "evaluated in half"
        losses.append(curve[-1][1])
    assert losses[0] == pytest.approx(losses[1], abs=0.01) and losses[0] < 2.8


def test_a_fast_run_comes_to_the_same_loss(play):
    losses = []
    for precision in (torch.bfloat16, torch.float32):
        torch.manual_seed(0)
        model = fast(SIZES, V, frequent_runs(play.train, V, longest=3, least=4))
        settings = FastSettings(steps=60, batch_size=8)
        optimizers = make_optimizers(model, settings, precision)
        fit_fast(in_half(model) if precision == torch.bfloat16 else model, play, settings, optimizers=optimizers)
        losses.append(evaluate(model, play.val))
    assert losses[0] == pytest.approx(losses[1], abs=0.02) and losses[0] < 2.5


def test_which_is_faster_is_measured(monkeypatch):
    clock = {torch.float32: 0.0, torch.bfloat16: 0.0}
    now = [0.0]

    def product(x, weight):
        now[0] += clock[x.dtype]

    monkeypatch.setattr(module.F, "linear", product)
    monkeypatch.setattr(module.time, "perf_counter", lambda: now[0])
    clock |= {torch.float32: 2.0, torch.bfloat16: 1.0}
    assert half_is_faster()
    clock |= {torch.float32: 1.0, torch.bfloat16: 2.0}
    assert not half_is_faster()


def test_a_layer_gives_back_the_type_that_it_was_given():
    layer = InHalf(torch.nn.Linear(4, 3))
    for dtype in (torch.float32, torch.float64):
        assert layer(torch.ones(2, 4, dtype=dtype)).dtype == dtype
