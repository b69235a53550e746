"""A model that learns in the page: to the counted floor, and below it; paused, begun again, left."""

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, expect

from lower_triangle.corpus import load_corpus
from lower_triangle.counting import pair_losses

from .axe import violations_everywhere
from .tab import Tab
from .waiting import until
from .watch import Watch

PAGE = "grounding/bigram/"
RUNS = "document.querySelector('train-live.running') !== null"
SENTENCE = "document.querySelector('train-live .sentence').textContent"
# From now on, each sentence that has stood there: what stands only for a moment is not missed by who looks too late.
LISTEN = """() => {
  const sentence = document.querySelector('train-live .sentence');
  window.heard = [];
  new MutationObserver(() => heard.push(sentence.textContent)).observe(sentence, {childList: true});
}"""
# What was said first after the sentence had last been empty.
ANEW = "heard.includes('') ? heard[heard.lastIndexOf('') + 1] : undefined"
SAID = re.compile(
    r"Step ([\d,]+), ([\d.]+) s: ([\d.]+) on the text that it learns from, ([\d.]+) (above|below) the floor that is "
    r"counted there; ([\d.]+) on a text that it never sees\."
)


def begin(page: Page) -> None:
    page.locator("train-live").evaluate("element => element.scrollIntoView()")
    assert until(page, RUNS)


@pytest.fixture
def live(tab: Tab) -> Iterator[Page]:
    with tab.at(PAGE) as page:
        begin(page)
        yield page


def click(page: Page, name: str) -> None:
    page.locator("train-live").get_by_role("button", name=name, exact=True).click()


def measured(page: Page) -> tuple[int, float, float, float]:
    """The step, the seconds, the loss on the training split and how far that is above the floor."""
    step, seconds, train, apart, side, _ = SAID.fullmatch(page.evaluate(SENTENCE)).groups()
    return int(step.replace(",", "")), float(seconds), float(train), float(apart) * (1 if side == "above" else -1)


def samples(page: Page) -> list[str]:
    return page.locator("train-live li").all_inner_texts()


def begun_anew(page: Page) -> bool:
    """Whether the sentence becomes empty, and what it says next is of step 0."""
    return until(page, ANEW) and page.evaluate(ANEW).startswith("Step 0,")


def test_the_bigram_is_at_its_floor_within_two_seconds(live: Page, note: Callable[[str, str], None]):
    floor = pair_losses(load_corpus("play"))[0]
    took = []
    for _ in range(3):  # the machine has other work
        click(live, "Start again")
        assert until(live, f"parseFloat({SENTENCE}.match(/from, ([.0-9]+) above/)?.[1]) <= 0.05", seconds=20)
        _, seconds, train, above = measured(live)
        assert abs(train - above - floor) < 0.002
        took.append(seconds)
        if seconds <= 2:
            break
    note("a model that learns in a page", f"bigram within 0.05 of its floor, {floor:.4f}, after {min(took)} s")
    assert min(took) <= 2
    assert until(live, f"parseFloat({SENTENCE}.match(/from, ([.0-9]+) above/)?.[1]) <= 0.01", seconds=20)
    assert measured(live)[3] > 0, "nothing that sees one character is below the floor"


def test_one_head_is_below_the_floor_of_all_bigrams_within_a_minute(live: Page, note: Callable[[str, str], None]):
    live.locator("train-live").get_by_label("Model").select_option("head")
    click(live, "Train")
    assert until(live, f"{SENTENCE}.includes('below the floor')", seconds=60)
    step, seconds, _, _ = measured(live)
    note("a model that learns in a page", f"head below the floor after {seconds} s, {step} steps")
    assert seconds <= 60


def test_it_pauses_goes_on_and_begins_again_with_the_same_seed_as_before(live: Page):
    click(live, "Train")
    assert until(live, f"{SENTENCE} !== ''")
    first = samples(live)[0]
    assert until(live, "document.querySelectorAll('train-live li').length > 1")
    click(live, "Pause")
    live.wait_for_timeout(150)  # what was sent before it was heard
    step, seconds, *_ = measured(live)
    live.wait_for_timeout(600)
    assert measured(live)[0] == step
    click(live, "Go on")
    assert until(live, f"parseInt({SENTENCE}.slice(5).replace(',', '')) > {step}")
    assert measured(live)[1] < seconds + 3  # the time in which it waited does not count
    live.evaluate(LISTEN)
    click(live, "Start again")
    assert begun_anew(live)  # with nothing of before
    assert samples(live)[0] == first and first.startswith("Step 0")
    live.evaluate(LISTEN)
    live.locator("train-live").get_by_label("Seed").fill("7")  # it goes on learning, with this one
    assert begun_anew(live)
    assert samples(live)[0] != first
    click(live, "Pause")
    live.locator("train-live").get_by_label("Model").select_option("head")
    live.wait_for_timeout(200)
    assert live.evaluate(SENTENCE) == ""  # who has paused is not hurried
    expect(live.get_by_role("button", name="Train")).to_be_visible()


def test_what_is_no_seed_is_refused(live: Page):
    for seed in ("-1", "0.5", "", "4294967296"):
        live.locator("train-live").get_by_label("Seed").fill(seed)
        assert live.get_by_role("button", name="Train", exact=True).is_disabled()
        assert "The seed is a whole number" in live.locator("train-live .hint[role=status]").inner_text()
    live.locator("train-live").get_by_label("Seed").fill("4294967295")
    assert live.get_by_role("button", name="Train", exact=True).is_enabled()


def test_twenty_quick_clicks_leave_it_as_the_last_one_says(live: Page):
    for _ in range(10):
        click(live, "Start again")
    for name in 5 * ["Pause", "Go on"]:
        if name == "Go on" and not live.get_by_role("button", name="Go on").count():
            name = "Train"  # it was paused before the text had come
        click(live, name)
    assert until(live, f"{SENTENCE} !== ''")
    assert len(live.workers) == 1
    expect(live.get_by_role("button", name="Pause")).to_be_visible()


def test_a_text_that_does_not_come_is_told_of(visit: Callable[..., Page], watch: Watch):
    page = visit(PAGE)
    begin(page)
    status = page.locator("train-live .hint[role=status]")
    page.route("**/play.txt", lambda route: route.fulfill(status=404, body="gone"))
    click(page, "Train")
    expect(status).to_contain_text("The server answered 404 for play.txt.")
    page.unroute("**/play.txt")
    page.route("**/play.txt", lambda route: route.abort())
    click(page, "Train")
    expect(status).to_contain_text("The server could not be reached.")
    page.unroute("**/play.txt")
    page.route("**/train-worker.mjs", lambda route: route.fulfill(status=404, body="gone"))
    click(page, "Train")
    expect(status).to_contain_text("could not be started")
    page.unroute("**/train-worker.mjs")
    click(page, "Train")
    assert until(page, f"{SENTENCE} !== ''")
    watch.faults.clear()  # the browser itself complains of what did not come


def test_axe_finds_nothing_light_or_dark_wide_or_narrow(live: Page):
    click(live, "Train")
    assert until(live, "document.querySelectorAll('train-live li').length > 1")
    click(live, "Pause")
    assert violations_everywhere(live, "train-live") == []


def test_without_scripts_there_is_the_picture(visit: Callable[..., Page]):
    page = visit(PAGE, java_script_enabled=False)
    assert page.locator("train-live figure svg").is_visible()
    assert page.locator("train-live select").count() == 0
