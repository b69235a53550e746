"""CITATION.cff with the addresses that are known, BibTeX made from it, and both on a built site."""

import json

import pytest
from small_project import Small, build, make

from pagecode.html import read_html
from pagecode.project import ProjectError
from pagecode.publish.citing import address, bibtex, escaped, load_citation, with_addresses

WORK = """\
cff-version: 1.2.0
title: "Small & tidy: 100% of it"
authors:
  - name: The_Authors
version: 1.2.3
references:
  - title: Of Łódź
    authors:
      - family-names: Müller
        given-names: Ann B.
      - family-names: Å
    year: 1999
    notes: Part {1}
    url: https://example.org/a_b?c={d}&e=50%25
  - title: Again
    authors: [{family-names: Muller, given-names: Ann}]
    year: 1999
"""
ENTRIES = {
    "small-tidy": r"""@misc{small-tidy,
  author = {{The\_Authors}},
  title  = {{Small \& tidy: 100\% of it}},
  note   = {Version 1.2.3},
}""",
    "muller1999": r"""@misc{muller1999,
  author = {M{\"{u}}ller, Ann B. and {\r{A}}},
  title  = {{Of {\L}{\'{o}}d{\'{z}}}},
  year   = {1999},
  note   = {Part \{1\}},
  url    = {https://example.org/a_b?c=%7Bd%7D&e=50%25},
}""",
    "muller1999b": r"""@misc{muller1999b,
  author = {Muller, Ann},
  title  = {{Again}},
  year   = {1999},
}""",
}
PAGE = "---\ntitle: Cite\n---\n\n# Cite\n\n[@bibtex]\n\n[The file](CITATION.cff)\n"


def test_each_work_becomes_an_entry_of_bibtex():
    assert bibtex(WORK) == ENTRIES


@pytest.mark.parametrize(
    ("text", "tex"),
    [
        ("a & b_c", r"a \& b\_c"),
        ("#1 costs $2, 3% off", r"\#1 costs \$2, 3\% off"),
        ("{x}", r"\{x\}"),
        ("~^\\", r"\textasciitilde{}\textasciicircum{}\textbackslash{}"),
        ("é ß ø č", r"{\'{e}} {\ss} {\o} {\v{c}}"),
        ("1990–2000, “so”", "1990--2000, ``so''"),
        ("山田", "山田"),
    ],
)
def test_what_tex_would_misread_is_escaped(text: str, tex: str):
    assert escaped(text) == tex


def test_an_address_cannot_end_its_field():
    assert address("https://example.org/{a}\\_%20") == "https://example.org/%7Ba%7D%5C_%20"


def test_only_known_addresses_are_added():
    assert with_addresses(WORK, "", None) == WORK
    both = with_addresses(WORK, 'https://example.org/"x"', "https://example.org/code")
    assert both == WORK + 'url: "https://example.org/\\"x\\""\nrepository-code: "https://example.org/code"\n'
    assert with_addresses("", "https://example.org/", "") == ""


@pytest.mark.parametrize(
    "text", ["authors: [", "title: x", "- x", "title: x\nauthors: [{orcid: y}]", "title: x\nauthors: []"]
)
def test_a_file_that_cannot_be_cited_is_refused(small: Small, text: str):
    small.write("CITATION.cff", text)
    with pytest.raises(ProjectError, match="cannot be made into BibTeX .* needs a title and authors"):
        load_citation(small.root)


def test_a_page_that_asks_for_bibtex_needs_the_file(copy: Small):
    copy.write("docs/cite.md", PAGE.replace("[The file](CITATION.cff)", ""))
    built = build(copy)
    assert built.code and "docs/cite.md:7: [@bibtex] needs a CITATION.cff beside pyproject.toml" in built.said


def built_with(folder, **addresses: str):
    """A site with a page to cite it, built where these addresses are known."""
    small = make(folder / "small")
    small.write("CITATION.cff", WORK)
    small.write("docs/cite.md", PAGE)
    for page in ("shapes.md", "reaches.md"):
        (small.root / "docs" / page).unlink()
    small.write("docs/index.md", "# Small\n")
    settings = json.loads((small.root / "mkdocs.yml").read_text(encoding="utf-8"))
    small.write("mkdocs.yml", json.dumps({**settings, **addresses}))
    return build(small, "--strict")


def test_where_no_address_is_known_the_site_names_none(tmp_path):
    built = built_with(tmp_path)
    assert built.code == 0, built.said
    assert (built.small.root / "site/CITATION.cff").read_text(encoding="utf-8") == WORK
    assert read_html(built.html("cite")).copies == list(ENTRIES.values())


def test_where_they_are_known_the_file_and_the_page_name_them(tmp_path):
    known = {"site_url": "https://example.org/course/", "repo_url": "https://example.org/someone/course"}
    built = built_with(tmp_path, **known)
    assert built.code == 0, built.said
    made = (built.small.root / "site/CITATION.cff").read_text(encoding="utf-8")
    assert made == with_addresses(WORK, *known.values())
    ours = ENTRIES["small-tidy"].removesuffix("}") + "  url    = {https://example.org/course/},\n}"
    found = read_html(built.html("cite"))
    assert found.copies[0] == ours
    # It is text and no code: the judge asks who has run what stands in <pre>.
    assert found.codes == []
