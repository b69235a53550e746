"""One browser for all of these tests, and the built site on two hosts: as it is, and as it is published."""

import os
import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from .chromium import NoChromium, find, install_debians
from .served import BUILT, Server, Site, fault
from .tab import Tab
from .watch import Watch

# A browser that asks nobody anything of its own accord, and finds nobody but the server of these tests.
QUIET = (
    *("--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"),
    *("--disable-quic", "--disable-gpu"),
)


@pytest.fixture(scope="package")
def server() -> Iterator[Server]:
    with Server() as running:
        yield running


@pytest.fixture(scope="package")
def site(server: Server) -> Site:
    """The built site, as it lies in site/."""
    if fault():
        pytest.fail(fault(), pytrace=False)
    return server.add(BUILT, "site.localhost")


@pytest.fixture(scope="package")
def published(server: Server, site: Site, request: pytest.FixtureRequest) -> Site:
    """The site with an address, by which instant navigation knows its pages: site/, or a build of the same pages."""
    has_address = re.search(r"<loc>https?://[^/:]+/", (site.folder / "sitemap.xml").read_text(encoding="utf-8"))
    folder = site.folder if has_address else request.getfixturevalue("addressed")
    return server.add(folder, "published.localhost")


def chromium(playwrights: str) -> str:
    """The Chromium to use; where there is none, every test that needs it fails with one line."""
    try:
        return find(playwrights, install_debians)
    except NoChromium as error:
        said = str(error)
    return pytest.fail(said, pytrace=False)


@pytest.fixture(scope="package")
def browser(server: Server) -> Iterator[Browser]:
    """The browser: pages of these hosts are secure, as on https, so that they may use the clipboard."""
    rules = f"MAP *.localhost:80 127.0.0.1:{server.server_port}, MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"
    with sync_playwright() as playwright:
        path = chromium(playwright.chromium.executable_path)
        options = [*QUIET, f"--host-resolver-rules={rules}"]
        # Root, as in a container, has no sandbox to run in.
        options += ["--no-sandbox"] if os.geteuid() == 0 else []
        launched = playwright.chromium.launch(executable_path=path, args=options)
        yield launched
        launched.close()


@pytest.fixture
def watch() -> Iterator[Watch]:
    """What the browser had to complain of in a test; in the end that has to be nothing."""
    watching = Watch()
    yield watching
    assert watching.faults == []


@pytest.fixture(scope="module")
def tab(browser: Browser, site: Site) -> Iterator[Tab]:
    """One tab for the tests of a file, each of which loads its page anew; it may use the clipboard."""
    opened = Tab(
        browser, site, viewport={"width": 1280, "height": 800}, permissions=["clipboard-read", "clipboard-write"]
    )
    yield opened
    opened.close()


@pytest.fixture
def visit(browser: Browser, site: Site, watch: Watch) -> Iterator[Callable[..., Page]]:
    """Opens a page of the site in a context of its own, and closes it after the test."""
    contexts = []

    def visit(address: str, on: Site = site, **options: object) -> Page:
        contexts.append(browser.new_context(**{"viewport": {"width": 1280, "height": 800}, **options}))
        contexts[-1].set_default_timeout(15_000)
        watch.on(contexts[-1], on.origin)
        page = contexts[-1].new_page()
        page.goto(on.url(address))
        return page

    yield visit
    for context in contexts:
        context.close()
