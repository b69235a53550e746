"""Exercise: pairs of tokens, counted, smoothed and made into probabilities."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from lower_triangle.exercises.cases import Belief, Case, Examination


def pair_probabilities(tokens: Tensor, vocab_size: int) -> Tensor:
    """How probable each token is after each other: pairs counted, one added.

    Each row is a token, each column the token after it. In 0, 1, 0, 1, 1 the
    pairs were seen (0, 2) and (1, 1) times; with one added to every count,
    (1, 3) and (2, 2); so the rows are (0.25, 0.75) and (0.5, 0.5).

    Shapes:
        tokens: (N,), whole numbers below V, which is vocab_size
        returns: (V, V)
    """
    counts = torch.ones(vocab_size, vocab_size)  # (V, V), one of every pair
    for token, after in zip(tokens[:-1], tokens[1:], strict=True):
        counts[token, after] += 1
    return counts / counts.sum(dim=-1, keepdim=True)


def given(tokens: list[int], vocab_size: int) -> Any:
    return lambda: {"tokens": torch.tensor(tokens), "vocab_size": vocab_size}


def drawn(N: int, vocab_size: int) -> dict[str, Any]:
    """A text that does not use its tokens alike, the same each time."""
    rng = torch.Generator().manual_seed(4)
    tokens = torch.randint(vocab_size, (2, N), generator=rng).amin(dim=0)  # (N,)
    return {"tokens": tokens, "vocab_size": vocab_size}


def counted(tokens: Tensor, V: int) -> Tensor:
    """How often each token is followed by each, with nothing added."""
    return (tokens[:-1] * V + tokens[1:]).bincount(minlength=V * V).view(V, V).float()  # (V, V)


def rows(counts: Tensor) -> Tensor:
    return counts / counts.sum(dim=-1, keepdim=True)


def of_counts(change: Callable[[Tensor], Tensor]) -> Callable[[Tensor, int], Tensor]:
    """The answer of one who counts rightly and then does something else."""
    return lambda tokens, vocab_size: change(counted(tokens, vocab_size))


def in_a_ring(tokens: Tensor, vocab_size: int) -> Tensor:
    """The pairs of a text whose last token is followed by its first."""
    return rows(counted(torch.cat([tokens, tokens[:1]]), vocab_size) + 1)


EXAMINATION = Examination(
    solution=pair_probabilities,
    cases=(
        Case("0, 1, 0, 1, 1 of two tokens", given([0, 1, 0, 1, 1], 2)),
        Case(
            "a token that never occurs",
            given([0, 1, 0, 0, 1, 0, 0, 0], 3),
            "Token 2 exists and does not occur here. Its row and its column are there all the same: what do they hold, "
            "when one is added to every count?",
        ),
        Case("a single pair", given([2, 0], 3), "All that was seen is one pair. Which row, and which column, is it?"),
        Case("a longer text of five tokens", lambda: drawn(24, 5)),
        Case("a single token, so no pair at all", given([1], 3), "Nothing was seen. What is left of counts of 0?"),
    ),
    beliefs=(
        Belief(
            "rows are the tokens after",
            "The table lies on its side: its rows are the tokens that come after. It tempts, because a table of pairs "
            "can be read both ways. Read a row aloud: 'after *this* token comes 0 with ..., 1 with ...'.",
            (of_counts(lambda counts: rows(counts.mT + 1)), of_counts(lambda counts: rows(counts + 1).mT)),
        ),
        Belief(
            "divided by the sums of before",
            "One was added to every count, and each row divided by its old sum. It tempts, because those sums were "
            "there already. Now the probabilities of a row sum to more than one. How many does a row hold after each "
            "of its counts has grown?",
            (of_counts(lambda counts: (counts + 1) / counts.sum(dim=-1, keepdim=True)),),
        ),
        Belief(
            "nothing added",
            "These are the shares of the counts as they were. It tempts, because that is what was seen. But a pair "
            "that was never seen gets 0, and the loss of a text that has it is ∞; and a token never seen has a row of "
            "0/0. How often had each pair been seen, if it were once more?",
            (of_counts(rows),),
        ),
        Belief(
            "one added after the division",
            "The one was added to probabilities. It tempts, because the order looks like a matter of taste. But a "
            "probability is at most 1 and a count may be 1000: what is one more beside each? To which of the two "
            "does 'seen once more' belong?",
            (of_counts(lambda counts: rows(counts) + 1), of_counts(lambda counts: rows(rows(counts) + 1))),
        ),
        Belief(
            "one added only where there was 0",
            "One was added only to pairs that were never seen. It tempts, because only they are in need. But then a "
            "pair that was seen once and one that was never seen count the same. Which of the two would you rather "
            "bet on?",
            (of_counts(lambda counts: rows(counts.clamp(min=1))),),
        ),
        Belief(
            "each pair once, however often it occurs",
            "A pair that occurs twice was counted once. It tempts, because counts[tokens[:-1], tokens[1:]] += 1 reads "
            "like a count; but it looks up all the places first and writes 1 into each, the same one twice. How often "
            "does 0, 1 occur in 0, 1, 0, 1, 1, and what did you count?",
            (of_counts(lambda counts: rows(counts.clamp(max=1) + 1)),),
        ),
        Belief(
            "the sums of the rows, lined up with the columns",
            "Each column is divided by one number, where each row should be. It tempts, because sum(dim=-1) has the "
            "right numbers, and where the sums are equal nothing shows; but it has lost a dimension, so it lies down "
            "as a row. Which of your rows sum to one? Then read what keepdim does.",
            (of_counts(lambda counts: (counts + 1) / (counts + 1).sum(dim=-1)),),
        ),
        Belief(
            "columns sum to one",
            "Each column sums to one: it says what came *before* a token. It tempts, because a table has two "
            "directions, and dim=0 is the one typed first. The model stands at a token and guesses the next. Which "
            "numbers must then share a one?",
            (of_counts(lambda counts: (counts + 1) / (counts + 1).sum(dim=0)),),
        ),
        Belief(
            "the whole table sums to one",
            "The whole table sums to one: this is how probable each pair is. It tempts, because counts divided by all "
            "counts are probabilities too. But the model is told the first token of the pair. When 0 has come, what "
            "should the numbers in its row sum to?",
            (of_counts(lambda counts: (counts + 1) / (counts + 1).sum()),),
        ),
        Belief(
            "neighbours on both sides",
            "Each pair was counted in both directions, as if 0, 1 were also a 1, 0. It tempts, because they are "
            "neighbours. But 'q' is followed by 'u', and is 'u' by 'q'? Which of the two stands first?",
            (of_counts(lambda counts: rows(counts + counts.mT + 1)),),
        ),
        Belief(
            "the last token is followed by the first",
            "There is one pair too many: the last token, followed by the first. It tempts, because roll and an index "
            "of −1 go round without complaint. How many pairs do five tokens have?",
            (in_a_ring,),
        ),
    ),
    by_hand="Write the text down, draw a bow over each pair, and tally the bows in a table before you add anything.",
)
