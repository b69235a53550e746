"""sybil's side: a parser that turns a page's blocks into sybil's examples, and the evaluators that check them."""

import builtins
import io
import os
import traceback
import warnings
from contextlib import redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path

import matplotlib.pyplot as plt
from sybil import Document, Example, Region, Sybil

from pagecode.ambient import Ambient
from pagecode.commands import CommandError, run_command
from pagecode.fences import ticks_around
from pagecode.names import add_imports, bound_names, free_names
from pagecode.objects import Source
from pagecode.outputs import difference, lines_of, mended
from pagecode.page import Block, Page
from pagecode.programs import imports_of, python_of
from pagecode.project import SCREENLESS, Project


@dataclass
class Mismatch:
    """A place where a page shows something else than what ran.

    Attributes:
        replace: the lines from the first up to the second are to become the third, where that would mend it
    """

    line: int
    message: str
    replace: tuple[int, int, list[str]] | None = None


@dataclass
class Run:
    """The state of one page's run: its namespace belongs to sybil's document and is emptied at each section.

    Attributes:
        imports, embedded: what the page has imported and embedded so far, which every later section begins with
        objects: what the embedded source has defined in this section
        broken: the section in which an exception was raised
        passed: the sections that need not run again
    """

    project: Project
    page: Page
    ambient: Ambient
    scratch: Path
    passed: set[int]
    imports: dict[str, str] = field(default_factory=dict)
    embedded: dict[str, Source] = field(default_factory=dict)
    objects: dict[str, object] = field(default_factory=dict)
    section: int = -1
    broken: int = -1
    mismatches: list[Mismatch] = field(default_factory=list)

    def skips(self, block: Block) -> bool:
        """True for a block that need not run: its section has passed, and no command to come may need its files."""
        to_come = [other for other in self.page.blocks if other.kind == block.kind == "sh" and other.line > block.line]
        return block.section in self.passed and all(other.section in self.passed for other in to_come)

    def folder(self, name: str) -> Path:
        """A scratch folder of this run."""
        made = self.scratch / name
        made.mkdir(exist_ok=True)
        return made

    def complain(self, line: int, message: str, replace: tuple[int, int, list[str]] | None = None) -> None:
        self.mismatches.append(Mismatch(line, message, replace))


def run_page(project: Project, page: Page, ambient: Ambient, passed: set[int]) -> list[Mismatch]:
    """Run a page from top to bottom through sybil and say where it shows something else than what ran.

    A mismatch does not stop it; an exception stops its section. Sections that have `passed` are gone by.
    """
    with ambient.apart() as scratch:
        run = Run(project, page, ambient, scratch, passed)
        document = Sybil(parsers=[lambda document: regions(document, run)]).parse(page.path)
        for example in document.examples():
            example.evaluate()
    return run.mismatches


def regions(document: Document, run: Run) -> list[Region]:
    """sybil's parser: each block that runs, as a region with its evaluator."""
    starts = [0]
    for line in document.text.split("\n"):
        starts.append(starts[-1] + len(line) + 1)
    return [
        Region(starts[block.line - 1], starts[block.fence.end] - 1, block, lambda example: evaluate(example, run))
        for block in run.page.blocks
        if block.runs
    ]


def evaluate(example: Example, run: Run) -> None:
    """sybil's evaluator: check one block in its section's namespace."""
    block: Block = example.parsed
    if block.section == run.broken:
        return
    if run.skips(block):
        add_imports(run.imports, imports_of(block) if block.is_python else {})
        run.embedded.update({source.name: source for source in block.sources})
        return
    kinds = {"python": python, "pycon": session, "embed": embed, "part": embed, "sh": command}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            warnings.filterwarnings("ignore", message=SCREENLESS)
            if block.section != run.section:
                enter_section(example.namespace, run, block.section)
            kinds[block.kind](block, example.namespace, run)
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        run.complain(*explain(error, block, run))
        run.broken = block.section


def enter_section(namespace: dict, run: Run, section: int) -> None:
    """Begin again with nothing but the page's imports and the objects that it embeds."""
    run.section = section
    run.ambient.restore(seed=1_000_003 * (section + 1) + 17)
    # Nothing crosses a section, so its Python stands in a folder of its own; the commands of a page share one.
    os.chdir(run.folder(f"section-{section}"))
    namespace.clear()
    namespace.update(__name__="__main__", __builtins__=builtins)
    run.objects.clear()
    for lines in run.imports.values():
        exec(lines, namespace)
    for source in run.embedded.values():
        define(source, namespace, run)


def execute(code: str, line: int, namespace: dict, run: Run, mode: str = "exec") -> list[str]:
    """Run code as if it stood at `line` of the page, and return the lines that it prints."""
    compiled = compile("\n" * (line - 1) + code, run.page.name, mode, dont_inherit=True)
    printed = io.StringIO()
    with redirect_stdout(printed):
        exec(compiled, namespace)
    return lines_of(printed.getvalue())


def python(block: Block, namespace: dict, run: Run) -> None:
    try:
        got = execute(block.code, block.line + 1, namespace, run)
    finally:
        keep(block, namespace, run)
    check_output(block, got, run)
    save_figures(block, run)


def session(block: Block, namespace: dict, run: Run) -> None:
    """Each example of a session in turn, going on after a wrong answer."""
    for example in block.examples():
        line = block.line + 1 + example.lineno
        got = execute(example.source, line, namespace, run, mode="single")
        shown = block.answer(example)
        below = line + example.source.count("\n")
        found = difference(shown, got, below + len(shown) if shown else line)
        if found and "" in got:
            run.complain(line, "prints an empty line, which no session can show; write python, and text below it")
        elif found:
            run.complain(*found, (below, below + len(shown), indented(block, mended(shown, got))))
    keep(block, namespace, run)
    save_figures(block, run)


def embed(block: Block, namespace: dict, run: Run) -> None:
    """Run the embedded source as the page shows it; all later sections know its names."""
    for source in block.sources:
        define(source, namespace, run)
        run.embedded[source.name] = source


def define(source: Source, namespace: dict, run: Run) -> None:
    """Define an object from its source; it finds what the page has embedded, and otherwise what its module imports."""
    around = {"__name__": "__main__", "__builtins__": builtins}
    for name in free_names(source.whole):
        line = source.module.import_of(name)
        if name in run.objects:
            around[name] = run.objects[name]
        elif line:
            exec(line, around)
    future = "".join(f"from __future__ import {feature}\n" for feature in source.module.future)
    exec(compile(future + source.whole, source.path, "exec", dont_inherit=True), around)
    run.objects[source.name] = namespace[source.name] = around[source.name]


def command(block: Block, namespace: dict, run: Run) -> None:
    """A command, in the folder that all commands of the page share."""
    try:
        printed = run_command(block.code, run.folder("commands"))
    except CommandError as error:
        run.complain(block.line, str(error))
        return
    if block.output:
        check_output(block, lines_of(printed), run)


def check_output(block: Block, got: list[str], run: Run) -> None:
    """Compare what a block printed with the text below it."""
    below = block.fence.end + 1
    if block.output is None:
        if got:
            ticks = block.fence.indent + ticks_around("\n".join(got))
            message = f"missing output: this block prints {got[0]!r}, and no text fence right below shows it"
            run.complain(block.line, message, (below, below, ["", f"{ticks}text", *indented(block, got), ticks]))
        return
    fence = block.output.fence
    found = difference(block.shown(), got, fence.end)
    if found and got:
        run.complain(*found, (fence.line + 1, fence.end, indented(block.output, mended(block.shown(), got))))
    elif found:
        run.complain(fence.line, "the block above prints nothing; take this fence away", (below, fence.end + 1, []))


def indented(block: Block, lines: list[str]) -> list[str]:
    return [(block.fence.indent + line).rstrip() for line in lines]


def keep(block: Block, namespace: dict, run: Run) -> None:
    """What a page has imported, all its later sections may use."""
    add_imports(run.imports, {name: line for name, line in imports_of(block).items() if name in namespace})


def save_figures(block: Block, run: Run) -> None:
    """Save each figure that the block drew under the name of the image below it."""
    drawn = plt.get_fignums()
    if len(drawn) != len(block.figures):
        images = f"{len(block.figures)} images stand right below it"
        run.complain(block.line, f"this block draws {len(drawn)} figures, and {images}")
    for number, (_, path) in zip(drawn, block.figures, strict=False):
        target = run.project.figure(run.page.path, path)
        target.parent.mkdir(parents=True, exist_ok=True)
        with plt.rc_context({"svg.fonttype": "none", "svg.hashsalt": "pagecode"}):
            plt.figure(number).savefig(target, format="svg", metadata={"Date": None}, transparent=True)
        # For notebooks, which do not show an SVG before they have been run.
        plt.figure(number).savefig(target.with_suffix(".png"), format="png", metadata={"Software": None})
    plt.close("all")


def explain(error: BaseException, block: Block, run: Run) -> tuple[int, str]:
    """The line of the page at which a block failed, and why."""
    frames = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == run.page.name]
    message = " ".join(f"{type(error).__name__}: {error}".split())
    if isinstance(error, NameError) and error.name:
        message += hint(error.name, block, run)
    return (frames[-1] if frames else block.line), message


def hint(name: str, block: Block, run: Run) -> str:
    """Where else on the page a missing name has a value, if it has one."""
    others = (other for other in run.page.blocks if other.section != block.section and other.is_python)
    home = next((other.line for other in others if name in bound_names(python_of(other))), None)
    return f"; line {home} has it, in another section: a section stands alone, so repeat it or embed it" if home else ""
