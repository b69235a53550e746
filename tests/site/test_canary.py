"""ProperDocs, the maintained fork of MkDocs, makes the same site of the same files, so the way out is open."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
# Each names itself in a line of every page; nothing else may differ.
GENERATOR = re.compile(rb'<meta name="generator" content="mkdocs-(ProperDocs )?[\d.]+, ')


@pytest.fixture(scope="module")
def canary(tmp_path_factory):
    """The site as ProperDocs builds it, elsewhere; the pages have run, so they are not run again."""
    folder = tmp_path_factory.mktemp("canary") / "site"
    command = [sys.executable, "-m", "properdocs", "build", "--strict", "-f", "mkdocs.yml", "-d", str(folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, encoding="utf-8", timeout=120)
    assert done.returncode == 0, done.stderr
    again = [line for line in done.stderr.splitlines() if "Running" in line or "Executing" in line]
    assert again == [], "the site is older than its pages; run make site first"
    return folder


def files(folder):
    return {file.relative_to(folder).as_posix(): file for file in folder.rglob("*") if file.is_file()}


def content(file):
    """What a file says, but for who made it and when it was packed."""
    if file.suffix == ".gz":
        return None
    return GENERATOR.sub(b"", file.read_bytes()) if file.suffix == ".html" else file.read_bytes()


def test_the_fork_makes_the_same_files_with_the_same_content(canary):
    ours, theirs = files(ROOT / "site"), files(canary)
    assert len(ours) > 50
    assert set(ours) == set(theirs)
    assert [name for name in ours if content(ours[name]) != content(theirs[name])] == []


def test_it_was_the_fork_that_made_them(canary):
    made_by = {name: (folder / "index.html").read_bytes() for name, folder in (("", ROOT / "site"), ("P", canary))}
    assert b"mkdocs-ProperDocs" not in made_by[""] and b'content="mkdocs-ProperDocs 1.' in made_by["P"]
    assert len(json.loads((canary / "search/search_index.json").read_text(encoding="utf-8"))["docs"]) > 50
