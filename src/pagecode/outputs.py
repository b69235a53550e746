"""What a block printed beside what its page shows: where they part, and how to mend the page."""

from itertools import zip_longest

from pagecode.compare import same


def lines_of(text: str) -> list[str]:
    """Printed text as a page can show it: spaces for tabs, nothing invisible at the end of a line."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return [line.expandtabs().rstrip() for line in (lines if lines[-1] else lines[:-1])]


def difference(shown: list[tuple[int, str]], got: list[str], end: int) -> tuple[int, str] | None:
    """The line of the page at which the lines `shown` and those printed part, and how; `end` is the line below."""
    for pair, printed in zip_longest(shown, got):
        line, expected = pair or (end, None)
        if expected is None:
            return line, f"more is printed than is shown: {printed!r}"
        if printed is None:
            return line, f"expected {expected!r}, and nothing more is printed"
        if not same(expected.rstrip(), printed):
            return line, f"expected {expected.rstrip()!r}, got {printed!r}"
    return None


def mended(shown: list[tuple[int, str]], got: list[str]) -> list[str]:
    """The lines to show: what was printed, but for lines that agree within the tolerance already."""
    if len(shown) != len(got):
        return got
    return [old if same(old.rstrip(), new) else new for (_, old), new in zip(shown, got, strict=True)]
