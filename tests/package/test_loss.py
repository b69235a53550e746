"""The exact loss of a split."""

import pytest
import torch
from torch.testing import assert_close

from lower_triangle.errors import UsageError
from lower_triangle.loss import cross_entropy, evaluate


def one_by_one(model, tokens):
    """The loss by the definition: each token but the first, predicted from what of its window is before it."""
    T, total = model.context_length, 0.0
    for target in range(1, len(tokens)):
        start = (target - 1) // T * T
        logits = model(tokens[None, start:target])[0, -1]
        total -= logits.log_softmax(-1)[tokens[target]].item()
    return total / (len(tokens) - 1)


@pytest.mark.parametrize("count", [2, 3, 4, 5, 7, 13, 24])
def test_the_whole_split_at_once_equals_one_position_at_a_time(model, small, count):
    tokens = small.val[:count]
    assert_close(evaluate(model, tokens, batch_size=2), one_by_one(model, tokens))


def test_the_loss_is_the_mean_over_batch_and_time():
    logits, targets = torch.randn(2, 3, 5), torch.randint(5, (2, 3))
    each = [-logits[b, t].log_softmax(-1)[targets[b, t]] for b in range(2) for t in range(3)]
    assert_close(cross_entropy(logits, targets), torch.stack(each).mean())


def test_evaluation_draws_no_random_number(model, small):
    before = torch.get_rng_state()
    evaluate(model, small.val)
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("training", [True, False])
def test_evaluation_gives_the_model_back_in_its_mode(model, small, training):
    model.train(training)
    evaluate(model, small.val)
    assert model.training is training


def test_one_token_is_too_few_to_evaluate_on(model, small):
    with pytest.raises(UsageError, match="^cannot evaluate on 1 tokens: it takes one to predict from"):
        evaluate(model, small.val[:1])
