"""The average in three forms: the loop step by step, the other two beside it, all at the same numbers in the end."""

from collections.abc import Callable, Iterator

import pytest
import torch
from playwright.sync_api import Page

from lower_triangle.attention import average_loop
from lower_triangle.examples import W_V, YET

from .axe import violations_everywhere
from .tab import Tab
from .waiting import until

PAGE = "attention/average/"
RUNS = "document.querySelector('average-three-ways.running .result') !== null"
TABLES = """all => Object.fromEntries(all.map(section => [section.querySelector("b").textContent,
  Object.fromEntries([...section.querySelectorAll("table")].map(table => [table.caption.textContent,
    [...table.tBodies[0].rows].map(row => [...row.querySelectorAll("td")].map(cell => cell.textContent))]))]))"""
WEIGHTS = [["1", "0", "0"], ["0.5", "0.5", "0"], ["0.3333", "0.3333", "0.3333"]]
SUMS = "Sum, and then average"
STEPS = [
    "y takes y: (0, 0) + (5, 5) = (5, 5).",
    "y: (5, 5) divided by 1 is (5, 5).",
    "e takes y: (0, 0) + (5, 5) = (5, 5).",
    "e takes e: (5, 5) + (0, 10) = (5, 15).",
    "e: (5, 15) divided by 2 is (2.5, 7.5).",
    "t takes y: (0, 0) + (5, 5) = (5, 5).",
    "t takes e: (5, 5) + (0, 10) = (5, 15).",
    "t takes t: (5, 15) + (10, 0) = (15, 15).",
    "t: (15, 15) divided by 3 is (5, 5).",
]


def begin(page: Page) -> None:
    page.locator("average-three-ways").evaluate("element => element.scrollIntoView()")
    assert until(page, RUNS)


@pytest.fixture
def forms(tab: Tab) -> Iterator[Page]:
    with tab.at(PAGE) as page:
        begin(page)
        yield page


def click(page: Page, name: str) -> None:
    page.locator("average-three-ways").get_by_role("button", name=name).click()


def tables(page: Page) -> dict[str, dict[str, list[list[str]]]]:
    return page.locator("average-three-ways section").evaluate_all(TABLES)


def said(page: Page) -> str:
    return page.locator("average-three-ways .sentence").inner_text()


def body(page: Page) -> str:
    return page.locator("average-three-ways .body").inner_text()


def written(x: torch.Tensor) -> list[list[str]]:
    """Numbers as the element writes them."""
    return [[f"{each:.4f}".rstrip("0").rstrip(".").replace("-", "−") for each in row] for row in x.tolist()]


def test_the_numbers_are_those_of_the_page(forms: Page):
    fields = forms.locator("average-three-ways .numbers input")
    assert fields.evaluate_all("all => all.map(field => field.valueAsNumber)") == (YET @ W_V).flatten().tolist()


def test_the_loop_goes_step_by_step_to_where_the_others_are(forms: Page):
    assert tables(forms)["A loop"] == {SUMS: 3 * [["…", "…", ""]]}
    assert "All three have arrived" not in body(forms)
    for step in STEPS:
        click(forms, "Next step of the loop")
        assert said(forms) == step
        is_sum = "divided" not in step
        assert tables(forms)["A loop"][SUMS]["yet".index(step[0])][2] == ("sum" if is_sum else "average")
        assert {row.inner_text()[0] for row in forms.locator("average-three-ways .now").all()} == {step[0]}
    averages = written(average_loop((YET @ W_V)[None])[0])
    scores = [["0", "−∞", "−∞"], ["0", "0", "−∞"], ["0", "0", "0"]]
    assert tables(forms) == {
        "A loop": {SUMS: [[*row, "average"] for row in averages]},
        "A matrix product": {"Weights": WEIGHTS, "Weights × letters": averages},
        "A softmax": {"Scores": scores, "Weights": WEIGHTS, "Weights × letters": averages},
    }
    assert "All three have arrived at the same numbers" in body(forms)
    assert forms.get_by_role("button", name="Next step of the loop").is_disabled()
    click(forms, "Begin again")
    assert tables(forms)["A loop"] == {SUMS: 3 * [["…", "…", ""]]}


def test_numbers_of_the_readers_own(forms: Page):
    click(forms, "Next step of the loop")
    for label, number in (
        ("sound of y, consonant", "-0.1"),
        ("sound of e, vowel", "1e3"),
        ("sound of t, vowel", "0.7"),
    ):
        forms.get_by_label(label).fill(number)
    assert said(forms) == "y takes y: (0, 0) + (−0.1, 5) = (−0.1, 5)."
    click(forms, "To its end")
    expected = written(average_loop(torch.tensor([[[-0.1, 5.0], [0.0, 1000.0], [10.0, 0.7]]], dtype=torch.float64))[0])
    assert [each["Weights × letters"] for name, each in tables(forms).items() if name != "A loop"] == 2 * [expected]
    assert tables(forms)["A loop"] == {SUMS: [[*row, "average"] for row in expected]}
    assert "but for rounding: they differ by" in body(forms)
    forms.get_by_label("sound of e, vowel").fill("")
    assert "No number: sound of e, vowel, where 1000 still counts." in body(forms)
    assert tables(forms)["A loop"] == {SUMS: [[*row, "average"] for row in expected]}
    for label in ("sound of y, vowel", "sound of e, vowel"):
        forms.get_by_label(label).fill("1e308")
    assert "A sum is too large for a number, so they differ." in body(forms)
    click(forms, "The page's numbers")
    click(forms, "To its end")
    assert said(forms) == STEPS[-1]


def test_the_keyboard_and_axe_light_and_dark_wide_and_narrow(forms: Page):
    forms.get_by_label("sound of t, vowel").focus()
    forms.keyboard.press("Tab")
    for _ in range(4):
        forms.keyboard.press("Enter")
    assert said(forms) == STEPS[3]
    assert violations_everywhere(forms, "average-three-ways") == []


def test_without_scripts_there_is_the_picture(visit: Callable[..., Page]):
    page = visit(PAGE, java_script_enabled=False)
    assert page.locator("average-three-ways figure svg").is_visible()
    assert page.locator("average-three-ways input").count() == 0
