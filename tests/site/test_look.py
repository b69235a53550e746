"""What stands around the pages: where the site comes from, where to report and edit, previews, 404, colours."""

import json
import re
import struct
import subprocess
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
import torch
from mkdocs.utils.yaml import yaml_load
from rebuilt import ADDRESSES, ROOT, rebuild

from pagecode.ledger import Ledger, digest
from pagecode.project import Problem, Project
from pagecode.publish.links import mark_external
from pagecode.publish.provenance import Provenance, commit_of, edit_uri, programs_ran
from pagecode.reader import read_page

PROJECT = Project.load(ROOT)
SITE_URL, REPO_URL = ADDRESSES.values()
ELSEWHERE = "https://git.example.org/someone/course"
FACTS = re.compile(r"Built from commit (\w{7})( and changes not in it)? · torch (\S+) · (\d+) programs ran")


class Tags(HTMLParser):
    """The start tags of a page with their attributes, in order, and its text."""

    def __init__(self, file: Path) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict]] = []
        self.text = ""
        self.feed(file.read_text(encoding="utf-8"))
        self.text = " ".join(self.text.split())

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.text += data

    def links(self):
        return [attributes["href"] for tag, attributes in self.tags if tag == "a" and "href" in attributes]

    def meta(self):
        found = [attributes for tag, attributes in self.tags if tag == "meta"]
        return {entry.get("property") or entry.get("name"): entry.get("content") for entry in found}


def pages_of(folder: Path) -> dict[str, Tags]:
    """The pages of a built site, by their path in it."""
    return {file.relative_to(folder).as_posix(): Tags(file) for file in sorted(folder.rglob("*.html"))}


@pytest.fixture(scope="module")
def known(addressed):
    return pages_of(addressed)


@pytest.fixture(scope="module")
def unknown(unaddressed):
    return pages_of(unaddressed)


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory):
    return pages_of(rebuild(tmp_path_factory.mktemp("elsewhere"), REPO_URL=ELSEWHERE))


def address_of(path: Path) -> str:
    """Where a page of the docs is found in the built site."""
    inside = path.relative_to(PROJECT.docs).with_suffix("")
    return (inside if inside.name == "index" else inside / "index").with_suffix(".html").as_posix()


SOURCES = {address_of(path): path for path in PROJECT.pages()}


def git(folder: Path, *arguments: str) -> str:
    identity = ["-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false"]
    command = ["git", "-C", str(folder), *identity, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


# --- where the site comes from ---


def test_every_page_says_commit_torch_and_how_many_programs_ran(unknown):
    entries = [json.loads(Ledger(PROJECT).file(path).read_text()) for path in PROJECT.pages()]
    ran = sum(len(entry["programs"]) for entry in entries)
    assert ran == sum(len(read_page(PROJECT, path).code_sections) for path in PROJECT.pages()) > 10
    for name, page in unknown.items():
        commit, changed, version, programs = FACTS.search(page.text).groups()
        assert git(ROOT, "rev-parse", "HEAD").startswith(commit), name
        assert bool(changed) == bool(git(ROOT, "status", "--porcelain")), name
        assert (version, int(programs)) == (torch.__version__, ran), name


def test_every_page_names_the_licences(unknown):
    for page in unknown.values():
        for licence in ("licenses/by/4.0/", "license/mit", "publicdomain/zero/1.0/"):
            assert sum(licence in link for link in page.links()) >= 1


def test_the_commit_is_that_of_the_repository_itself(tmp_path):
    git(tmp_path, "init", "-q")
    (tmp_path / "a").write_text("1")
    git(tmp_path, "add", "a")
    git(tmp_path, "commit", "-qm", "one")
    head = git(tmp_path, "rev-parse", "HEAD")
    # git is asked before the environment.
    assert commit_of(tmp_path, {"GITHUB_SHA": "f" * 40}) == (head, False)
    (tmp_path / "a").write_text("2")
    assert commit_of(tmp_path, {}) == (head, True)
    # A folder that merely lies in a repository has no commit of its own.
    (tmp_path / "unpacked").mkdir()
    assert commit_of(tmp_path / "unpacked", {}) == ("", False)


def test_without_git_the_environment_names_the_commit_or_nobody_does(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    for name in ("GITHUB_SHA", "CI_COMMIT_SHA"):
        assert commit_of(ROOT, {name: "a" * 40}) == ("a" * 40, False)
    assert commit_of(ROOT, {"GITHUB_SHA": ""}) == ("", False)


def test_only_programs_that_ran_as_the_page_stands_are_counted(tmp_path):
    (tmp_path / "pyproject.toml").write_text('[tool.pagecode]\ndocs = "docs"\nsource = "src"\n')
    for folder in ("docs", "src"):
        (tmp_path / folder).mkdir()
    file = tmp_path / "docs" / "a.md"
    file.write_text("```python\nx = 1\n```\n\n## B\n\n```python\ny = 2\n```\n")
    project = Project.load(tmp_path)
    page = read_page(project, file)
    assert programs_ran(project, [page]) == 0
    ledger = Ledger(project)
    ledger.write(page, digest(project, page), [], [], ["x = 1\n", "y = 2\n"])
    assert programs_ran(project, [page]) == 2
    ledger.write(page, digest(project, page), [], [Problem(page.name, 2, "red")], ["x = 1\n", "y = 2\n"])
    assert programs_ran(project, [page]) == 0
    ledger.write(page, digest(project, page), [], [], ["x = 1\n", "y = 2\n"])
    file.write_text(file.read_text().replace("2", "3"))
    assert programs_ran(project, [read_page(project, file)]) == 0


# --- addresses, both ways ---


def test_without_addresses_there_is_nothing_to_report_to_and_no_preview(unknown):
    for name, page in unknown.items():
        assert not any("/issues" in link or "/edit/" in link or "/commit/" in link for link in page.links()), name
        assert "Report an error" not in page.text and "tell us" not in page.text, name
        assert not any(key and key.startswith(("og:", "twitter:")) for key in page.meta()), name
        assert not any(attributes.get("rel") == "canonical" for _, attributes in page.tags), name


@pytest.mark.parametrize("address", SOURCES)
def test_a_report_names_the_page_and_the_commit(known, address):
    (report,) = [link for link in known[address].links() if "/issues/new" in link]
    assert report.startswith(f"{REPO_URL}/issues/new?")
    ((title,), (body,)) = [parse_qs(urlsplit(report).query)[key] for key in ("title", "body")]
    assert title.removeprefix("Error on: ") in known[address].text
    assert SITE_URL + address.removesuffix("index.html") in body.split()
    assert git(ROOT, "rev-parse", "HEAD") in body


@pytest.mark.parametrize("address", SOURCES)
def test_an_edit_link_leads_to_the_source_of_its_page(known, address):
    (edit,) = [link for link in known[address].links() if "/edit/" in link]
    assert edit == f"{REPO_URL}/edit/main/{PROJECT.name_of(SOURCES[address])}"


def test_the_commit_is_linked_where_its_page_is_known(known):
    commit = git(ROOT, "rev-parse", "HEAD")
    assert all(f"{REPO_URL}/commit/{commit}" in page.links() for page in known.values())


def test_a_repository_elsewhere_is_linked_as_it_is(elsewhere):
    for name, page in elsewhere.items():
        there = {link for link in page.links() if link.startswith(ELSEWHERE)}
        assert there == {ELSEWHERE}, name
        assert not any("/edit/" in link or "/issues" in link or "/commit/" in link for link in page.links()), name


def test_only_addresses_that_are_known_are_made_up():
    site = Provenance(commit="a" * 40, changed=False, torch="2", programs=3, repository=REPO_URL)
    assert site.commit_url and "Built+from+commit%3A+aaaa" in site.report_url(None)
    for repository in ("", ELSEWHERE, "https://github.com.example.org/someone/course"):
        other = Provenance(commit="a" * 40, changed=False, torch="2", programs=3, repository=repository)
        assert (other.commit_url, other.report_url(None)) == ("", repository)
        assert edit_uri(repository, "docs") is None
    lost = Provenance(commit="", changed=False, torch="2", programs=3, repository=REPO_URL)
    assert lost.commit_url == "" and "Built+from+commit%3A+unknown" in lost.report_url(None)


@pytest.mark.parametrize("address", SOURCES)
def test_a_preview_has_the_pages_own_words_and_the_one_image(known, address):
    meta = known[address].meta()
    assert meta["og:url"] == SITE_URL + address.removesuffix("index.html")
    assert meta["og:description"] == meta["description"]
    assert meta["og:title"] in known[address].text
    assert meta["og:image"] == SITE_URL + "assets/social.png"
    assert meta["og:image:alt"] and meta["twitter:card"] == "summary_large_image"


def test_the_social_image_is_there_and_has_the_size_that_the_tags_name(known):
    image = (ROOT / "docs" / "assets" / "social.png").read_bytes()
    meta = known["index.html"].meta()
    assert struct.unpack(">II", image[16:24]) == (int(meta["og:image:width"]), int(meta["og:image:height"]))
    assert struct.unpack(">II", image[16:24]) == (1200, 630) and len(image) < 60_000


# --- the page that is not there ---


@pytest.mark.parametrize("addresses", ["known", "unknown"])
def test_404_leads_to_every_page_of_the_nav_from_any_depth(addresses, request):
    base = urlsplit(SITE_URL).path if addresses == "known" else "/"
    pages = request.getfixturevalue(addresses)
    here = [link for link in pages["404.html"].links() if not urlsplit(link).netloc and not link.startswith("#")]
    assert all(link.startswith(base) for link in here)
    targets = {link.removeprefix(base) for link in here}
    listed = set(re.findall(r"[\w/-]+\.md", str(yaml_load((ROOT / "mkdocs.yml").read_text())["nav"])))
    assert {address_of(PROJECT.docs / name).removesuffix("index.html") for name in listed} <= {*targets, ""}
    assert all(f"{target}index.html" in pages for target in targets if target in ("", "./") or target.endswith("/"))


# --- one visual language ---


def palettes() -> list[dict[str, str]]:
    """The variables of the light palette and of the dark one."""
    css = (PROJECT.docs / "assets" / "css" / "site.css").read_text()
    blocks = re.findall(r"\[data-md-color-scheme(?:=\"slate\")?\] \{(.*?)\}", css, re.DOTALL)
    return [dict(re.findall(r"(--[\w-]+): (#[0-9a-f]{6});", block)) for block in blocks]


def contrast(one: str, other: str) -> float:
    """The contrast ratio of WCAG 2.2."""

    def luminance(colour: str) -> float:
        parts = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
        r, g, b = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
        return 0.2126 * r + 0.7152 * g + 0.0722 * b

    dark, light = sorted(map(luminance, (one, other)))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("palette", palettes(), ids=["light", "dark"])
def test_words_can_be_read_and_drawings_seen(palette):
    pattern = re.compile(r"--lt-(ink|muted|[qkvo])|--md-(typeset-a|code-hl-.*)-color")
    words = [name for name in palette if pattern.fullmatch(name)]
    assert len(words) > 15
    for ground in (palette["--md-default-bg-color"], palette["--md-code-bg-color"], palette["--md-primary-fg-color"]):
        assert {name: contrast(palette[name], ground) for name in words if contrast(palette[name], ground) < 4.5} == {}
    for name in ("--lt-weight", "--lt-control"):
        assert contrast(palette[name], palette["--md-default-bg-color"]) >= 3, name


def test_both_palettes_have_the_same_variables():
    light, dark = palettes()
    assert set(light) == set(dark)


def test_figures_are_drawn_in_the_colours_of_the_light_palette():
    light, _ = palettes()
    css = (PROJECT.docs / "assets" / "css" / "site.css").read_text()
    for colour, name in PROJECT.colours.items():
        assert f".fill-{name} " in css and f".stroke-{name} " in css
        if name != "muted":  # figures have it a shade lighter than text may be
            assert light[f"--lt-{name}"] == colour


def parts():
    """Each page of a part that has several, with its row and the rows of the part."""
    for item in yaml_load((ROOT / "mkdocs.yml").read_text())["nav"]:
        for children in item.values() if isinstance(item, dict) else ():
            if isinstance(children, list):
                names = [child if isinstance(child, str) else next(iter(child.values())) for child in children]
                for row, name in enumerate(names, start=1):
                    if len(names) > 1 and not name.startswith("reference/"):
                        yield pytest.param(name, row, len(names), id=name)


@pytest.mark.parametrize("name, row, rows", list(parts()))
def test_the_progress_mark_is_filled_as_far_as_the_page(unknown, name, row, rows):
    page = unknown[address_of(PROJECT.docs / name)]
    cells = [attributes["class"] for tag, attributes in page.tags if tag == "rect" and "class" in attributes]
    assert (cells.count("been"), cells.count("been") + cells.count("to-come")) == (
        row * (row + 1) // 2,
        rows * (rows + 1) // 2,
    )
    assert f"page {row} of {rows}" in page.text


def test_links_to_other_sites_are_marked_for_the_print_sheet(unknown):
    assert mark_external('<a href="https://a.b/">') == '<a rel="external" href="https://a.b/">'
    assert mark_external('<a class="x" href="http://a.b/">') == '<a rel="external" class="x" href="http://a.b/">'
    for kept in ('<a href="../a/">', '<a href="#a">', '<a rel="me" href="https://a.b/">', '<a href="/?x=https://a.b">'):
        assert mark_external(kept) == kept
    lesson = unknown["attention/query-key-value/index.html"]
    marked = [attributes["href"] for _, attributes in lesson.tags if attributes.get("rel") == "external"]
    assert any("youtube.com" in link for link in marked) and all(urlsplit(link).netloc for link in marked)
