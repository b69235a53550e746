"""Every stage writes the same text on, side by side: the same as in Python, each with its loss."""

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from lower_triangle.export import SHOWN
from lower_triangle.results import load_result

from .axe import violations
from .tab import Tab
from .test_triangle_grow import ENTRIES, by_python
from .waiting import until

RUNS = "document.querySelector('stage-ladder.running li') !== null"
LENGTHS = "() => [...document.querySelectorAll('stage-ladder .written')].map(text => text.textContent.length)"
LIGHT = [stage for stage in ENTRIES if stage != "gpt"]


@pytest.fixture
def ladder(tab: Tab) -> Iterator[Page]:
    with tab.at("play/") as page:
        yield begin(page)


def begin(page: Page) -> Page:
    page.locator("stage-ladder").evaluate("element => element.scrollIntoView()")
    assert until(page, RUNS)
    return page


def rung(page: Page, stage: str) -> Locator:
    return page.locator("stage-ladder li", has=page.locator("b", has_text=re.compile(f"^{stage}$")))


def click(page: Page, name: str) -> None:
    page.locator("stage-ladder").get_by_role("button", name=name).click()


def test_each_writes_what_python_writes_and_the_largest_when_it_is_asked_for(ladder: Page):
    ladder.locator("stage-ladder").get_by_label("Seed").fill("3")
    click(ladder, "Let all of them write")
    assert until(ladder, f"Math.min(...({LENGTHS})().slice(0, 10)) === 127", seconds=20)
    for stage in LIGHT:
        assert rung(ladder, stage).locator(".written").text_content() == by_python(stage, "my king", 120, 3)
    assert rung(ladder, "gpt").locator(".written").text_content() == ""
    click(ladder, "Run gpt, 1.6 MB")
    assert until(ladder, f"({LENGTHS})()[10] >= 77", seconds=30)
    expected = by_python("gpt", "my king", 70, 3)
    assert rung(ladder, "gpt").locator(".written").text_content()[:77] == expected


def test_the_losses_are_the_recorded_ones_and_the_two_that_are_worse_are_said(ladder: Page):
    shown = {}
    for stage in ENTRIES:
        said = rung(ladder, stage).inner_text()
        shown[stage] = float(re.search(r"loss (\d\.\d{3})", said)[1])
        record = load_result(SHOWN[stage])
        assert shown[stage] == round(record["runs"][0]["final_val"], 3)
    worse = ladder.locator("stage-ladder strong").all_inner_texts()
    assert len(worse) == 2
    for stage, before in (("average", "position"), ("deep", "feed_forward")):
        by = float(re.search(r"worse than the rung before by (\d\.\d{3})", rung(ladder, stage).inner_text())[1])
        assert by == pytest.approx(shown[stage] - shown[before], abs=1e-9)


def test_stopping_beginning_anew_and_twenty_quick_clicks(ladder: Page):
    click(ladder, "Let all of them write")
    assert until(ladder, f"({LENGTHS})()[0] > 10")
    click(ladder, "Stop")
    ladder.wait_for_timeout(100)
    lengths = ladder.evaluate(LENGTHS)
    ladder.wait_for_timeout(200)
    assert ladder.evaluate(LENGTHS) == lengths and max(lengths) < 127
    ladder.evaluate(
        """() => {
          const field = document.querySelector("stage-ladder textarea");
          const button = [...document.querySelectorAll("stage-ladder button")].find(each => each.textContent.startsWith("Let"));
          for (let i = 0; i < 20; i++) {
            field.value = "my lord".slice(0, 7 - i % 3);
            button.click();
          }
        }"""
    )
    assert until(ladder, f"Math.min(...({LENGTHS})().slice(0, 10)) === 126", seconds=20)
    for stage in ("bigram", "layer_norm"):
        assert rung(ladder, stage).locator(".written").text_content() == by_python(stage, "my lor", 120)
    ladder.locator("stage-ladder").get_by_label("Seed").fill("5")  # what stands there was written with another
    assert set(ladder.evaluate(LENGTHS)) == {0}


def test_weights_that_do_not_come_are_told_of_at_their_rung_alone(ladder: Page, tab: Tab):
    ladder.route("**/head.safetensors*", lambda route: route.abort())
    click(ladder, "Let all of them write")
    expect(rung(ladder, "head")).to_contain_text("The server could not be reached.")
    assert until(ladder, f"({LENGTHS})()[0] === 127", seconds=20)
    ladder.unroute("**/head.safetensors*")
    rung(ladder, "head").get_by_role("button", name="Try again").click()
    assert until(ladder, f"({LENGTHS})()[4] === 127", seconds=20)
    tab.watch.faults.clear()  # the browser's own complaint about the request that was broken off

    def hold(route: Route) -> None:
        """Leaves the page waiting."""

    ladder.route("**/gpt.safetensors*", hold)
    click(ladder, "Run gpt, 1.6 MB")
    expect(rung(ladder, "gpt").get_by_role("progressbar")).to_be_visible()
    rung(ladder, "gpt").get_by_role("button", name="Cancel").click()
    expect(rung(ladder, "gpt").get_by_role("progressbar")).to_have_count(0)


def test_what_nothing_can_begin_with_is_said(ladder: Page):
    element = ladder.locator("stage-ladder")
    element.get_by_label("The text to begin with").fill("🙂")
    click(ladder, "Let all of them write")
    expect(element.locator(".hint[role=status]")).to_contain_text(
        "Type at least one character to begin with. Not in its vocabulary"
    )
    element.get_by_label("The text to begin with").fill("<b>yet")
    for label, value in (("Seed", "-1"), ("Seed", "1.5"), ("Seed", ""), ("Temperature", "9")):
        before = element.get_by_label(label).input_value()
        element.get_by_label(label).fill(value)
        click(ladder, "Let all of them write")
        said = {"Seed": "The seed is a whole number from 0", "Temperature": "Temperature is a number from 0 to 5."}[
            label
        ]
        expect(element.locator(".hint[role=status]")).to_contain_text(said)
        element.get_by_label(label).fill(before)
    assert set(ladder.evaluate(LENGTHS)) == {0}


def test_axe_finds_nothing_light_or_dark_wide_or_narrow(visit: Callable[..., Page]):
    for width in (1280, 320):
        page = begin(visit("play/", viewport={"width": width, "height": 800}))
        click(page, "Let all of them write")
        assert until(page, f"Math.min(...({LENGTHS})().slice(0, 10)) === 127", seconds=20)
        for scheme in ("default", "slate"):
            page.evaluate("scheme => document.body.setAttribute('data-md-color-scheme', scheme)", scheme)
            assert violations([page], within="stage-ladder") == []
        assert page.evaluate("document.documentElement.scrollWidth") == width
