"""A page that moved leads on from where it was, and a list that cannot be followed stops the build."""

from pathlib import Path

import pytest
from small_project import build

from pagecode.html import read_html
from pagecode.project import ProjectError
from pagecode.publish.addresses import Addresses, add, missing, of_site
from pagecode.publish.redirects import page, redirects

FILES = {"index.html", "a/index.html", "b.html", "files/c.py"}


def ways(text: str) -> set[tuple[str, str]]:
    return {(kind, address) for kind, address, _ in read_html(text).links}


@pytest.mark.parametrize(
    ("old", "new", "way"),
    [
        ("old/", "a/", "../a/"),
        ("old.html", "a/", "a/"),
        ("x/y/", "a/#part", "../../a/#part"),
        ("x/y.html", "b.html", "../b.html"),
        ("a/old/", "a/", "../"),
        ("old/", "", "../"),
        ("old/", "files/c.py", "../files/c.py"),
    ],
)
def test_the_old_address_leads_to_the_new_one_and_says_so(old: str, new: str, way: str):
    text = page(old, new, "")
    assert ways(text) == {("href", way), ("refresh", way)}
    assert "This page has moved" in text and '<meta name="robots" content="noindex">' in text
    assert "<script" not in text and "canonical" not in text and "None" not in text


def test_it_names_the_new_address_in_full_where_that_is_known():
    text = page("old/", "a/#part", "https://example.org/base/")
    assert '<link rel="canonical" href="https://example.org/base/a/#part">' in text
    assert ">https://example.org/base/a/#part</a>" in text


@pytest.mark.parametrize(
    ("moved", "said"),
    [
        ({"old/": "none/"}, '"old/" = "none/": the site has no none/; name a page or file of it, seen from its root'),
        ({"old/": "/a/"}, "the site has no /a/"),
        ({"a/": "b.html"}, "the site still has a page at a/; take this line out"),
        ({"old/": "older/", "older/": "a/"}, "that has moved too; lead straight to a/"),
        ({"old/": "old/"}, "that has moved too; lead straight to old/"),
        ({"old.py": "files/c.py"}, "only a page can lead elsewhere; keep a file where it was published"),
        ({"old/#x": "a/"}, "only a page can lead elsewhere"),
    ],
)
def test_an_entry_that_cannot_be_followed_is_refused_with_its_line(small, moved: dict[str, str], said: str):
    small.write("addresses.toml", "[moved]\n" + "".join(f'"{old}" = "{new}"\n' for old, new in moved.items()))
    pages, problems = redirects(small.project, moved, FILES, "")
    assert said in str(problems[0]) and str(problems[0]).startswith("addresses.toml:2: ")
    assert len(pages) == len(moved) - 1


def test_a_build_leaves_a_page_where_one_was(copy):
    copy.write("addresses.toml", 'published = ["old/", "shapes/"]\n[moved]\n"old/" = "shapes/"\n')
    built = build(copy, "--strict")
    assert built.code == 0, built.said
    assert ways(built.html("old")) == {("href", "../shapes/"), ("refresh", "../shapes/")}
    site, known = copy.root / "site", Addresses.load(copy.root)
    assert missing(site, known.published) == []
    assert "old/" not in of_site(site, known.moved)
    assert "old/" not in (site / "sitemap.xml").read_text() + (site / "search/search_index.json").read_text()


def test_a_build_is_red_where_a_redirect_leads_to_no_page_or_no_anchor(copy):
    copy.write("addresses.toml", '[moved]\n"old/" = "none/"\n"older/" = "shapes/#none"\n')
    built = build(copy)
    assert built.code != 0
    assert 'addresses.toml:2: "old/" = "none/": the site has no none/' in built.said
    assert "site/older/index.html:1: refresh='../shapes/#none' leads nowhere" in built.said


@pytest.fixture
def site(tmp_path: Path) -> Path:
    for name in ("index.html", "a/index.html", "files/c.py", "404.html", "assets/x.css", "search/search_index.json"):
        (tmp_path / "site" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "site" / name).write_text('<p id="here">', encoding="utf-8")
    return tmp_path / "site"


def test_the_addresses_of_a_site_are_its_pages_and_the_files_that_it_offers(site: Path):
    assert of_site(site, {}) == ["", "a/", "files/c.py"]
    assert of_site(site, {"a/": ""}) == ["", "files/c.py"]


def test_what_is_gone_is_named(site: Path):
    there = ["", "a/", "files/c.py", "a/#here"]
    gone = ["b/", "files/d.py", "files/c.py/", "a/#lost", "b/#here"]
    assert missing(site, [*there, *gone]) == gone


def test_new_addresses_are_added_in_order_and_old_ones_stay(site: Path):
    file = site.parent / "addresses.toml"
    file.write_text('# Why.\npublished = [\n    "b/",\n]\n\n[moved]\n"b/" = "a/"\n', encoding="utf-8")
    assert add(site.parent, site) == ["", "a/", "files/c.py"]
    wanted = '# Why.\npublished = [\n    "",\n    "a/",\n    "b/",\n    "files/c.py",\n]\n\n[moved]\n"b/" = "a/"\n'
    assert file.read_text(encoding="utf-8") == wanted
    assert add(site.parent, site) == []


@pytest.mark.parametrize(
    ("text", "said"),
    [("published = [", "cannot be read"), ("published = [1]", "needs published"), ("[moved]\na = 1", "under .moved.")],
)
def test_a_list_that_cannot_be_read_is_said_to_be_so(tmp_path: Path, text: str, said: str):
    (tmp_path / "addresses.toml").write_text(text, encoding="utf-8")
    with pytest.raises(ProjectError, match=said):
        Addresses.load(tmp_path)


def test_a_list_written_in_one_line_is_not_lost(site: Path):
    (site.parent / "addresses.toml").write_text("published = []\n", encoding="utf-8")
    with pytest.raises(ProjectError, match="on a line of its own"):
        add(site.parent, site)
