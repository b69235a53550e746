"""The labs of the built site: what they claim held when they ran, soon enough, and their pages are light."""

import gzip
import json
import re
from pathlib import Path

import nbformat
import pytest
import yaml
from forker import Forker
from mkdocs.utils.yaml import get_yaml_loader

from pagecode.html import read_html
from pagecode.project import Project
from pagecode.publish.lab_given import apart
from pagecode.publish.labs import labs_of, outputs, seconds

ROOT = Path(__file__).parents[2]
LABS = {lab.path.stem: lab for lab in labs_of(Project.load(ROOT))}


def notebook(name: str) -> dict:
    return json.loads((ROOT / "site/labs" / f"{name}.ipynb").read_text(encoding="utf-8"))


def article(name: str) -> str:
    page = (ROOT / "site/labs" / name / "index.html").read_text(encoding="utf-8")
    return page.split('<article class="md-content__inner')[1].split("</article>")[0]


def code_cells(name: str) -> list[dict]:
    """The cells of code that ran; where the repository is known, one that installs the package stands above them."""
    cells = notebook(name)["cells"]
    return [cell for cell in cells if cell["cell_type"] == "code" and cell["id"] != "install"]


def test_the_labs_are_those_that_we_know():
    assert set(LABS) == {"train-a-head", "train-a-gpt"}


@pytest.mark.parametrize("name", LABS)
def test_what_is_offered_is_a_sound_notebook_that_has_run(name):
    nbformat.validate(nbformat.from_dict(notebook(name)))
    counts = [cell["execution_count"] for cell in code_cells(name)]
    assert counts == list(range(1, len(counts) + 1))


@pytest.mark.parametrize("name", LABS)
def test_no_cell_took_longer_than_twenty_seconds(name):
    took = [seconds(cell) for cell in code_cells(name)]
    assert all(0 < second <= 20 for second in took), took
    assert max(took) > 1  # something was learnt


@pytest.mark.parametrize("name", LABS)
def test_the_page_is_light_and_brings_no_style_and_no_script(name):
    page = (ROOT / "site/labs" / name / "index.html").read_bytes()
    assert len(gzip.compress(page)) < 150 * 1024
    assert not re.search(r"<style|<script|\sstyle=|\ssrc=", article(name))


def test_mkdocs_jupyter_renders_the_labs_and_nothing_else_and_allows_no_errors():
    text = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    plugins = yaml.load(text, Loader=get_yaml_loader())["plugins"]
    options = next(plugin["mkdocs-jupyter"] for plugin in plugins if "mkdocs-jupyter" in plugin)
    assert (options["allow_errors"], options["include"]) == (False, ["labs/*.ipynb"])
    rendered = [path.read_text(encoding="utf-8") for path in (ROOT / options["cache_dir"] / apart("")).glob("*.json")]
    assert len(rendered) == len(LABS) and all("jupyter-wrapper" in text for text in rendered)
    made = {file.parent.name for file in (ROOT / "site").rglob("index.html") if "jp-CodeCell" in file.read_text()}
    assert made == set(LABS)


@pytest.mark.parametrize("name", LABS)
def test_what_stays_of_its_style_sheet_is_linked_and_not_in_the_page(name):
    sheet = (ROOT / "site/assets/css/lab.css").read_text(encoding="utf-8")
    assert len(sheet) < 2048
    page = (ROOT / "site/labs" / name / "index.html").read_text(encoding="utf-8")
    assert re.search('<link rel="stylesheet" href="../../assets/css/lab.css">', page)
    assert ".jp-" not in page
    assert set(re.findall(r"\.(jp-\w+)", sheet)) < set(re.findall(r"jp-\w+", article(name)))
    assert article(name).count("jp-CodeCell") == len(code_cells(name))


@pytest.mark.parametrize("name", LABS)
def test_each_heading_is_in_the_table_of_contents_and_leads_there(name):
    page = (ROOT / "site/labs" / name / "index.html").read_text(encoding="utf-8")
    table = re.findall(r'<a href="#([\w-]+)" class="md-nav__link">', page)
    headings = re.findall(r'<h[23] id="([\w-]+)">', article(name))
    assert headings and [*dict.fromkeys(table)] == headings
    assert set(table) <= read_html(page).anchors


@pytest.mark.parametrize("name", LABS)
def test_lines_of_code_need_no_scrolling(name):
    lines = [line for cell in code_cells(name) for line in "".join(cell["source"]).split("\n")]
    assert [line for line in lines if len(line) > 80] == []


@pytest.mark.parametrize(("name", "number"), [("train-a-head", 8), ("train-a-gpt", 7)])
def test_each_claim_of_a_lab_held_in_the_run_that_it_shows(name, number):
    printed = [outputs(cell)[0] for cell in code_cells(name)]
    claims = [line for text in printed for line in text.split("\n") if re.match("(yes|no)  ", line)]
    assert len(claims) == number
    assert [claim for claim in claims if not claim.startswith("yes")] == []


def test_the_lab_draws_its_losses_and_its_matrices():
    figures = [figure for cell in code_cells("train-a-head") for figure in outputs(cell)[1]]
    assert "counted pairs" in figures[0] and "last tenth" in figures[0]
    assert re.findall(r"after (\d+) steps", figures[1]) == ["0", "100", "500", "2000"]
    assert article("train-a-head").count('role="img"') == 2


def test_the_lab_of_a_gpt_draws_its_loss_beside_what_was_counted():
    [figure] = [figure for cell in code_cells("train-a-gpt") for figure in outputs(cell)[1]]
    assert all(name in figure for name in ("last tenth", "1 before", "2 before", "3 before"))


def tries(lab: str) -> dict[str, dict[str, str]]:
    """What the end of a lab asks the reader to change, by the first setting of each try: settings with new values."""
    asked = re.findall(r"^# \d\. \*\*(`.+?)\*\*", LABS[lab].source, re.MULTILINE)
    assert len(asked) == 3
    settings = [dict(re.findall(r"`(\w+) = (.+?)`", one)) for one in asked]
    return {next(iter(one)): one for one in settings}


def tried(forker: Forker, lab: str, setting: str, steps: int, **files: str) -> str:
    """What a lab prints as a plain program, beside files, in few steps, with what one of its tries changes."""
    code = LABS[lab].source
    for name, value in {"STEPS": str(steps), **tries(lab)[setting]}.items():
        code, changed = re.subn(rf"^{name} = [^#\n]*", f"{name} = {value}  ", code, flags=re.MULTILINE)
        assert changed == 1
    ended = forker.run(code, **files)
    assert ended.status == 0, ended.complaints
    return ended.printed


@pytest.mark.parametrize("setting", tries("train-a-head"))
def test_what_the_lab_of_a_head_asks_to_try_runs_as_a_plain_program(setting, forker: Forker):
    """What so few steps come to is another matter, except that a context of one cannot look back."""
    printed = tried(forker, "train-a-head", setting, 200)
    choosy = re.search("(yes|no|n/a) +it ends more choosy", printed)
    assert choosy and choosy[1] == ("n/a" if setting == "CONTEXT" else "yes"), printed


@pytest.mark.parametrize("setting", tries("train-a-gpt"))
def test_what_the_lab_of_a_gpt_asks_to_try_runs_as_a_plain_program(setting, forker: Forker):
    printed = tried(forker, "train-a-gpt", setting, 40, mine="one fish two fish red fish blue fish\n" * 100)
    assert re.search("yes +no place hears the last one", printed), printed
    heads = printed.count("the loss rises by")
    assert heads == {"HEADS": 2, "TEXT": 8, "LAYERS": 4}[setting]
