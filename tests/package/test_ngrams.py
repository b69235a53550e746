"""Runs of tokens: numbered, counted, found again, and unheard of where they would begin before the text."""

import pytest
import torch
from torch.testing import assert_close

from lower_triangle.beyond.ngrams import NGramEmbedding, frequent_runs, number_runs
from lower_triangle.errors import UsageError

TEXT = torch.tensor([1, 2, 1, 2, 0, 1, 2, 1])


def test_runs_are_numbered_by_hand():
    """Tokens as digits, of three kinds: 1, 2 is 1·3 + 2 = 5, and 1, 2, 1 is 5·3 + 1 = 16."""
    assert number_runs(TEXT, 3, 1).tolist() == TEXT.tolist()
    assert number_runs(TEXT, 3, 2).tolist() == [-1, 5, 7, 5, 6, 1, 5, 7]
    assert number_runs(TEXT, 3, 3).tolist() == [-1, -1, 16, 23, 15, 19, 5, 16]


def test_a_run_longer_than_the_text_has_no_number():
    assert number_runs(TEXT[:2], 3, 5).tolist() == [-1, -1]
    assert number_runs(TEXT[None, :0], 3, 2).shape == (1, 0)


def test_different_runs_have_different_numbers():
    every = torch.cartesian_prod(*[torch.arange(4)] * 3)  # (64, 3)
    assert len(number_runs(every, 4, 3)[:, -1].unique()) == 64


def test_too_long_runs_are_refused():
    with pytest.raises(UsageError, match="runs of 11 tokens of 65 kinds do not fit in 64 bits; take shorter ones"):
        number_runs(TEXT, 65, 11)


def test_frequent_runs_by_hand():
    pairs, triples = frequent_runs(TEXT, 3, longest=3, least=2)
    assert pairs.tolist() == [5, 7]  # 1, 2 three times and 2, 1 twice
    assert triples.tolist() == [16]  # 1, 2, 1 twice


def build():
    embed = NGramEmbedding(3, 4, frequent_runs(TEXT, 3, longest=3, least=2))
    torch.nn.init.normal_(embed.runs.weight, generator=torch.Generator().manual_seed(0))
    return embed


def test_each_known_run_has_its_row_and_no_other_has_one():
    assert build().rows(TEXT[None]).tolist() == [[[0, 0], [1, 0], [2, 3], [1, 0], [0, 0], [0, 0], [1, 0], [2, 3]]]


def test_what_comes_out_is_the_sum_brought_to_a_common_scale():
    embed = build()
    with torch.no_grad():
        x = embed(TEXT[None, :3])[0]
        last = embed.token.weight[1] + embed.runs.weight[2] + embed.runs.weight[3]
    assert_close(x[2], torch.nn.functional.layer_norm(last, (4,)))


def test_a_window_does_not_know_what_was_before_it():
    embed = build()
    assert embed.rows(TEXT[None, 1:3]).tolist() == [[[0, 0], [2, 0]]]


def test_unknown_runs_add_nothing():
    embed, plain = build(), NGramEmbedding(3, 4)
    plain.token.weight = embed.token.weight
    unknown = torch.tensor([[0, 0, 2, 2]])
    assert_close(embed(unknown), plain(unknown))


def test_orders_of_which_no_run_is_frequent_are_left_out():
    embed = NGramEmbedding(3, 4, frequent_runs(TEXT, 3, longest=6, least=3))
    assert embed.rows(TEXT[None])[0, :, 0].tolist() == [0, 1, 0, 1, 0, 0, 1, 0]
    assert embed.rows(TEXT[None])[0, :, 1:].sum() == 0
    assert embed(TEXT[None]).shape == (1, 8, 4)


def test_only_rows_that_were_read_have_a_gradient_and_the_row_of_nothing_never_has():
    embed = build()
    embed(TEXT[None, :4]).square().sum().mul(torch.tensor(1.0)).backward()
    gradient = embed.runs.weight.grad
    assert gradient.is_sparse
    assert set(gradient.coalesce().indices()[0].tolist()) <= {1, 2, 3}
