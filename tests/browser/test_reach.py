"""Everyone gets everything: no violation of WCAG 2.2 A and AA, a narrow screen, a keyboard."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page

from pagecode.reader import read_page

from .axe import violations
from .served import OURS, Site, addresses, source_of
from .tab import Tab
from .waiting import until

PAGES = addresses()
WIDE = {"viewport": {"width": 1280, "height": 800}}
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
OPEN_ALL = "for (const box of document.querySelectorAll('details')) box.open = true"
SCHEME = "document.body.dataset.mdColorScheme"
# Where it is dark and narrow, grey words on grey.
FAINT = """() => {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(`@media (max-width: 400px) {
    [data-md-color-scheme=slate] article h1 { color: #777 !important; background: #888 }
  }`);
  document.adoptedStyleSheets = [sheet];
}"""
# One paragraph, grey on grey, which only its place tells from the others.
FAINT_PARAGRAPH = """() => {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(`article > p:nth-of-type(4) { color: #777 !important; background: #888 }`);
  document.adoptedStyleSheets = [sheet];
}"""
# Words of one class in one kind of box, grey on grey.
FAINT_CODE = """() => {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(`.language-python .k, .language-python .kn { color: #777 !important; background: #888 }`);
  document.adoptedStyleSheets = [sheet];
}"""
WITH_FIGURES = [
    address
    for address, source in ((page, source_of(page)) for page in PAGES)
    if source and any(block.figures for block in read_page(OURS, source).blocks)
]
# The colours that words may have, and those that the words of figures have.
WORDS = """() => {
  const probe = document.body.appendChild(document.createElement("i"));
  const words = ["ink", "muted"].map(name => {
    probe.className = `fill-${name}`;
    return getComputedStyle(probe).fill;
  });
  return [words, [...document.querySelectorAll(".figure svg text")].map(text => getComputedStyle(text).fill)];
}"""
# Where the focus is; whether one sees it there, on the element, on its label or around the form it is in; whether that
# is on the screen.
FOCUS = """() => {
  const at = document.activeElement;
  if (at === document.body) return null;
  const marked = [at, at.matches("input") && at.nextElementSibling, at.matches("input") && at.closest("form")]
    .filter(Boolean).filter(element => {
      const style = getComputedStyle(element);
      return style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 1;
    });
  return {
    html: at.outerHTML.slice(0, 150),
    seen: marked.some(element => {
      const box = element.getBoundingClientRect();
      const across = box.right > 0 && box.left < innerWidth, along = box.bottom > 0 && box.top < innerHeight;
      return box.width * box.height > 0 && across && along;
    }),
  };
}"""


def switch(page: Page) -> None:
    """To the other palette, as a reader does it."""
    before = page.evaluate(SCHEME)
    page.locator("[data-md-component=palette] label:visible").click()
    assert until(page, f"{SCHEME} !== {before!r}")


@pytest.fixture(scope="module")
def screens(browser: Browser, site: Site) -> Iterator[list[Tab]]:
    """A wide tab and a narrow one, which go from page to page."""
    tabs = [Tab(browser, site, **size) for size in (WIDE, PHONE)]
    yield tabs
    for tab in tabs:
        tab.close()


def in_each_palette(address: str, screens: list[Tab], every_word: bool = False) -> dict[str, list[str]]:
    """What axe finds on a page at both widths, by the palette."""
    found = {}
    with screens[0].at(address) as wide, screens[1].at(address) as narrow:
        pages = [wide, narrow]
        assert [page.evaluate("innerWidth") for page in pages] == [1280, 390]
        for page in pages:
            page.evaluate(OPEN_ALL)
        for scheme in ("default", "slate"):
            assert {page.evaluate(SCHEME) for page in pages} == {scheme}
            found[scheme] = violations(pages, every_word)
            for page in pages if scheme == "default" else []:
                switch(page)
    return found


@pytest.mark.parametrize("address", PAGES)
def test_axe_finds_nothing_light_or_dark_wide_or_narrow(address: str, screens: list[Tab], note):
    found = in_each_palette(address, screens)
    counts = f"{len(found['default']):3} light {len(found['slate']):3} dark  /{address}"
    note("axe: violations of WCAG 2.2 A and AA, at 1280 and 390 px together", counts)
    assert found == {"default": [], "slate": []}


@pytest.mark.slow
@pytest.mark.parametrize("address", PAGES)
def test_axe_finds_nothing_in_any_word(address: str, screens: list[Tab]):
    assert in_each_palette(address, screens, every_word=True) == {"default": [], "slate": []}


def test_axe_sees_a_word_of_code_that_is_faint_and_passes_over_the_words_that_are_like_it(screens: list[Tab]):
    with screens[0].at("start/") as page:
        page.evaluate(FAINT_CODE)
        few, all_of_them = violations([page]), violations([page], every_word=True)
    assert few and all("color-contrast" in found for found in few) and len(few) < len(all_of_them)


def test_axe_sees_the_one_paragraph_that_is_faint(screens: list[Tab]):
    with screens[0].at("start/") as page:
        assert violations([page]) == []
        page.evaluate(FAINT_PARAGRAPH)
        assert {found.split(":")[0] for found in violations([page])} == {"color-contrast"}


def test_axe_sees_what_is_wrong_in_one_palette_and_width_alone(screens: list[Tab]):
    with screens[0].at("start/") as wide, screens[1].at("start/") as narrow:
        pages = [wide, narrow]
        for page in pages:
            page.evaluate(FAINT)
        seen = []
        for scheme in ("default", "slate"):
            seen += [(scheme, page.evaluate("innerWidth")) for page in pages if violations([page])]
            for page in pages if scheme == "default" else []:
                switch(page)
    assert seen == [("slate", 390)]


@pytest.mark.parametrize("address", WITH_FIGURES)
def test_what_is_written_in_a_figure_follows_the_palette(address: str, screens: list[Tab]):
    """axe passes over words in a drawing: they are to have the colours of words, in the dark too."""
    with screens[0].at(address) as page:
        switch(page)
        assert page.evaluate(SCHEME) == "slate"
        page.evaluate(OPEN_ALL)
        words, drawn = page.evaluate(WORDS)
    assert drawn and set(drawn) <= set(words), f"/{address}"


def test_axe_finds_nothing_in_the_open_search_and_the_open_menu(visit: Callable[..., Page]):
    wide, phone = visit("", **WIDE), visit("", **PHONE)
    wide.keyboard.press("/")
    wide.keyboard.type("mask")
    wide.locator(".md-search-result__link").first.wait_for()
    phone.locator("label.md-header__button[for=__drawer]").click()
    phone.locator(".md-nav--primary").wait_for()
    assert violations([wide, phone]) == []


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no-scripts"])
def test_no_page_is_wider_than_a_screen_of_320_pixels(scripts: bool, visit: Callable[..., Page], site: Site):
    page = visit("", viewport={"width": 320, "height": 640}, java_script_enabled=scripts)
    wide = {}
    for address in PAGES:
        page.goto(site.url(address))
        page.evaluate(OPEN_ALL)
        width = page.evaluate("document.documentElement.scrollWidth")
        if width > 320:
            wide[address] = width
    assert wide == {}


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no-scripts"])
def test_what_is_cut_off_can_be_scrolled_to_with_the_keyboard(scripts: bool, visit: Callable[..., Page]):
    page = visit("attention/query-key-value/", viewport={"width": 390, "height": 844}, java_script_enabled=scripts)
    box = page.locator("article .scrolls[tabindex]").first
    box.focus()
    for _ in range(4):
        page.keyboard.press("ArrowRight")
    assert until(page, "box => box.scrollLeft > 20", box.element_handle())


def test_a_box_that_shows_all_it_holds_is_no_stop(visit: Callable[..., Page]):
    page = visit("attention/query-key-value/", **WIDE)
    assert until(page, "document.querySelector('article .scrolls:not([tabindex])') !== null")
    scrolls = "all => all.map(box => box.scrollWidth > box.clientWidth)"
    assert all(page.locator(".scrolls[tabindex]:visible").evaluate_all(scrolls))


def test_the_first_stop_leads_past_everything_to_the_content(visit: Callable[..., Page]):
    page = visit("attention/average/")
    page.keyboard.press("Tab")
    skip = page.evaluate(FOCUS)
    assert "md-skip" in skip["html"] and skip["seen"]
    page.evaluate("document.querySelector('[data-md-component=container]').dataset.old = ''")
    page.keyboard.press("Enter")
    assert until(page, "location.hash !== ''")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('article') !== null")
    # The theme would fetch this very page and put it in its own place, and a Tab just then would lose its place.
    page.wait_for_timeout(500)
    assert page.evaluate("document.querySelector('[data-md-component=container][data-old]') !== null")


@pytest.mark.parametrize("size", [WIDE, PHONE], ids=["wide", "phone"])
@pytest.mark.parametrize("address", ["", "attention/query-key-value/"])
def test_one_sees_where_the_focus_is_at_each_of_the_first_forty_stops(address: str, size: dict, visit):
    page = visit(address, **size)
    stops = []
    while len(stops) < 40:
        page.keyboard.press("Tab")
        # What opens for the focus may take a moment to do so.
        until(page, f"(({FOCUS})() ?? {{seen: true}}).seen", seconds=2)
        stop = page.evaluate(FOCUS)
        if stop is None:
            break
        stops.append(stop)
    assert len(stops) > 15
    assert [stop["html"] for stop in stops if not stop["seen"]] == []
