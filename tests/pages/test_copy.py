"""What the reader copies is what ran, and runs alone."""

import io
import os
import subprocess
import sys
import warnings
from contextlib import redirect_stdout
from pathlib import Path

import markdown
import pytest
import yaml
from conftest import REPOSITORY, Built
from mkdocs.utils.yaml import get_yaml_loader
from pytest_codeblocks.main import extract_from_file

from pagecode.ambient import Ambient
from pagecode.html import read_html
from pagecode.outputs import difference, lines_of
from pagecode.page import Block, Page
from pagecode.programs import program
from pagecode.project import SCREENLESS, Project
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


def run_alone(ambient: Ambient, code: str) -> list[str]:
    """The lines that a program prints, run in this process with everything put back around it."""
    printed = io.StringIO()
    with ambient.apart() as scratch, warnings.catch_warnings(), redirect_stdout(printed):
        warnings.filterwarnings("ignore", message=SCREENLESS)
        ambient.restore(seed=99)
        os.chdir(scratch)
        exec(compile(code, "<copied>", "exec"), {"__name__": "__main__"})
    return lines_of(printed.getvalue())


def check_prefixes(project: Project, page: Page) -> None:
    ambient = Ambient(project.packages())
    for block in page.blocks:
        if block.is_python:
            got = run_alone(ambient, program(project, page, block))
            assert difference(shown_until(page, block), got, block.line) is None


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
    monkeypatch.syspath_prepend(str(green.small.root / "src"))
    monkeypatch.setenv("WITNESS", str(tmp_path / "witness.txt"))
    check_prefixes(green.small.project, read_page(green.small.project, green.small.root / "docs/shapes.md"))


@pytest.mark.parametrize("name", PAGES)
def test_every_program_of_the_site_runs_alone_up_to_each_block(name: str):
    check_prefixes(OURS, read_page(OURS, OURS.docs / name))


def run_fresh(code: str, folder: Path, path: Path) -> list[str]:
    """The lines that a program prints in an interpreter of its own, from an empty folder."""
    (folder / "copied.py").write_text(code, encoding="utf-8")
    ours = {"PYTHONPATH": str(path), "WITNESS": str(folder / "witness.txt"), "PYTHONUTF8": "1", "OMP_NUM_THREADS": "1"}
    environment = {**os.environ, **ours}
    done = subprocess.run(
        [sys.executable, "copied.py"], cwd=folder, env=environment, capture_output=True, encoding="utf-8", timeout=100
    )
    assert done.returncode == 0, done.stderr
    return lines_of(done.stdout)


def test_programs_that_embed_run_in_a_fresh_interpreter(green: Built, tmp_path: Path):
    page = read_page(green.small.project, green.small.root / "docs/shapes.md")
    embedding = [block for block in page.blocks if block.is_python and "embeds" in block.code][-1]
    got = run_fresh(program(green.small.project, page, embedding), tmp_path, green.small.root / "src")
    assert difference(shown_until(page, embedding), got, 0) is None


def test_the_longest_program_of_the_site_runs_in_a_fresh_interpreter(tmp_path: Path):
    pages = [read_page(OURS, path) for path in OURS.pages()]
    blocks = [(page, block) for page in pages for block in page.blocks if block.is_python]
    page, block = max(blocks, key=lambda pair: len(program(OURS, *pair)))
    got = run_fresh(program(OURS, page, block), tmp_path, OURS.source)
    assert difference(shown_until(page, block), got, 0) is None
