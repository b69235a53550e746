"""What the folders of tests share: the process that runs copied programs."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from forker import Forker

OURS = ("tests/browser/", "tests/site/")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Which tests run one after the other where pytest has several processes: those of a file, which share fixtures.

    All that build this repository's own site do, since they share its caches.
    """
    for item in items:
        file = item.nodeid.partition("::")[0]
        group = "the site" if file.startswith(OURS) else file
        item.add_marker(pytest.mark.xdist_group(group))


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


@pytest.fixture(scope="session")
def forker() -> Iterator[Forker]:
    """A process that has only imported torch, and forks for each program of this repository's pages."""
    with Forker(Path(__file__).parents[1] / "src") as running:
        yield running
