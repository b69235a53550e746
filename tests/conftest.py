"""What the folders of tests share: the process that runs copied programs, and the site built for two addresses."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from forker import Forker
from rebuilt import ADDRESSES, ROOT, rebuild
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

# What builds this repository's own site.
THE_SITE = (
    *("tests/browser/test_behaviour.py", "tests/browser/test_in_place.py", "tests/browser/test_weight.py"),
    *("tests/site/test_addresses.py", "tests/site/test_canary.py", "tests/site/test_look.py"),
)


class Scheduling(LoadScopeScheduling):
    """Which tests run one after the other where pytest has several processes: those of a file, which share fixtures.

    Those of THE_SITE do together: they share its caches.
    """

    # Not by xdist_group marks: with pytest 9.2, xdist 3.8 passes them over without a word (pytest-xdist, issue 1386).
    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        return "the site" if file.startswith(THE_SITE) else file


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Scheduling:
    """The scheduler of xdist, for any number of processes."""
    return Scheduling(config, log)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """What tests have measured, as tables below the results."""
    tables: dict[str, list[str]] = {}
    for report in [*terminalreporter.getreports("passed"), *terminalreporter.getreports("failed")]:
        for title, row in report.user_properties:
            tables.setdefault(title, []).append(row)
    for title, rows in tables.items():
        terminalreporter.section(title)
        for row in rows:
            terminalreporter.write_line(row)


@pytest.fixture
def note(record_property: Callable[[str, object], None]) -> Callable[[str, str], None]:
    """Adds a row to a table that stands below the results: what was measured, not only that it was enough."""
    return record_property


@pytest.fixture(scope="session")
def forker() -> Iterator[Forker]:
    """A process that has only imported torch, and forks for each program of this repository's pages."""
    with Forker(ROOT / "src") as running:
        yield running


@pytest.fixture(scope="session")
def addressed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site as it is built for ADDRESSES."""
    return rebuild(tmp_path_factory.mktemp("addressed") / "site", **ADDRESSES)


@pytest.fixture(scope="session")
def unaddressed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site as it is built where no address is known: the real one, unless it has been built for one."""
    if any(os.environ.get(name) for name in ADDRESSES):
        return rebuild(tmp_path_factory.mktemp("unaddressed") / "site")
    return ROOT / "site"
