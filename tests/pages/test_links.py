"""Every link of a built site: which are found, and which are refused."""

import json
from pathlib import Path

import pytest
from small_project import build

from pagecode.html import read_html
from pagecode.links import Site, judge_links, judge_lists, judge_styles

PIXEL = "data:image/gif;base64,R0lGODlhAQABAIAAAAUEBAAAACwAAAAAAQABAAACAkQBADs="


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("index.html", "a/index.html", "a/b.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text('<p id="here">', encoding="utf-8")
    return tmp_path


def site_of(folder: Path, url: str = "", within: str | None = None) -> Site:
    pages = {file: read_html(file.read_text(encoding="utf-8"), within) for file in sorted(folder.rglob("*.html"))}
    return Site(folder, url, pages)


@pytest.mark.parametrize(
    ("address", "url", "fine"),
    [
        ("https://example.org/none", "", True),
        ("mailto:x@example.org", "", True),
        ("//example.org/none", "", True),
        ("..", "", True),
        ("../#here", "", True),
        ("#here", "", True),
        ("#none", "", False),
        ("../#none", "", False),
        ("b.png?x=1", "", True),
        ("b.png/", "", False),
        ("c.png", "", False),
        ("/", "", True),
        ("/a/b.png", "", True),
        ("/c/b.png", "", False),
        ("/base/a/b.png", "https://example.org/base/", True),
        ("/base", "https://example.org/base/", True),
        ("/a/b.png", "https://example.org/base/", False),
        ("/base/c.png", "https://example.org/base/", False),
        ("https://example.org/base/a/#here", "https://example.org/base/", True),
        ("https://example.org/base", "https://example.org/base/", True),
        ("https://example.org", "https://example.org/", True),
        ("https://example.org/base/a/#none", "https://example.org/base/", False),
        ("https://example.org/base/c.png", "https://example.org/base", False),
        ("https://example.org/c.png", "https://example.org", False),
        ("https://example.org/another/c.png", "https://example.org/base/", True),
        ("https://example.org/basement/c.png", "https://example.org/base/", True),
        ("../a%2Fb.png", "", True),
        ("", "", True),
    ],
)
def test_a_link_leads_to_a_file_and_an_anchor_of_the_site(folder: Path, address: str, url: str, fine: bool):
    assert (site_of(folder, url).broken(folder / "a/index.html", address) is None) == fine


@pytest.mark.parametrize(
    ("html", "found"),
    [
        ('<a href="x">', [("href", "x")]),
        ('<area href="x">', [("href", "x")]),
        ('<script src="x">', [("src", "x")]),
        ('<video poster="x">', [("poster", "x")]),
        ('<img srcset="x 1x, y 2x">', [("srcset", "x"), ("srcset", "y")]),
        (f'<source srcset="{PIXEL}, x 300w">', [("srcset", PIXEL), ("srcset", "x")]),
        ('<link imagesrcset="x" href="y">', [("href", "y"), ("imagesrcset", "x")]),
        ('<svg><use href="x"/></svg>', [("href", "x")]),
        ('<svg><use xlink:href="x"/></svg>', [("xlink:href", "x")]),
        ('<form action="x"><button formaction="y">', [("action", "x"), ("formaction", "y")]),
        ('<object data="x">', [("data", "x")]),
        ('<meta http-equiv="Refresh" content="0; URL=\'x\'">', [("refresh", "x")]),
        ('<meta http-equiv="refresh" content="300">', []),
        ('<meta property="og:image" content="x">', [("og:image", "x")]),
        ('<meta name="twitter:image" content="x">', [("twitter:image", "x")]),
        ('<meta name="description" content="x"><time data="x">', []),
    ],
)
def test_an_address_is_found_wherever_html_keeps_one(html: str, found: list[tuple[str, str]]):
    assert [(kind, address) for kind, address, _ in read_html(html).links] == found


@pytest.mark.parametrize(
    "html",
    [
        '<a href="none/">x</a>',
        '<a href="{url}none/">x</a>',
        '<img src="{url}b.png">',
        '<img srcset="a/b.png 1x, none.png 2x">',
        '<video poster="none.png"></video>',
        '<svg><use href="none.svg#x"/></svg>',
        '<svg><use href="#none"/></svg>',
        '<form action="none/"></form>',
        '<object data="none.svg"></object>',
        '<meta http-equiv="refresh" content="0; url=none/">',
        '<meta property="og:image" content="{url}none.png">',
    ],
)
def test_each_of_them_is_refused_where_it_leads_nowhere(folder: Path, html: str):
    url = "https://example.org/base/"
    (folder / "index.html").write_text(html.format(url=url), encoding="utf-8")
    [problem] = judge_links(site_of(folder, url), {})
    assert str(problem).startswith(f"{folder.name}/index.html:1: ") and " leads nowhere: " in problem.message


def test_a_broken_link_around_the_pages_is_named_once(folder: Path, small):
    menu = '<a href="{}none/">menu</a><main class="in"><a href="gone/">x</a></main>'
    for name, way in (("index.html", ""), ("a/index.html", "../")):
        (folder / name).write_text(menu.format(way), encoding="utf-8")
    page = small.read("Words.\n\n[x](gone/) and\n[y](gone/)\n")
    found = [str(problem) for problem in judge_links(site_of(folder, within="in"), {folder / "a/index.html": page})]
    assert sorted(line.split(": ")[0] for line in found) == [
        "docs/page.md:3",
        "docs/page.md:4",
        f"{folder.name}/a/index.html:1",
        f"{folder.name}/index.html:1",
    ]


def test_a_style_sheet_asks_for_what_is_there(folder: Path):
    asked = ["b.png", "../a/b.png?v=1", f'"{PIXEL}"', "#here", "'none.woff2'", "https://example.org/x.png"]
    rules = [f"p {{ background: url({address}) }}" for address in asked]
    (folder / "a/x.css").write_text("\n".join(["/* url(\nno.png) */", '@import "no.css";', *rules]), encoding="utf-8")
    assert [str(problem) for problem in judge_styles(site_of(folder))] == [
        f"{folder.name}/a/x.css:3: url(no.css) leads nowhere: the built site has no a/no.css",
        f"{folder.name}/a/x.css:8: url(none.woff2) leads nowhere: the built site has no a/none.woff2",
    ]


def test_what_is_listed_for_machines_is_there(folder: Path):
    url = "https://example.org/base/"
    places = "".join(f"<url><loc>{url}{way}</loc></url>" for way in ("", "a/", "gone/"))
    sitemap = f'<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{places}</urlset>'
    (folder / "sitemap.xml").write_text(sitemap, encoding="utf-8")
    (folder / "search").mkdir()
    index = {"docs": [{"location": place} for place in ("", "a/#here", "a/#lost")]}
    (folder / "search/search_index.json").write_text(json.dumps(index), encoding="utf-8")
    manifest = {"start_url": ".", "icons": [{"src": "b.png"}, {"src": "c.png"}]}
    (folder / "a/site.webmanifest").write_text(json.dumps(manifest), encoding="utf-8")
    assert [str(problem).removeprefix(folder.name) for problem in judge_lists(site_of(folder, url))] == [
        f"/sitemap.xml:1: '{url}gone/' leads nowhere: the built site has no gone/index.html",
        "/search/search_index.json:1: 'a/#lost' leads nowhere: a/index.html has no anchor #lost",
        "/a/site.webmanifest:1: 'c.png' leads nowhere: the built site has no a/c.png",
    ]


def test_a_build_with_links_of_every_kind_that_lead_nowhere_names_them_all(copy):
    copy.write(
        "docs/page.md",
        "# Page\n\n"
        '<a href="none.html">raw</a>\n\n'
        '<img src="../figure.png" alt="" srcset="gone.png 2x">\n\n'
        '<svg><use href="lost.svg#x"></use></svg>\n',
    )
    copy.write("docs/figure.png", "")
    copy.write("docs/own.css", "p { background: url(missing.png) }\n")
    built = build(copy)
    assert built.code != 0 and "problems: 4; the site is not built" in built.said
    for said in (
        "docs/page.md:3: href='none.html'",
        "docs/page.md:5: srcset='gone.png'",
        "docs/page.md:7: href='lost.svg#x'",
        "site/own.css:1: url(missing.png)",
    ):
        assert said in built.said, built.said
