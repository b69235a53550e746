"""What has run and passed, page by page, and whether that is still what the page says."""

import ast
import hashlib
import json
import os
import re
import sys
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache
from importlib.metadata import version
from pathlib import Path

from pagecode.names import add_imports, module_named
from pagecode.objects import package_of
from pagecode.page import Block, Page
from pagecode.programs import imports_of, program, programs_of, python_of
from pagecode.project import Problem, Project

TOOLS = ("sybil", "pytest-codeblocks", "pytest", "torch", "numpy", "matplotlib")


# Stands for the digest of a page of which something changed while it ran: what ran is neither what was nor what is.
CHANGED = "changed while it ran"
# Code that may reach modules which its imports do not name.
HIDDEN = re.compile(r"\b(importlib|__import__|subprocess|runpy|exec|eval|os\.(system|popen|exec\w+|spawn\w+))\b")


@dataclass(frozen=True)
class Standing:
    """A project's source and input files as they stand at one moment: digests of many pages are taken against one, and
    its folders are walked once."""

    project: Project

    @cached_property
    def modules(self) -> dict[str, Path]:
        """The file of each module, by its name."""
        found: dict[str, Path] = {}
        for file in sorted(self.project.source.rglob("*.py")):
            parts = file.relative_to(self.project.source).with_suffix("").parts
            if parts[-1] == "__init__":
                found.setdefault(".".join(parts[:-1]), file)
            else:
                found[".".join(parts)] = file
        return found

    @cached_property
    def inputs(self) -> list[Path]:
        """The files that any page may read."""
        files = [file for path in self.project.inputs for file in ([path] if path.is_file() else path.rglob("*"))]
        return sorted(file for file in files if file.is_file())

    @cached_property
    def lines(self) -> dict[Path, str]:
        """What stands for each of these files in a hash."""
        root = self.project.root
        files = [*self.modules.values(), *self.inputs]
        return {file: f"{file.relative_to(root).as_posix()} {file_digest(file, changed(file))}" for file in files}

    def named(self, code: str) -> list[str]:
        """The modules that the imports of `code` may name, wherever they stand in it."""
        return [name for name in imports_named(code, "") if name in self.modules]

    def reached(self, modules: list[str]) -> list[Path]:
        """The files of modules, and of those that they import."""
        pending = list(modules)
        found: dict[str, Path] = {}
        while pending:
            name = pending.pop()
            if name in found or name not in self.modules:
                continue
            found[name] = file = self.modules[name]
            pending.extend(module_imports(file, changed(file), package_of(name, file)))
        return sorted(found.values())

    def hash(self, texts: list[str], modules: list[str], any_module: bool) -> str:
        """A hash of texts, of the modules that they reach, or of all, of the data and the tools."""
        total = hashlib.sha256("\0".join([*texts, tools_digest()]).encode())
        code = sorted(self.modules.values()) if any_module else self.reached(modules)
        for file in [*code, *self.inputs]:
            total.update(self.lines[file].encode())
        return total.hexdigest()


def digest(project: Project, page: Page, standing: Standing | None = None) -> str:
    """A hash of all that the page's result depends on: its text, the code it reaches, the data, the tools.

    It is taken against `standing`, or against what is there now.
    """
    standing = standing or Standing(project)
    any_module = any(block.kind == "sh" or HIDDEN.search(block.code) for block in page.blocks)
    return standing.hash([page.text], modules_of(standing, page), any_module)


def section_digests(project: Project, page: Page, standing: Standing | None = None) -> dict[int, str]:
    """A hash for each section that runs, of all that its result depends on.

    That is no prose and nothing of other sections, but for what the page has imported and embedded so far. Only
    commands depend on more: they share a folder with those before them, and may use any module.
    """
    standing = standing or Standing(project)
    digests: dict[int, str] = {}
    for number in page.sections:
        before = [block for block in page.blocks if block.runs and block.section <= number]
        here = [block for block in before if block.section == number]
        commands = any(block.kind == "sh" for block in here)
        chain = [block for block in before if block.kind == "sh"] if commands else []
        code, around = "", []
        if page.section(number):
            code, around = program(project, page, page.section(number)[-1]), known(before)
        texts = [code, *around, *map(described, here), *map(described, chain)]
        any_module = commands or bool(HIDDEN.search(code))
        digests[number] = standing.hash(texts, standing.named(code), any_module)
    return digests


def known(blocks: list[Block]) -> list[str]:
    """What blocks import and embed, which every later section begins with."""
    imports: dict[str, str] = {}
    for block in blocks:
        add_imports(imports, imports_of(block) if block.is_python else {})
    return [repr(sorted(imports.items())), *(source.path for block in blocks for source in block.sources)]


def described(block: Block) -> str:
    """All of a block that decides whether it passes."""
    return repr((block.kind, block.code, [text for _, text in block.shown()], [path for _, path in block.figures]))


@cache
def tools_digest() -> str:
    """A hash of this package, of Python and of the libraries that run the pages."""
    total = hashlib.sha256(sys.version.encode())
    total.update(" ".join(version(tool) for tool in TOOLS).encode())
    for file in sorted(Path(__file__).parent.glob("*.py")):
        total.update(file.read_bytes())
    return total.hexdigest()


def changed(file: Path) -> int:
    """When a file was last changed, in nanoseconds."""
    return file.stat().st_mtime_ns


@lru_cache(maxsize=4096)
def file_digest(file: Path, changed: int) -> str:
    """The sha256 of a file last changed at `changed`."""
    return hashlib.sha256(file.read_bytes()).hexdigest()


def modules_of(standing: Standing, page: Page) -> list[str]:
    """The modules that a page embeds or imports."""
    names = [source.module.name for block in page.blocks for source in block.sources]
    for block in page.blocks:
        if block.is_python:
            names.extend(standing.named(python_of(block)))
    return names


@lru_cache(maxsize=4096)
def module_imports(file: Path, changed: int, package: str) -> tuple[str, ...]:
    """What the imports of a module last changed at `changed` may name."""
    return imports_named(file.read_text(encoding="utf-8"), package)


@lru_cache(maxsize=4096)
def imports_named(code: str, package: str) -> tuple[str, ...]:
    """What the imports of `code` inside `package` name, with all that is above it: some of it may be no module."""
    names: list[str] = []
    try:
        nodes = list(ast.walk(ast.parse(code)))
    except SyntaxError:
        return ()  # what imports it will say so
    for node in nodes:
        if isinstance(node, ast.Import):
            names.extend(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = module_named(node, package)
            names.extend([module, *(f"{module}.{alias.name}" for alias in node.names)])
    parents = [".".join(name.split(".")[:length]) for name in names for length in range(1, name.count(".") + 2)]
    return tuple(dict.fromkeys(parents))


class Ledger:
    """One JSON file a page: its digest, its blocks, what was wrong, and the digests of the sections that passed."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self.folder = project.cache / "ledger"

    def file(self, page: Path) -> Path:
        return self.folder / page.relative_to(self.project.docs).with_suffix(".json")

    def read(self, page: Path) -> dict | None:
        """The entry of a page, if there is a readable one, written by these very tools."""
        try:
            entry = json.loads(self.file(page).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        return entry if entry.get("tools") == tools_digest() else None

    def current(self, page: Page, standing: Standing | None = None) -> dict | None:
        """The entry of a page, if nothing that the page depends on has changed since."""
        entry = self.read(page.path)
        return entry if entry and entry["digest"] == digest(self.project, page, standing) else None

    def fresh(self, page: Page, standing: Standing | None = None) -> bool:
        """True when the page passed, its figures are as it drew them, and nothing it depends on has changed since."""
        entry = self.current(page, standing)
        return bool(entry) and not entry["problems"] and not page.problems and entry["figures"] == self.figures(page)

    def passed(self, page: Page, digests: dict[int, str]) -> set[int]:
        """The sections that passed in an earlier run and would again; their figures are those drawn then."""
        entry = self.read(page.path) or {"passed": [], "figures": {}}
        drawn = self.figures(page)
        redrawn = {
            block.section
            for block in page.blocks
            for _, path in block.figures
            if path not in drawn or drawn[path] != entry["figures"].get(path)
        }
        return {number for number, value in digests.items() if value in entry["passed"]} - redrawn

    def figures(self, page: Page) -> dict[str, str]:
        """The sha256 of each figure of a page that has been drawn."""
        paths = [path for block in page.blocks for _, path in block.figures]
        files = {path: self.project.figure(page.path, path) for path in paths}
        whole = {path: file for path, file in files.items() if file.is_file() and file.with_suffix(".png").is_file()}
        return {path: hashlib.sha256(file.read_bytes()).hexdigest() for path, file in whole.items()}

    def renew(self, page: Page, standing: Standing) -> bool:
        """Enter a page of which no section has to run again, such as one whose prose has changed; False for others."""
        digests = section_digests(self.project, page, standing)
        if page.problems or set(digests) - self.passed(page, digests):
            return False
        proved = digest(self.project, page, standing)
        self.write(page, proved, list(digests.values()), [], programs_of(self.project, page))
        return True

    def forget(self, page: Page) -> None:
        """Take back the result of a page that is to run again; the sections that passed are still known."""
        entry = self.read(page.path)
        if entry:
            self.save(page, {**entry, "digest": None})

    def write(self, page: Page, proved: str, passed: list[str], problems: list[Problem], programs: list[str]) -> None:
        """Record a run of the page, whole or not at all; `proved` is the digest that it ran with, or CHANGED."""
        blocks = [
            {"line": block.line, "kind": block.kind, "section": block.section, "sha256": code_digest(block.code)}
            for block in page.blocks
        ]
        self.save(
            page,
            {
                "page": page.name,
                "tools": tools_digest(),
                "digest": proved,
                "problems": [[problem.line, problem.message] for problem in problems],
                "blocks": blocks,
                "programs": [text_digest(program) for program in programs],
                "passed": passed,
                "figures": self.figures(page),
            },
        )

    def save(self, page: Page, entry: dict) -> None:
        """Replace the entry of a page, if it says something new."""
        if self.read(page.path) == entry:
            return
        file = self.file(page.path)
        file.parent.mkdir(parents=True, exist_ok=True)
        part = file.with_suffix(".part")
        part.write_text(json.dumps(entry, indent=1) + "\n", encoding="utf-8")
        os.replace(part, file)


def text_digest(text: str) -> str:
    """What identifies a program in the ledger and on the built page."""
    return hashlib.sha256(text.encode()).hexdigest()


def code_digest(text: str) -> str:
    """What identifies a block in the ledger and on the built page: its text without the blank lines around it."""
    return text_digest(text.strip("\n"))
