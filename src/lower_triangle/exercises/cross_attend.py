"""Exercise: one text reads another."""

import math
from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from lower_triangle.examples import W_K, W_Q, W_V, YET
from lower_triangle.exercises.cases import Belief, Case, Examination


def cross_attend(
    x: Tensor,
    other: Tensor,
    w_q: Tensor,
    w_k: Tensor,
    w_v: Tensor,
) -> Tensor:
    """Each position of one text asks, and gathers from another what answers.

    The other text is there to its end, so nothing of it is hidden. When "oh"
    reads "yet", with the matrices of the course, o = (0, 1) and h = (1, 0),
    that is (7.1797, 2.8203), then (2.8203, 7.1797).

    Shapes:
        x: (..., Tq, C), the text that asks
        other: (..., Tk, C), the text that is read
        w_q: (C, D)
        w_k: (C, D)
        w_v: (C, D)
        returns: (..., Tq, D)
    """
    q = x @ w_q  # (..., Tq, D)
    k, v = other @ w_k, other @ w_v  # each (..., Tk, D)
    scores = q @ k.transpose(-2, -1) / math.sqrt(q.size(-1))  # (..., Tq, Tk)
    return scores.softmax(dim=-1) @ v  # (..., Tq, D)


O, H, Y = [0.0, 1.0], [1.0, 0.0], [0.5, 0.5]  # as (consonant, vowel)


def reading_yet(*letters: list[float]) -> Any:
    return lambda: {"x": torch.tensor(letters), "other": YET, "w_q": W_Q, "w_k": W_K, "w_v": W_V}


def given(*batch: int, Tq: int, Tk: int, size: float = 1.0) -> Any:
    """Two texts of three numbers a letter, and matrices for D = 5, in small whole numbers, the same each time."""

    def make() -> dict[str, Any]:
        rng = torch.Generator().manual_seed(6)
        x = torch.randint(-2, 3, (*batch, Tq, 3), generator=rng).float()
        other = torch.randint(-2, 3, (*batch, Tk, 3), generator=rng).float()
        w_q, w_k, w_v = torch.randint(-1, 2, (3, 3, 5), generator=rng).float()
        return {"x": x * size, "other": other * size, "w_q": w_q, "w_k": w_k, "w_v": w_v}

    return make


Texts = Callable[[Tensor, Tensor], Tensor]


def asks(x: Tensor, other: Tensor) -> Tensor:
    return x


def is_read(x: Tensor, other: Tensor) -> Tensor:
    return other


def both(x: Tensor, other: Tensor) -> Tensor:
    return torch.cat([other, x], dim=-2)


def mistaken(
    asking: Texts = asks,
    shown: Texts = is_read,
    handed: Texts = is_read,
    divide: Callable[[Tensor, Tensor, Tensor], float] = lambda x, q, k: math.sqrt(q.size(-1)),
    weigh: Callable[[Tensor], Tensor] = lambda scores: scores.softmax(dim=-1),
) -> Callable[..., Tensor]:
    """Attention with one of its steps done in another way: who asks, who shows keys, who hands over values ..."""

    def answer(x: Tensor, other: Tensor, w_q: Tensor, w_k: Tensor, w_v: Tensor) -> Tensor:
        q, k, v = asking(x, other) @ w_q, shown(x, other) @ w_k, handed(x, other) @ w_v
        return weigh(q @ k.mT / divide(x, q, k)) @ v

    return answer


def fused(asking: Texts = asks, shown: Texts = is_read, handed: Texts = is_read) -> Callable[..., Tensor]:
    """The same in PyTorch's one operation, which complains in other words."""
    return lambda x, other, w_q, w_k, w_v: F.scaled_dot_product_attention(
        asking(x, other) @ w_q, shown(x, other) @ w_k, handed(x, other) @ w_v
    )


def triangle(diagonal: Callable[[int, int], int]) -> Callable[[Tensor], Tensor]:
    """Weights with what lies above a diagonal hidden."""

    def weigh(scores: Tensor) -> Tensor:
        seen = torch.ones_like(scores, dtype=torch.bool).tril(diagonal(*scores.shape[-2:]))
        return scores.masked_fill(~seen, -math.inf).softmax(dim=-1)

    return weigh


def square(dim: int) -> Callable[[Tensor], Tensor]:
    """Weights with a square triangle laid over the scores, as long as one of the texts."""

    def weigh(scores: Tensor) -> Tensor:
        T = scores.size(dim)
        return scores.masked_fill(~torch.ones(T, T, dtype=torch.bool).tril(), -math.inf).softmax(dim=-1)

    return weigh


def naive_softmax(scores: Tensor) -> Tensor:
    return scores.exp() / scores.exp().sum(dim=-1, keepdim=True)


def mean_of_answers(*arguments: Tensor) -> Tensor:
    return cross_attend(*arguments).mean(dim=-2, keepdim=True)


def mean_of_values(x: Tensor, other: Tensor, w_q: Tensor, w_k: Tensor, w_v: Tensor) -> Tensor:
    return (other @ w_v).mean(dim=-2, keepdim=True)


def for_each(answer: Callable[..., Tensor]) -> Callable[..., Tensor]:
    """The one row of an answer, given to each who asks."""
    return lambda x, *rest: answer(x, *rest).expand(*x.shape[:-1], -1)


def those_of_x(answer: Callable[..., Tensor]) -> Callable[..., Tensor]:
    """The last rows of an answer, as many as ask."""
    return lambda x, *rest: answer(x, *rest)[..., -x.size(-2) :, :]


EXAMINATION = Examination(
    solution=cross_attend,
    cases=(
        Case("oh reads yet", reading_yet(O, H)),
        Case(
            "ohoy reads yet: more ask than are asked",
            reading_yet(O, H, O, Y),
            "Four ask and three answer. Each of the four may ask all three; what of your function counts on fewer?",
        ),
        Case(
            "two letters read four, C = 3 and D = 5",
            given(Tq=2, Tk=4),
            "In 'yet' many sizes are 2 and every matrix is its own mirror image, which forgives much. Here C is 3 and "
            "D is 5: which of the two does each line mean?",
        ),
        Case("one letter to read", given(Tq=4, Tk=1), "There is one answer only, so all who ask take home the same."),
        Case("one letter reads, T = 1", given(Tq=1, Tk=4)),
        Case(
            "a batch of two pairs",
            given(2, Tq=4, Tk=6),
            "One pair is right, several side by side are not. Count the dimensions from the end: the keys are dim=-1 "
            "of the scores, and only the last two of k change places.",
        ),
        Case(
            "scores in the thousands",
            given(Tq=4, Tk=6, size=30.0),
            "What works for small scores fails for large ones. The largest exponential that a float32 holds is that "
            "of 88.",
        ),
        Case("a gradient comes back", given(Tq=2, Tk=4), gradient=True),
    ),
    beliefs=(
        Belief(
            "who asks shows the keys",
            "The keys were made of x, so who asks was matched with who asks. It tempts, because in self-attention the "
            "three come of one text. There is a weight for each letter of x now, and values for each of the other. "
            "How many letters can be asked here?",
            (mistaken(shown=asks), fused(shown=asks)),
        ),
        Belief(
            "who asks hands over the values",
            "The values were made of x: the other text is matched, and what is carried home is one's own. It tempts, "
            "because x is what goes on through the model. There is a weight for each letter of the other text. What "
            "should each of those weights multiply?",
            (mistaken(handed=asks), fused(handed=asks)),
        ),
        Belief(
            "each text reads itself",
            "This is self-attention of x, as if the other text were not there. It tempts, because the shape is right. "
            "Which argument has not been used, and what would 'oh' have to know of 'yet'?",
            (
                mistaken(shown=asks, handed=asks),
                mistaken(shown=asks, handed=asks, weigh=triangle(lambda Tq, Tk: Tk - Tq)),
            ),
        ),
        Belief(
            "the other text asks",
            "The queries were made of the other text, so there is a row for each of *its* letters. It tempts, because "
            "the other text is the one that has something to say. But it is read. Who gets an answer here, "
            "and how many rows must come out?",
            (
                mistaken(asking=is_read, shown=asks, handed=asks),
                mistaken(asking=is_read),
                mistaken(asking=is_read, shown=asks),
                mistaken(asking=is_read, handed=asks),
            ),
        ),
        Belief(
            "a triangle hides what comes later",
            "A triangle was laid over the scores, and hides a part of the other text. It tempts, because every table "
            "of scores so far had one. It kept a text from reading its own future. How much of 'yet' has been said "
            "when 'oh' reads it?",
            (
                mistaken(weigh=triangle(lambda Tq, Tk: 0)),
                mistaken(weigh=triangle(lambda Tq, Tk: Tk - Tq)),
                mistaken(weigh=lambda scores: scores.softmax(dim=-1).tril()),
                mistaken(weigh=square(-2)),
                mistaken(weigh=square(-1)),
            ),
        ),
        Belief(
            "both texts are read",
            "Keys and values were made of both texts laid end to end, so x hears itself too. It tempts, because "
            "decoder-only models lay everything end to end. Here there are two texts, and one is read. How many "
            "weights has a row of yours, and how many letters has the other text?",
            (
                mistaken(shown=both, handed=both),
                mistaken(asking=both, shown=both, handed=both),
                those_of_x(mistaken(asking=both, shown=both, handed=both, weigh=triangle(lambda Tq, Tk: 0))),
            ),
        ),
        Belief(
            "one answer for all",
            "All who ask get the same: an average over the other text, or over the answers. It tempts, because a text "
            "seems to want a summary, one vector handed from one text to the other. But o looks for a consonant and "
            "h for a vowel. How many queries are there, and how many answers?",
            (
                mean_of_values,
                for_each(mean_of_values),
                mean_of_answers,
                for_each(mean_of_answers),
                lambda *arguments: mean_of_answers(*arguments).squeeze(-2),
            ),
        ),
        Belief(
            "no scale",
            "The scores were not divided. It tempts, because everything runs without it, and another text seems to "
            "need another rule. But a dot product grows with its number of terms, whoever's they are. What did a head "
            "divide by?",
            (mistaken(divide=lambda x, q, k: 1.0),),
        ),
        Belief(
            "divided by D, the root forgotten",
            "The scores were divided by D. It tempts, because D is the number of terms in the dot product. But it is "
            "the *variance* that grows with D; by how much does the spread grow?",
            (mistaken(divide=lambda x, q, k: q.size(-1)),),
        ),
        Belief(
            "divided by the root of another size",
            "The scores were divided by the root of C, or of the length of a text. It tempts, because those sizes are "
            "at hand, and one of them is often the same number. What makes a dot product large is how many terms it "
            "has. How many numbers has a query?",
            (
                mistaken(divide=lambda x, q, k: math.sqrt(x.size(-1))),
                mistaken(divide=lambda x, q, k: math.sqrt(k.size(-2))),
                mistaken(divide=lambda x, q, k: math.sqrt(q.size(-2))),
            ),
        ),
        Belief(
            "softmax over those who ask",
            "The columns of the weights sum to one: each letter of the other text deals itself out among those who "
            "ask. It tempts, because both runs, and in a batch dim=1 does so too. Who spends one whole attention, who "
            "asks or who is asked?",
            (
                mistaken(weigh=lambda scores: scores.softmax(dim=-2)),
                mistaken(weigh=lambda scores: scores.softmax(dim=1)),
            ),
        ),
        Belief(
            "keys and values swapped",
            "Keys and values have changed places: the queries are matched with the values, and the keys are averaged. "
            "It tempts, because both come of the other text. Which matrix says what a letter shows, and which what it "
            "hands over?",
            (lambda x, other, w_q, w_k, w_v: cross_attend(x, other, w_q, w_v, w_k),),
        ),
        Belief(
            "an exponential can hold anything",
            "The softmax is written out, and overflows: exp(89) is more than a float32 holds, and ∞/∞ is NaN. It "
            "tempts, because with small scores it is right. Softmax looks at differences only: what may be taken "
            "from every score of a row before?",
            (mistaken(weigh=naive_softmax),),
        ),
    ),
    by_hand="Draw the table of scores, with who asks beside its rows and who is read above its columns. Fill in one.",
)
