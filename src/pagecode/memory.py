"""What an earlier build made of what has not changed since: the HTML of a page, and what was read out of it."""

import hashlib
import os
import pickle
import sys
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

TOOLS = ("Markdown", "mkdocs", "mkdocs-material", "pymdown-extensions", "Pygments")


class Memory:
    """Results by a key that has all they were made of, in one file; what a build has no use for is forgotten after it.

    The tools are part of every key: this package, Python and the libraries that render.
    """

    def __init__(self, file: Path) -> None:
        self.file = file
        self.tools = tools()
        self.used: dict[str, Any] = {}
        try:
            self.known: dict[str, Any] = pickle.loads(file.read_bytes())
        except Exception:  # there is none yet, or it was cut off, or is of another version: it is made anew
            self.known = {}

    def key(self, *given: str) -> str:
        return hashlib.sha256("\0".join([self.tools, *given]).encode()).hexdigest()

    def recall(self, key: str) -> Any:
        """The result under a key, or None."""
        if key in self.known:
            self.used[key] = self.known[key]
        return self.used.get(key)

    def keep(self, key: str, result: Any) -> None:
        self.used[key] = result

    def of(self, make: Callable[..., Any], *given: str) -> Any:
        """What `make` makes of texts. It must be a function of nothing else, and what it makes must stay as it is."""
        key = self.key(make.__module__, make.__qualname__, *given)
        result = self.recall(key)
        if result is None:
            result = make(*given)
            self.keep(key, result)
        return result

    def save(self) -> None:
        """Replace the file, if this build has made or forgotten something."""
        if self.used.keys() == self.known.keys():
            return
        self.file.parent.mkdir(parents=True, exist_ok=True)
        part = self.file.with_suffix(".part")
        part.write_bytes(pickle.dumps(self.used, protocol=pickle.HIGHEST_PROTOCOL))
        os.replace(part, self.file)
        self.known = dict(self.used)


def tools() -> str:
    """A hash of what makes the results."""
    total = hashlib.sha256(" ".join([sys.version, *map(version, TOOLS)]).encode())
    for file in sorted(Path(__file__).parent.rglob("*.py")):
        total.update(file.read_bytes())
    return total.hexdigest()
