"""What the folders of tests share: the process that runs copied programs."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from forker import Forker


@pytest.fixture(scope="session")
def forker() -> Iterator[Forker]:
    """A process that has only imported torch, and forks for each program of this repository's pages."""
    with Forker(Path(__file__).parents[1] / "src") as running:
        yield running
