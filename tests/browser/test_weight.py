"""What a page weighs on its way to a reader, compressed: the first with all that it needs, the others by themselves."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page

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


@pytest.fixture
def asked(visit: Callable[..., Page], watch: Watch) -> Callable[[str, Site], tuple[Page, float]]:
    """A page in a browser that has been nowhere yet, and how many KiB came with it."""

    def asked(address: str, on: Site) -> tuple[Page, float]:
        page = visit(address, on=on)
        page.wait_for_load_state("networkidle")
        page.evaluate("document.fonts.ready.then(() => true)")
        return page, weigh(on, watch.asked)

    return asked


def weigh(site: Site, urls: list[str]) -> float:
    """The KiB of what was asked for; the same address a second time comes from the browser's own store."""
    return sum(site.weight(url) for url in {url.split("#")[0] for url in urls if not url.startswith("data:")}) / KIB


@pytest.mark.parametrize("address", PAGES)
def test_a_first_visit_is_light_and_so_is_each_further_page(address: str, asked, published: Site, note):
    _, first = asked(address, published)
    further = weigh(published, [published.url(address)])
    note("Weight in KiB, gzip: a first visit with fonts, a further page", f"{first:6.1f} {further:6.1f}  /{address}")
    assert first <= FIRST
    assert further <= FURTHER


def test_a_further_page_loads_itself_and_no_more_than_its_own(asked, watch, published: Site):
    """From page to page in place: what comes is weighed as it is asked for, but for what the font weighs once."""
    page, _ = asked("attention/average/", published)
    for address in PAGES[1:]:
        watch.asked.clear()
        page.evaluate(LINK, published.url(address))
        page.wait_for_url(published.url(address))
        page.wait_for_load_state("networkidle")
        assert weigh(published, watch.asked) <= FURTHER, address
