"""Exercise: a text as numbers."""

from typing import Any

import torch
from torch import Tensor

from lower_triangle.exercises.cases import Belief, Case, Examination


def encode_text(text: str, vocabulary: str) -> Tensor:
    """Give each character its token: its place in the vocabulary, from 0.

    With the vocabulary "ety", the text "yet" is 2, 0, 1.

    Shapes:
        returns: (N,), a token for each of N characters, of torch.long
    """
    token_of = {character: token for token, character in enumerate(vocabulary)}
    tokens = [token_of[character] for character in text]
    return torch.tensor(tokens, dtype=torch.long)  # (N,)


def given(text: str, vocabulary: str) -> Any:
    return lambda: {"text": text, "vocabulary": vocabulary}


def each(token: Any) -> Any:
    """The answer of one who gives each character what `token` says of it."""
    return lambda text, vocabulary: torch.tensor([token(character, text, vocabulary) for character in text])


def without(left_out: str) -> Any:
    """The answer of one who leaves some characters out."""
    return lambda text, vocabulary: encode_text("".join(c for c in text if c not in left_out), vocabulary)


EXAMINATION = Examination(
    solution=encode_text,
    cases=(
        Case("the letters of yet", given("yet", "ety")),
        Case("one character", given("t", "ety"), "A text of one character has one token, in a tensor of shape (1,)."),
        Case(
            "a vocabulary with more than the text has",
            given("yet", "berty"),
            "Here the vocabulary holds characters that the text does not. Of which of the two are the places counted?",
        ),
        Case(
            "characters that come again, spaces, a line end",
            given("so it is,\nyet so", "\n ,eiosty"),
            "Here characters come again, and some of them are not letters. Does each of them have a token?",
        ),
        Case(
            "a vocabulary out of the alphabet's order",
            given("yet", "yte"),
            "This vocabulary has an order of its own. Which of its characters has token 0?",
        ),
        Case("the empty text", given("", "ety"), "No characters, no tokens: that is a tensor of shape (0,)."),
    ),
    beliefs=(
        Belief(
            "counted from 1",
            "Each token is one too large. It tempts, because people count from 1. But a token will pick a row of a "
            "table, and the first row of a tensor has number 0. Which character would pick that one?",
            (lambda text, vocabulary: encode_text(text, vocabulary) + 1,),
        ),
        Belief(
            "numbered as they come in the text",
            "The characters are numbered in the order in which this text brings them. It tempts, because then "
            "nothing has to be looked up. But another text would give the same letter another number. Where does the "
            "first letter of this text stand in the vocabulary?",
            (each(lambda c, text, vocabulary: "".join(dict.fromkeys(text)).index(c)),),
        ),
        Belief(
            "the place in the text",
            "These are the places in the text: 0, 1, 2 and so on. It tempts, because enumerate gives a number and a "
            "character together, of whatever it is handed. Two equal letters must get one and the same token. Which "
            "of the two strings has been counted?",
            (lambda text, vocabulary: torch.arange(len(text)), each(lambda c, text, vocabulary: text.index(c))),
        ),
        Belief(
            "a place in the text for each of the vocabulary",
            "This says of each character of the vocabulary where it stands in the text. It tempts, because both "
            "strings can be asked for a place. How many numbers should come back for a text of two letters, and what "
            "should the first one tell?",
            (
                lambda text, vocabulary: torch.tensor([text.index(c) for c in vocabulary]),
                lambda text, vocabulary: torch.tensor([text.find(c) for c in vocabulary]),
            ),
        ),
        Belief(
            "the numbers of Unicode",
            "These are the numbers that Unicode gives to characters, as they are or counted from 'a'. It tempts, "
            "because ord knows them without any vocabulary. But a model keeps one row for each token that there can "
            "be. How many rows would these three letters need?",
            (
                each(lambda c, text, vocabulary: ord(c)),
                each(lambda c, text, vocabulary: ord(c) - ord("a")),
            ),
        ),
        Belief(
            "a vocabulary of the text's own",
            "Each character is numbered among those of this text, sorted, and the vocabulary was not asked. It "
            "tempts, because a vocabulary is made so, once, of all there is to learn from. Would the letter get the "
            "same number in a longer text?",
            (
                each(lambda c, text, vocabulary: sorted(set(text)).index(c)),
                each(lambda c, text, vocabulary: sorted(text).index(c)),
            ),
        ),
        Belief(
            "the vocabulary sorted again",
            "The vocabulary was sorted, and then its places were counted. It tempts, because most vocabularies are "
            "sorted already, and then it changes nothing. This one has an order of its own, and a model has learned "
            "by it. Which character comes first in it?",
            (each(lambda c, text, vocabulary: sorted(vocabulary).index(c)),),
        ),
        Belief(
            "each character once",
            "A character that comes again got no token the second time. It tempts, because a vocabulary holds each "
            "character once. But a text needs all of its own: 'too' is not 'to'. How long is the text, and how long "
            "is the answer?",
            (lambda text, vocabulary: encode_text("".join(dict.fromkeys(text)), vocabulary),),
        ),
        Belief(
            "spaces and line ends are no characters",
            "Spaces or line ends have been left out. It tempts, because nobody sees them. But a model that should "
            "write words, and lines, has to learn where they end. Are they in the vocabulary?",
            (without(" \n"), without("\n"), without(" ")),
        ),
        Belief(
            "one-hot rows",
            "Each character has become a row with a single 1 in it (one-hot). It tempts, because a network can "
            "multiply such rows by a matrix. Asked is the number that comes before the row: what does the place of "
            "the 1 say?",
            (lambda text, vocabulary: torch.eye(len(vocabulary))[encode_text(text, vocabulary)],),
        ),
    ),
    by_hand="Write the vocabulary with 0, 1, 2 ... above it, and read off the number of each character of the text.",
)
