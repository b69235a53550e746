"""The home page's own: type your name, and the triangle fills."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, expect

from .axe import violations_everywhere
from .tab import Tab
from .test_attention_grid import matrix_of
from .waiting import until

RUNS = "document.querySelector('text-triangle.running .cells tbody td') !== null"
CELLS = "rows => rows.map(row => [...row.querySelectorAll('td')].map(cell => cell.textContent))"


@pytest.fixture
def home(tab: Tab) -> Iterator[Page]:
    with tab.at("") as page:
        assert until(page, RUNS)
        yield page


def cells(page: Page) -> list[list[str]]:
    return page.locator("text-triangle .cells tbody tr").evaluate_all(CELLS)


def expected(text: str) -> list[list[str]]:
    return [[f"{weight:.2f}" for weight in row[: t + 1]] for t, row in enumerate(matrix_of("head", text).tolist())]


def test_a_row_is_filled_with_each_letter_of_a_name(home: Page):
    assert cells(home) == expected("the king")
    field = home.get_by_label("Type your name")
    field.fill("")
    assert "Nothing to read yet" in home.locator("text-triangle").inner_text()
    for length in range(1, 4):
        field.press_sequentially("Ada"[length - 1])
        assert until(home, "T => document.querySelectorAll('text-triangle .cells tbody tr').length === T", length)
        assert cells(home) == expected("Ada"[:length])
    home.locator("text-triangle .cells tbody tr").nth(2).locator("td").nth(0).click()
    expect(home.locator("text-triangle .sentence")).to_contain_text("a looks at A:")


def test_a_long_name_and_letters_that_it_never_saw_are_told_of(home: Page):
    home.get_by_label("Type your name").fill("Zoë Bartholomew 7")
    text = home.locator("text-triangle .body")
    expect(text).to_contain_text("Not in its vocabulary, and left out: ë (U+00EB), 7 (U+0037).")
    expect(text).to_contain_text("The model reads 8 characters, the last of the 15.")
    assert until(home, "document.querySelectorAll('text-triangle .cells tbody tr').length === 8")
    assert cells(home) == expected("holomew ")


def test_axe_finds_nothing_light_or_dark_wide_or_narrow(home: Page):
    assert violations_everywhere(home, "text-triangle") == []


def test_without_scripts_there_is_the_picture(visit: Callable[..., Page]):
    page = visit("", java_script_enabled=False)
    assert page.locator("text-triangle figure svg").is_visible()
    assert page.locator("text-triangle textarea").count() == 0
