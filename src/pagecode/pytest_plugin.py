"""pytest runs the pages: one item for sybil's pass over a page, then pytest-codeblocks' items for its programs."""

import os
import sys
import traceback
from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_codeblocks.plugin import MarkdownFile

from pagecode.fences import ticks_around
from pagecode.ledger import CHANGED, Ledger, Standing, digest, section_digests
from pagecode.outputs import difference, lines_of
from pagecode.page import Page
from pagecode.programs import programs_of
from pagecode.project import SCREENLESS, Problem, Project, ProjectError
from pagecode.reader import read_page

LEDGER = pytest.StashKey[Ledger]()
AMBIENT = pytest.StashKey()
SECTION = pytest.StashKey[int]()
ALONE = "so it is when the section's program runs alone; is a seed never set in it, or something changed elsewhere?"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.getgroup("pagecode").addoption(
        "--pagecode-update", action="store_true", help="rewrite the outputs that pages show where they are wrong"
    )


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("filterwarnings", f"ignore:{SCREENLESS}")
    try:
        project = Project.load(config.rootpath)
    except ProjectError:
        return
    config.stash[LEDGER] = Ledger(project)
    sys.path.insert(0, str(project.source))


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    ledger = parent.config.stash.get(LEDGER, None)
    if ledger and file_path.suffix == ".md" and ledger.project.docs in file_path.parents:
        return PageFile.from_parent(parent, path=file_path)
    return None


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    """A fresh namespace is not a fresh process: take back what the program before may have changed."""
    if SECTION not in item.stash:
        return (yield)
    ambient = ambient_of(item.config)
    with ambient.apart() as scratch:
        # Another seed than in sybil's pass, so that output which hangs on an ambient seed differs and is red.
        ambient.restore(seed=7 + item.stash[SECTION])
        os.chdir(scratch)
        return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo) -> Iterator[None]:
    """Enter what an item of a page has found; once all of them have run, the page goes into the ledger."""
    report = yield
    file = item.getparent(PageFile)
    if file and item.name in file.waiting:
        if report.outcome != "passed":
            file.note(item, call.excinfo.value)
        if report.when == "teardown":
            file.waiting.remove(item.name)
            file.enter()
    return report


def ambient_of(config: pytest.Config):
    """The clean state of this process, remembered before the first page runs; torch is imported only now."""
    if AMBIENT not in config.stash:
        from pagecode.ambient import Ambient

        config.stash[AMBIENT] = Ambient(config.stash[LEDGER].project.packages())
    return config.stash[AMBIENT]


class PageFile(pytest.File):
    """One page: nothing to do where the ledger is fresh; otherwise sybil's pass, the programs, the entry.

    Sections that have passed before, and that nothing has changed, are gone by in both passes.
    """

    def collect(self) -> Iterator[pytest.Item]:
        self.ledger = self.config.stash[LEDGER]
        self.page = read_page(self.ledger.project, self.path)
        self.problems: list[Problem] = list(self.page.problems)
        self.programs: list[str] = []
        self.waiting: set[str] = set()
        self.passed: set[int] = set()
        self.crashed = False
        if self.config.option.pagecode_update:
            yield PageItem.from_parent(self, name="page")
        elif self.ledger.fresh(self.page):
            yield FreshItem.from_parent(self, name="passed at the last build, unchanged since")
        else:
            # What changes from now on is not what ran.
            standing = Standing(self.ledger.project)
            self.began = digest(self.ledger.project, self.page, standing)
            self.digests = section_digests(self.ledger.project, self.page, standing)
            self.passed = self.ledger.passed(self.page, self.digests)
            items = [PageItem.from_parent(self, name="page"), *self.program_items()]
            self.waiting = {item.name for item in items}
            yield from items

    def program_items(self) -> Iterator[pytest.Item]:
        """pytest-codeblocks' own items, one a section, each told what its program is to print."""
        page, project = self.page, self.ledger.project
        self.programs = programs_of(project, page)
        listing = project.cache / "programs" / page.path.relative_to(project.docs)
        listing.parent.mkdir(parents=True, exist_ok=True)
        listing.write_text("\n".join(map(plain_fence, self.programs)), encoding="utf-8")
        items = MarkdownFile.from_parent(self, path=listing).collect()
        for number, item in zip(page.code_sections, items, strict=True):
            if number in self.passed:
                continue
            item.obj.expected_output = Shown(page, number)
            item.stash[SECTION] = number
            yield item

    def note(self, item: pytest.Item, error: BaseException) -> None:
        """Add what an item found to the page's problems."""
        name = self.page.name
        if SECTION in item.stash:
            # Where sybil's pass has found something in the section already, its program only says it again.
            if all(self.page.section_at(problem.line) != item.stash[SECTION] for problem in self.problems):
                self.problems.append(Problem(name, *item.obj.expected_output.fault(error)))
        elif not isinstance(error, PageFailed):
            self.crashed = True
            said = " ".join(f"{type(error).__name__}: {error}".split())
            self.problems.append(Problem(name, 1, f"the page could not be run: {said}"))

    def enter(self) -> None:
        """Write the entry when no item is left to run: a part of a page proves nothing."""
        if not self.waiting:
            # What has changed meanwhile, and may have changed back by the next build, is not what ran.
            project, page = self.ledger.project, self.page
            standing = Standing(project)
            now = section_digests(project, page, standing)
            faulty = {page.section_at(problem.line) for problem in self.problems}
            kept = {number for number, value in self.digests.items() if value == now[number]} - faulty
            passed = [] if self.crashed else [self.digests[number] for number in sorted(kept)]
            proved = self.began if digest(project, page, standing) == self.began else CHANGED
            self.ledger.write(page, proved, passed, self.problems, self.programs)


def plain_fence(code: str) -> str:
    """A program as a plain fence, which is all that pytest-codeblocks has to understand."""
    ticks = ticks_around(code)
    return f"{ticks}python\n{code}{ticks}\n"


class Shown(str):
    """What a section shows that its program is to print; pytest-codeblocks compares it by `!=`."""

    def __new__(cls, page: Page, section: int) -> "Shown":
        blocks = page.section(section)
        shown = [pair for block in blocks for pair in block.shown()]
        made = super().__new__(cls, "".join(f"{line}\n" for _, line in shown))
        made.blocks, made.shown, made.found = blocks, shown, None
        return made

    def __ne__(self, got: object) -> bool:
        self.found = difference(self.shown, lines_of(str(got)), self.blocks[-1].line)
        return self.found is not None

    __hash__ = str.__hash__

    def fault(self, error: BaseException) -> tuple[int, str]:
        """The line of the page and the message for a program that failed with `error`."""
        if self.found:
            line, message = self.found
            return line, f"{message}; {ALONE}"
        # pytest-codeblocks wraps what the program raised.
        cause = error.__context__ or error
        frames = [frame.lineno for frame in traceback.extract_tb(cause.__traceback__) if frame.filename == "<string>"]
        said = " ".join(f"{type(cause).__name__}: {cause}".split())
        where = f" at its line {frames[-1]}" if frames else ""
        return self.blocks[0].line, f"this section's program, run alone, fails{where}: {said}"


class PageFailed(AssertionError):
    """A page shows something else than what ran."""


class PageItem(pytest.Item):
    """sybil's pass over a page, from top to bottom."""

    parent: PageFile

    def runtest(self) -> None:
        file = self.parent
        if set(file.page.sections) - file.passed:
            # These import torch, which takes seconds.
            from pagecode.runner import run_page
            from pagecode.update import rewrite

            mismatches = run_page(file.ledger.project, file.page, ambient_of(self.config), file.passed)
            if self.config.option.pagecode_update:
                mismatches = rewrite(file.page, mismatches)
            file.problems.extend(Problem(file.page.name, mismatch.line, mismatch.message) for mismatch in mismatches)
        if file.problems:
            raise PageFailed("\n".join(map(str, sorted(file.problems, key=lambda problem: problem.line))))

    def repr_failure(self, excinfo: pytest.ExceptionInfo) -> str:
        return str(excinfo.value if isinstance(excinfo.value, PageFailed) else super().repr_failure(excinfo))

    def reportinfo(self) -> tuple[Path, int, str]:
        return self.path, 0, self.parent.page.name


class FreshItem(pytest.Item):
    """The page passed at the last build, and nothing that it depends on has changed since."""

    parent: PageFile

    def runtest(self) -> None:
        assert self.parent.ledger.fresh(self.parent.page)

    def reportinfo(self) -> tuple[Path, int, str]:
        return self.path, 0, f"{self.parent.page.name} passed at the last build, unchanged since"
