"""The fault test: one fault on each page, one build, and every page and line of them named."""

import re
import subprocess
from pathlib import Path

import pytest
from faults import FAULTS, SEEDED
from small_project import Built, build

from pagecode.ledger import Ledger
from pagecode.reader import read_page

PROBLEM = re.compile(r"^docs/(?P<page>[\w-]+)\.md:(?P<line>\d+): (?P<message>.+)$", re.MULTILINE)


def planted(text: str) -> tuple[str, set[int]]:
    """A page's text without its flags, and the lines that had one."""
    text = text.lstrip("\n")
    flagged = {number for number, line in enumerate(text.split("\n"), start=1) if line.startswith("⚑")}
    return text.replace("⚑", ""), flagged


@pytest.fixture(scope="module")
def red(green: Built, tmp_path_factory: pytest.TempPathFactory) -> Built:
    """A build of the small project with every fault planted, and a line of its source broken under unchanged pages."""
    assert green.code == 0, green.said
    small = green.small.copy(tmp_path_factory.mktemp("red") / "small")
    small.write("docs/seeded.md", SEEDED.lstrip("\n"))
    assert small.command("pytest", "-q", "--pagecode-update", "docs/seeded.md").returncode == 0
    for name, (_, text) in FAULTS.items():
        small.write(f"docs/{name}.md", planted(text)[0])
    reached = small.root / "src/mini/reached.py"
    reached.write_text(reached.read_text(encoding="utf-8").replace("1 / 3", "1 / 4"), encoding="utf-8")
    return build(small)


@pytest.fixture(scope="module")
def named(red: Built) -> dict[str, dict[int, list[str]]]:
    """What the build said: its messages by page and line."""
    found: dict[str, dict[int, list[str]]] = {}
    for page, line, message in PROBLEM.findall(red.said):
        found.setdefault(page, {}).setdefault(int(line), []).append(message)
    return found


def test_the_build_fails_and_leaves_no_site_to_publish(red: Built):
    assert red.code != 0
    assert not (red.small.root / "site").exists()
    assert "the site is not built" in red.said
    assert "Traceback" not in red.said


@pytest.mark.parametrize("page", FAULTS)
def test_a_fault_is_named_with_its_page_and_line(page: str, named: dict[str, dict[int, list[str]]]):
    """Exactly these lines, each with one message that says what is there and what to do."""
    words, text = FAULTS[page]
    assert set(named.get(page, {})) == planted(text)[1], named.get(page)
    assert any(words in message for messages in named[page].values() for message in messages), named[page]


def test_a_broken_line_of_source_is_found_under_an_unchanged_page(named: dict[str, dict[int, list[str]]]):
    assert named["reaches"] == {21: ["expected '0.6666666666666666', got '0.5'"]}


def test_output_that_hangs_on_a_seed_nobody_set_is_found(named: dict[str, dict[int, list[str]]]):
    assert list(named["seeded"]) == [8]
    assert "is a seed never set in it" in named["seeded"][8][0]


def test_no_page_without_a_fault_is_named(named: dict[str, dict[int, list[str]]]):
    assert set(named) == {*FAULTS, "reaches", "seeded"}


def test_messages_are_one_line_each_and_never_torch_s_alone(red: Built):
    said = red.said[red.said.index("ERROR") :].strip().splitlines()
    problems = [line for line in said if PROBLEM.match(line)]
    assert said[-3:][0] == f"problems: {len(problems)}; the site is not built"
    assert max(map(len, problems)) < 320


def test_a_page_that_failed_is_run_again(red: Built):
    """Nothing has changed since, and yet it is not taken for a page that passed."""
    project = red.small.project
    page = read_page(project, red.small.root / "docs/last-place.md")
    assert Ledger(project).current(page)
    assert not Ledger(project).fresh(page)


@pytest.mark.parametrize("broken", ["def third(:\n", "import nothing_like_it\n", "raise ValueError('at import')\n"])
def test_source_that_cannot_be_imported_is_a_fault_of_the_page_that_reaches_it(small, broken: str):
    small.write("src/mini/reached.py", broken)
    text = (small.root / "docs/reaches.md").read_text(encoding="utf-8")
    [mismatch] = small.run(text)
    assert mismatch.line == 15


def test_a_page_that_is_not_utf8_is_named(small):
    (small.root / "docs/page.md").write_bytes(b"# Fine\n\nNot \xe9 fine.\n")
    done: subprocess.CompletedProcess = small.command("mkdocs", "build")
    assert done.returncode != 0
    assert "docs/page.md:3: " in done.stdout and "save the page as UTF-8" in done.stdout
    assert "Traceback" not in done.stdout
    assert not Path(small.root / "site").exists()
