"""The addresses of the site and its repository: where none is known none is named, and a known one is right."""

import re
from urllib.parse import parse_qs, urlsplit
from xml.etree import ElementTree

import pytest
from rebuilt import ADDRESSES, ROOT

from pagecode.html import read_html
from pagecode.publish.addresses import Addresses

SITE, REPO = ADDRESSES.values()
# A repository's own pages are on these hosts; without REPO_URL there is no repository to lead to.
ABOUT_US = re.compile(r"(github|gitlab)\.com/[^/]+/[^/]+/(edit|raw|blob|issues|discussions|tree)/|colab\.research")

MADE_UP = re.compile(r"\bNone\b|\bnull\b|\bundefined\b|\bexample\b|://$|^//")


@pytest.fixture(scope="module")
def unknown(unaddressed):
    return unaddressed


@pytest.fixture(scope="module")
def known(addressed):
    return addressed


def pages(folder):
    """The pages of a site by address, but for those that stand in for pages that are not there."""
    names = {file.relative_to(folder).as_posix() for file in folder.rglob("*.html")} - {"404.html"}
    assert len(names) > 10
    texts = {name: (folder / name).read_text(encoding="utf-8") for name in sorted(names)}
    addresses = {re.sub(r"(^|/)index\.html$", r"\1", name): text for name, text in texts.items()}
    moved = Addresses.load(ROOT).moved
    return {address: text for address, text in addresses.items() if address not in moved}


def links(text):
    return [address for _, address, _ in read_html(text).links]


def places(folder):
    tree = ElementTree.parse(folder / "sitemap.xml")
    return [entry.text for entry in tree.iter() if entry.tag.endswith("}loc")]


def test_where_nothing_is_known_no_page_says_where_it_is(unknown):
    for name, text in pages(unknown).items():
        assert 'rel="canonical"' not in text and '"og:url"' not in text, name
        assert [address for address in links(text) if ABOUT_US.search(address)] == [], name


def test_where_nothing_is_known_nothing_is_made_up(unknown):
    for name, text in pages(unknown).items():
        assert [address for address in links(text) if MADE_UP.search(address)] == [], name
    assert places(unknown) == []


def test_a_known_site_has_each_page_under_its_one_address(known):
    for name, text in pages(known).items():
        assert re.findall(r'<link rel="canonical" href="([^"]*)"', text) == [SITE + name]
    assert sorted(places(known)) == sorted(SITE + name for name in pages(known))


def test_a_known_repository_is_linked_from_every_page(known, unknown):
    for name, text in pages(known).items():
        assert REPO in links(text), name
    assert [name for name, text in pages(unknown).items() if REPO in text] == []


def test_a_page_can_be_edited_and_reported_where_it_is_kept(known):
    for name, text in pages(known).items():
        [edit] = re.findall(r'<a href="([^"]*)" rel="edit"', text)
        assert edit.startswith(f"{REPO}/edit/main/docs/"), name
        assert (ROOT / "docs" / edit.removeprefix(f"{REPO}/edit/main/docs/")).is_file(), edit
        [report] = [address for address in links(text) if address.startswith(f"{REPO}/issues/new?")]
        assert f"Page: {SITE}{name}\n" in parse_qs(urlsplit(report).query)["body"][0]


def test_a_preview_names_the_page_and_a_picture_that_is_there(known):
    for name, text in pages(known).items():
        assert re.findall(r'<meta property="og:url" content="([^"]*)"', text) == [SITE + name]
        [picture] = re.findall(r'<meta property="og:image" content="([^"]*)"', text)
        assert picture.startswith(SITE) and (known / picture.removeprefix(SITE)).is_file()


def test_colab_opens_the_notebooks_that_the_site_has_and_no_others(known, unknown):
    home = REPO.replace("https://github.com", "https://colab.research.google.com/github") + "/blob/notebooks/"
    opened = {
        address.removeprefix(home)
        for text in pages(known).values()
        for address in links(text)
        if "colab.research" in address
    }
    assert opened and opened == {file.relative_to(known).as_posix() for file in known.rglob("*.ipynb")}
    texts = [file.read_text(encoding="utf-8") for file in unknown.rglob("*.ipynb")]
    assert texts and not any("pip install --quiet" in text for text in texts)


def test_what_is_to_be_cited_names_the_address_where_it_is_known(known, unknown):
    """Of the pages it alone is rendered otherwise for another address."""
    cited = [pages(folder)["reference/cite/"] for folder in (known, unknown)]
    assert [f"{{{SITE}}}" in text for text in cited] == [True, False]


def test_but_for_its_addresses_the_site_is_the_same(known, unknown):
    files = [{file.relative_to(folder) for file in folder.rglob("*") if file.is_file()} for folder in (known, unknown)]
    assert files[0] == files[1]
