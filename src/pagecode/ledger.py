"""What has run and passed, page by page, and whether that is still what the page says."""

import ast
import hashlib
import json
import os
import re
import sys
from functools import cache, lru_cache
from importlib.metadata import version
from pathlib import Path

from pagecode.names import add_imports, module_named
from pagecode.objects import module_file, package_of
from pagecode.page import Block, Page
from pagecode.programs import imports_of, program, python_of
from pagecode.project import Problem, Project

TOOLS = ("sybil", "pytest-codeblocks", "pytest", "torch", "numpy", "matplotlib")


# Stands for the digest of a page of which something changed while it ran: what ran is neither what was nor what is.
CHANGED = "changed while it ran"
# Code that may reach modules which its imports do not name.
HIDDEN = re.compile(r"\b(importlib|__import__|subprocess|runpy|exec|eval|os\.(system|popen|exec\w+|spawn\w+))\b")


def digest(project: Project, page: Page) -> str:
    """A hash of all that the page's result depends on: its text, the code it reaches, the data, the tools."""
    any_module = any(block.kind == "sh" or HIDDEN.search(block.code) for block in page.blocks)
    return hashed(project, [page.text], modules_of(project, page), any_module)


def section_digests(project: Project, page: Page) -> dict[int, str]:
    """A hash for each section that runs, of all that its result depends on.

    That is no prose and nothing of other sections, but for what the page has imported and embedded so far. Only
    commands depend on more: they share a folder with those before them, and may use any module.
    """
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
        digests[number] = hashed(project, texts, modules_named(project, code, ""), any_module)
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


def hashed(project: Project, texts: list[str], modules: list[str], any_module: bool) -> str:
    """A hash of texts, of the modules that they reach, or of all, of the data and the tools."""
    total = hashlib.sha256("\0".join([*texts, tools_digest()]).encode())
    code = sorted(project.source.rglob("*.py")) if any_module else code_reached(project, modules)
    for file in [*code, *input_files(project)]:
        content = file_digest(file, file.stat().st_mtime_ns)
        total.update(f"{file.relative_to(project.root).as_posix()} {content}".encode())
    return total.hexdigest()


@cache
def tools_digest() -> str:
    """A hash of this package, of Python and of the libraries that run the pages."""
    total = hashlib.sha256(sys.version.encode())
    total.update(" ".join(version(tool) for tool in TOOLS).encode())
    for file in sorted(Path(__file__).parent.glob("*.py")):
        total.update(file.read_bytes())
    return total.hexdigest()


@lru_cache(maxsize=4096)
def file_digest(file: Path, changed: int) -> str:
    """The sha256 of a file last changed at `changed`."""
    return hashlib.sha256(file.read_bytes()).hexdigest()


def input_files(project: Project) -> list[Path]:
    """The files that any page may read."""
    files = [file for path in project.inputs for file in ([path] if path.is_file() else path.rglob("*"))]
    return sorted(file for file in files if file.is_file())


def modules_of(project: Project, page: Page) -> list[str]:
    """The modules that a page embeds or imports."""
    names = [source.module.name for block in page.blocks for source in block.sources]
    for block in page.blocks:
        if block.is_python:
            names.extend(modules_named(project, python_of(block), ""))
    return names


def code_reached(project: Project, modules: list[str]) -> list[Path]:
    """The files of modules of the project, and of those that they import."""
    pending = list(modules)
    found: dict[str, Path] = {}
    while pending:
        name = pending.pop()
        file = module_file(project.source, name)
        if name in found or file is None:
            continue
        found[name] = file
        pending.extend(modules_named(project, file.read_text(encoding="utf-8"), package_of(name, file)))
    return sorted(found.values())


def modules_named(project: Project, code: str, package: str) -> list[str]:
    """The modules that the imports of `code` inside `package` may name, wherever they stand in it."""
    return [name for name in imports_named(code, package) if module_file(project.source, name)]


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

    def current(self, page: Page) -> dict | None:
        """The entry of a page, if nothing that the page depends on has changed since."""
        entry = self.read(page.path)
        return entry if entry and entry["digest"] == digest(self.project, page) else None

    def fresh(self, page: Page) -> bool:
        """True when the page passed, its figures are as it drew them, and nothing it depends on has changed since."""
        entry = self.current(page)
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
