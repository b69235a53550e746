"""Read a page from disk into blocks, collecting what can be said against it without running it."""

import re
from pathlib import Path

from pagecode.checks import Refused, check_code, check_session
from pagecode.fences import RUN, Fence, prose_lines, read_fences
from pagecode.names import free_names, meaning, top_level_imports
from pagecode.objects import ObjectError, Source, changes, read_object, stacked
from pagecode.page import FIGURE, Block, Page
from pagecode.programs import python_of
from pagecode.project import Problem, Project, ProjectError

SNIPPET = re.compile(r"-{1,}8<-{1,}")
DIRECTIVE = re.compile(r"#\s*doctest:")
EXAMPLE = "```python package.module.name"


def read_page(project: Project, path: Path) -> Page:
    """Read a page and everything that can be said about it without running it."""
    content = path.read_bytes()
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise ProjectError(f"{project.name_of(path)}:{line}: {error.reason}; save the page as UTF-8") from None
    return Reader(project, path, text.replace("\r\n", "\n")).page()


class Reader:
    """Turns the fences of one page into blocks."""

    def __init__(self, project: Project, path: Path, text: str) -> None:
        self.project, self.path, self.text = project, path, text
        self.name = project.name_of(path)
        self.lines = text.split("\n")
        self.fences = read_fences(text)
        self.prose = list(prose_lines(text, self.fences))
        self.headings = [number for number, line in self.prose if re.match(r"##(?!#)", line)]
        self.blocks: list[Block] = []
        self.problems: list[Problem] = []

    def page(self) -> Page:
        for fence in self.fences:
            try:
                self.blocks.append(self.block(fence))
            except Refused as refused:
                self.complain(refused.line, refused.message)
        self.attach_figures()
        self.check_names()
        self.problems.sort(key=lambda problem: problem.line)
        return Page(self.path, self.name, self.text, self.fences, self.blocks, self.problems, self.headings)

    def complain(self, line: int, message: str) -> None:
        self.problems.append(Problem(self.name, line, message))

    def block(self, fence: Fence) -> Block:
        """The block that a fence is."""
        if fence.fault:
            raise Refused(*fence.fault)
        for number, line in enumerate(fence.body.split("\n"), start=fence.line + 1):
            if SNIPPET.search(line):
                raise Refused(number, f"snippet markers are not expanded; name the object instead: {EXAMPLE}")
        if fence.language == "text":
            return self.output(fence)
        if fence.language == "diff":
            return self.diff(fence)
        if fence.language in self.project.shown_only:
            return self.made("shown", fence, fence.body)
        if fence.language not in RUN:
            allowed = ", ".join([*RUN, "text", "diff", *self.project.shown_only])
            given = f"{fence.language!r} is no language of these pages" if fence.language else "a fence has no language"
            raise Refused(fence.line, f"{given}, so nothing would run it; write one of {allowed}")
        if fence.objects:
            return self.embed(fence)
        if not fence.body.strip():
            raise Refused(fence.line, f"an empty {fence.language} fence; to embed an object, name it: {EXAMPLE}")
        return self.code(fence)

    def made(self, kind: str, fence: Fence, code: str, sources: list[Source] | None = None) -> Block:
        section = sum(heading < fence.line for heading in self.headings)
        return Block(kind, fence, section, code, sources or [])

    def code(self, fence: Fence) -> Block:
        """A python, pycon or sh block, refused where it would silently do nothing."""
        for number, line in enumerate(fence.body.split("\n"), start=fence.line + 1):
            if DIRECTIVE.search(line):
                raise Refused(number, "doctest directives hide what happens; show the true output, or leave it out")
        block = self.made(fence.language, fence, fence.body)
        if block.kind == "python":
            check_code(fence.body, fence.line + 1)
        elif block.kind == "pycon":
            check_session(block)
        return block

    def embed(self, fence: Fence) -> Block:
        """A fence that is filled with the source of the objects that it names."""
        if fence.language != "python":
            raise Refused(fence.line, f"objects are embedded as python, not as {fence.language}: {EXAMPLE}")
        if fence.body.strip():
            raise Refused(fence.line, "an embedding fence is empty: its lines come from the object that it names")
        sources = self.sources(fence)
        whole = all(source.text == source.whole for source in sources)
        if not whole and len(sources) > 1:
            raise Refused(fence.line, "a part of an object is embedded alone; give it a fence of its own")
        return self.made("embed" if whole else "part", fence, stacked([source.text for source in sources]), sources)

    def diff(self, fence: Fence) -> Block:
        """A fence filled with what changes from one object to another."""
        if len(fence.objects) != 2 or fence.body.strip():
            shape = "```diff package.module.old package.module.new"
            raise Refused(fence.line, f"a diff fence is empty and names two objects: {shape}")
        sources = self.sources(fence)
        return self.made("diff", fence, changes(sources[0].text, sources[1].text), sources)

    def sources(self, fence: Fence) -> list[Source]:
        """The objects that a fence names."""
        try:
            return [read_object(self.project.source, path) for path in fence.objects]
        except ObjectError as error:
            raise Refused(fence.line, str(error)) from None

    def output(self, fence: Fence) -> Block:
        """The text fence right below a block that prints."""
        above = self.blocks[-1] if self.blocks else None
        if above is None or above.kind not in ("python", "sh") or self.between(above.fence.end, fence.line):
            message = "a text fence shows what the python or sh fence right above it prints; none is there"
            raise Refused(fence.line, message)
        if not fence.body.strip():
            raise Refused(fence.line, "an empty text fence shows nothing; take it away")
        above.output = self.made("output", fence, fence.body)
        return above.output

    def between(self, end: int, start: int) -> bool:
        """True when something stands between two lines."""
        return any(line.strip() for line in self.lines[end : start - 1])

    def attach_figures(self) -> None:
        """Give each image under figures/ to the block right above it, which is to draw it."""
        named: dict[str, int] = {}
        for number, line in self.prose:
            match = FIGURE.match(line)
            if not match:
                continue
            path, owner = match["path"], self.owner(number)
            if owner is None:
                self.complain(number, f"{path} has no python fence right above it that draws it")
            elif not match["alt"].strip():
                self.complain(number, f"{path} needs its takeaway in words: ![what the reader should see]({path})")
            elif path in named:
                self.complain(number, f"line {named[path]} has a figure {path} already; give this one another name")
            else:
                owner.figures.append((number, path))
                named[path] = number

    def owner(self, number: int) -> Block | None:
        """The python block that ends right above the image on a line: its output and other images may stand between."""
        above = next((block for block in reversed(self.blocks) if block.fence.end < number), None)
        owner = next((block for block in self.blocks if above and block.output is above), above)
        if owner is None or owner.kind != "python":
            return None
        start = max([above.fence.end, *(at for at, _ in owner.figures)])
        return None if self.between(start, number) else owner

    def check_names(self) -> None:
        """Refuse a name that the page imports or embeds in two meanings: a program has its imports at its head."""
        meanings: dict[str, tuple[str, int]] = {}
        for block in self.blocks:
            for name, home in homes(block) if block.is_python else []:
                first, line = meanings.setdefault(name, (home, block.line))
                if first != home:
                    self.complain(block.line, f"{name} is {home} here and {first} at line {line}; use another name")


def homes(block: Block) -> list[tuple[str, str]]:
    """What the names that a block imports or embeds stand for, and those that its embedded source needs."""
    if not block.sources:
        return [(name, meaning(line)) for name, line in top_level_imports(python_of(block)).items()]
    found: list[tuple[str, str]] = []
    for source in block.sources:
        needed = {name: source.module.import_of(name) for name in sorted(free_names(source.whole))}
        found.append((source.name, f"{source.module.name}.{source.name}"))
        found.extend((name, meaning(line)) for name, line in needed.items() if line)
    return found
