"""The first page that a newcomer reads quotes what is really said, and its copied file is the copied program."""

import re
import subprocess
from pathlib import Path

import pytest

from lower_triangle.checkpoint import load_checkpoint
from lower_triangle.corpus import TINY_SHAKESPEARE, fetch
from lower_triangle.errors import LowerTriangleError
from pagecode.programs import program
from pagecode.project import Project
from pagecode.reader import read_page

ROOT = Path(__file__).parents[2]
PROJECT = Project.load(ROOT)
PAGE = read_page(PROJECT, PROJECT.docs / "start.md")
QUOTED = re.findall(r"^`([^`]+)`.*\n:", PAGE.text, re.MULTILINE)


def quoted(beginning):
    [message] = [message for message in QUOTED if message.startswith(beginning)]
    return message


def test_the_file_that_the_page_runs_is_what_the_button_above_gives():
    python = [block for block in PAGE.blocks if block.kind == "python"][-1]
    command = next(block for block in PAGE.blocks if block.kind == "sh")
    copied = program(PROJECT, PAGE, python)
    assert command.code == f"cat > copied.py <<'END'\n{copied}END\npython copied.py\n"
    assert command.output.code == python.output.code


def test_make_says_of_an_old_python_what_the_page_quotes(tmp_path):
    old = tmp_path / "python3"
    old.write_text("#!/bin/sh\nexit 1\n")
    old.chmod(0o755)
    command = ["make", "--no-print-directory", f"PYTHON={old}", f"VENV={tmp_path}/venv", "serve"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode and not (tmp_path / "venv").exists()
    assert done.stdout.splitlines() == [quoted("python3 is older").replace("python3", str(old), 1)]


def test_a_checkpoint_and_a_text_that_are_not_there_are_called_what_the_page_quotes(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(LowerTriangleError, match=re.escape(quoted("no checkpoint"))):
        load_checkpoint("runs/head/best.safetensors")
    monkeypatch.setattr("pooch.os_cache", lambda name: tmp_path / name)
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")
    monkeypatch.setenv("no_proxy", "")
    with pytest.raises(LowerTriangleError, match=re.escape(quoted("cannot fetch"))):
        fetch(TINY_SHAKESPEARE)


def test_the_ways_to_install_are_those_of_the_readme():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    commands = [line for block in PAGE.blocks if block.kind == "shown" for line in block.code.splitlines()]
    assert len(commands) > 8
    for line in commands:
        assert line in readme or line == "pip install -c constraints.txt ."
