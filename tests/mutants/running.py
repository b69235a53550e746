"""Runs a page against a changed copy of the package, in a child forked from a process that has only imported.

Run as a program, this file is that process: forker.py's, which has imported what runs a page besides torch.
"""

import json
import os
import queue
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

from forker import Ended, Forker, environment, serve
from named import Mutant

ROOT = Path(__file__).parents[2]
PACKAGE = Path("src", "lower_triangle")
# What a page is read with and may read. All of it is copied, so that nobody changes it while mutants run.
BESIDES = ("pyproject.toml", "constraints.txt", "docs", "data", "results")
SECONDS = 60  # the longest that a page may take
AT_ONCE = 2


class MutantError(Exception):
    """A mutant that is none: red or green, its page would say nothing about it."""


class HarnessError(Exception):
    """A page that could not be run at all, which must never count as a mutant noticed."""


@dataclass(frozen=True)
class Verdict:
    """What a page said of the code that it ran on: the line and the message of each thing wrong; nothing is green."""

    said: list[tuple[int, str]]
    seconds: float

    @property
    def red(self) -> bool:
        return bool(self.said)

    @property
    def first(self) -> str:
        """The first thing that the page said, in one short line."""
        line, message = self.said[0]
        return f"{line}: {' '.join(message.split())[:70]}"


class Imported(Forker):
    """The process that forks for pages, as long as this object is entered."""

    def __enter__(self) -> "Imported":
        path = os.pathsep.join(map(str, [ROOT / "src", ROOT / "tests", Path(__file__).parent]))
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "encoding": "utf-8"}
        self.process = subprocess.Popen([sys.executable, __file__], env=environment(path), **pipes)
        return self


class Harness:
    """Runs pages of one copy of this repository, two at a time, as long as this object is entered."""

    def __enter__(self) -> "Harness":
        self.folder = Path(tempfile.mkdtemp(prefix="mutants-"))
        self.base = self.folder / "base"
        for name in (*BESIDES, PACKAGE):
            copy(ROOT / name, self.base / name)
        self.idle: queue.Queue[Imported] = queue.Queue()
        self.started = [Imported(self.base / "src").__enter__() for _ in range(AT_ONCE)]
        for process in self.started:
            self.idle.put(process)
        self.pool = ThreadPoolExecutor(AT_ONCE)
        self.asked: dict[str, Future[Verdict]] = {}
        return self

    def __exit__(self, *_: object) -> None:
        self.pool.shutdown(cancel_futures=True)
        for process in self.started:
            process.__exit__()
        shutil.rmtree(self.folder)

    def source(self, file: str) -> str:
        """A file of the package as it was copied."""
        return (self.base / PACKAGE / file).read_text(encoding="utf-8")

    def plain(self, page: str) -> "Future[Verdict]":
        """What a page says of the package as it is; it runs once."""
        return self.asked.get(page) or self.asked.setdefault(page, self.pool.submit(self.run, page))

    def named(self, mutant: Mutant) -> "Future[Verdict]":
        """What the page of a named mutant says of it."""
        return self.pool.submit(lambda: self.run(mutant.page, mutant.file, changed(self.source(mutant.file), mutant)))

    def edited(self, page: str, file: str, text: str) -> "Future[Verdict]":
        """What a page says where a file of the package holds another text."""
        return self.pool.submit(self.run, page, file, text)

    def run(self, page: str, file: str = "", text: str = "", seconds: int = SECONDS) -> Verdict:
        """Run a page against the package, with one file of it changed where one is given."""
        if not (self.base / "docs" / page).is_file():
            raise MutantError(f"docs/{page} is not there")
        process = self.idle.get()
        began = time.perf_counter()
        try:
            with self.project(file, text) as root:
                ended = process.run(f"from running import report\nreport({str(root)!r}, {page!r})\n", seconds)
        finally:
            self.idle.put(process)
        return Verdict(said(ended), time.perf_counter() - began)

    @contextmanager
    def project(self, file: str, text: str) -> Iterator[Path]:
        """A project whose package is a copy of its own; all else leads to what all of them share."""
        with tempfile.TemporaryDirectory(dir=self.folder) as name:
            root = Path(name)
            shutil.copytree(self.base / PACKAGE, root / PACKAGE)
            for shared in BESIDES:
                (root / shared).symlink_to(self.base / shared)
            if file:
                (root / PACKAGE / file).write_text(text, encoding="utf-8")
            yield root


def copy(source: Path, target: Path) -> None:
    """Copy a file or a folder, without compiled Python: it could belong to what a mutant has replaced."""
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
    else:
        shutil.copy(source, target)


def changed(text: str, mutant: Mutant) -> str:
    """The text of a file with a mutant in it.

    Raises:
        MutantError: when its place is not in the text, or there more than once, or when no Python comes of it.
    """
    if text.count(mutant.old) != 1:
        raise MutantError(f"{mutant.name}: {mutant.file} has {mutant.old!r} {text.count(mutant.old)} times, not once")
    made = text.replace(mutant.old, mutant.new)
    try:
        compile(made, mutant.file, "exec")
    except SyntaxError as error:
        raise MutantError(f"{mutant.name}: {mutant.file} is no Python then: {error}") from None
    return made


def said(ended: Ended) -> list[tuple[int, str]]:
    """What the page said in a child that has ended; a child that did not live to say it was stopped by the mutant."""
    if ended.status == -signal.SIGALRM:
        return [(1, f"stopped: {ended.complaints.splitlines()[-1]}")]
    if ended.status < 0:
        return [(1, f"stopped: {signal.Signals(-ended.status).name}")]
    if ended.status:
        raise HarnessError(ended.complaints)
    return [(line, message) for line, message in json.loads(ended.printed.splitlines()[-1])]


def report(root: str, page: str) -> None:
    """In the child: run the page, and print what it says.

    Sections with a command are gone by: a mutant is to be noticed where it is taught, and each command would import
    torch anew.
    """
    from pagecode.ambient import Ambient
    from pagecode.project import Project
    from pagecode.reader import read_page
    from pagecode.runner import run_page

    project = Project.load(Path(root))
    sys.path.insert(0, str(project.source))
    found = Path(find_spec("lower_triangle").origin)
    if project.source not in found.parents or "lower_triangle" in sys.modules:
        raise HarnessError(f"the page would run {found} and not its copy in {project.source}")
    read = read_page(project, project.docs / page)
    commands = {block.section for block in read.blocks if block.kind == "sh"}
    mismatches = run_page(project, read, Ambient(project.packages()), commands)
    print(json.dumps([(problem.line, problem.message) for problem in [*read.problems, *mismatches]]))


if __name__ == "__main__":
    # What each child would import otherwise, torch, matplotlib and sybil with it.
    import_module("pagecode.reader")
    import_module("pagecode.runner")
    serve()
