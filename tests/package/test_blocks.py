"""What is stacked: what each layer may touch, and what each kind of block adds to the one before."""

import pytest
import torch
from torch import nn

from lower_triangle.attention import MultiHead
from lower_triangle.blocks import Block, FeedForward, PlainBlock, ResidualBlock


class Silence(nn.Module):
    """A layer that has nothing to say."""

    def forward(self, x):
        return torch.zeros_like(x)


class Times(nn.Module):
    def __init__(self, factor):
        super().__init__()
        self.factor = factor

    def forward(self, x):
        return self.factor * x


X = torch.tensor([[[1.0, 7.0, 7.0, 9.0], [2.0, 3.0, 5.0, 7.0]]])


def test_feed_forward_looks_at_one_position_at_a_time():
    torch.manual_seed(0)
    layer = FeedForward(4, 6, nn.ReLU())
    together = layer(X)
    alone = torch.cat([layer(X[:, t : t + 1]) for t in range(2)], dim=1)
    torch.testing.assert_close(together, alone)


def test_feed_forward_by_hand():
    layer = FeedForward(2, 3, nn.ReLU(), bias=False)
    with torch.no_grad():
        layer.up.weight.copy_(torch.tensor([[1.0, 0.0], [0.0, -1.0], [1.0, 1.0]]))
        layer.down.weight.copy_(torch.tensor([[1.0, 10.0, 100.0], [0.0, 1.0, 0.0]]))
    # (2, 3) widens to (2, -3, 5), bends to (2, 0, 5), narrows to (2 + 500, 0).
    assert layer(torch.tensor([2.0, 3.0])).tolist() == [502.0, 0.0]


def test_feed_forward_drops_only_while_it_trains():
    layer = FeedForward(4, 6, nn.ReLU(), dropout=0.5)
    torch.manual_seed(0)
    assert (layer(torch.ones(9, 4)) == 0).any()
    assert not (layer.eval()(torch.ones(9, 4)) == 0).any()


@pytest.mark.parametrize(
    ("block", "expected"),
    [
        (PlainBlock(Times(2), Times(5)), 10.0),
        (ResidualBlock(Times(2), Times(5)), 18.0),
        (Block(Times(3), Times(2), Times(7), Times(5)), 252.0),
    ],
)
def test_each_block_adds_one_thing(block, expected):
    """2·5 = 10; (1 + 2)(1 + 5) = 18; (1 + 3·2)(1 + 7·5) = 252: norms stand before their layers, inside the branch."""
    torch.testing.assert_close(block(X), expected * X)


def test_what_says_nothing_silences_a_plain_block_and_leaves_a_residual_one_as_it_was():
    assert torch.equal(PlainBlock(Silence(), Silence())(X), torch.zeros_like(X))
    assert torch.equal(ResidualBlock(Silence(), Silence())(X), X)
    assert torch.equal(Block(nn.LayerNorm(4), Silence(), nn.LayerNorm(4), Silence())(X), X)


def test_a_residual_block_is_a_plain_one_with_the_same_parameters():
    plain, residual = (make(MultiHead(4, 2), FeedForward(4, 6, nn.ReLU())) for make in (PlainBlock, ResidualBlock))
    residual.load_state_dict(plain.state_dict())


def test_layer_norm_by_hand():
    """Mean 6, variance 9; a hundredfold and a thousand more change nothing."""
    expected = torch.tensor([-5 / 3, 1 / 3, 1 / 3, 1.0])
    for x in (X[0, 0], 100 * X[0, 0] + 1000):
        torch.testing.assert_close(nn.LayerNorm(4)(x), expected, atol=1e-5, rtol=0)
