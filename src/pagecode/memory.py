"""What an earlier build made of what has not changed since: a page's HTML, what was read out of it, its notebook."""

import dataclasses
import hashlib
import json
import os
import sys
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any, TypeVar

TOOLS = ("Markdown", "mkdocs", "mkdocs-material", "mkdocstrings-python", "pymdown-extensions", "Pygments", "rjsmin")
T = TypeVar("T")


class Memory:
    """Results by a key that has all they were made of, in one file; what a build has no use for is forgotten after it.

    The tools are part of every key: this package, Python and the libraries that render. A result is what JSON can hold.
    """

    def __init__(self, file: Path) -> None:
        self.file = file
        self.tools = tools()
        self.used: dict[str, Any] = {}
        try:
            self.known: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        except (OSError, ValueError):  # there is none yet, or it was cut off: it is made anew
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

    def of(self, make: Callable[..., T], again: Callable[[dict], T], *given: str) -> T:
        """What `make`, a function of texts and of nothing else, makes of them: a dataclass, which `again` makes of its
        fields as JSON holds them."""
        key = self.key(make.__module__, make.__qualname__, *given)
        known = self.recall(key)
        if known is not None:
            return again(known)
        result = make(*given)
        self.keep(key, dataclasses.asdict(result))
        return result

    def save(self) -> None:
        """Replace the file, if this build has made or forgotten something."""
        if self.used.keys() == self.known.keys():
            return
        self.file.parent.mkdir(parents=True, exist_ok=True)
        part = self.file.with_suffix(".part")
        part.write_text(json.dumps(self.used, default=sorted), encoding="utf-8")  # what JSON has not are sets
        os.replace(part, self.file)


def tools() -> str:
    """A hash of what makes the results."""
    total = hashlib.sha256(" ".join([sys.version, *map(version, TOOLS)]).encode())
    for file in sorted(Path(__file__).parent.rglob("*.py")):
        total.update(file.read_bytes())
    return total.hexdigest()
