"""What a reader does with the site: go from page to page, search, switch the palette, without a mouse, on paper."""

import re
import zlib
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from .served import Site
from .test_copying import BUTTONS, CLIPBOARD, HELD
from .waiting import until
from .watch import Watch

LESSON = "attention/query-key-value/"
SCHEME = "document.body.dataset.mdColorScheme"
PHONE = {"viewport": {"width": 390, "height": 844}}
# A mark that a full load would take away.
MARK = "window.stays = true"
STAYS = "window.stays === true"


@pytest.fixture
def instant(visit: Callable[..., Page], published: Site) -> Page:
    """A page of the published site, marked. Home shows no navigation on a wide screen, so it is not that one."""
    page = visit("start/", on=published, permissions=CLIPBOARD)
    page.evaluate(MARK)
    return page


def follow(page: Page, site: Site, address: str) -> None:
    """Click the link to a page in the navigation, and wait for the page."""
    title = page.locator("article.md-content__inner h1").inner_text()
    target = site.url(address)
    page.locator(".md-nav--primary a.md-nav__link").evaluate_all(
        "(links, target) => links.find(link => link.href === target).setAttribute('data-here', '')", target
    )
    page.locator("a[data-here]").click()
    page.wait_for_url(target)
    expect(page.locator("article.md-content__inner h1")).not_to_have_text(title)


def test_a_link_swaps_the_page_in_place_and_all_of_it_works(instant: Page, published: Site):
    follow(instant, published, "attention/average/")
    follow(instant, published, LESSON)
    assert instant.evaluate(STAYS)
    assert_stands(instant)
    button = instant.locator(f"{BUTTONS}:visible").first
    button.click()
    assert button.evaluate(HELD) == button.get_attribute("data-copy")
    assert until(instant, "document.querySelector('article .scrolls:not([tabindex])') !== null")
    instant.go_back()
    instant.wait_for_url(published.url("attention/average/"))
    assert instant.evaluate(STAYS)


def assert_stands(page: Page) -> None:
    """The figures and formulas of a page are there, and large enough to be seen."""
    for what in ("figure svg", "math", "pre code"):
        shown = page.locator(f"article {what}").evaluate_all(
            "all => all.filter(one => one.checkVisibility()).map(one => one.getBoundingClientRect().width)"
        )
        assert shown and min(shown) > 3, what


def test_every_page_of_the_navigation_can_be_gone_to_in_place(instant: Page, published: Site):
    links = instant.locator(".md-nav--primary a.md-nav__link").evaluate_all("all => all.map(link => link.href)")
    addresses = [link.removeprefix(published.url("")) for link in dict.fromkeys(links) if "#" not in link]
    assert len(addresses) > 5 and {"", "start/"} < set(addresses)
    for address in [*(address for address in addresses if address not in ("", "start/")), "start/", ""]:
        follow(instant, published, address)
    assert instant.evaluate(STAYS)


def test_the_search_for_causal_mask_leads_to_where_it_is_explained(instant: Page, published: Site):
    instant.keyboard.press("/")
    instant.keyboard.type("causal mask", delay=20)
    results = instant.locator("li.md-search-result__item")
    expect(results.nth(2)).to_be_visible()
    found = [result.locator("a").first.get_attribute("href") for result in results.all()[:3]]
    assert any("/attention/" in address for address in found)
    instant.keyboard.press("Enter")
    instant.wait_for_url(lambda url: url.split("?")[0].split("#")[0] == found[0].split("?")[0].split("#")[0])
    assert re.search(r"causal|mask|triangle", instant.locator("article.md-content__inner").inner_text())


@pytest.mark.parametrize("preferred", ["light", "dark"])
def test_the_palette_follows_the_system_until_it_is_switched_and_then_stays(preferred, visit, published: Site):
    page = visit("start/", on=published, color_scheme=preferred)
    assert page.evaluate(SCHEME) == {"light": "default", "dark": "slate"}[preferred]
    colours = "['backgroundColor', 'color'].map(name => getComputedStyle(document.body)[name])"
    before = page.evaluate(colours)
    page.locator("[data-md-component=palette] label:visible").click()
    assert until(page, f"before => {colours}.every((colour, at) => colour !== before[at])", before)
    assert until(page, "document.getAnimations().every(animation => animation.playState === 'finished')")
    switched, after = page.evaluate(SCHEME), page.evaluate(colours)
    follow(page, published, "attention/average/")
    assert (page.evaluate(SCHEME), page.evaluate(colours)) == (switched, after)
    page.goto(published.url(LESSON))
    assert (page.evaluate(SCHEME), page.evaluate(colours)) == (switched, after)


def tab_to(page: Page, wanted: str, most: int = 150) -> None:
    """Press Tab until the focus is on what matches."""
    for _ in range(most):
        page.keyboard.press("Tab")
        if page.evaluate("wanted => document.activeElement.matches(wanted)", wanted):
            return
    pytest.fail(f"{most} times Tab do not lead to {wanted}")


def test_the_keyboard_alone_reaches_the_search_and_copies_a_program(visit: Callable[..., Page]):
    page = visit("attention/average/", permissions=CLIPBOARD)
    tab_to(page, ".md-skip", most=1)
    tab_to(page, "[data-md-component=search-query]", most=5)
    page.keyboard.type("mask")
    expect(page.locator("a.md-search-result__link").first).to_be_visible()
    page.keyboard.press("Escape")
    tab_to(page, BUTTONS)
    page.keyboard.press("Enter")
    held = page.evaluate(f"({HELD})(document.activeElement)")
    assert held == page.evaluate("document.activeElement.dataset.copy")


SEEN_LINK = """() => {
  const box = document.activeElement.getBoundingClientRect();
  return document.activeElement.contains(document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2));
}"""


def test_on_a_narrow_screen_the_menu_shows_where_the_keyboard_is_in_it(visit: Callable[..., Page]):
    page = visit("start/", viewport={"width": 1100, "height": 800})
    for address in ("grounding/text/", "attention/causal-mask/"):
        tab_to(page, f".md-sidebar--primary a[href$='{address}']")
        assert until(page, SEEN_LINK), address


def test_the_keyboard_alone_opens_an_answer(visit: Callable[..., Page]):
    page = visit("attention/average/")
    answer = page.locator("article details.question").first
    page.locator("article h2", has=page.locator("a.headerlink")).first.click()
    assert answer.get_attribute("open") is None
    answer.locator("summary").focus()
    page.keyboard.press("Enter")
    assert answer.get_attribute("open") is not None
    assert answer.locator("p").first.is_visible()


def test_without_javascript_all_but_the_buttons_and_the_search_is_there(visit: Callable[..., Page], site: Site):
    page = visit(LESSON, java_script_enabled=False)
    assert_stands(page)
    text = page.locator("article").inner_text()
    assert len(text) > 5000 and "softmax" in text
    assert page.locator(BUTTONS).count() > 10
    assert page.locator(f"{BUTTONS}:visible").count() == 0
    page.locator("a.md-footer__link--prev").click()
    page.wait_for_url(site.url("attention/average/"))
    answer = page.locator("article details.question").first
    answer.locator("summary").click()
    assert answer.locator("p").first.is_visible()


def test_without_javascript_the_navigation_of_a_phone_opens(visit: Callable[..., Page], site: Site):
    page = visit("", java_script_enabled=False, viewport={"width": 390, "height": 844})
    page.locator("label.md-header__button[for=__drawer]").click()
    link = page.locator(".md-nav--primary a.md-nav__link", has_text="Log of failures").first
    # The menu slides in, and its parts one into another.
    page.locator(".md-nav--primary label.md-nav__link", has_text="Reference").click()
    link.click()
    page.wait_for_url(site.url("reference/log/"))


def test_who_wants_no_motion_sees_none(visit: Callable[..., Page]):
    page = visit(LESSON, reduced_motion="reduce")
    lasting = """[...document.querySelectorAll("*")].filter(element => {
      const style = getComputedStyle(element);
      const times = `${style.transitionDuration}, ${style.animationDuration}`.split(", ").map(parseFloat);
      return Math.max(...times) > 0.01;
    }).map(element => element.outerHTML.slice(0, 100))"""
    assert page.evaluate(lasting) == []


FILLING = ".figure:has(.step)"
# How much of each row of a figure is to be seen, from the first to the last.
SEEN = """figure => [0, 1, 2, 3, 4, 5, 6].map(
  row => Math.min(...[...figure.querySelectorAll(`.step-${row}`)].map(one => Number(getComputedStyle(one).opacity))))"""


def test_the_triangle_fills_in_when_it_is_seen_and_again_when_asked(visit: Callable[..., Page]):
    page = visit("attention/causal-mask/", **PHONE)
    figure = page.locator(FILLING)
    assert figure.evaluate(SEEN) == [1] * 7, "before it is seen, nothing has begun"
    figure.locator("svg").scroll_into_view_if_needed()
    expect(figure).to_have_class(re.compile("filling"))
    assert figure.evaluate(SEEN)[6] == 0
    end = "figure => Promise.all(figure.getAnimations({subtree: true}).map(one => one.finished.then(() => one.currentTime)))"
    assert max(figure.evaluate(end)) < 5000
    assert figure.evaluate(SEEN) == [1] * 7
    figure.get_by_role("button", name="Fill it in again").press("Enter")
    assert figure.evaluate(SEEN)[6] == 0


@pytest.mark.parametrize("how", ["reduced motion", "no scripts", "paper"])
def test_the_triangle_stands_still(how: str, visit: Callable[..., Page]):
    asked = {"reduced_motion": "reduce"} if how == "reduced motion" else {"java_script_enabled": how != "no scripts"}
    page = visit("attention/causal-mask/", **asked)
    figure = page.locator(FILLING)
    figure.locator("svg").scroll_into_view_if_needed()
    if how != "no scripts":
        expect(figure).to_have_class(re.compile("filling"))
    if how == "paper":
        page.emulate_media(media="print")
    assert figure.evaluate(SEEN) == [1] * 7
    assert figure.get_by_role("button").count() == 0


def test_what_is_not_there_is_said_on_a_page_of_the_site(visit: Callable[..., Page], site: Site, watch: Watch):
    page = visit("")
    address = site.url("no/such/page/")
    assert page.goto(address).status == 404
    page.locator("article").wait_for()
    page.locator("header a.md-logo").click()
    page.wait_for_url(site.url(""))
    # That it is not there, the browser reports; nothing else may be wrong with the page that says so.
    watch.faults = [fault for fault in watch.faults if address not in fault and "status of 404" not in fault]


def glyphs(page: Page) -> int:
    """How many glyphs a page prints."""
    streams = re.findall(rb"stream\r?\n(.*?)\r?\nendstream", page.pdf(format="A4"), re.DOTALL)
    texts = [zlib.decompressobj().decompress(stream) for stream in streams if stream[:1] == b"x"]
    drawn = [glyphs for text in texts if b" Tf" in text for glyphs in re.findall(rb"<([0-9A-Fa-f]+)>", text)]
    return sum(len(glyphs) // 4 for glyphs in drawn)


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no-scripts"])
def test_on_paper_the_answers_stand_below_their_questions(scripts: bool, visit: Callable[..., Page]):
    page = visit("attention/average/", java_script_enabled=scripts)
    answers = page.locator("article details")
    count = answers.count()
    assert count > 0 and page.locator("article details[open]").count() == 0
    printed = glyphs(page)
    answers.evaluate_all("all => all.forEach(box => box.open = true)")
    opened = glyphs(page)
    answers.evaluate_all("all => all.forEach(box => box.remove())")
    # Beside its text, a box that is open or closed may have a mark of its own.
    assert abs(printed - opened) <= count + 5 < opened - glyphs(page)
    assert opened > 3000


@pytest.mark.parametrize("address", [LESSON, "attention/average/", "labs/train-a-head/"])
def test_on_paper_no_line_of_code_is_cut(address: str, visit: Callable[..., Page]):
    page = visit(address, viewport={"width": 640, "height": 900})
    page.emulate_media(media="print")
    boxes = page.locator("article pre")
    assert boxes.count() > 5
    assert boxes.evaluate_all("all => all.filter(box => box.scrollWidth > box.clientWidth + 1).length") == 0


def test_the_cheat_sheet_is_three_sides_of_paper(visit: Callable[..., Page]):
    page = visit("reference/cheatsheet/")
    paper = page.pdf(prefer_css_page_size=True)
    assert len(re.findall(rb"/Type\s*/Page\b", paper)) == 3
