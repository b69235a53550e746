"""The folded evaluation gives what the taught one gives."""

import pytest
import torch
from torch.testing import assert_close

from lower_triangle.beyond import evaluating
from lower_triangle.beyond.evaluating import WindowReader, evaluate_folded
from lower_triangle.config import ModelConfig
from lower_triangle.errors import UsageError
from lower_triangle.loss import evaluate
from lower_triangle.stages import STAGES

SIZES = ModelConfig(context_length=9, d_model=8, n_head=2, n_layer=3, dropout=0.3)
V = 11


def build(loudness=1.0):
    torch.manual_seed(0)
    model = STAGES["gpt"].build(SIZES, V)
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.dim() >= 2:
                parameter.normal_(std=loudness * parameter.size(-1) ** -0.5)
            else:
                parameter.uniform_(0.5, 2.0)
    return model


def draw(length):
    return torch.randint(V, (length,), generator=torch.Generator().manual_seed(length))


def test_the_logits_are_those_of_the_model():
    model = build().eval()
    tokens = draw(45).view(5, 9)
    with torch.no_grad():
        assert_close(WindowReader(model)(tokens), model(tokens), rtol=1e-5, atol=1e-5)
        assert_close(WindowReader(model, torch.bfloat16)(tokens).float(), model(tokens), rtol=0.05, atol=0.1)


def test_a_fresh_model_has_the_eps_of_its_norms():
    torch.manual_seed(0)
    model = STAGES["gpt"].build(SIZES, V).eval()
    tokens = draw(45).view(5, 9)
    with torch.no_grad():
        assert_close(WindowReader(model)(tokens), model(tokens), rtol=1e-4, atol=1e-7)


@pytest.mark.parametrize("length", [2, 9, 10, 11, 91, 95, 100, 1001])
@pytest.mark.parametrize("workers", [1, 2, 3])
def test_the_loss_is_that_of_evaluate(length, workers, monkeypatch):
    monkeypatch.setattr(evaluating, "AT_ONCE", 100)
    model, tokens = build(), draw(length)
    assert evaluate_folded(model, tokens, workers=workers) == pytest.approx(evaluate(model, tokens), abs=1e-5)


def test_in_half_it_is_off_by_less_than_what_is_written_down():
    model, tokens = build(), draw(2001)
    exact, rough = evaluate(model, tokens), evaluate_folded(model, tokens, torch.bfloat16)
    assert 0 < abs(exact - rough) < 2e-3


@pytest.mark.parametrize("loudness", [12.0, 40.0])
def test_where_the_exponential_fails_it_is_evaluated_as_taught(loudness):
    model, tokens = build(loudness), draw(200)
    assert not WindowReader(model)(draw(180).view(20, 9)).isfinite().all()
    assert evaluate_folded(model, tokens) == pytest.approx(evaluate(model, tokens))


def test_threads_and_mode_are_as_before():
    model, before = build().train(), torch.get_num_threads()
    evaluate_folded(model, draw(200), workers=2)
    assert torch.get_num_threads() == before and model.training
    assert all(parameter.grad is None and parameter.dtype == torch.float32 for parameter in model.parameters())


def test_what_cannot_be_evaluated_is_refused():
    with pytest.raises(UsageError, match="cannot evaluate on 1 tokens"):
        evaluate_folded(build(), draw(1))
    with pytest.raises(UsageError, match="built as gpt is"):
        evaluate_folded(STAGES["layer_norm"].build(SIZES, V), draw(100))
