"""Numbers in range: by hand, and against torch's own norms."""

import pytest
import torch
import torch.nn.functional as F

from lower_triangle.norms import RMSNorm, standardize


def test_by_hand():
    """1, 7, 7, 9: mean 6, variance 9, so each distance is divided by 3."""
    row = standardize(torch.tensor([[1.0, 7.0, 7.0, 9.0]]), dim=-1)
    assert row[0].tolist() == pytest.approx([-5 / 3, 1 / 3, 1 / 3, 1], abs=1e-5)


def test_along_the_width_it_is_torchs_layer_norm_and_along_the_batch_its_batch_norm():
    x = torch.randn(5, 3, generator=torch.Generator().manual_seed(0)) * 7 + 2
    torch.testing.assert_close(standardize(x, dim=-1), F.layer_norm(x, (3,)))
    torch.testing.assert_close(standardize(x, dim=0), F.batch_norm(x, None, None, training=True))


def test_what_comes_out_does_not_hang_on_the_unit_that_went_in():
    x = torch.tensor([[1.0, 7.0, 7.0, 9.0]])
    torch.testing.assert_close(standardize(100 * x + 1000, dim=-1), standardize(x, dim=-1), atol=1e-5, rtol=1e-4)


def test_equal_numbers_become_0():
    assert standardize(torch.full((2, 3), 4.0), dim=-1).tolist() == [[0.0] * 3] * 2


def test_rms_norm_by_hand_and_beside_torchs():
    """1, 7, 7, 9: the squares are 45 on average."""
    norm = RMSNorm(4)
    x = torch.tensor([1.0, 7.0, 7.0, 9.0])
    assert norm(x).tolist() == pytest.approx((x / 45**0.5).tolist(), abs=1e-6)
    theirs = torch.nn.RMSNorm(4, eps=1e-5)
    with torch.no_grad():
        norm.weight.copy_(torch.tensor([1.0, 2.0, 3.0, 4.0]))
    theirs.load_state_dict(norm.state_dict())
    x = torch.randn(2, 3, 4, generator=torch.Generator().manual_seed(0)) * 5 + 1
    torch.testing.assert_close(norm(x), theirs(x))
    assert norm(torch.zeros(4)).tolist() == [0.0] * 4
