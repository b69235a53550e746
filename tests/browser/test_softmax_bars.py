"""Scores that a reader moves: the weights that they become, and what is said of them."""

from collections.abc import Callable, Iterator

import pytest
import torch
from playwright.sync_api import Page

from lower_triangle.softmax import softmax

from .axe import violations_everywhere
from .tab import Tab
from .waiting import until

PAGE = "grounding/softmax/"
RUNS = "document.querySelector('softmax-bars.running .score') !== null"


def begin(page: Page) -> None:
    page.locator("softmax-bars").evaluate("element => element.scrollIntoView()")
    assert until(page, RUNS)


@pytest.fixture
def bars(tab: Tab) -> Iterator[Page]:
    with tab.at(PAGE) as page:
        begin(page)
        yield page


def fill(page: Page, label: str, value: str) -> None:
    page.locator("softmax-bars").get_by_label(label, exact=True).fill(value)


def click(page: Page, name: str) -> None:
    page.locator("softmax-bars").get_by_role("button", name=name).click()


def shown(page: Page) -> list[tuple[str, str, float]]:
    """Of each score its exponential, its weight, and the length of its bar in percent."""
    parts = """rows => rows.map(row => [row.querySelector(".exponential").textContent, row.querySelector(".weight").textContent,
      parseFloat(row.querySelector(".length span").style.width)])"""
    return [tuple(row) for row in page.locator("softmax-bars .score").evaluate_all(parts)]


def by_python(scores: list[float], temperature: float = 1) -> list[str]:
    """The weights, as the element writes them."""
    weights = softmax(torch.tensor(scores, dtype=torch.float64), temperature).tolist()
    written = {True: "under 0.1 %", False: "over 99.9 %"}
    return [f"{100 * each:.1f} %" if 5e-4 <= each <= 0.9995 or each == 1 else written[each < 0.5] for each in weights]


def said(page: Page) -> str:
    return page.locator("softmax-bars .sentence").inner_text()


def body(page: Page) -> str:
    return page.locator("softmax-bars .body").inner_text()


def test_it_begins_with_what_the_page_works_out_by_hand(bars: Page):
    assert [(exponential, weight) for exponential, weight, _ in shown(bars)] == [
        ("exp(2) = 7.3891", "66.5 %"),
        ("exp(1) = 2.7183", "24.5 %"),
        ("exp(0) = 1.0000", "9.0 %"),
    ]
    assert [round(length, 2) for _, _, length in shown(bars)] == [66.52, 24.47, 9.0]
    assert "They sum to 11.1073, and each is divided by that." in body(bars)
    assert said(bars) == "a is 1 ahead of b, so its weight is exp(1) = 2.7183 times as large."


def test_scores_and_temperature_of_the_readers_own_become_what_the_package_says(bars: Page):
    fill(bars, "score b", "-3.25")
    fill(bars, "temperature", "0.4")
    click(bars, "One score more")
    fill(bars, "score d", "1.5")
    assert [weight for _, weight, _ in shown(bars)] == by_python([2, -3.25, 0, 1.5], 0.4)
    fill(bars, "temperature", "7")
    assert [weight for _, weight, _ in shown(bars)] == by_python([2, -3.25, 0, 1.5], 7)
    click(bars, "One less")
    assert len(shown(bars)) == 3
    for _ in range(5):
        click(bars, "One score more")
    assert bars.get_by_role("button", name="One score more").is_disabled()
    click(bars, "The page's scores")
    assert [weight for _, weight, _ in shown(bars)] == by_python([2, 1, 0])


def test_a_slider_and_its_field_are_one(bars: Page):
    slider = bars.get_by_label("score c, moved")
    slider.focus()
    for _ in range(10):
        bars.keyboard.press("ArrowRight")
    assert bars.get_by_label("score c", exact=True).input_value() == "1"
    assert said(bars).startswith("a is 1 ahead of b")
    fill(bars, "score c", "2")
    assert slider.input_value() == "2"
    assert said(bars) == "a and c are equal, and so are their weights."
    fill(bars, "score c", "40")  # farther than a slider goes
    assert slider.input_value() == "5"
    assert [weight for _, weight, _ in shown(bars)] == ["under 0.1 %", "under 0.1 %", "over 99.9 %"]


def test_minus_infinity_gets_nothing_and_a_row_of_nothing_else_is_no_number(bars: Page):
    hide = bars.locator("softmax-bars").get_by_label
    hide("score a is −∞").check()
    assert [weight for _, weight, _ in shown(bars)] == ["0.0 %", *by_python([1, 0])]
    assert shown(bars)[0][0] == "exp(−∞) = 0"
    click(bars, "One score more")  # what is hidden stays hidden
    assert [weight for _, weight, _ in shown(bars)] == ["0.0 %", *by_python([1, 0, 0])]
    click(bars, "One less")
    assert bars.get_by_label("score a", exact=True).is_disabled()
    hide("score b is −∞").check()
    assert said(bars) == "c is alone, and gets all."
    hide("score c is −∞").check()
    assert {(weight, length) for _, weight, length in shown(bars)} == {("NaN", 0)}
    assert said(bars) == "Nobody is left to be looked at: 0 / 0 is no number, and in Python neither."
    hide("score b is −∞").uncheck()
    assert said(bars) == "b is alone, and gets all."


def test_what_is_little_is_not_nothing_and_what_is_not_all_is_not_all(bars: Page):
    fill(bars, "score b", "-800")
    fill(bars, "score c", "-1e-6")
    assert [weight for _, weight, _ in shown(bars)][1] == "under 0.1 %"
    bars.get_by_label("score b is −∞").check()
    assert [weight for _, weight, _ in shown(bars)][1] == "0.0 %"
    fill(bars, "score a", "-2e-6")
    assert said(bars).startswith("c is 1.000e−6 ahead of a")
    bars.get_by_label("score b is −∞").uncheck()
    for name in ("score a", "score b", "score c"):
        fill(bars, name, "3")
    assert said(bars) == "a and b and c are equal, and so are their weights."


def test_what_goes_beyond_numbers_is_told_of_and_right(bars: Page):
    for score in ("1000", "-1000"):
        for name, ahead in zip("abc", (1, 0, 0), strict=True):
            fill(bars, f"score {name}", str(float(score) + ahead))
        assert [weight for _, weight, _ in shown(bars)] == by_python([1, 0, 0])
        assert "larger or smaller than a number of 64 bits can be" in body(bars)


def test_what_is_no_number_or_no_divisor_is_refused_and_the_last_one_counts(bars: Page):
    before = shown(bars)
    fill(bars, "score b", "")
    assert shown(bars) == before
    assert "No number: score b, where 1 still counts." in body(bars)
    fill(bars, "score b", "1")
    for temperature in ("0", "-1"):
        fill(bars, "temperature", temperature)
        assert "it has to be above 0; 1 still counts." in body(bars)
        assert shown(bars) == before
    fill(bars, "temperature", "2")
    after = shown(bars)
    fill(bars, "temperature", "")
    assert "it has to be above 0; 2 still counts." in body(bars) and shown(bars) == after
    assert (
        said(bars)
        == "Divided by the temperature: a is 0.5 ahead of b, so its weight is exp(0.5) = 1.6487 times as large."
    )
    fill(bars, "temperature", "1")
    assert "No number" not in body(bars) and "above 0" not in body(bars)


def test_axe_finds_nothing_light_or_dark_wide_or_narrow(bars: Page):
    assert violations_everywhere(bars, "softmax-bars") == []


def test_without_scripts_there_is_the_picture(visit: Callable[..., Page]):
    page = visit(PAGE, java_script_enabled=False)
    assert page.locator("softmax-bars figure svg").is_visible()
    assert page.locator("softmax-bars input").count() == 0
