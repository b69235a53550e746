"""The notebooks of the built site: each holds its page, and running it gives what it shows."""

import re
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from pagecode.html import read_html
from pagecode.outputs import difference, lines_of
from pagecode.programs import python_of
from pagecode.project import Project
from pagecode.publish.notebooks import address_of
from pagecode.reader import read_page

PROJECT = Project.load(Path(__file__).parents[2])
SITE = PROJECT.root / "site"
PAGES = {path.relative_to(PROJECT.docs).as_posix(): read_page(PROJECT, path) for path in PROJECT.pages()}
WITH_CODE = [name for name, page in PAGES.items() if page.code_sections]
# Run whole, in a fresh kernel each: the lessons, with embedded source, commands and figures, and two references.
SAMPLE = ["attention/average.md", "attention/query-key-value.md", "reference/names.md", "reference/shapes.md"]


def opened(name):
    file = SITE / address_of(name)
    assert file.is_file(), f"{file} is missing; build the site first: make site"
    return nbformat.read(file, as_version=4)


def printed(cell):
    return "".join(output.text for output in cell.outputs if output.output_type == "stream")


def pictures(cell):
    return sum("image/png" in output.get("data", {}) for output in cell.outputs)


def test_the_pages_with_python_have_notebooks_and_no_others_do():
    made = {file.relative_to(SITE).as_posix() for file in SITE.rglob("*.ipynb")} - labs()
    assert made == {address_of(name) for name in WITH_CODE} and len(made) > 5


def labs():
    """The notebooks that are pages themselves."""
    return {file.relative_to(SITE).as_posix() for file in (SITE / "labs").rglob("*.ipynb")}


@pytest.mark.parametrize("name", WITH_CODE)
def test_a_notebook_is_valid_and_written_as_jupyter_would(name):
    nbformat.validate(opened(name))
    written = (SITE / address_of(name)).read_text(encoding="utf-8")
    assert written == nbformat.writes(opened(name)) + "\n"


@pytest.mark.parametrize("name", WITH_CODE)
def test_each_block_is_there_in_order_with_the_output_that_the_page_shows(name):
    cells = opened(name).cells
    for block in PAGES[name].blocks:
        if block.kind == "output":
            continue
        wanted = python_of(block) if block.kind == "pycon" else block.code
        # Several fences may stand in one cell of Markdown.
        cells = cells[next(at for at, cell in enumerate(cells) if wanted.strip("\n") in cell.source) :]
        cell = cells[0]
        assert (cell.cell_type == "code") == (block.kind in ("python", "pycon", "embed", "sh"))
        if cell.cell_type == "code":
            assert printed(cell).split("\n")[:-1] == [line for _, line in block.shown()]
            assert pictures(cell) == len(block.figures)
            cells = cells[1:]


@pytest.mark.parametrize("name", WITH_CODE)
def test_the_prose_has_no_dead_link_and_nothing_that_only_the_site_renders(name):
    for cell in opened(name).cells:
        if cell.cell_type == "markdown":
            prose = re.sub(r"```.*?```|`[^`]*`", "", cell.source, flags=re.DOTALL)
            assert re.findall(r"\]\((?!https?://)", prose) == []
            assert re.findall(r"\[@|\\[(\[\])]|\\[qkvo]\{|^\s*(?:!!!|\?\?\?|===) |</?(?:div|span)|\{\.", prose) == []


@pytest.mark.parametrize("name", WITH_CODE)
def test_the_page_offers_its_notebook(name):
    file = SITE / name.removesuffix("index.md").removesuffix(".md") / "index.html"
    links = [address for kind, address, inside in read_html(file.read_text(encoding="utf-8"), "facts").links if inside]
    assert (SITE / address_of(name)).resolve() in [(file.parent / address).resolve() for address in links]


@pytest.fixture
def jupyter(tmp_path, monkeypatch):
    """A Jupyter that knows no settings of its user, and leaves nothing with them."""
    for variable in ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR"):
        monkeypatch.setenv(variable, str(tmp_path / variable.lower()))
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    monkeypatch.delenv("MPLBACKEND", raising=False)


@pytest.mark.parametrize("name", SAMPLE)
def test_run_in_a_fresh_kernel_a_notebook_shows_what_it_showed(name, tmp_path, jupyter):
    folder = tmp_path / "empty"
    folder.mkdir()
    shown, run = opened(name), opened(name)
    NotebookClient(run, timeout=300, kernel_name="python3", resources={"metadata": {"path": str(folder)}}).execute()
    assert len(run.cells) == len(shown.cells) and any(cell.get("outputs") for cell in shown.cells)
    for before, after in zip(shown.cells, run.cells, strict=True):
        if before.cell_type == "code" and (before.outputs or not before.source.startswith("%%sh")):
            wanted = list(enumerate(printed(before).split("\n")[:-1]))
            assert difference(wanted, lines_of(printed(after)), 0) is None, before.source
            assert pictures(after) == pictures(before)
            assert {output.output_type for output in after.outputs} <= {"stream", "display_data"}
    assert list(folder.iterdir()) == []
