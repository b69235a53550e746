"""Exercise: how well each query matches each key."""

import math
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from lower_triangle.examples import W_K, W_Q, YET
from lower_triangle.exercises.cases import Belief, Case, Examination


def match_scores(q: Tensor, k: Tensor) -> Tensor:
    """Score how well each query matches each key, by their dot product.

    On "yet" the keys of y, e and t are (1, 1), (0, 2) and (2, 0). When e
    asks (1, 0) and t asks (0, 1), the scores are (1, 0, 2) and (1, 2, 0).
    Nothing else happens to them here: they are not scaled and not masked.

    Shapes:
        q: (..., Tq, D), one row a query
        k: (..., Tk, D), one row a key
        returns: (..., Tq, Tk)
    """
    pairs = q[..., :, None, :] * k[..., None, :, :]  # (..., Tq, Tk, D)
    return pairs.sum(dim=-1)  # (..., Tq, Tk)


def given(Tq: int, Tk: int, D: int, *batch: int) -> dict[str, Any]:
    """Queries and keys of small whole numbers, the same each time."""
    rng = torch.Generator().manual_seed(6)
    q, k = (torch.randint(-3, 4, (*batch, T, D), generator=rng).float() for T in (Tq, Tk))
    return {"q": q, "k": k}


def pairs(q: Tensor, k: Tensor) -> Tensor:
    """Each query's numbers times those of each key."""
    return q[..., :, None, :] * k[..., None, :, :]


def across(q: Tensor, k: Tensor) -> Tensor:
    """Every query of every text with every key of every text."""
    return q.flatten(0, -2) @ k.flatten(0, -2).mT


def later(q: Tensor, k: Tensor, diagonal: int) -> Tensor:
    """True above a diagonal, where a key comes after a query."""
    return torch.ones(q.size(-2), k.size(-2)).triu(diagonal) == 1


EXAMINATION = Examination(
    solution=match_scores,
    cases=(
        Case("the letters of yet ask those of tey", lambda: {"q": YET @ W_Q, "k": YET[[2, 1, 0]] @ W_K}),
        Case(
            "e and t ask the letters of yet",
            lambda: {"q": (YET @ W_Q)[1:], "k": YET @ W_K},
            "Two ask and three are asked. Which of the two numbers does each line mean?",
        ),
        Case(
            "four queries, two keys, D = 3",
            lambda: given(4, 2, 3),
            "On 'yet' D is 2, and here it is 3. Which of the sizes should no longer be there in the answer?",
        ),
        Case("one query, one key", lambda: given(1, 1, 5), "One pair, one score; the shape is still (1, 1)."),
        Case(
            "a batch of two texts",
            lambda: given(3, 5, 4, 2),
            "One text is right, several side by side are not. Count the dimensions from the end: the last is D in "
            "both, the one before it counts queries or keys.",
        ),
        Case(
            "two texts, each with three heads",
            lambda: given(4, 5, 6, 2, 3),
            "There are two dimensions in front here, and both should be left alone. Does a line count on one?",
        ),
        Case("a gradient comes back", lambda: given(3, 2, 4), gradient=True),
    ),
    beliefs=(
        Belief(
            "keys ask queries",
            "The table lies on its side: each row belongs to a key, and should to a query. It tempts, because a dot "
            "product is the same in both orders, and on the whole of 'yet' the table is its own mirror image. Say a "
            "row aloud: *whose* question is it, and whom does it ask?",
            (lambda q, k: k @ q.mT,),
        ),
        Belief(
            "each query meets its own key only",
            "Each query is matched with the one key that stands at the same place. It tempts, because q * k pairs "
            "rows up, and with as many queries as keys nothing complains. But e wants to hear of y and t too. How "
            "many scores do two queries and three keys make?",
            (lambda q, k: (q * k).sum(dim=-1), lambda q, k: torch.diag_embed((q * k).sum(dim=-1))),
        ),
        Belief(
            "the products are not added",
            "These are products of single numbers, not yet added up. It tempts to stop here, because * is the "
            "product that one types first. A match is one number: with (1, 0) and (2, 0), vowels bring 0 and "
            "consonants 2. What is their score?",
            (pairs, lambda q, k: q * k),
        ),
        Belief(
            "another dimension is added up",
            "What was added up is not the numbers of one pair: a sum ran over the queries or over the keys. It "
            "tempts, because any sum makes one dimension fewer. Write down which letters the answer's rows and "
            "columns stand for. Which size must be gone, Tq, Tk or D?",
            (
                lambda q, k: pairs(q, k).sum(dim=-2),
                lambda q, k: pairs(q, k).sum(dim=-3),
                lambda q, k: q.mT @ k,
                lambda q, k: pairs(q, k).sum(dim=1),
                lambda q, k: pairs(q, k).sum(dim=0),
            ),
        ),
        Belief(
            "keys stand upright by themselves",
            "The keys went into the product as they came, one row each. It tempts, because q @ k reads like 'query "
            "times key'. But @ takes each row of the left with each *column* of the right. What stands in a column "
            "of k, and what should?",
            (lambda q, k: q @ k, lambda q, k: k @ q),
        ),
        Belief(
            "T turns the last two dimensions",
            "In a batch, .T or .t() does not mean 'rows become columns'. It tempts, because for one text it does. "
            "Which two dimensions of k should change places, and which should stay?",
            (
                lambda q, k: q @ k.permute(*reversed(range(k.dim()))),
                lambda q, k: q @ k.transpose(0, 1),
                lambda q, k: q @ k.transpose(1, 2),
                lambda q, k: q @ k.t(),
            ),
        ),
        Belief(
            "one text asks another",
            "The queries of one text were matched with the keys of another. It tempts to make one long text of the "
            "batch, because then two dimensions are all there is. But the first story's e knows nothing of the "
            "second. How many scores has each text?",
            (across, lambda q, k: torch.tensordot(q, k, dims=([-1], [-1]))),
        ),
        Belief(
            "a match is an angle",
            "The lengths were divided out, so every score lies between −1 and 1. It tempts, because 'similar' often "
            "means the cosine. Here a long key is a loud one: t shows (2, 0), and y's (1, 1) is half a consonant. "
            "What is the dot product of (1, 0) with each?",
            (
                lambda q, k: F.normalize(q, dim=-1) @ F.normalize(k, dim=-1).mT,
                lambda q, k: q @ F.normalize(k, dim=-1).mT,
                lambda q, k: F.normalize(q, dim=-1) @ k.mT,
            ),
        ),
        Belief(
            "a match is being near",
            "These are distances, or distances with a minus. It tempts, because what matches should lie close. But "
            "when e asks (1, 0), the key (2, 0) is no nearer than (1, 1), and should score twice as much. Multiply "
            "their numbers in pairs: what do you get?",
            (
                lambda q, k: -torch.cdist(q, k),
                lambda q, k: torch.cdist(q, k),
                lambda q, k: -torch.cdist(q, k).square(),
                lambda q, k: torch.cdist(q, k).square(),
            ),
        ),
        Belief(
            "no match is below 0",
            "No score is negative: the sign was taken away, or what is below 0 became 0. It tempts, because a bad "
            "match sounds like no match. But a key may be the opposite of what was asked for, and that is worse than "
            "nothing. What is the dot product of (1, −2) and (−1, 1)?",
            (
                lambda q, k: (q @ k.mT).abs(),
                lambda q, k: (q @ k.mT).clamp(min=0),
                lambda q, k: (q @ k.mT).square(),
            ),
        ),
        Belief(
            "divided already",
            "The scores were divided by D or by its root. It tempts, because the formula that everybody knows has a "
            "root in it; a mean in place of a sum divides as well. That step comes later, and has a page of its own. "
            "What is 1 · 2 + 0 · 0?",
            (lambda q, k: q @ k.mT / math.sqrt(q.size(-1)), lambda q, k: q @ k.mT / q.size(-1)),
        ),
        Belief(
            "weights already",
            "These are weights: positive, and each row sums to one. It tempts, because a score is there to become "
            "one. Asked is the step before it. A score may be negative, for what is not wanted at all; which of "
            "yours is?",
            (
                lambda q, k: (q @ k.mT).softmax(dim=-1),
                lambda q, k: (q @ k.mT / math.sqrt(q.size(-1))).softmax(dim=-1),
            ),
        ),
        Belief(
            "the future is hidden already",
            "Some scores were struck out, those of a triangle. It tempts, because a text may not look ahead. But who "
            "may look is asked after how well it matches, and these queries may belong to another text altogether. "
            "Which pairs does 'each query with each key' leave out?",
            (
                lambda q, k: (q @ k.mT).tril(),
                lambda q, k: (q @ k.mT).tril(k.size(-2) - q.size(-2)),
                lambda q, k: (q @ k.mT).masked_fill(later(q, k, 1), -math.inf),
                lambda q, k: (q @ k.mT).masked_fill(later(q, k, 1 + k.size(-2) - q.size(-2)), -math.inf),
            ),
        ),
    ),
    by_hand="Take one wrong score. Write down the query of its row, the key of its column, and their dot product.",
)
