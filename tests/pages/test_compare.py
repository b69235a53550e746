"""The comparison rule: 1.5 units in the last place of a decimal, everything else exactly."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pagecode.compare import same
from pagecode.outputs import difference, lines_of, mended

MASK = "tensor([[1., 0.],\n        [1., 1.]])"


@pytest.mark.parametrize(
    ("expected", "got"),
    [
        ("0.2689", "0.2690"),
        ("[0.1000, -0.2000]", "[0.1001, -0.1999]"),
        ("loss 2.41, best 2.40", "loss 2.42, best 2.41"),
        ("1.50e-05", "1.51e-05"),
        ("-0.0001", "-0.0000"),
        ("0.5.", "0.6."),
        (MASK, MASK),
    ],
)
def test_a_last_place_may_differ_by_one(expected: str, got: str):
    assert same(expected, got) and same(got, expected)


@pytest.mark.parametrize(
    ("expected", "got"),
    [
        ("0.2689", "0.2691"),
        ("0.2689", "0.3689"),
        ("1.2689", "2.2689"),
        ("5e-05", "1e-09"),
        ("1.50e-05", "1.50e-06"),
        ("1.", "0."),
        ("[[0.,1.],[1.,1.]]", "[[1.,0.],[1.,1.]]"),
        ("[[0., 1.],\n [1., 1.]]", "[[1., 0.],\n [1., 1.]]"),
        ("3", "4"),
        ("0.50", "0.5"),
        ("0.5", "-0.5"),
        ("0.5", "0.5 "),
        ("x = 0.5", "y = 0.5"),
        ("torch 2.13.0", "torch 2.12.0"),
        ("v1.5", "v1.6"),
        ("nan", "0.5"),
        ("0.5", ""),
    ],
)
def test_everything_else_is_exact(expected: str, got: str):
    assert not same(expected, got) and not same(got, expected)


@given(st.text())
def test_any_text_is_the_same_as_itself(text: str):
    assert same(text, text)


@given(st.from_regex(r"\A(-?\d{1,40}\.\d{1,40}(e[+-]?\d{1,9})?[ ,x.\[]*){1,4}\Z"))
def test_any_numbers_are_the_same_as_themselves(text: str):
    assert same(text, text)


@given(st.floats(-1e6, 1e6), st.integers(1, 6), st.integers(2, 9))
def test_a_digit_wrong_by_two_or_more_in_the_last_place_is_found(value: float, places: int, off: int):
    shown = f"{value:.{places}f}"
    last = int(shown[-1])
    wrong = shown[:-1] + str((last + off) % 10)
    assert same(shown, wrong) == (abs(int(wrong[-1]) - last) < 2)


@given(st.floats(-1e6, 1e6), st.integers(1, 6), st.integers(1, 9), st.data())
def test_a_digit_wrong_in_any_earlier_place_is_found(value: float, places: int, off: int, data: st.DataObject):
    shown = f"{value:.{places}f}"
    at = data.draw(st.sampled_from([at for at, sign in enumerate(shown[:-1]) if sign.isdigit()]))
    wrong = shown[:at] + str((int(shown[at]) + off) % 10) + shown[at + 1 :]
    assert not same(shown, wrong)


def test_a_difference_is_named_by_its_line():
    shown = [(7, "0.10"), (8, "b"), (9, "c")]
    assert difference(shown, ["0.11", "b", "c"], 10) is None
    assert difference(shown, ["0.12", "b", "x"], 10) == (7, "expected '0.10', got '0.12'")
    assert difference(shown, ["0.10", "b"], 10) == (9, "expected 'c', and nothing more is printed")
    assert difference(shown, ["0.10", "b", "c", "d"], 10) == (10, "more is printed than is shown: 'd'")


def test_printed_text_is_compared_as_a_fence_can_show_it():
    assert lines_of("a  \n\n\tb") == ["a", "", "        b"]
    assert lines_of("50 %\r100 %\n") == ["50 %", "100 %"]
    assert lines_of("") == []


def test_mending_leaves_alone_what_is_within_the_tolerance():
    assert mended([(1, "0.10"), (2, "old")], ["0.11", "new"]) == ["0.10", "new"]
    assert mended([(1, "0.10")], ["0.11", "new"]) == ["0.11", "new"]
