"""A page with every shape of fence that Material renders: each block is shown, runs, and can be copied."""

import json
from collections import Counter

import pytest
from small_project import Built

from pagecode.html import read_html
from pagecode.ledger import code_digest
from pagecode.reader import read_page

SHAPES = "shapes"


@pytest.fixture(scope="module")
def traces(green: Built) -> Counter[str]:
    """How often each block left its trace under each runner: sybil's namespace is __main__."""
    return Counter(green.small.witness.read_text(encoding="utf-8").splitlines())


def test_the_small_project_is_green_and_without_warnings(green: Built):
    assert green.code == 0, green.said
    assert "WARNING" not in green.said


def test_each_block_ran_once_in_sybil_s_pass_and_once_in_its_program(green: Built, traces: Counter[str]):
    page = read_page(green.small.project, green.small.root / "docs/shapes.md")
    marked = [block for block in page.blocks if block.kind in ("python", "pycon") and "mark(" in block.code]
    labels = [block.code.split('mark("')[1].split('"')[0] for block in marked]
    assert len(labels) >= 20
    for label in labels:
        assert (traces[f"{label} __main__"], traces[f"{label} alone"]) == (1, 1), label


def test_only_the_imports_leave_no_trace(green: Built):
    """A block of the page that nobody looks at would hide here."""
    page = read_page(green.small.project, green.small.root / "docs/shapes.md")
    silent = [block for block in page.blocks if block.kind in ("python", "pycon") and "mark(" not in block.code]
    assert ["from mini.witness import mark" in block.code for block in silent] == [True]


def test_commands_and_embedded_source_ran(traces: Counter[str]):
    assert traces["command sh"] == traces["silent-command sh"] == 1
    for label in ("embed", "embed two", "part"):
        assert traces[f"{label} __main__"] and traces[f"{label} alone"]


def test_every_fence_of_the_page_is_in_the_ledger_and_in_the_html(green: Built):
    page = read_page(green.small.project, green.small.root / "docs/shapes.md")
    shown = [code_digest(code.text) for code in read_html(green.html(SHAPES), within="md-content__inner").codes]
    entered = [block["sha256"] for block in green.ledger(SHAPES)["blocks"]]
    # Two lines of ticks a fence, but for those in a string, which its code and its output show.
    ticks = sum(line.lstrip().startswith("```") for line in page.text.split("\n"))
    assert shown == entered
    assert len(shown) == len(page.blocks) == (ticks - 4) / 2


def test_titles_and_marked_lines_are_rendered(green: Built):
    html = green.html(SHAPES)
    for title in ("A title with {braces} and mini.words", "attributes", "mini.averages.rounded", "Constants"):
        assert f'<span class="filename">{title}</span>' in html
    assert "mini.averages.old → mini.averages.new" in html
    assert html.count('class="hll"') == 3


def test_a_figure_stands_in_the_page(green: Built):
    html = green.html(SHAPES)
    assert '<figure class="figure" id="figure-line"><svg' in html
    assert "A line that rises</figcaption>" in html
    assert "style=" not in html[html.index("<figure") : html.index("</figure>")]


def test_front_matter_citations_and_formulas_are_rendered(green: Built):
    html = green.html("reaches")
    assert html.count("t=3720s") == 2
    assert "1 minutes" in html and 'href="../reference/sources/#vaswani2017"' in html
    assert "<mfrac>" in html


def test_buttons_are_not_searched(green: Built):
    index = json.loads((green.small.root / "site/search/search_index.json").read_text(encoding="utf-8"))
    assert not any("runs alone" in entry["text"] for entry in index["docs"])
