"""Counted pairs and longer runs, against counts by hand."""

import math

import pytest
import torch

from lower_triangle.corpus import Corpus
from lower_triangle.counting import NGram, add_one, count_pairs, pair_loss, pair_losses
from lower_triangle.errors import UsageError
from lower_triangle.tokenizer import CharTokenizer


def test_pairs_are_counted_in_order():
    assert count_pairs(torch.tensor([0, 1, 0, 1, 1]), 3).tolist() == [[0, 2, 0], [1, 1, 0], [0, 0, 0]]


def test_losses_of_counted_pairs_by_hand():
    """In training a and b take turns, so nothing surprises; the validation text has aa, which is new."""
    corpus = Corpus("by hand", "", "", CharTokenizer("ab"), torch.tensor([0, 1, 0, 1, 0]), torch.tensor([0, 0, 1]))
    train, val = pair_losses(corpus)
    assert train == 0
    # Add-one: after a, (0 + 1) of (2 + 2) for a and (2 + 1) of (2 + 2) for b.
    assert math.isclose(val, -(math.log(1 / 4) + math.log(3 / 4)) / 2)


def test_one_more_of_each_pair_leaves_rows_that_sum_to_one():
    counts = torch.tensor([[0, 2, 0], [1, 1, 4], [0, 0, 0]])
    assert add_one(counts)[0].tolist() == pytest.approx([1 / 5, 3 / 5, 1 / 5])
    assert add_one(counts).sum(dim=-1).tolist() == pytest.approx([1, 1, 1])


def test_a_pair_without_probability_costs_everything_and_one_that_never_comes_nothing():
    counts = torch.tensor([[1.0, 1.0], [0.0, 0.0]])
    assert pair_loss(counts, torch.tensor([[1.0, 0.0], [1.0, 0.0]])) == math.inf
    assert pair_loss(counts, torch.tensor([[0.5, 0.5], [0.0, 0.0]])) == pytest.approx(math.log(2))


def test_one_token_that_is_always_followed_by_either_costs_the_entropy():
    corpus = Corpus("", "", "", CharTokenizer("ab"), torch.tensor([0, 0, 1, 0, 0, 1, 0]), torch.tensor([0, 1]))
    train, _ = pair_losses(corpus)
    # Four times from a: twice to a, twice to b, ln 2 each; twice from b, always to a.
    assert math.isclose(train, 4 * math.log(2) / 6)


def by_the_book(text, history, token, V):
    """Witten and Bell's formula, one probability at a time."""
    shorter = by_the_book(text, history[1:], token, V) if history else 1 / V
    n = len(history)
    after = [text[i + n] for i in range(len(text) - n) if tuple(text[i : i + n]) == history]
    if not after:
        return shorter
    return (after.count(token) + len(set(after)) * shorter) / (len(after) + len(set(after)))


TEXT = [0, 1, 0, 1, 2, 0, 1, 1, 3, 0, 1, 0]
UNSEEN = [3, 3, 0, 1, 2, 4, 0, 1]


@pytest.mark.parametrize("order", [1, 2, 3, 4])
def test_runs_are_counted_and_smoothed_by_the_book(order):
    model = NGram(torch.tensor(TEXT), 5, order)
    losses = []
    for t in range(len(UNSEEN)):
        history = tuple(UNSEEN[max(0, t - order + 1) : t])
        expected = [by_the_book(TEXT, history, token, 5) for token in range(5)]
        assert model.probabilities(torch.tensor(UNSEEN[:t])).tolist() == pytest.approx(expected, abs=1e-12)
        losses.append(-math.log(expected[UNSEEN[t]]))
    assert model.loss(torch.tensor(UNSEEN)) == pytest.approx(sum(losses[1:]) / len(losses[1:]), abs=1e-12)


def test_witten_bell_by_hand():
    """In aab, a was followed by a and by b. Alone, a has (2 + 2·½) / (3 + 2) = 3/5; after a, (1 + 2·3/5) / (2 + 2)."""
    model = NGram(torch.tensor([0, 0, 1]), 2, order=2)
    assert model.probabilities(torch.tensor([])).tolist() == pytest.approx([3 / 5, 2 / 5])
    assert model.probabilities(torch.tensor([1, 0])).tolist() == pytest.approx([11 / 20, 9 / 20])
    assert model.probabilities(torch.tensor([1])).tolist() == pytest.approx([3 / 5, 2 / 5]), "nothing followed b"


def test_probabilities_sum_to_one_after_any_context(play):
    model = NGram(play.train, len(play.tokenizer), order=5)
    for start in range(0, 300, 7):
        for length in range(6):
            assert float(model.probabilities(play.val[start : start + length]).sum()) == pytest.approx(1, abs=1e-12)


def test_longer_contexts_help_until_they_are_too_rare(play):
    """On tiny Shakespeare the best is the fifth; the play is a twentieth as long, and its best comes sooner."""
    losses = [NGram(play.train, len(play.tokenizer), order).loss(play.val) for order in range(1, 7)]
    best = losses.index(min(losses))
    assert 1 < best < 5
    assert losses[: best + 1] == sorted(losses[: best + 1], reverse=True)
    assert losses[best:] == sorted(losses[best:])


@pytest.mark.parametrize("order", [0, -1, 2.5, 11])
def test_an_order_that_cannot_be_counted_is_refused(order):
    with pytest.raises(UsageError, match=f"^order={order} is no length of runs that can be counted; try order=5$"):
        NGram(torch.tensor([0, 1]), 65, order)


def test_a_text_that_is_too_short_is_refused():
    with pytest.raises(UsageError, match="^cannot count runs of 5 in 2 tokens; give a longer text$"):
        NGram(torch.tensor([0, 1]), 65, 5)
    with pytest.raises(UsageError, match="^cannot measure 1 tokens: it takes one to predict from and one to predict$"):
        NGram(torch.tensor([0, 1]), 65, 2).loss(torch.tensor([0]))
