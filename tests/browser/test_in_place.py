"""Models and a reader who goes from page to page in place: what is fetched, what is given up."""

from collections.abc import Callable

from playwright.sync_api import Page, Route, expect

from .served import Site
from .test_attention_grid import RUNS, caption, choose
from .waiting import until
from .watch import Watch


def hold(route: Route) -> None:
    """Leaves the page waiting."""


def test_the_largest_comes_when_it_is_asked_for_can_be_given_up_and_comes_once(
    visit: Callable[..., Page], published: Site, watch: Watch
):
    page = visit("play/", on=published)
    assert until(page, RUNS)

    def asked(file: str) -> int:
        return sum(f"/{file}" in url for url in watch.asked)

    assert asked("gpt.safetensors") == 0
    page.route("**/gpt.safetensors*", hold)
    page.locator("attention-grid").get_by_label("Model").select_option("gpt")
    expect(page.get_by_role("progressbar", name="Loading gpt")).to_be_visible()
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_role("progressbar")).to_have_count(0)
    assert page.locator("attention-grid").get_by_label("Model").input_value() == "multi_head"
    assert caption(page).startswith("Stage multi_head, head 1")
    page.unroute("**/gpt.safetensors*")
    choose(page, "gpt")
    assert asked("gpt.safetensors") == 2
    # Away and back, in place: nothing is fetched again.
    page.evaluate("window.stays = true")
    page.locator(".md-nav--primary a", has_text="Start here").first.click()
    expect(page.locator("article h1")).to_contain_text("Start here")
    page.locator(".md-nav--primary a", has_text="Playground").first.click()
    assert until(page, RUNS)
    choose(page, "gpt")
    assert page.evaluate("window.stays")
    counts = {file: asked(file) for file in ("gpt.safetensors", "multi_head.safetensors", "manifest.json")}
    assert counts == {"gpt.safetensors": 2, "multi_head.safetensors": 1, "manifest.json": 1}


def test_who_leaves_the_page_stops_what_it_does(visit: Callable[..., Page], published: Site):
    page = visit("play/", on=published)
    assert until(page, RUNS)
    page.route("**/gpt.safetensors*", hold)
    failed: list[str] = []
    page.on(
        "requestfailed", lambda request: failed.append(f"{request.url.split('/')[-1].split('?')[0]} {request.failure}")
    )
    page.locator("attention-grid").get_by_label("Model").select_option("gpt")
    expect(page.get_by_role("progressbar")).to_be_visible()
    page.locator(".md-nav--primary a", has_text="Start here").first.click()
    expect(page.locator("article h1")).to_contain_text("Start here")
    assert until(page, "document.querySelector('attention-grid') === null")
    page.wait_for_timeout(100)
    assert failed == ["gpt.safetensors net::ERR_ABORTED"]


def test_who_leaves_the_page_stops_what_is_written(visit: Callable[..., Page], published: Site):
    page = visit("play/", on=published)
    page.locator("triangle-grow").evaluate("element => { window.left = element; element.scrollIntoView(); }")
    assert until(page, "document.querySelector('triangle-grow.running .bars tr') !== null")
    page.locator("triangle-grow").get_by_role("button", name="Write on").click()
    assert until(page, "window.left.writer.tokens.length > 20")
    page.locator(".md-nav--primary a", has_text="Start here").first.evaluate("link => link.click()")
    assert until(page, "document.querySelector('triangle-grow') === null")
    length = page.evaluate("window.left.writer.tokens.length")
    page.wait_for_timeout(200)
    assert page.evaluate("window.left.writer.tokens.length") == length < 2000


def test_who_leaves_the_page_ends_what_learns(visit: Callable[..., Page], published: Site):
    page = visit("play/", on=published)
    page.locator("train-live").evaluate("element => element.scrollIntoView()")
    page.locator("train-live").get_by_role("button", name="Train").click()
    assert until(page, "document.querySelector('train-live .sentence').textContent !== ''")
    assert len(page.workers) == 1
    page.locator(".md-nav--primary a", has_text="Start here").first.evaluate("link => link.click()")
    assert until(page, "document.querySelector('train-live') === null")
    page.wait_for_timeout(100)
    assert page.workers == []
