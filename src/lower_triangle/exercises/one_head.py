"""Exercise: one head of causal self-attention, from the letters to the output.

Longer than other modules, for there are many ways to get a head wrong.
"""

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from lower_triangle.examples import W_K, W_Q, W_V, YET
from lower_triangle.exercises.cases import Belief, Case, Examination


def one_head(x: Tensor, w_q: Tensor, w_k: Tensor, w_v: Tensor) -> Tensor:
    """Each position asks, and gathers from itself and its past what answers.

    On "yet", with the matrices of the page, that is
    (5, 5), then (3.3488, 6.6512), then (2.8203, 7.1797).

    Shapes:
        x: (..., T, C), any number of texts
        w_q: (C, D)
        w_k: (C, D)
        w_v: (C, D)
        returns: (..., T, D)
    """
    q, k, v = x @ w_q, x @ w_k, x @ w_v  # each (..., T, D)
    scores = q @ k.transpose(-2, -1) / math.sqrt(q.size(-1))  # (..., T, T)
    future = torch.ones_like(scores, dtype=torch.bool).triu(diagonal=1)
    weights = scores.masked_fill(future, -math.inf).softmax(dim=-1)  # (..., T, T)
    return weights @ v  # (..., T, D)


def given(text: tuple[int, ...], D: int, size: float = 1.0) -> dict[str, Any]:
    """A text and three matrices of small whole numbers, the same each time."""
    rng = torch.Generator().manual_seed(3)
    x = torch.randint(-2, 3, text, generator=rng).float()
    w_q, w_k, w_v = torch.randint(-1, 2, (3, text[-1], D), generator=rng).float()
    return {"x": x * size, "w_q": w_q, "w_k": w_k, "w_v": w_v}


def hidden(scores: Tensor, fill: float = -math.inf) -> Tensor:
    """The scores with the future filled."""
    return scores.masked_fill(torch.ones_like(scores, dtype=torch.bool).triu(1), fill)


def usual(scores: Tensor) -> Tensor:
    return hidden(scores).softmax(dim=-1)


def mistaken(
    weigh: Callable[[Tensor], Tensor] = usual,
    divide: Callable[[Tensor, Tensor], float] = lambda x, q: math.sqrt(q.size(-1)),
    match: Callable[[Tensor, Tensor], Tensor] = lambda q, k: q @ k.mT,
    gather: Callable[..., Tensor] = lambda weights, x, q, k, v: weights @ v,
    project: Callable[[Tensor, Tensor], Tensor] = torch.matmul,
) -> Callable[..., Tensor]:
    """The head with one of its steps done in another way."""

    def head(x: Tensor, w_q: Tensor, w_k: Tensor, w_v: Tensor) -> Tensor:
        q, k, v = project(x, w_q), project(x, w_k), project(x, w_v)
        return gather(weigh(match(q, k) / divide(x, q)), x, q, k, v)

    return head


def naive_softmax(scores: Tensor) -> Tensor:
    """A softmax that takes the exponential of whatever comes."""
    shares = hidden(scores).exp()
    return shares / shares.sum(dim=-1, keepdim=True)


EXAMINATION = Examination(
    solution=one_head,
    cases=(
        Case(
            "the letters of yet, and the matrices of the page",
            lambda: {"x": YET, "w_q": W_Q, "w_k": W_K, "w_v": W_V},
        ),
        Case(
            "four letters of three numbers, D = 5",
            lambda: given((4, 3), 5),
            "In 'yet' many sizes are 2 and every matrix is its own mirror image, which forgives much. Here C is 3 "
            "and D is 5: which of the two does each line mean?",
        ),
        Case("one letter, T = 1", lambda: given((1, 3), 5), "One letter hears itself alone, and takes home its value."),
        Case(
            "a batch of two texts",
            lambda: given((2, 4, 3), 5),
            "One text is right, several side by side are not. Count the dimensions from the end: dim=-1 is the keys, "
            "and only the last two of k change places.",
        ),
        Case(
            "scores in the thousands",
            lambda: given((4, 3), 5, size=30.0),
            "What works for small scores fails for large ones. The largest exponential that a float32 holds is that "
            "of 88.",
        ),
        Case("a gradient comes back", lambda: given((4, 3), 5), gradient=True),
    ),
    beliefs=(
        Belief(
            "no mask",
            "Every position looks at the whole text, the future too. It tempts, because nothing complains, and in "
            "training the loss becomes wonderfully small. When e is spoken, t has not been: what may row 1 of the "
            "weights hold?",
            (mistaken(weigh=lambda scores: scores.softmax(dim=-1)),),
        ),
        Belief(
            "no scale",
            "The scores were not divided. It tempts, because everything runs without it. With many numbers in a "
            "query the scores grow, and softmax gives nearly all to one. See 'Why the scores are divided' on the "
            "page.",
            (mistaken(divide=lambda x, q: 1.0),),
        ),
        Belief(
            "divided by D, the root forgotten",
            "The scores were divided by D. It tempts, because D is the number of terms in the dot product. But it is "
            "the *variance* that grows with D; by how much does the spread grow?",
            (mistaken(divide=lambda x, q: q.size(-1)),),
        ),
        Belief(
            "divided by the root of C",
            "The scores were divided by the root of C. It tempts, because in one head C and D are often equal; the "
            "first code of the lecture had it too. How many terms does the dot product of a query and a key have?",
            (mistaken(divide=lambda x, q: math.sqrt(x.size(-1))), mistaken(divide=lambda x, q: x.size(-1))),
        ),
        Belief(
            "divided by the root of T",
            "The scores were divided by the root of T, the length of the text. It tempts, because scores.size(-1) is "
            "right at hand. What makes a dot product large is how many numbers a query has.",
            (mistaken(divide=lambda x, q: math.sqrt(q.size(-2))),),
        ),
        Belief(
            "always the root of 2",
            "The scores were divided by the root of 2, whatever the size of a query. It tempts, because on the page "
            "that is the number. Where did the 2 come from, and which size is it here?",
            (mistaken(divide=lambda x, q: math.sqrt(2)), mistaken(divide=lambda x, q: 2)),
        ),
        Belief(
            "multiplied by the root of D",
            "The scores were multiplied by the root of D. It tempts, because the formula is usually read, not tried. "
            "Should the scale make the weights more equal, or less?",
            (mistaken(divide=lambda x, q: q.size(-1) ** -0.5),),
        ),
        Belief(
            "scaled after the softmax",
            "The weights were divided, and not the scores: a row of them no longer sums to one. It tempts, because "
            "the scale stands outside in the sentence 'softmax, scaled'. What goes into the exponential?",
            (mistaken(divide=lambda x, q: 1.0, gather=lambda weights, x, q, k, v: weights @ v / q.size(-1) ** 0.5),),
        ),
        Belief(
            "0 hides the future",
            "The future's scores were set to 0, and 0 is a score like any other. It tempts, because in a sum 0 means "
            "nothing. In an exponential it means 1. Of which number is the exponential 0?",
            (mistaken(weigh=lambda scores: hidden(scores, 0.0).softmax(dim=-1)),),
        ),
        Belief(
            "masked after the softmax",
            "The future was struck out after the softmax, so the rows of the weights no longer sum to one. It "
            "tempts, because the zeros are in the right places. But the future took its share first. Add up the row "
            "of e.",
            (mistaken(weigh=lambda scores: scores.softmax(dim=-1).tril()),),
        ),
        Belief(
            "the upper triangle is kept",
            "Each position looks at itself and at what comes after it, and the past is hidden. It tempts, because "
            "masked_fill fills where its mask is True, and a mask of ours is True where one *may* look. Which of the "
            "two triangles was filled?",
            (
                mistaken(weigh=lambda scores: hidden(scores.mT).mT.softmax(dim=-1)),
                mistaken(weigh=lambda scores: hidden(scores.mT, 0.0).mT.softmax(dim=-1)),
            ),
        ),
        Belief(
            "the past is filled, the future and oneself are not",
            "Only what comes after is left to look at: the positions that may be seen were filled, and the last row "
            "has nothing, so it is NaN. It tempts, because masked_fill fills where its mask is True, and ours is "
            "True where one may look.",
            (
                mistaken(
                    weigh=lambda scores: scores.masked_fill(
                        torch.ones_like(scores, dtype=torch.bool).tril(), -math.inf
                    ).softmax(dim=-1)
                ),
            ),
        ),
        Belief(
            "nobody looks at themselves",
            "The diagonal was hidden too, so the first row has nothing to look at, and a softmax of nothing is NaN. "
            "It tempts, because 'the past' sounds as if it left oneself out. What can the first letter hear?",
            (
                mistaken(
                    weigh=lambda scores: scores.masked_fill(
                        torch.ones_like(scores, dtype=torch.bool).triu(), -math.inf
                    ).softmax(dim=-1)
                ),
            ),
        ),
        Belief(
            "softmax down the columns",
            "The columns of the weights sum to one, and the rows should: each key deals itself out among the "
            "queries. It tempts, because both runs. Who is it that spends one whole attention, who asks or who is "
            "asked?",
            (
                mistaken(weigh=lambda scores: hidden(scores).softmax(dim=-2)),
                mistaken(weigh=lambda scores: scores.softmax(dim=-2).tril()),
                mistaken(weigh=lambda scores: scores.softmax(dim=-2)),
            ),
        ),
        Belief(
            "dim=1 is the keys",
            "With one text the softmax is right; in a batch, dim=1 is the queries, and here the columns sum to one. "
            "It tempts, because in (T, T) the last dimension *is* 1. Counted from the end, the keys are in the same "
            "place in both.",
            (mistaken(weigh=lambda scores: hidden(scores).softmax(dim=1)),),
        ),
        Belief(
            "keys ask queries",
            "Query and key have changed places: each score is that of the other's question. It tempts, because on "
            "'yet' the table of scores is its own mirror image and shows nothing. Whose question does row i of the "
            "scores hold?",
            (mistaken(match=lambda q, k: k @ q.mT),),
        ),
        Belief(
            "the key is handed over",
            "What is averaged are the keys. It tempts, because the key is what was matched. But the catalogue is not "
            "the book: which of the three is for carrying home?",
            (mistaken(gather=lambda weights, x, q, k, v: weights @ k),),
        ),
        Belief(
            "keys and values swapped",
            "Keys and values have changed places: the queries are matched with the values, and the keys are "
            "averaged. It tempts, because the paper's formula has all three in a row. In which order do your "
            "arguments come?",
            (lambda x, w_q, w_k, w_v: one_head(x, w_q, w_v, w_k),),
        ),
        Belief(
            "the letters themselves are handed over",
            "What is averaged are the letters as they came, x. It tempts, because the weights were the hard part. "
            "w_v has not been used yet: what is it for?",
            (mistaken(gather=lambda weights, x, q, k, v: weights @ x),),
        ),
        Belief(
            "the weights are the answer",
            "These are the weights: who listens to whom, and how much. It tempts to stop at them, because they are "
            "what one draws. What does each position take home from those it listens to?",
            (
                mistaken(gather=lambda weights, x, q, k, v: weights),
                mistaken(weigh=hidden, gather=lambda weights, x, q, k, v: weights),
            ),
        ),
        Belief(
            "no softmax",
            "The scores themselves were used as weights: they do not sum to one, and some are negative. It tempts, "
            "because a high score and a large weight feel alike. What makes shares of any numbers, negative ones "
            "too?",
            (
                mistaken(weigh=torch.tril),
                mistaken(weigh=lambda scores: scores),
                mistaken(weigh=torch.tril, divide=lambda x, q: 1.0),
            ),
        ),
        Belief(
            "a crude average",
            "These are crude averages of the values: the queries and keys have no say in them. It tempts to begin "
            "so. The scores were all the same, 0 perhaps; what should they be?",
            (mistaken(weigh=lambda scores: usual(scores * 0)),),
        ),
        Belief(
            "a matrix kept as a layer keeps it",
            "The matrices were transposed, as a Linear layer keeps its own: outputs by inputs. It tempts, because "
            "F.linear and the textbooks do so. Here they are (C, D): which of their sides meets the C numbers of a "
            "letter?",
            (mistaken(project=lambda x, w: x @ w.mT),),
        ),
        Belief(
            "T turns the last two dimensions",
            "In a batch, .T or .t() does not mean 'rows become columns'. It tempts, because for one text it does. "
            "Which two dimensions of k should change places, and which should stay?",
            (
                mistaken(match=lambda q, k: q @ k.permute(*reversed(range(k.dim())))),
                mistaken(match=lambda q, k: q @ k.transpose(0, 1)),
                mistaken(match=lambda q, k: q @ k.t()),
            ),
        ),
        Belief(
            "an exponential can hold anything",
            "The softmax is written out, and overflows: exp(89) is more than a float32 holds, and ∞/∞ is NaN. It "
            "tempts, because with small scores it is right. Softmax looks at differences only: what may be taken "
            "from every score of a row before?",
            (mistaken(weigh=naive_softmax),),
        ),
    ),
    by_hand="Print scores, weights and output, and hold each against the table on the page, the row of e first.",
    time="x",
)
