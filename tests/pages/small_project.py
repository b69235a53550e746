"""A small project of its own for each test that needs one, with the real extensions, hook and settings."""

import json
import os
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml
from mkdocs.utils.yaml import get_yaml_loader

from pagecode.ambient import Ambient
from pagecode.page import Page
from pagecode.project import Project
from pagecode.reader import read_page
from pagecode.runner import Mismatch, run_page

HERE = Path(__file__).parent
REPOSITORY = HERE.parents[1]


@dataclass
class Small:
    """A copy of the small project beside this file."""

    root: Path

    @property
    def project(self) -> Project:
        return Project.load(self.root)

    @property
    def witness(self) -> Path:
        """Where mini.witness leaves its traces."""
        return self.root / "witness.txt"

    def write(self, name: str, text: str) -> Path:
        file = self.root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
        return file

    def read(self, text: str) -> Page:
        """A page of this text."""
        return read_page(self.project, self.write("docs/page.md", text))

    def run(self, text: str, passed: Iterable[int] = ()) -> list[Mismatch]:
        """What sybil's pass over a page of this text finds, in this process; some of its sections `passed` before."""
        return run_page(self.project, self.read(text), Ambient(self.project.packages()), set(passed))

    def command(self, *command: str) -> subprocess.CompletedProcess:
        """Run a module of Python in the project: mkdocs, pytest."""
        return subprocess.run(
            [sys.executable, "-m", *command],
            cwd=self.root,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            timeout=120,
        )

    @property
    def environment(self) -> dict[str, str]:
        """What a command of ours needs: pytest's own variables are not for the pytest inside.

        With a display matplotlib warns that it cannot show a figure, which is no fault of the page.
        """
        kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
        ours = {"WITNESS": str(self.witness), "DISPLAY": ":99", "NO_MKDOCS_2_WARNING": "1", "PYTHONIOENCODING": "utf-8"}
        return {**kept, **ours}

    def copy(self, to: Path) -> "Small":
        """The project as it stands, ledger included."""
        shutil.copytree(self.root, to)
        return Small(to)


def make(root: Path) -> Small:
    """Copy the small project, and write its settings from those of the repository, so that they cannot drift."""
    shutil.copytree(HERE / "small", root)
    small = Small(root)
    real = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["tool"]
    pytest_options = real["pytest"]["ini_options"]
    pagecode = real["pagecode"]
    small.write(
        "pyproject.toml",
        "[tool.pytest.ini_options]\n"
        f"addopts = {json.dumps(pytest_options['addopts'])}\n"
        f"markers = {json.dumps(pytest_options['markers'])}\n"
        f"filterwarnings = {json.dumps(pytest_options['filterwarnings'])}\n"
        '[tool.pagecode]\ndocs = "docs"\nsource = "src"\ninputs = ["data"]\n'
        f"[tool.pagecode.shown_only]\nconsole = {json.dumps(pagecode['shown_only']['console'])}\n",
    )
    text = (REPOSITORY / "mkdocs.yml").read_text(encoding="utf-8")
    settings = yaml.load(text, Loader=get_yaml_loader())
    kept = {key: settings[key] for key in ("validation", "markdown_extensions")}
    theme = {key: settings["theme"][key] for key in ("name", "font", "features")}
    hooks = [str(REPOSITORY / hook) for hook in settings["hooks"]]
    own = {"site_name": "Small", "theme": theme, "hooks": hooks, "exclude_docs": settings["exclude_docs"]}
    small.write("mkdocs.yml", json.dumps({**kept, **own}))
    return small


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Small:
    """A small project that has not been built, importable in this process."""
    made = make(tmp_path / "small")
    monkeypatch.syspath_prepend(str(made.root / "src"))
    monkeypatch.setenv("WITNESS", str(made.witness))
    return made


@dataclass
class Built:
    """A project after a build, with what the build said."""

    small: Small
    code: int
    said: str

    def html(self, page: str) -> str:
        return (self.small.root / "site" / page / "index.html").read_text(encoding="utf-8")

    def ledger(self, page: str) -> dict:
        return json.loads((self.small.root / ".pagecode/ledger" / f"{page}.json").read_text(encoding="utf-8"))


def build(small: Small, *options: str) -> Built:
    done = small.command("mkdocs", "build", *options)
    return Built(small, done.returncode, done.stdout)


@pytest.fixture(scope="session")
def green(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """The small project as it is, built once; nobody may change it."""
    return build(make(tmp_path_factory.mktemp("green") / "small"), "--strict")


@pytest.fixture
def copy(green: Built, tmp_path: Path) -> Small:
    """A copy of the built project, ledger included; its traces begin anew."""
    assert green.code == 0, green.said
    small = green.small.copy(tmp_path / "small")
    small.witness.unlink()
    return small
