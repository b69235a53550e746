"""The word "yet" with numbers that can be changed: what is shown, what the address remembers, what is refused."""

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Locator, Page, expect

from lower_triangle.attention import attend, causal_mask
from lower_triangle.examples import W_K, W_Q, W_V, YET

from .axe import violations
from .tab import Tab
from .waiting import until

PAGE = "attention/causal-mask/"
RUNS = "document.querySelector('mask-and-scale.running td.sum') !== null"
MASKS = ["its score is −∞", "its score is 0", "its score is −10⁹", "its weight is struck out", "is not masked"]
# The row of e as the page prints it under each of the masks of "Four ways to hide a score", and without one.
ROWS = {
    MASKS[0]: ("0.6698 0.3302 0.0000 1.0000", "(3.3488, 6.6512): mostly vowel"),
    MASKS[1]: ("0.5035 0.2483 0.2483 1.0000", "(5.0000, 5.0000): as much consonant as vowel"),
    MASKS[2]: ("0.6698 0.3302 0.0000 1.0000", "(3.3488, 6.6512): mostly vowel"),
    MASKS[3]: ("0.2840 0.1400 0.0000 0.4240", "(1.4200, 2.8203): mostly vowel"),
    MASKS[4]: ("0.2840 0.1400 0.5760 1.0000", "(7.1797, 2.8203): mostly consonant"),
}


def begin(page: Page) -> None:
    """Go to where the element stands, and wait for it."""
    page.locator("mask-and-scale").evaluate("element => element.scrollIntoView()")
    assert until(page, RUNS)


@pytest.fixture
def yet(tab: Tab) -> Iterator[Page]:
    with tab.at(PAGE) as page:
        begin(page)
        yield page


def result(page: Page, title: str) -> Locator:
    return page.locator(".result", has=page.locator("caption", has_text=title))


def row_of_e(page: Page) -> str:
    return " ".join(result(page, "Weights").locator("tbody tr").nth(1).locator("td").all_inner_texts())


def said(page: Page) -> str:
    return page.locator("mask-and-scale .sentence").inner_text()


def test_the_numbers_are_those_of_the_package(yet: Page):
    for kind, matrix in (("query", W_Q), ("key", W_K), ("value", W_V)):
        fields = yet.locator(f"mask-and-scale input[data-kind={kind}]")
        shown = fields.evaluate_all("all => all.map(field => field.valueAsNumber)")
        assert shown == (YET @ matrix).flatten().tolist()


def test_e_hears_under_each_mask_what_the_page_prints(yet: Page):
    for mask, (row, hears) in ROWS.items():
        yet.get_by_label(mask).check()
        assert row_of_e(yet) == row
        assert said(yet) == f"e hears {hears}."
    remark = yet.locator("mask-and-scale p.hint").inner_text
    yet.get_by_label(MASKS[1]).check()
    assert remark() == "0 is a score like any other: e still takes 0.2483 from t."
    hidden = result(yet, "Scores").locator("td.hidden")
    assert hidden.all_inner_texts() == 3 * ["0.0000"]  # and not the one that e has for itself
    yet.get_by_label(MASKS[3]).check()
    assert "sum to 0.4240" in remark()


def test_each_scale_is_the_row_of_the_page_on_scale(visit: Callable[..., Page]):
    page = visit("attention/scaled/")
    begin(page)
    for scale, row in (
        ("nothing", "0.2447 0.6652 0.0900 1.0000"),
        ("√d, which is √2", "0.2840 0.5760 0.1400 1.0000"),
        ("d, the 2 numbers", "0.3072 0.5065 0.1863 1.0000"),
    ):
        page.get_by_label(scale).check()
        assert " ".join(result(page, "Weights").locator("tbody tr").nth(2).locator("td").all_inner_texts()) == row


def test_numbers_of_the_readers_own_are_computed_as_by_attend(yet: Page):
    yet.get_by_label("key of t, consonant").fill("4")
    yet.get_by_label("value of y, vowel").fill("-2.5")
    q, k, v = YET @ W_Q, YET @ W_K, YET @ W_V
    k[2, 0], v[0, 1] = 4, -2.5
    shown = result(yet, "What each hears").locator("tbody td").all_inner_texts()
    expected = attend(q, k, v, causal_mask(3, 3)).flatten().tolist()
    assert [float(each) for each in shown] == pytest.approx(expected, abs=6e-5)
    # Struck out after the softmax, the key of t is heard through the sum; it is the page's own example.
    yet.get_by_label(MASKS[3]).check()
    assert row_of_e(yet).startswith("0.1017 0.0501 0.0000")


def test_the_address_brings_all_of_it_to_somebody_else(yet: Page, visit: Callable[..., Page]):
    before = yet.url
    yet.get_by_label("key of t, consonant").fill("4")
    yet.get_by_label(MASKS[3]).check()
    yet.get_by_label("nothing").check()
    assert yet.url == f"{before}#mask-and-scale?mask=after&scale=none&key=1+1+0+2+4+0"
    yet.get_by_role("button", name="Copy a link").click()
    expect(yet.get_by_text("Copied", exact=True)).to_be_visible()
    link = yet.evaluate("navigator.clipboard.readText()")
    assert link == yet.url
    friend = visit(PAGE + link.removeprefix(before))
    assert until(friend, RUNS)
    assert row_of_e(friend) == row_of_e(yet)
    assert friend.locator("mask-and-scale").evaluate(
        "element => Math.abs(element.getBoundingClientRect().top) < innerHeight"
    )
    friend.get_by_role("button", name="Back to the page's numbers").click()
    assert row_of_e(friend) == ROWS[MASKS[0]][0]
    assert friend.url == before
    # A link followed on the page itself.
    friend.evaluate("location.hash = 'mask-and-scale?mask=none'")
    assert until(friend, "document.querySelector('mask-and-scale .sentence').textContent.includes('mostly consonant')")


def test_an_address_that_says_nothing_sensible_changes_nothing(visit: Callable[..., Page]):
    page = visit(
        PAGE
        + "#mask-and-scale?mask=<img src=x onerror=alert(1)>&scale=&key=1 2&query=a b c d e f&value=1e999 0 0 0 0 0&x"
    )
    assert until(page, RUNS)
    assert row_of_e(page) == ROWS[MASKS[0]][0]
    assert page.locator("mask-and-scale img").count() == 0
    assert page.get_by_text("Not all of the address could be understood").is_visible()


def test_a_missing_number_is_named_and_the_last_one_still_counts(yet: Page):
    field = yet.get_by_label("query of e, vowel")
    field.fill("")
    assert yet.get_by_text("No number: query of e, vowel, where 0 still counts.").is_visible()
    assert field.get_attribute("aria-invalid") is not None
    for mask in (MASKS[4], MASKS[0]):
        yet.get_by_label(mask).check()
        assert row_of_e(yet) == ROWS[mask][0]
    yet.get_by_role("button", name="Copy a link").click()
    expect(yet.get_by_text("Copied", exact=True)).to_be_visible()
    assert yet.evaluate("navigator.clipboard.readText()").rstrip("?").partition("#")[2] in ("", "mask-and-scale")
    assert "#" not in yet.url
    field.fill("1")
    assert field.get_attribute("aria-invalid") is None
    assert row_of_e(yet) != ROWS[MASKS[0]][0]


def test_scores_as_large_as_they_get_are_told_of(yet: Page):
    yet.get_by_label("query of e, vowel").fill("-1e10")
    yet.get_by_label(MASKS[2]).check()
    assert re.search(r"−10⁹ hides nothing: e takes 1\.0000 from t", yet.locator("mask-and-scale p.hint").inner_text())
    yet.get_by_label(MASKS[0]).check()
    assert row_of_e(yet) == "1.0000 0.0000 0.0000 1.0000"
    for label in ("query of e, consonant", "key of y, consonant"):
        yet.get_by_label(label).fill("1e308")
    assert said(yet) == "e hears no number: a score is larger than the largest that there is."


def test_the_keyboard_alone_and_axe_light_and_dark_wide_and_narrow(visit: Callable[..., Page]):
    for width in (1280, 320):
        page = visit(PAGE, viewport={"width": width, "height": 800})
        begin(page)
        page.get_by_label(MASKS[0]).focus()
        page.keyboard.press("ArrowDown")
        assert row_of_e(page) == ROWS[MASKS[1]][0]
        page.keyboard.press("Tab")  # one stop for each set of choices
        page.keyboard.press("ArrowDown")
        assert page.locator("[value=whole]").is_checked()
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.ariaLabel") == "query of y, consonant"
        page.keyboard.press("ArrowUp")
        assert page.get_by_label("query of y, consonant").input_value() == "1"
        for scheme in ("default", "slate"):
            page.evaluate("scheme => document.body.setAttribute('data-md-color-scheme', scheme)", scheme)
            assert violations([page], within="mask-and-scale") == []
        assert page.evaluate("document.documentElement.scrollWidth") == width


def test_without_scripts_there_is_the_picture(visit: Callable[..., Page]):
    page = visit(PAGE, java_script_enabled=False)
    assert page.locator("mask-and-scale figure svg").is_visible()
    assert page.locator("mask-and-scale input").count() == 0
