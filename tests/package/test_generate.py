"""Drawing the next token."""

import random

import pytest
import torch
from torch.testing import assert_close

from lower_triangle.errors import UsageError, VocabularyError
from lower_triangle.generate import generate, keep_top_k, keep_top_p, sample_next

PROBABILITIES = torch.tensor([0.2, 0.5, 0.3])


class Dart(random.Random):
    """A generator that always throws to the same place."""

    def __init__(self, place):
        self.place = place

    def random(self):
        return self.place


@pytest.mark.parametrize(("place", "token"), [(0.0, 0), (0.199, 0), (0.201, 1), (0.699, 1), (0.701, 2), (0.999999, 2)])
def test_a_dart_hits_the_token_whose_stretch_it_falls_in(place, token):
    assert sample_next(PROBABILITIES.log(), Dart(place)) == token


def test_temperature_is_an_exponent_of_the_probabilities():
    squared = PROBABILITIES**2 / (PROBABILITIES**2).sum()
    for edge in squared.cumsum(-1)[:2].tolist():
        before, after = (sample_next(PROBABILITIES.log(), Dart(edge + d), temperature=0.5) for d in (-1e-4, 1e-4))
        assert after == before + 1


def test_tokens_come_as_often_as_their_probability_says():
    rng, count = random.Random(0), 5_000
    drawn = torch.tensor([sample_next(PROBABILITIES.log(), rng) for _ in range(count)])
    assert_close(drawn.bincount() / count, PROBABILITIES, atol=0.02, rtol=0)


def test_temperature_zero_takes_the_likeliest():
    assert {sample_next(PROBABILITIES.log(), Dart(place), temperature=0) for place in (0.0, 0.5, 0.99)} == {1}


def test_a_token_of_probability_zero_is_never_drawn():
    logits = torch.tensor([-torch.inf, 0.0, -torch.inf])
    assert {sample_next(logits, Dart(place)) for place in (0.0, 0.5, 1 - 2**-53)} == {1}


@pytest.mark.parametrize("temperature", [-1.0, float("nan")])
def test_a_temperature_that_is_no_number_of_at_least_zero_is_refused(temperature):
    with pytest.raises(UsageError, match=f"^temperature={temperature} is not a number of at least 0; try 0"):
        sample_next(PROBABILITIES.log(), random.Random(0), temperature)


def test_the_same_seed_writes_the_same_text(model):
    texts = [list(generate(model, [1], 30, random.Random(seed))) for seed in (0, 0, 1)]
    assert texts[0] == texts[1] != texts[2]
    assert len(texts[0]) == 30


def test_what_no_longer_fits_in_the_context_does_not_matter(model):
    long, short = [5, 4, 3, 2, 1], [3, 2, 1]
    assert model.context_length == 3
    assert list(generate(model, long, 9, random.Random(0))) == list(generate(model, short, 9, random.Random(0)))


def test_nothing_cannot_be_continued(model):
    with pytest.raises(UsageError, match="^cannot continue an empty prompt; give at least one character"):
        list(generate(model, [], 1, random.Random(0)))


EIGHTHS = torch.tensor([1, 3, 1, 2, 1]) / 8


@pytest.mark.parametrize(
    ("k", "kept"), [(1, [0, 1, 0, 0, 0]), (2, [0, 3, 0, 2, 0]), (3, [1, 3, 0, 2, 0]), (5, [1, 3, 1, 2, 1])]
)
def test_top_k_keeps_the_k_likeliest_and_of_equals_the_first(k, kept):
    assert_close(keep_top_k(EIGHTHS, k), torch.tensor(kept) / sum(kept))


@pytest.mark.parametrize(
    ("p", "kept"),
    [
        (0.001, [0, 1, 0, 0, 0]),
        (0.375, [0, 1, 0, 0, 0]),
        (0.376, [0, 3, 0, 2, 0]),
        (0.7, [1, 3, 0, 2, 0]),
        (1.0, [1, 3, 1, 2, 1]),
    ],
)
def test_top_p_keeps_as_few_as_reach_it_and_at_least_one(p, kept):
    assert_close(keep_top_p(EIGHTHS, p), torch.tensor(kept) / sum(kept))


def test_top_k_comes_before_top_p():
    """Of 3, 2, 1, 1, 1 eighths k = 2 leaves 3 and 2 fifths, of which the first reaches p = 0.6 alone."""
    drawn = {sample_next(EIGHTHS.log(), Dart(place), top_k=2, top_p=0.59) for place in (0.0, 0.5, 0.99)}
    assert drawn == {1}
    assert {sample_next(EIGHTHS.log(), Dart(place), top_p=0.59) for place in (0.0, 0.99)} == {1, 3}


def test_temperature_comes_before_both():
    """Squared, 3 and 2 eighths become 9 and 4 of 16: the first reaches a half alone."""
    assert sample_next(EIGHTHS.log(), Dart(0.99), temperature=0.5, top_p=0.5) == 1
    assert sample_next(EIGHTHS.log(), Dart(0.99), temperature=1.0, top_p=0.5) == 3


@pytest.mark.parametrize("top_k", [0, -1, 4])
def test_a_top_k_that_is_no_number_of_tokens_is_refused(top_k):
    with pytest.raises(UsageError, match=f"^top_k={top_k} is not from 1 to the 3 tokens there are; try top_k=1$"):
        sample_next(PROBABILITIES.log(), random.Random(0), top_k=top_k)


@pytest.mark.parametrize("top_p", [0.0, -0.5, 1.5, float("nan")])
def test_a_top_p_that_is_no_share_is_refused(top_p):
    with pytest.raises(UsageError, match=f"^top_p={top_p} is not above 0 and at most 1; try top_p=0.9$"):
        sample_next(PROBABILITIES.log(), random.Random(0), temperature=0, top_p=top_p)


@pytest.mark.parametrize("token", [-1, 99])
def test_a_token_that_the_model_does_not_know_is_named(model, token):
    with pytest.raises(VocabularyError, match=f"^the prompt holds token {token}, and the model's tokens are 0 to 42; "):
        list(generate(model, [1, token], 1, random.Random(0)))
