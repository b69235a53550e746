"""What came of a check, and how it is told on one screen."""

import textwrap
from dataclasses import asdict, dataclass, field
from typing import Any

WIDTH = 79
PRINTED_LINES = 12


@dataclass(frozen=True)
class Verdict:
    """What came of a check.

    Attributes:
        passed, cases: how many cases were right, before the first that was not, and how many there are
        title: of the case that failed, or what else went wrong
        facts: what to show of it, by name: given, wanted, got, raised ...
        belief: the name of the wrong belief that explains the answer, where one does
        printed: what the reader's own code printed
    """

    exercise: str
    right: bool
    cases: int = 0
    passed: int = 0
    title: str = ""
    facts: dict[str, str] = field(default_factory=dict)
    belief: str = ""
    hint: str = ""
    printed: str = ""

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def report(verdict: Verdict) -> str:
    """A verdict as the reader sees it."""
    lines = printed_lines(verdict.printed)
    if verdict.right:
        return "\n".join([*lines, f"{verdict.exercise}: right, all {verdict.cases} cases"])
    which = f"case {verdict.passed + 1} of {verdict.cases} fails: " if verdict.cases else ""
    lines += textwrap.wrap(f"{verdict.exercise}: {which}{verdict.title}", WIDTH, subsequent_indent="  ")
    for name, text in verdict.facts.items():
        lines += beside(name, text.split("\n"))
    if verdict.hint:
        lines += beside("hint", textwrap.wrap(verdict.hint, WIDTH - 9, break_on_hyphens=False))
    return "\n".join(lines)


def beside(name: str, lines: list[str]) -> list[str]:
    """Lines with a name at the left of the first."""
    return [f"  {name if number == 0 else '':6} {line}".rstrip() for number, line in enumerate(lines)]


def printed_lines(text: str) -> list[str]:
    """The last lines that the reader's code printed, set apart by a bar."""
    lines = text.rstrip("\n").split("\n") if text.strip() else []
    left_out = [f"... {len(lines) - PRINTED_LINES} lines before"] if len(lines) > PRINTED_LINES else []
    return [f"| {shorten(line)}".rstrip() for line in left_out + lines[-PRINTED_LINES:]]


def shorten(line: str) -> str:
    return line if len(line) < 2 * WIDTH else f"{line[: 2 * WIDTH]} ..."
