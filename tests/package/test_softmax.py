"""The spelled-out softmax against torch's, and what it promises."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from lower_triangle.errors import UsageError
from lower_triangle.softmax import softmax

SCORES = arrays("float32", (3, 4), elements=st.floats(-1e4, 1e4, width=32))


@settings(deadline=None)  # the first call wakes torch
@given(SCORES)
def test_it_is_torchs(scores):
    scores = torch.from_numpy(scores)
    torch.testing.assert_close(softmax(scores), scores.softmax(dim=-1))


@settings(deadline=None)
@given(SCORES, st.floats(0.05, 20))
def test_a_temperature_divides_the_scores(scores, temperature):
    scores = torch.from_numpy(scores)
    torch.testing.assert_close(softmax(scores, temperature), (scores / temperature).softmax(dim=-1))


def test_by_hand():
    """2, 1, 0: e², e, 1 over their sum, 11.1073."""
    assert softmax(torch.tensor([2.0, 1.0, 0.0])).tolist() == pytest.approx([0.66524, 0.24473, 0.09003], abs=1e-5)


def test_scores_that_would_overflow_do_not():
    assert softmax(torch.tensor([1000.0, 1000.0, 0.0])).tolist() == [0.5, 0.5, 0.0]


def test_minus_infinity_gets_exactly_nothing_and_a_row_of_it_is_nan():
    rows = softmax(torch.tensor([[0.0, -math.inf], [-math.inf, -math.inf]]))
    assert rows[0].tolist() == [1.0, 0.0]
    assert rows[1].isnan().all()


def test_its_gradient_is_torchs():
    scores = torch.tensor([[0.3, -1.2, 0.7], [2.0, 2.0, -5.0]], dtype=torch.double, requires_grad=True)
    assert torch.autograd.gradcheck(softmax, scores)
    pull = torch.tensor([1.0, -2.0, 3.0])
    (ours,) = torch.autograd.grad((softmax(scores) * pull).sum(), scores)
    (theirs,) = torch.autograd.grad((scores.softmax(dim=-1) * pull).sum(), scores)
    torch.testing.assert_close(ours, theirs)


@pytest.mark.parametrize("temperature", [0, -1.0, math.nan])
def test_a_temperature_that_divides_by_nothing_is_refused(temperature):
    with pytest.raises(UsageError, match=f"temperature={temperature} is not above 0"):
        softmax(torch.zeros(2), temperature)
