"""Exercise: which token it is, and where it stands, in one vector."""

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from lower_triangle.exercises.cases import Belief, Case, Examination


def place_tokens(
    tokens: Tensor,
    token_table: Tensor,
    position_table: Tensor,
) -> Tensor:
    """Add the row of each token and the row of the place where it stands.

    The first token of a text stands at place 0. Of "yet", with e (0, 1),
    t (1, 0), y (0.5, 0.5) and the places (10, 20), (30, 40), (50, 60), that is
    (10.5, 20.5), (30, 41), (51, 60).

    Shapes:
        tokens: (B, T), with T at most context_length
        token_table: (V, C), a row for each token that there is
        position_table: (context_length, C), a row for each place
        returns: (B, T, C)
    """
    T = tokens.size(1)
    which = token_table[tokens]  # (B, T, C)
    where = position_table[:T]  # (T, C), the same for every text
    return which + where  # (B, T, C)


LETTERS = [[0.0, 1.0], [1.0, 0.0], [0.5, 0.5]]  # e, t, y
PLACES = [[10.0, 20.0], [30.0, 40.0], [50.0, 60.0], [70.0, 80.0]]


def with_letters(*texts: list[int]) -> Any:
    return lambda: {
        "tokens": torch.tensor(texts),
        "token_table": torch.tensor(LETTERS),
        "position_table": torch.tensor(PLACES),
    }


def drawn(B: int, T: int, V: int, context_length: int, C: int) -> Any:
    """Tokens and two tables of small whole numbers, the same each time."""

    def make() -> dict[str, Any]:
        rng = torch.Generator().manual_seed(8)
        return {
            "tokens": torch.randint(0, V, (B, T), generator=rng),
            "token_table": torch.randint(-9, 10, (V, C), generator=rng).float(),
            "position_table": torch.randint(-9, 10, (context_length, C), generator=rng).float(),
        }

    return make


def at(where: Callable[[Tensor, Tensor], Tensor]) -> Callable[..., Tensor]:
    """The answer of one who adds other rows: `where(position_table, tokens)`."""
    return lambda tokens, token_table, position_table: token_table[tokens] + where(position_table, tokens)


def joined(how: Callable[[Tensor, Tensor], Tensor]) -> Callable[..., Tensor]:
    """The answer of one who puts the two rows together in another way."""
    return lambda tokens, token_table, position_table: how(
        token_table[tokens], position_table[: tokens.size(1)].expand(len(tokens), -1, -1)
    )


def moved(tokens: Tensor) -> Tensor:
    """Each token's number, and the number of its place added to it."""
    return tokens + torch.arange(tokens.size(1))


EXAMINATION = Examination(
    solution=place_tokens,
    cases=(
        Case("the letters of yet, with room for four", with_letters([2, 0, 1])),
        Case(
            "one letter four times, which fills the context",
            with_letters([1, 1, 1, 1]),
            "There is a place for each token here and none is left over. How many rows do you take, and from where?",
        ),
        Case("one token, T = 1", drawn(1, 1, V=4, context_length=3, C=2), "One token stands at place 0."),
        Case(
            "two texts, of sizes that all differ",
            drawn(2, 3, V=7, context_length=5, C=4),
            "One text is right, two are not. The places of a text are the same in each: which dimension counts them?",
        ),
        Case(
            "more texts than places",
            drawn(5, 2, V=6, context_length=3, C=4),
            "Here B is 5 and T is 2. Which of the two counts the places?",
        ),
        Case("more tokens than places", drawn(2, 3, V=90, context_length=4, C=5)),
        Case("a gradient comes back", drawn(2, 3, V=7, context_length=5, C=4), gradient=True),
    ),
    beliefs=(
        Belief(
            "which, without where",
            "Each token has its row of the token table, and no place. It tempts, because that was the whole model so "
            "far. But 'yet' and 'tey' are then the same three vectors, and attention takes averages, in any order. "
            "Which argument has not been used?",
            (at(lambda places, tokens: torch.zeros(places.size(1))),),
        ),
        Belief(
            "the token's number is its place",
            "The row of the position table was chosen by the token. It tempts, because both tables are read with "
            "square brackets, and tokens are at hand. Then a letter brings the same wherever it stands. Take a text "
            "of one letter repeated: which places do you read?",
            (at(lambda places, tokens: places[tokens]),),
        ),
        Belief(
            "places are counted from the end",
            "The last token stands at the first place. It tempts, because what came last matters most. But a text "
            "that grows would then move all its letters. Which row does y of 'yet' get, and which would it get in "
            "'ye'?",
            (
                at(lambda places, tokens: places[: tokens.size(1)].flip(0)),
                at(lambda places, tokens: places.flip(0)[: tokens.size(1)]),
            ),
        ),
        Belief(
            "places are counted from 1",
            "Each token stands one place too far: the first row of the position table is not used. It tempts, because "
            "the first letter is called the first. A text that fills its context would need one row more than there "
            "is. What does arange begin with?",
            (
                at(lambda places, tokens: places[1 : tokens.size(1) + 1]),
                at(lambda places, tokens: places[torch.arange(1, tokens.size(1) + 1)]),
            ),
        ),
        Belief(
            "the last rows of the table",
            "The text has the *last* rows of the position table. It tempts, because a context is cropped from the "
            "left, with a minus sign. That is the text's end; here it is the table's. At which place does a text of "
            "one letter stand?",
            (at(lambda places, tokens: places[-tokens.size(1) :]),),
        ),
        Belief(
            "each text has a place",
            "The place was counted along the batch: all letters of a text have one place, and the next text the next. "
            "It tempts, because the first dimension is the one that comes first. The texts of a batch know nothing of "
            "each other. In (B, T), which counts places?",
            (at(lambda places, tokens: places[: tokens.size(0)][:, None]),),
        ),
        Belief(
            "one place for all",
            "All letters have the same place added: one row of the table, or an average of them. It tempts, because "
            "broadcasting makes it fit. But then y and t stand at the same place, and the order cannot be told. How "
            "many different rows do three letters need?",
            (
                at(lambda places, tokens: places[0]),
                at(lambda places, tokens: places[tokens.size(1) - 1]),
                at(lambda places, tokens: places[-1]),
                at(lambda places, tokens: places.mean(dim=0)),
                at(lambda places, tokens: places[: tokens.size(1)].mean(dim=0)),
                at(lambda places, tokens: places.sum(dim=0)),
            ),
        ),
        Belief(
            "the number of the place",
            "What was added is the number of the place, 0, 1, 2, and not its row. It tempts, because the number says "
            "where it is. But it moves all C numbers of a letter by the same, and further for every place. Where is "
            "that number looked up?",
            (
                at(lambda places, tokens: torch.arange(tokens.size(1))[:, None]),
                at(lambda places, tokens: torch.arange(1, tokens.size(1) + 1)[:, None]),
            ),
        ),
        Belief(
            "added before they are looked up",
            "The number of the place was added to the number of the token, and the sum looked up. It tempts, because "
            "one table is less than two. But t at place 1 and y at place 0 then have the same row, or a row that is "
            "not there. Two numbers, two tables: what is it that can be added?",
            (
                lambda tokens, token_table, position_table: token_table[moved(tokens)],
                lambda tokens, token_table, position_table: F.embedding(moved(tokens), token_table),
            ),
        ),
        Belief(
            "side by side",
            "The two rows stand side by side, or the places come after the tokens. It tempts, because so nothing is "
            "lost. But the next layer expects C numbers for a token, and there are 2C now, or 2T tokens. What keeps "
            "the shape, and puts both into it?",
            (
                joined(lambda which, where: torch.cat([which, where], dim=-1)),
                joined(lambda which, where: torch.cat([where, which], dim=-1)),
                joined(lambda which, where: torch.cat([which, where], dim=1)),
                joined(lambda which, where: torch.stack([which, where])),
            ),
        ),
        Belief(
            "one times the other",
            "The two rows were multiplied. It tempts, because a product depends on both, as it should. But where the "
            "token has a 0, the place cannot be seen: e brings (0, 1). What else makes one row of two, and lets a "
            "later layer tell them apart?",
            (joined(torch.mul),),
        ),
        Belief(
            "other shares of the two",
            "Both are in it, in other shares: half and half, or the token times the root of C, or the place twice. It "
            "tempts, because an average keeps the size, and the first Transformer has the root of C. The tables are "
            "learned, and find their own size. What is left to do here?",
            (
                joined(lambda which, where: (which + where) / 2),
                joined(lambda which, where: which * which.size(-1) ** 0.5 + where),
                joined(lambda which, where: which + 2 * where),
            ),
        ),
        Belief(
            "every text fills its context",
            "The whole position table was added, and this text is shorter than the context. It tempts, because in "
            "training a chunk has exactly that length. A text that is being written begins with one token. How many "
            "places are taken?",
            (at(lambda places, tokens: places),),
        ),
    ),
    by_hand="Write under each token of the first row its place; then look up both rows, and write down their sum.",
)
