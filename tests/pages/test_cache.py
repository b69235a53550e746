"""What has run and not changed is not run again; what has changed, or depends on what has, is."""

import json
import re
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path
from urllib.request import urlopen

import pytest
from small_project import Small, build

from pagecode.ledger import Ledger, digest
from pagecode.reader import read_page


def ran(said: str) -> set[str]:
    """The pages that a build says it runs."""
    pages = re.findall(r"Running \d+ of \d+ pages: (.+)", said)
    return {Path(page).stem for line in pages for page in line.split(", ")}


def edit(small: Small, name: str, old: str, new: str) -> None:
    file = small.root / name
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new), encoding="utf-8")


def test_a_build_of_what_has_not_changed_runs_nothing(copy: Small):
    built = build(copy, "--strict")
    assert (built.code, ran(built.said)) == (0, set()), built.said
    assert not copy.witness.exists()


def test_an_edited_page_runs_alone(copy: Small):
    edit(copy, "docs/reaches.md", "0.6666666666666666", "0.6666666666666667")
    built = build(copy)
    assert (built.code, ran(built.said)) == (0, {"reaches"}), built.said
    assert "0.6666666666666667" in built.html("reaches")


def test_a_page_of_which_prose_alone_has_changed_is_entered_as_a_run_would_enter_it(copy: Small):
    edit(copy, "docs/reaches.md", "One third", "A third")
    built = build(copy, "--strict")
    assert (built.code, ran(built.said)) == (0, set()), built.said
    assert "A third" in built.html("reaches")
    entry = copy.root / ".pagecode/ledger/reaches.json"
    entered = json.loads(entry.read_text(encoding="utf-8"))
    entry.unlink()
    assert copy.command("pytest", "-q", "docs/reaches.md").returncode == 0
    assert json.loads(entry.read_text(encoding="utf-8")) == entered


def test_where_prose_alone_has_changed_torch_is_not_even_imported(copy: Small, monkeypatch: pytest.MonkeyPatch):
    seen = copy.root / "seen"
    broken = f"from pathlib import Path\n\nPath({str(seen)!r}).touch()\nraise ImportError('torch was imported')\n"
    monkeypatch.setenv("PYTHONPATH", str(copy.write("broken/torch.py", broken).parent))
    edit(copy, "docs/shapes.md", "Only words", "Mere words")
    built = build(copy, "--strict")
    assert (built.code, ran(built.said), seen.exists()) == (0, set(), False), built.said
    copy.write("docs/page.md", "# T\n\n```pycon\n>>> 1 + 1\n2\n```\n")
    assert "docs/page.md:1: the page could not be run: ImportError: torch was imported" in build(copy).said


def test_an_edited_module_runs_the_pages_that_reach_it(copy: Small):
    """Through a relative import of another module; a page that runs commands reaches everything."""
    edit(copy, "src/mini/reached.py", "1 / 3", "2 / 6")
    built = build(copy)
    assert (built.code, ran(built.said)) == (0, {"reaches", "shapes"}), built.said


def test_a_page_is_rendered_again_when_it_or_what_it_embeds_has_changed_and_not_else(copy: Small):
    """Seen by a word put into what was kept: it is there as long as the page is taken from there."""
    kept = copy.root / ".pagecode/rendered-mkdocs.json"

    def put() -> None:
        results = json.loads(kept.read_text(encoding="utf-8"))
        for result in results.values():
            if isinstance(result, list) and isinstance(result[0], list):  # a page, its HTML first
                result[0][0] += "<p>KEPT</p>"
        kept.write_text(json.dumps(results), encoding="utf-8")

    def taken() -> set[str]:
        built = build(copy, "--strict")
        assert built.code == 0, built.said
        return {name for name in ("shapes", "reaches") if "KEPT" in built.html(name)}

    assert taken() == set()
    put()
    assert taken() == {"shapes", "reaches"}
    edit(copy, "docs/reaches.md", "One third", "A third")
    assert taken() == {"shapes"}
    edit(copy, "src/mini/averages.py", "PLACES = 4", "PLACES = 4  # digits")
    assert taken() == set()
    put()
    kept.write_bytes(kept.read_bytes()[:1000])  # cut off
    assert taken() == set()


def test_what_was_said_against_a_rendering_is_said_at_each_build(copy: Small):
    edit(copy, "docs/reaches.md", "One third", "One [third](nowhere.md)")
    said = [build(copy, "--strict") for _ in range(2)]
    assert [(built.code, "nowhere.md" in built.said) for built in said] == [(1, True)] * 2


def test_pytest_runs_no_page_that_the_build_has_run_and_each_that_has_changed(copy: Small):
    done = copy.command("pytest", "-v", "docs")
    assert done.returncode == 0
    assert done.stdout.count("passed at the last build, unchanged since PASSED") == 4
    edit(copy, "docs/reaches.md", "0.6666666666666666", "0.6666666666666667")
    done = copy.command("pytest", "-v", "docs")
    assert done.returncode == 0, done.stdout
    assert done.stdout.count("unchanged since PASSED") == 3
    assert "docs/reaches.md::page PASSED" in done.stdout
    assert not copy.witness.exists()


def test_a_part_of_a_page_proves_nothing(copy: Small):
    """Deselecting what would fail does not make a page green."""
    edit(copy, "docs/reaches.md", "## Far\n", "## Far\n\n```sh\nfalse\n```\n")
    done = copy.command("pytest", "-q", "docs/reaches.md", "--deselect", "docs/reaches.md::page")
    assert "1 deselected" in done.stdout
    assert not Ledger(copy.project).fresh(read_page(copy.project, copy.root / "docs/reaches.md"))


def fresh(small: Small, name: str = "shapes") -> bool:
    return Ledger(small.project).fresh(read_page(small.project, small.root / f"docs/{name}.md"))


@pytest.mark.parametrize(
    "change",
    [
        lambda small: edit(small, "docs/shapes.md", "Only words", "Mere words"),
        lambda small: edit(small, "src/mini/averages.py", "PLACES = 4", "PLACES = 5"),
        lambda small: edit(small, "data/sources.toml", "2017", "2018"),
        lambda small: small.write("data/new.txt", "new"),
        lambda small: edit(small, "pyproject.toml", "console =", "terminal ="),
        lambda small: shutil.rmtree(small.root / ".pagecode/figures"),
        lambda small: (small.root / ".pagecode/ledger/shapes.json").write_text("{", encoding="utf-8"),
    ],
    ids=["page", "source", "data", "new data", "settings", "figure", "ledger"],
)
def test_a_page_is_stale_when_something_it_needs_changes(copy: Small, change):
    assert fresh(copy)
    change(copy)
    assert not fresh(copy)


def test_a_page_without_commands_depends_on_what_it_reaches_only(copy: Small):
    edit(copy, "src/mini/averages.py", "PLACES = 4", "PLACES = 5")
    assert fresh(copy, "reaches")


def test_code_is_reached_through_embedding_importing_and_relative_imports(small: Small):
    def reaches(text: str, module: str) -> bool:
        page, file = small.read(text), small.root / f"src/mini/{module}.py"
        before = digest(small.project, page)
        file.write_text(file.read_text(encoding="utf-8") + "# edited\n", encoding="utf-8")
        return digest(small.project, page) != before

    importing = "```python\nfrom mini.between import third_of\n```\n"
    embedding = "```python mini.averages.rounded\n```\n"
    assert [reaches(importing, name) for name in ("between", "reached", "averages")] == [True, True, False]
    assert [reaches(embedding, name) for name in ("averages", "witness", "between")] == [True, True, False]
    assert reaches("```pycon\n>>> import mini.reached\n```\n", "reached")
    assert not reaches("```python\nx = 1\n```\n", "reached")
    assert reaches("```sh\ntrue\n```\n", "reached")


def test_an_edit_while_a_page_runs_leaves_it_stale(small: Small):
    """The ledger records what was there when the run began."""
    page = small.read("```python\nfrom mini.reached import third\n```\n")
    began = digest(small.project, page)
    edit(small, "src/mini/reached.py", "1 / 3", "2 / 6")
    Ledger(small.project).write(page, began, [], [], [])
    assert not Ledger(small.project).fresh(page)


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


def wait_for(condition, seconds: float) -> float:
    """How long it takes until `condition` holds."""
    began = time.monotonic()
    while not condition():
        assert time.monotonic() - began < seconds
        time.sleep(0.05)
    return time.monotonic() - began


def test_an_edit_while_serving_shows_soon_and_runs_that_page_alone(copy: Small):
    port, log = free_port(), copy.root / "serve.log"

    def shows(text: str) -> bool:
        with urlopen(f"http://127.0.0.1:{port}/reaches/", timeout=30) as page:
            return text in page.read().decode()

    command = [sys.executable, "-m", "mkdocs", "serve", "--livereload", "-a", f"127.0.0.1:{port}"]
    with open(log, "wb") as output:
        server = subprocess.Popen(command, cwd=copy.root, env=copy.environment, stdout=output, stderr=subprocess.STDOUT)
    try:
        wait_for(lambda: "Serving on" in log.read_text(encoding="utf-8") or server.poll() is not None, 60)
        assert shows("One third")
        edit(copy, "docs/reaches.md", "One third", "A third")
        took = wait_for(lambda: shows("A third"), 60)
        # A mistake is said where its author is looking; the server goes on, and the box goes when it is mended.
        edit(copy, "docs/reaches.md", "A third", "A third\n\n```python\nprint(1)\n```\n")
        wait_for(lambda: shows("this site does not show what ran") and shows("missing output"), 60)
        edit(copy, "docs/reaches.md", "\n\n```python\nprint(1)\n```\n", "")
        wait_for(lambda: shows("A third") and not shows("missing output"), 60)
    finally:
        server.terminate()
        server.wait(30)
    assert ran(log.read_text(encoding="utf-8")) == {"reaches"}
    assert took < 10  # about 3 on a quiet machine, where 5 is the aim
