"""What the reader copies is what ran, and runs alone."""

from pathlib import Path

import markdown
import pytest
import yaml
from forker import Forker, run_fresh
from mkdocs.utils.yaml import get_yaml_loader
from pytest_codeblocks.main import extract_from_file
from small_project import REPOSITORY, Built

from pagecode.html import read_html
from pagecode.outputs import difference, lines_of
from pagecode.page import Block, Page
from pagecode.programs import program
from pagecode.project import Project
from pagecode.reader import read_page

OURS = Project.load(REPOSITORY)
PAGES = [path.relative_to(OURS.docs).as_posix() for path in OURS.pages()]


def copies(html: str) -> list[str]:
    """What the buttons of a page carry, the first of each box: the program, not what is seen."""
    boxes = html.split('<div class="copy" ')[1:]
    return [read_html(box).copies[0] for box in boxes]


def expected(project: Project, page: Page) -> list[str]:
    """What the box of each block is to carry."""
    blocks = [block for block in page.blocks if block.runs or block.kind == "shown"]
    return [program(project, page, block) if block.is_python else block.code for block in blocks]


def rendered(page: str) -> str:
    """A page of ours through Markdown, with the site's extensions."""
    settings = yaml.load((REPOSITORY / "mkdocs.yml").read_text(encoding="utf-8"), Loader=get_yaml_loader())
    configs = {"pagecode.extension": {"root": str(REPOSITORY), "page": page}}
    for entry in settings["markdown_extensions"]:
        configs.update(entry if isinstance(entry, dict) else {entry: configs.get(entry, {})})
    text = (OURS.docs / page).read_text(encoding="utf-8")
    head = text.split("---\n", 2)[2] if text.startswith("---\n") else text
    return markdown.markdown(head, extensions=list(configs), extension_configs=configs)


def shown_until(page: Page, block: Block) -> list[tuple[int, str]]:
    """The output that a section shows up to and with `block`."""
    blocks = [other for other in page.section(block.section) if other.line <= block.line]
    return [pair for other in blocks for pair in other.shown()]


def test_the_clipboard_equals_the_program_byte_for_byte(green: Built):
    page = read_page(green.small.project, green.small.root / "docs/shapes.md")
    carried = copies(green.html("shapes"))
    assert len(carried) >= 30
    assert carried == expected(green.small.project, page)


def test_the_clipboard_of_a_section_s_last_block_is_what_pytest_codeblocks_ran(green: Built):
    page = read_page(green.small.project, green.small.root / "docs/shapes.md")
    ran = [block.code for block in extract_from_file(green.small.root / ".pagecode/programs/shapes.md")]
    last = [page.section(number)[-1] for number in page.code_sections]
    order = [block.line for block in page.blocks if block.runs or block.kind == "shown"]
    carried = dict(zip(order, copies(green.html("shapes")), strict=True))
    assert [carried[block.line] for block in last] == ran


def test_what_is_seen_can_be_copied_too(green: Built):
    page = read_page(green.small.project, green.small.root / "docs/shapes.md")
    carried = read_html(green.html("shapes")).copies
    assert all(block.code in carried for block in page.blocks if block.runs)


@pytest.mark.parametrize("name", PAGES)
def test_on_each_page_of_the_site_the_clipboard_equals_the_program(name: str):
    assert copies(rendered(name)) == expected(OURS, read_page(OURS, OURS.docs / name))


def test_every_program_of_the_small_project_runs_alone_up_to_each_block(green: Built, monkeypatch, tmp_path: Path):
    monkeypatch.setenv("WITNESS", str(tmp_path / "witness.txt"))
    page = read_page(green.small.project, green.small.root / "docs/shapes.md")
    blocks = [block for block in page.blocks if block.is_python]
    with Forker(green.small.root / "src") as forker:
        for block in blocks:
            ended = forker.run(program(green.small.project, page, block))
            assert ended.status == 0, ended.complaints
            assert difference(shown_until(page, block), lines_of(ended.printed), block.line) is None


def test_programs_that_embed_run_in_a_fresh_interpreter(green: Built, monkeypatch, tmp_path: Path):
    monkeypatch.setenv("WITNESS", str(tmp_path / "witness.txt"))
    page = read_page(green.small.project, green.small.root / "docs/shapes.md")
    embedding = [block for block in page.blocks if block.is_python and "embeds" in block.code][-1]
    ended = run_fresh(program(green.small.project, page, embedding), tmp_path, green.small.root / "src")
    assert ended.status == 0, ended.complaints
    assert difference(shown_until(page, embedding), lines_of(ended.printed), 0) is None
