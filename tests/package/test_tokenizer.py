"""Characters to numbers and back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lower_triangle.errors import VocabularyError
from lower_triangle.tokenizer import CharTokenizer


@given(st.text())
def test_decode_undoes_encode(text):
    tokenizer = CharTokenizer(text)
    assert tokenizer.decode(tokenizer.encode(text)) == text


@given(st.text(min_size=1), st.data())
def test_encode_undoes_decode(text, data):
    tokenizer = CharTokenizer(text)
    tokens = data.draw(st.lists(st.integers(0, len(tokenizer) - 1)))
    assert tokenizer.encode(tokenizer.decode(tokens)) == tokens


@given(st.text())
def test_the_numbers_follow_the_order_of_the_characters(text):
    assert CharTokenizer(text).encode("".join(sorted(set(text)))) == list(range(len(set(text))))


def test_a_character_outside_the_vocabulary_is_named_with_its_place():
    with pytest.raises(VocabularyError, match=r"^cannot encode 'é' at position 1: the vocabulary has 2 characters"):
        CharTokenizer("ab").encode("aéb")


@pytest.mark.parametrize("token", [-1, 2])
def test_a_number_outside_the_vocabulary_is_named(token):
    with pytest.raises(VocabularyError, match=f"^cannot decode token {token}: the vocabulary's tokens are 0 to 1$"):
        CharTokenizer("ab").decode([0, token])
