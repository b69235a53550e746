"""Find every fence of a Markdown page, wherever Material would render one, and refuse what would not be run."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

RUN = ("python", "pycon", "sh")

OPENING = re.compile(r"^(?P<indent>[ \t>]*)(?P<bullet>(?:[-*+]|\d+[.)])[ \t]+)?(?P<fence>`{3,}|~{3,})(?P<info>[^`]*)$")
BRACED = re.compile(r"^\{\s*\.(?P<language>[\w-]+)(?P<rest>.*)\}$")
PLAIN = re.compile(r"^(?P<language>[\w-]*)(?P<rest>.*)$")
WORD = re.compile(r"[\w-]+=\"[^\"]*\"|[\w-]+='[^']*'|\S+")
OBJECT = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+")


@dataclass(frozen=True)
class Fence:
    """One fence of a page.

    Attributes:
        line, end: the lines of its opening and its closing, counted from 1
        rest: what follows the language on its opening line
        body: the lines between, without the indentation of the fence
        fault: the line and the reason for which it would be shown and not run, if there is one
    """

    line: int
    end: int
    indent: str
    ticks: str
    language: str
    rest: str
    body: str
    fault: tuple[int, str] | None

    @property
    def objects(self) -> list[str]:
        """The object paths that the opening line names."""
        return [word for word in WORD.findall(self.rest) if OBJECT.fullmatch(word)]

    def opening(self, title: str) -> str:
        """The opening line as the renderer is to see it: no object paths, and a title if it has none."""
        words = [word for word in WORD.findall(self.rest) if not OBJECT.fullmatch(word)]
        if not any(word.startswith("title=") for word in words):
            words.append(f'title="{title}"')
        return f"{self.indent}{self.ticks}{{{' '.join([f'.{self.language}', *words])}}}"


def front_matter(lines: list[str]) -> int:
    """How many lines the front matter at the top of a page takes."""
    if lines and lines[0].rstrip() == "---":
        for number, line in enumerate(lines[1:], start=2):
            if line.rstrip() in ("---", "..."):
                return number
    return 0


def read_fences(text: str) -> list[Fence]:
    """The fences of a page, in order."""
    fences: list[Fence] = []
    lines = text.split("\n")
    at = front_matter(lines)
    while at < len(lines):
        match = OPENING.match(lines[at])
        if match:
            fences.append(read_fence(lines, at, match))
            at = fences[-1].end
        else:
            at += 1
    return fences


def read_fence(lines: list[str], opened: int, match: re.Match) -> Fence:
    """The fence that opens at the index `opened`; one that is never closed takes the rest of the page."""
    misplaced = unrunnable(match)
    # The renderer wants the same indentation and the same number of ticks.
    before = r"[ \t>]*" if misplaced else match["indent"]
    closing = re.compile(rf"{before}{match['fence']}[ \t]*$")
    end = next((at for at in range(opened + 1, len(lines)) if closing.match(lines[at])), None)
    body = lines[opened + 1 : end]
    if misplaced:
        fault = (opened + 1, misplaced)
    elif end is None:
        fault = (opened + 1, f"this fence is never closed; end it with {match['fence']} at the same indentation")
    else:
        fault = unshowable(body, opened + 2, match["indent"])
    language, rest = read_info(match["info"])
    inside = "".join(line.removeprefix(match["indent"]) + "\n" if line.strip() else "\n" for line in body)
    closed = len(lines) if end is None else end + 1
    return Fence(opened + 1, closed, match["indent"], match["fence"], language, rest, inside, fault)


def unrunnable(match: re.Match) -> str | None:
    """Why a fence opened like this would be shown and not run, or not even rendered."""
    if ">" in match["indent"]:
        return "a fence in a quote is not run; take it out of the quote, or put it in an admonition (!!! quote)"
    if match["bullet"]:
        return "a fence on the line of its bullet is not rendered as one; put it on a line of its own, indented by 4"
    if match["fence"][0] == "~":
        return "a ~~~ fence is not run; write ``` instead"
    if "\t" in match["indent"]:
        return "a fence indented by tabs is rendered differently by different tools; indent by spaces"
    return None


def unshowable(body: list[str], first: int, indent: str) -> tuple[int, str] | None:
    """The first line of a fence that would not be rendered as it stands, and why; `first` is the body's line."""
    for number, line in enumerate(body, start=first):
        if line.strip() and not line.startswith(indent):
            return number, "this line is indented less than its fence, which ends it; indent it as far"
        if "\t" in line:
            return number, r"a tab is shown as spaces, so what is copied would differ; write spaces, or \t in a string"
    return None


def read_info(info: str) -> tuple[str, str]:
    """Language and the rest of what follows the opening ticks: ``python title="x"``, ``{.python title="x"}``."""
    info = info.strip()
    match = BRACED.match(info) or PLAIN.match(info)
    return match["language"], match["rest"].strip()


def ticks_around(text: str) -> str:
    """The ticks of a fence that can hold `text`."""
    return "`" * max(3, 1 + max(map(len, re.findall(r"`+", text)), default=0))


def prose_lines(text: str, fences: list[Fence]) -> Iterator[tuple[int, str]]:
    """The lines of a page outside its front matter and its fences, numbered from 1."""
    lines = text.split("\n")
    first = front_matter(lines) + 1
    inside = {number for fence in fences for number in range(fence.line, fence.end + 1)}
    for number, line in enumerate(lines[first - 1 :], start=first):
        if number not in inside:
            yield number, line
