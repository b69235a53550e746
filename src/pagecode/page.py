"""A page as blocks: what runs, what it is to print, what it draws, and in which section."""

import doctest
import re
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from pagecode.fences import Fence, prose_lines
from pagecode.objects import Source
from pagecode.project import Problem

FIGURE = re.compile(r"^\s*!\[(?P<alt>[^\]]*)\]\((?P<path>figures/[\w-]+\.svg)\)\s*$")


@dataclass
class Block:
    """A fence that the page shows, with what belongs to it.

    Attributes:
        kind: python, pycon, sh, embed (python taken from the package), part (a piece of an embedded object),
            diff (of two objects), output (the text right below a block), or shown (a language that is not run)
        section: how many `##` headings stand above it
        code: what the fence shows, embedded source included
        sources: of an embed, a part or a diff, the objects shown
        output: the block that shows what this one prints, if there is one
        figures: the (line, path) of each image below that this block is to draw
    """

    kind: str
    fence: Fence
    section: int
    code: str
    sources: list[Source] = field(default_factory=list)
    output: "Block | None" = None
    figures: list[tuple[int, str]] = field(default_factory=list)

    @property
    def line(self) -> int:
        return self.fence.line

    @property
    def is_python(self) -> bool:
        """True for what belongs to its section's program."""
        return self.kind in ("python", "pycon", "embed", "part")

    @property
    def runs(self) -> bool:
        return self.is_python or self.kind == "sh"

    def examples(self) -> list[doctest.Example]:
        """The examples of a pycon block."""
        return doctest.DocTestParser().get_examples(self.code)

    def shown(self) -> list[tuple[int, str]]:
        """The output that the page shows for this block: each line with its number."""
        if self.kind == "pycon":
            return [pair for example in self.examples() for pair in self.answer(example)]
        return numbered(self.output.line + 1, self.output.code) if self.output else []

    def answer(self, example: doctest.Example) -> list[tuple[int, str]]:
        """The output shown below one example of a session: each line with its number."""
        return numbered(self.line + 1 + example.lineno + example.source.count("\n"), example.want)


def numbered(first: int, text: str) -> list[tuple[int, str]]:
    """Lines of a page with their numbers."""
    return list(enumerate(text.split("\n")[:-1], start=first))


@dataclass
class Page:
    """A page read from disk, and what is wrong with it before anything has run."""

    path: Path
    name: str
    text: str
    fences: list[Fence]
    blocks: list[Block]
    problems: list[Problem]
    headings: list[int]

    @property
    def code_sections(self) -> list[int]:
        """The sections that hold a program, in order."""
        return sorted({block.section for block in self.blocks if block.is_python})

    @property
    def sections(self) -> list[int]:
        """The sections in which anything runs, in order."""
        return sorted({block.section for block in self.blocks if block.runs})

    @property
    def refused(self) -> list[Fence]:
        """The fences that became no block; the page's problems say why."""
        taken = {block.line for block in self.blocks}
        return [fence for fence in self.fences if fence.line not in taken]

    @property
    def figures(self) -> set[int]:
        """The lines with an image that a block is to draw."""
        return {number for number, line in enumerate(self.prose.split("\n"), start=1) if FIGURE.match(line)}

    def section(self, number: int) -> list[Block]:
        """The blocks of Python of one section."""
        return [block for block in self.blocks if block.section == number and block.is_python]

    def section_at(self, line: int) -> int:
        """The section that a line belongs to; 0 for what stands above the first heading."""
        return sum(heading <= line for heading in self.headings)

    def earlier(self, block: Block) -> list[Block]:
        """The blocks of Python of the whole page up to and with `block`."""
        return [other for other in self.blocks if other.is_python and other.line <= block.line]

    @cached_property
    def prose(self) -> str:
        """The page with its front matter and its fences left empty, so that line numbers stay."""
        lines = dict(prose_lines(self.text, self.fences))
        return "\n".join(lines.get(number, "") for number in range(1, self.text.count("\n") + 2))

    def lines_with(self, wanted: str) -> list[int]:
        """The lines outside front matter and fences on which `wanted` begins, wherever it is broken into lines."""
        pattern = r"\s+".join(map(re.escape, wanted.split()))
        return [self.prose.count("\n", 0, found.start()) + 1 for found in re.finditer(pattern, self.prose)]
