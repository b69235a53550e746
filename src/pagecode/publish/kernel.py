"""What a notebook's kernel knows cell after cell, beside what the page's sections are to know.

On the page each section begins with nothing but the page's imports and embedded objects; a notebook has one namespace
from its first cell to its last. So a cell is headed by what its section needs and an earlier one has left otherwise.
"""

import builtins
import re
from collections.abc import Iterable
from pathlib import Path

from pagecode.names import add_imports, bound_names, free_names
from pagecode.objects import Source
from pagecode.page import Block
from pagecode.programs import imports_of, in_order, join, python_of, sorted_imports

# Settings of the whole process: where a section's code changes one, the next section puts it back.
SETTINGS = (
    (r"torch\.set_printoptions\(", 'torch.set_printoptions(profile="default", sci_mode=None)', "import torch"),
    (r"torch\.set_default_dtype\(", "torch.set_default_dtype(torch.float32)", "import torch"),
    (r"torch\.set_default_device\(", "torch.set_default_device(None)", "import torch"),
    (r"torch\.set_grad_enabled\(", "torch.set_grad_enabled(True)", "import torch"),
    (r"\brcParams\b|\bstyle\.use\(", "matplotlib.rcdefaults()", "import matplotlib"),
)


class Kernel:
    """The names of a kernel that has run the notebook's cells so far.

    Attributes:
        holds: what each name stands for: import lines, the path of an embedded object, or the section that set it
        imports, embedded: what the page has imported and embedded so far, which every later section may use
        own: the names that the section itself has given a value
        changed: the settings of the process that a section has changed
    """

    def __init__(self, source: Path) -> None:
        self.source = source
        self.holds: dict[str, str] = {}
        self.imports: dict[str, str] = {}
        self.embedded: dict[str, Source] = {}
        self.section = 0
        self.own: set[str] = set()
        self.changed: dict[str, str] = {}

    def cell(self, block: Block) -> str:
        """A block as the source of a cell, headed by what it needs and would not find, or find changed."""
        code = python_of(block)
        first = self.put_back(block.section)
        lines, definitions = self.missing("\n".join([*first, code]), block.sources)
        self.enter(block, code)
        return join([sorted_imports(self.source, lines), "\n".join(first), *definitions, code])

    def put_back(self, section: int) -> list[str]:
        """What the first cell of a section begins with: names and settings that an earlier one has changed for all."""
        if section == self.section:
            return []
        self.section, self.own = section, set()
        hidden = sorted(name for name in vars(builtins) if self.holds.get(name, "").startswith("section "))
        lines = [f"del {', '.join(hidden)}", *self.changed] if hidden else list(self.changed)
        for line in self.changed.values():
            self.imports.setdefault(line.split()[1], line)
        for name in hidden:
            del self.holds[name]
        self.changed.clear()
        return lines

    def missing(self, code: str, written: list[Source]) -> tuple[set[str], list[str]]:
        """The imports and the definitions without which `code`, with the source `written` in it, would not run here."""
        found: dict[str, str] = {}
        needed: list[Source] = []
        used = list(written)
        pending, done = sorted(free_names(code)), {source.name for source in written} | self.own
        while pending:
            name = pending.pop(0)
            if name in done:
                continue
            done.add(name)
            source = self.embedded.get(name)
            if source:
                used.append(source)
                pending.extend(sorted(free_names(source.whole)))
                needed.extend([source] if self.holds.get(name) != home(source) else [])
                continue
            homes = (other.module.import_of(name) for other in used)
            line = self.imports.get(name) or next(filter(None, homes), None)
            if line and not set(line.splitlines()) <= set(self.holds.get(name, "").splitlines()):
                found[name] = line
        add_imports(self.holds, found)
        self.define(needed)
        lines = {line for several in found.values() for line in several.splitlines()}
        lines |= {f"from __future__ import {name}" for source in [*needed, *written] for name in source.module.future}
        return lines, [source.whole for source in in_order(needed)]

    def show(self, block: Block) -> None:
        """Note a block that is no cell: what it shows a part of, the page has embedded."""
        if block.kind == "part":
            self.embedded.update({source.name: source for source in block.sources})

    def enter(self, block: Block, code: str) -> None:
        """Note what a block gives a meaning."""
        if block.sources:
            self.embedded.update({source.name: source for source in block.sources})
            self.define(block.sources)
            return
        imports = imports_of(block)
        add_imports(self.imports, imports)
        self.set_own(bound_names(code) - set(imports))
        self.own -= set(imports)
        add_imports(self.holds, imports)
        self.changed.update({line: needs for pattern, line, needs in SETTINGS if re.search(pattern, code)})

    def set_own(self, names: Iterable[str]) -> None:
        """Note names that the section has given values of its own."""
        self.own.update(names)
        self.holds.update({name: f"section {self.section}" for name in names})

    def define(self, sources: list[Source]) -> None:
        """Note that names stand for embedded objects."""
        self.holds.update({source.name: home(source) for source in sources})
        self.own -= {source.name for source in sources}


def home(source: Source) -> str:
    """The path of the top-level object that a source is, or is a part of."""
    return f"{source.module.name}.{source.name}"
