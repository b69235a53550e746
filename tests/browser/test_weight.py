"""What a page weighs on its way to a reader, compressed: the first with all that it needs, the others by themselves."""

import time

import pytest
from playwright.sync_api import Browser

from .served import Site, addresses
from .watch import Watch

KIB = 1024
FIRST, FURTHER = 130, 60
# A lab brings its plots along; the page for what is not there is nobody's aim.
PAGES = [address for address in addresses() if address != "404.html" and not address.startswith("labs/")]
# A link to any page, followed.
LINK = """address => {
  const link = document.createElement("a");
  link.href = address;
  document.body.append(link);
  link.click();
}"""


AT_ONCE = 12  # how many visits: each waits for half a second in which nothing more comes


class Visit:
    """A page in a browser that has been nowhere yet."""

    def __init__(self, browser: Browser, address: str, on: Site) -> None:
        self.on, self.watch, self.coming = on, Watch(), 0
        self.context = browser.new_context(viewport={"width": 1280, "height": 800})
        self.context.set_default_timeout(15_000)
        self.watch.on(self.context, on.origin)
        for event, change in (("request", 1), ("requestfinished", -1), ("requestfailed", -1)):
            self.context.on(event, lambda _, change=change: self.count(change))
        self.page = self.context.new_page()
        self.page.goto(on.url(address))

    def count(self, change: int) -> None:
        self.coming += change
        self.changed = time.monotonic()

    def weight(self) -> float:
        """How many KiB came with it, once all has come."""
        # Playwright's own networkidle does not always come where several pages load.
        self.page.evaluate("document.fonts.ready.then(() => true)")
        end = time.monotonic() + 15
        while self.coming or time.monotonic() - self.changed < 0.5:
            assert time.monotonic() < end, f"{self.coming} requests are still under way"
            self.page.wait_for_timeout(20)
        return weigh(self.on, self.watch.asked)


@pytest.fixture(scope="module")
def first_visits(browser: Browser, published: Site) -> dict[str, tuple[float, list[str]]]:
    """How many KiB came with each page, and what the browser had to complain of."""
    found = {}
    for first in range(0, len(PAGES), AT_ONCE):
        visits = {address: Visit(browser, address, published) for address in PAGES[first : first + AT_ONCE]}
        for address, visit in visits.items():
            found[address] = visit.weight(), visit.watch.faults
            visit.context.close()
    return found


def weigh(site: Site, urls: list[str]) -> float:
    """The KiB of what was asked for; the same address a second time comes from the browser's own store."""
    return sum(site.weight(url) for url in {url.split("#")[0] for url in urls if not url.startswith("data:")}) / KIB


@pytest.mark.parametrize("address", PAGES)
def test_a_first_visit_is_light_and_so_is_each_further_page(address: str, first_visits, published: Site, note):
    first, faults = first_visits[address]
    further = weigh(published, [published.url(address)])
    note("Weight in KiB, gzip: a first visit with fonts, a further page", f"{first:6.1f} {further:6.1f}  /{address}")
    assert faults == []
    assert first <= FIRST
    assert further <= FURTHER


def test_all_that_runs_models_is_light(published: Site, note):
    files = sorted((published.folder / "widgets").rglob("*.mjs"))
    weight = sum(published.weight(f"{published.base}{file.relative_to(published.folder)}") for file in files) / KIB
    note("what runs models in a page, compressed", f"{len(files)} files, {weight:.1f} KiB")
    assert files and weight <= 30


def test_a_further_page_loads_itself_and_no_more_than_its_own(visit, watch: Watch, published: Site):
    """From page to page in place: what comes is weighed as it is asked for, but for what the font weighs once."""
    page = visit("attention/average/", on=published)
    page.wait_for_load_state("networkidle")
    page.evaluate("document.fonts.ready.then(() => true)")
    for address in PAGES[1:]:
        watch.asked.clear()
        page.evaluate(LINK, published.url(address))
        page.wait_for_url(published.url(address))
        page.wait_for_load_state("networkidle")
        assert weigh(published, watch.asked) <= FURTHER, address
