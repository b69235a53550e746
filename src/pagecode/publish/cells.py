"""The cells of one notebook, written from the first to the last."""

import ast
import base64
import hashlib
import json
import re
import textwrap
from collections import Counter

from pagecode.fences import ticks_around
from pagecode.names import add_imports, top_level_imports
from pagecode.page import FIGURE, Block, Page
from pagecode.project import Project
from pagecode.publish.kernel import Kernel

COMMANDS = """# Commands find the programs that are installed beside this kernel, and write into a new folder.
import os
import sysconfig
import tempfile

os.environ["PATH"] = os.pathsep.join([sysconfig.get_path("scripts"), os.environ["PATH"]])
os.chdir(tempfile.mkdtemp())
"""
SPECIAL = re.compile(r"([\\`*_$<\[])")


class Cells:
    """Markdown and blocks of a page, in order, become cells.

    Attributes:
        captions: the words below each figure, by the line of the page that asks for it
        waiting: Markdown that is in no cell yet
        commands: True when a cell has made ready for commands
    """

    def __init__(self, project: Project, page: Page) -> None:
        self.project, self.page = project, page
        self.blocks = {block.line: block for block in page.blocks}
        written = page.text.split("\n")
        self.captions = {number: FIGURE.match(written[number - 1])["alt"] for number in page.figures}
        self.kernel = Kernel(project.source)
        self.commands = False
        self.waiting = ""
        self.cells: list[dict] = []
        self.ids: Counter[str] = Counter()

    def prose(self, text: str) -> None:
        """Add Markdown; a heading begins a cell."""
        first, *rest = re.split(r"^(?=#{1,6} )", text, flags=re.MULTILINE)
        self.waiting = self.waiting.rstrip() + "\n\n" + first.lstrip("\n")
        for piece in rest:
            self.flush()
            self.waiting = piece

    def at(self, line: int, indent: str, hidden: bool) -> None:
        """Add what the page has at a line: a cell for a block that runs, a fence for one that is only shown.

        A figure is an output of the block that drew it; at its own line it has its words. What begins `hidden` on the
        page, in a box to be opened, begins folded here.
        """
        if line in self.captions:
            self.paragraph("*" + SPECIAL.sub(r"\\\1", self.captions[line]) + "*", indent)
            return
        block = self.blocks[line]
        self.paragraph(caption(block), indent)
        if block.kind == "sh":
            self.command(block)
        elif block.kind in ("diff", "part", "shown"):
            ticks = ticks_around(block.code)
            self.paragraph(f"{ticks}{block.fence.language}\n{block.code}{ticks}", indent)
            self.kernel.show(block)
        else:
            folded = {"outputs_hidden": not block.figures, "source_hidden": True}
            self.code(quiet(self.kernel.cell(block)), self.outputs(block), {"jupyter": folded} if hidden else {})

    def paragraph(self, text: str, indent: str) -> None:
        """Add Markdown that stands by itself."""
        if text:
            self.waiting = f"{self.waiting.rstrip()}\n\n{textwrap.indent(text, indent)}\n\n"

    def command(self, block: Block) -> None:
        """Add a command; the first makes ready for all."""
        if not self.commands:
            add_imports(self.kernel.holds, top_level_imports(COMMANDS))
            self.code(COMMANDS, [])
            self.commands = True
        self.code(f"%%sh -e\n{block.code}", self.outputs(block))

    def outputs(self, block: Block) -> list[dict]:
        """What the page shows below a block: the text that it prints, then what it draws."""
        text = "".join(f"{line}\n" for _, line in block.shown())
        outputs = [{"name": "stdout", "output_type": "stream", "text": lines(text)}] if text else []
        for number, path in block.figures:
            drawing = self.project.figure(self.page.path, path)
            svg = on_white(drawing.read_text(encoding="utf-8"))
            data = {"image/svg+xml": lines(svg), "text/plain": [self.captions[number]]}
            # Jupyter shows no SVG in a notebook that its reader has not run.
            data["image/png"] = base64.b64encode(drawing.with_suffix(".png").read_bytes()).decode()
            outputs.append({"data": data, "metadata": {}, "output_type": "display_data"})
        return outputs

    def flush(self) -> None:
        """End the cell of Markdown that is being written."""
        text, self.waiting = dedented(self.waiting), ""
        if text:
            self.add({"cell_type": "markdown", "metadata": {}, "source": lines(text)})

    def code(self, source: str, outputs: list[dict], metadata: dict | None = None) -> None:
        """Add a cell of code."""
        self.flush()
        common = {"cell_type": "code", "execution_count": None, "metadata": metadata or {}}
        self.add({**common, "outputs": outputs, "source": lines(source.strip("\n"))})

    def add(self, cell: dict) -> None:
        """Add a cell, named after what it says, so that it keeps its name while others change."""
        name = hashlib.sha256("".join([cell["cell_type"], *cell["source"]]).encode()).hexdigest()[:12]
        self.ids[name] += 1
        self.cells.append({**cell, "id": f"{name}-{self.ids[name]}"})

    def text(self) -> str:
        """The notebook, byte for byte as Jupyter's own library would write it."""
        self.flush()
        kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
        metadata = {"kernelspec": kernel, "language_info": {"name": "python"}}
        whole = {"cells": self.cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}
        return json.dumps(whole, ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def lines(text: str) -> list[str]:
    """Text as notebooks keep it."""
    return text.splitlines(keepends=True)


def dedented(text: str) -> str:
    """Markdown at the left margin: what follows a cell inside a list would otherwise be taken for code."""
    text = text.strip("\n").rstrip()
    indent = len(text) - len(text.lstrip(" "))
    return re.sub(rf"^ {{1,{indent}}}", "", text, flags=re.MULTILINE) if indent else text


def caption(block: Block) -> str:
    """What the page writes above a block: its title, or where its source comes from."""
    given = re.search(r"title=\"([^\"]*)\"", block.fence.rest)
    if given:
        return f"**{given[1]}**"
    arrow = " → " if block.kind == "diff" else ", "
    return arrow.join(f"`{source.path}`" for source in block.sources)


def quiet(code: str) -> str:
    """A cell that shows what it prints and no more: Jupyter would show the value of a last expression too."""
    last = ast.parse(code).body[-1]
    if not isinstance(last, ast.Expr) or re.match(r"print\(|[\w.]+\.show\(\)", ast.unparse(last)):
        return code
    written = code.encode().split(b"\n")
    line = written[last.end_lineno - 1]
    written[last.end_lineno - 1] = line[: last.end_col_offset] + b";" + line[last.end_col_offset :]
    return b"\n".join(written).decode()


def on_white(drawing: str) -> str:
    """A drawing with a ground of its own: ours are transparent, and their ink is dark."""
    drawing = drawing[drawing.index("<svg") :]
    end = drawing.index(">") + 1
    return f'{drawing[:end]}\n <rect width="100%" height="100%" fill="#ffffff"/>{drawing[end:]}'
