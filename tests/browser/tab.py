"""A tab that goes from page to page: a context of its own for each page costs more time than most pages take."""

from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, Page

from .served import Site
from .watch import Watch

FORGET = "localStorage.clear(); sessionStorage.clear()"


class Tab:
    """One tab, which loads each page whole and comes to it as a reader who has set nothing."""

    def __init__(self, browser: Browser, site: Site, **options: object) -> None:
        self.site, self.watch = site, Watch()
        context = browser.new_context(**options)
        context.set_default_timeout(15_000)
        self.watch.on(context, site.origin)
        self.page = context.new_page()

    @contextmanager
    def at(self, address: str) -> Iterator[Page]:
        """The tab at a page, of which the browser may have nothing to complain."""
        self.page.goto(self.site.url(address))
        try:
            yield self.page
        finally:
            self.page.evaluate(FORGET)
            # Each fault counts once: not against the pages after this one.
            faults, self.watch.faults = self.watch.faults, []
        assert faults == []

    def close(self) -> None:
        self.page.context.close()
        assert self.watch.faults == []
