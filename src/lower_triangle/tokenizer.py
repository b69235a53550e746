"""Characters to integers and back."""

from collections.abc import Iterable

from lower_triangle.errors import VocabularyError


class CharTokenizer:
    """One token for each character of a vocabulary, numbered in sorted order.

    Raises:
        VocabularyError: when asked to encode a character, or decode a number, that the vocabulary does not hold.

    Source: Karpathy, "Let's build GPT", from 00:09:28.
    """

    def __init__(self, text: str) -> None:
        self.vocabulary = "".join(sorted(set(text)))
        self.token_of = {
            character: token for token, character in enumerate(self.vocabulary)
        }

    def __len__(self) -> int:
        return len(self.vocabulary)

    def encode(self, text: str) -> list[int]:
        """The token of each character of `text`."""
        for position, character in enumerate(text):
            if character not in self.token_of:
                raise VocabularyError(
                    f"cannot encode {character!r} at position {position}: the "
                    f"vocabulary has {len(self)} characters and it is not among them"
                )
        return [self.token_of[character] for character in text]

    def decode(self, tokens: Iterable[int]) -> str:
        """The text that `tokens` spell; the inverse of `encode`."""
        characters = []
        for token in tokens:
            if not 0 <= token < len(self):
                raise VocabularyError(
                    f"cannot decode token {token}: "
                    f"the vocabulary's tokens are 0 to {len(self) - 1}"
                )
            characters.append(self.vocabulary[token])
        return "".join(characters)
