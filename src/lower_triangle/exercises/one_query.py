"""Exercise: what one query is answered."""

import math
from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from lower_triangle.examples import W_K, W_Q, W_V, YET
from lower_triangle.exercises.cases import Belief, Case, Examination


def answer(q: Tensor, keys: Tensor, values: Tensor) -> Tensor:
    """Answer one query: the average of all values, by how well keys match.

    The scores are dot products divided by the root of D, and softmax makes
    weights of them. Nothing is hidden. When e of "yet" asks for a consonant,
    the answer is (7.1797, 2.8203). A value may have more numbers than a key.

    Shapes:
        q: (D,)
        keys: (Tk, D)
        values: (Tk, Dv)
        returns: (Dv,)
    """
    scores = keys @ q / math.sqrt(q.size(-1))  # (Tk,)
    weights = scores.softmax(dim=-1)  # (Tk,)
    return weights @ values  # (Dv,)


def given(Tk: int, D: int, Dv: int, size: float = 1.0) -> dict[str, Any]:
    """A query, keys and values of small whole numbers, the same each time."""
    rng = torch.Generator().manual_seed(8)
    q = torch.randint(1, 4, (D,), generator=rng).float()
    keys = torch.randint(-2, 3, (Tk, D), generator=rng).float()
    values = torch.randint(-9, 10, (Tk, Dv), generator=rng).float()
    return {"q": q * size, "keys": keys, "values": values}


def mistaken(
    weigh: Callable[[Tensor], Tensor] = lambda scores: scores.softmax(dim=-1),
    divide: Callable[..., float] = lambda q, keys, values: math.sqrt(q.size(-1)),
    gather: Callable[..., Tensor] = lambda weights, q, keys, values: weights @ values,
    match: Callable[[Tensor, Tensor], Tensor] = lambda q, keys: keys @ q,
) -> Callable[..., Tensor]:
    """The solution with one of its steps done in another way."""

    def answered(q: Tensor, keys: Tensor, values: Tensor) -> Tensor:
        scores = match(q, keys) / divide(q, keys, values)
        return gather(weigh(scores), q, keys, values)

    return answered


def unscaled(q: Tensor, keys: Tensor, values: Tensor) -> float:
    return 1.0


def shares(scores: Tensor) -> Tensor:
    """Exponentials of whatever comes, divided by their sum."""
    return scores.exp() / scores.exp().sum()


def per_number(gather: Callable[[Tensor, Tensor], Tensor]) -> Callable[..., Tensor]:
    """The answer of one who makes weights of products that were not added up."""

    def answered(q: Tensor, keys: Tensor, values: Tensor) -> Tensor:
        return gather((keys * q / math.sqrt(q.size(-1))).softmax(dim=0), values)

    return answered


EXAMINATION = Examination(
    solution=answer,
    cases=(
        Case("e asks the letters of yet", lambda: {"q": YET[1] @ W_Q, "keys": YET @ W_K, "values": YET @ W_V}),
        Case(
            "three keys of four numbers, values of two",
            lambda: given(3, 4, 2),
            "On 'yet' D is 2 and so is Dv. Here a key has four numbers and a value two: which does each line mean?",
        ),
        Case("five keys of two numbers, values of three", lambda: given(5, 2, 3)),
        Case("a single key", lambda: given(1, 3, 2), "There is one value to hear, so it is the answer, whole."),
        Case(
            "scores in the thousands",
            lambda: given(3, 4, 2, size=900.0),
            "What works for small scores fails for large ones. The largest exponential that a float32 holds is that "
            "of 88.",
        ),
        Case(
            "no key matches at all",
            lambda: given(3, 4, 2) | {"q": torch.full((4,), -400.0), "keys": given(3, 4, 2)["keys"].abs() + 1},
            "All scores are far below zero, and still one key matches best. Softmax sees differences only.",
        ),
        Case("a gradient comes back", lambda: given(4, 3, 5), gradient=True),
    ),
    beliefs=(
        Belief(
            "no scale",
            "The scores were not divided. It tempts, because everything runs without it. The more numbers a query "
            "has, the larger the dot products become, and softmax gives nearly all to one. By what does the task say "
            "they are divided?",
            (mistaken(divide=unscaled),),
        ),
        Belief(
            "divided by D, the root forgotten",
            "The scores were divided by D. It tempts, because D is the number of terms in the dot product, and a "
            "mean divides so. But it is the *variance* that grows with D. By how much does the spread grow?",
            (mistaken(divide=lambda q, keys, values: q.size(-1)),),
        ),
        Belief(
            "divided by the root of another size",
            "The scores were divided by a root, and not by that of D. It tempts, because on 'yet' D and Dv are both "
            "2, and len(keys) is close at hand. What makes a dot product large is how many terms it has. Which size "
            "counts them?",
            (
                mistaken(divide=lambda q, keys, values: math.sqrt(keys.size(0))),
                mistaken(divide=lambda q, keys, values: math.sqrt(values.size(-1))),
                mistaken(divide=lambda q, keys, values: math.sqrt(2)),
            ),
        ),
        Belief(
            "multiplied by the root of D",
            "The scores were multiplied by the root of D. It tempts, because the formula is usually read, not tried. "
            "Then the best key gets nearly all. Should the scale make the weights more equal, or less?",
            (mistaken(divide=lambda q, keys, values: q.size(-1) ** -0.5),),
        ),
        Belief(
            "scaled after the softmax",
            "The weights were divided, and not the scores, so they do not sum to one. It tempts, because dividing "
            "early or late is often the same. An exponential stands between here. With one key only, what should its "
            "weight be?",
            (mistaken(divide=unscaled, gather=lambda weights, q, keys, values: weights @ values / q.size(-1) ** 0.5),),
        ),
        Belief(
            "the best key takes all",
            "One value was taken whole, that of the best key. It tempts, because a dictionary looks up so. But no "
            "gradient goes through which is best, and y is half a consonant too. How much of its value should e "
            "take, rather than whether?",
            (
                lambda q, keys, values: values[(keys @ q).argmax()],
                mistaken(weigh=lambda scores: F.one_hot(scores.argmax(), len(scores)).float()),
            ),
        ),
        Belief(
            "exponentials are weights",
            "The exponentials of the scores were used as they are, and their sum is not one. It tempts, because they "
            "are positive and in the right ratio. But an average of 5, 0 and 10 lies between 0 and 10. What is the "
            "sum of your weights?",
            (mistaken(weigh=torch.exp), mistaken(weigh=torch.exp, divide=unscaled)),
        ),
        Belief(
            "scores are weights",
            "The scores themselves were used as weights. It tempts, because a high score and a large weight feel "
            "alike. But they do not sum to one, and a score may be negative. What makes shares of any numbers, "
            "negative ones too?",
            (
                mistaken(weigh=lambda scores: scores),
                mistaken(weigh=lambda scores: scores, divide=unscaled),
                mistaken(weigh=lambda scores: scores / scores.sum()),
            ),
        ),
        Belief(
            "the keys are handed over",
            "What is averaged are the keys. It tempts, because they are what was matched, and on 'yet' they have the "
            "right shape. But the catalogue is not the book. Which argument have you not used?",
            (mistaken(gather=lambda weights, q, keys, values: weights @ keys),),
        ),
        Belief(
            "keys and values swapped",
            "Keys and values have changed places: the query was matched with the values. It tempts, because both are "
            "one row a position, and on 'yet' of the same size. Which of them has D numbers, as the query has?",
            (
                lambda q, keys, values: answer(q, values, keys),
                lambda q, keys, values: answer(q, values, values),
            ),
        ),
        Belief(
            "all values alike",
            "This is the plain average of the values, or their sum: the query has no say in it. It tempts to begin "
            "so, and it is the right answer where all scores are equal. When e asks for a consonant, should it take "
            "as much of e as of t?",
            (lambda q, keys, values: values.mean(dim=0), lambda q, keys, values: values.sum(dim=0)),
        ),
        Belief(
            "the weights are the answer",
            "These are the weights, or the scores before them: how much to hear of each. It tempts to stop here, "
            "because the hard part is done. There are Tk of them, and an answer has Dv numbers. What does the query "
            "take home?",
            (
                mistaken(gather=lambda weights, q, keys, values: weights),
                mistaken(weigh=lambda scores: scores, gather=lambda weights, q, keys, values: weights),
            ),
        ),
        Belief(
            "weighed, and not added",
            "Each value was multiplied with its weight, and they still lie side by side. It tempts to stop here, "
            "because every number in it is right. An answer is one vector, whatever the number of keys. What is done "
            "with the Tk rows?",
            (mistaken(gather=lambda weights, q, keys, values: weights[:, None] * values),),
        ),
        Belief(
            "a sum down the keys",
            "The query did not meet one key after another: a sum ran, or should have run, down the keys. It tempts, "
            "because q @ keys reads like 'query times keys'. But @ adds along the rows of what stands at its right. "
            "How many numbers should the scores be, D or Tk?",
            (
                lambda q, keys, values: ((keys * q).sum(dim=0) / math.sqrt(q.size(-1))).softmax(dim=-1) @ values,
                lambda q, keys, values: q @ keys,
                lambda q, keys, values: keys.mT @ q,
            ),
        ),
        Belief(
            "a softmax for each number",
            "The softmax came before the products were added, so each of the D numbers has weights of its own. It "
            "tempts, because the products are a table, and a table has a dim=0 and a dim=-1. A key is heard as a "
            "whole. How many scores should three keys have?",
            (
                per_number(lambda weights, values: (weights * values).sum(dim=0)),
                per_number(lambda weights, values: weights.sum(dim=-1) @ values),
                per_number(lambda weights, values: weights.mean(dim=-1) @ values),
            ),
        ),
        Belief(
            "an exponential can hold anything",
            "The softmax is written out: exp(89) is more than a float32 holds and exp(−104) is 0 in it, and ∞/∞ and "
            "0/0 are NaN. It tempts, because with small scores it is right. Softmax looks at differences only: what "
            "may be taken from every score before?",
            (mistaken(weigh=shares),),
        ),
    ),
    by_hand="Print scores, weights and their sum. For e they are 0.7071, 0, 1.4142, then 0.2840, 0.1400, 0.5760.",
)
