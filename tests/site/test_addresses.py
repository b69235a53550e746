"""The addresses of the site and its repository: where none is known none is named, and a known one is right."""

import os
import re
import subprocess
import sys
from pathlib import Path
from urllib.parse import parse_qs, urlsplit
from xml.etree import ElementTree

import pytest

from pagecode.html import read_html
from pagecode.publish.addresses import Addresses

ROOT = Path(__file__).parents[2]
SITE, REPO = "https://example.org/course/", "https://github.com/someone/course"
# A repository's own pages are on these hosts; without REPO_URL there is no repository to lead to.
ABOUT_US = re.compile(r"(github|gitlab)\.com/[^/]+/[^/]+/(edit|raw|blob|issues|discussions|tree)/|colab\.research")

MADE_UP = re.compile(r"\bNone\b|\bnull\b|\bundefined\b|\bexample\b|://$|^//")


def built(folder, **addresses):
    """The real site, built elsewhere; its pages have run, so they are not run again."""
    kept = {name: value for name, value in os.environ.items() if name not in ("SITE_URL", "REPO_URL")}
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "-d", str(folder)]
    options = {"cwd": ROOT, "env": {**kept, **addresses}, "capture_output": True, "encoding": "utf-8", "timeout": 120}
    done = subprocess.run(command, **options)
    assert done.returncode == 0, done.stderr
    assert "Running" not in done.stderr, "the site is older than its pages; run make site first"
    return folder


def state():
    """What the real build has left: each file of the site and of the ledger, with the time of its last change."""
    folders = (ROOT / "site", ROOT / ".pagecode" / "ledger")
    return {file: file.stat().st_mtime_ns for folder in folders for file in folder.rglob("*")}


@pytest.fixture(scope="module")
def before():
    return state()


@pytest.fixture(scope="module")
def unknown(before, tmp_path_factory):
    return built(tmp_path_factory.mktemp("unknown") / "site")


@pytest.fixture(scope="module")
def known(before, tmp_path_factory):
    return built(tmp_path_factory.mktemp("known") / "site", SITE_URL=SITE, REPO_URL=REPO)


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


def test_but_for_its_addresses_the_site_is_the_same(known, unknown):
    files = [{file.relative_to(folder) for file in folder.rglob("*") if file.is_file()} for folder in (known, unknown)]
    assert files[0] == files[1]


def test_the_site_itself_and_its_ledger_are_left_as_they_were(before, known, unknown):
    assert len(before) > 50
    assert state() == before
