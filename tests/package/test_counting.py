"""Counted pairs, against a count by hand."""

import math

import torch

from lower_triangle.corpus import Corpus
from lower_triangle.counting import count_pairs, pair_losses
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


def test_one_token_that_is_always_followed_by_either_costs_the_entropy():
    corpus = Corpus("", "", "", CharTokenizer("ab"), torch.tensor([0, 0, 1, 0, 0, 1, 0]), torch.tensor([0, 1]))
    train, _ = pair_losses(corpus)
    # Four times from a: twice to a, twice to b, ln 2 each; twice from b, always to a.
    assert math.isclose(train, 4 * math.log(2) / 6)
