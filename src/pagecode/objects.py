"""The source of an object named by its path, read without importing anything."""

import ast
import difflib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from pagecode.names import add_imports, imported


class ObjectError(Exception):
    """A path that leads to no object; the message says where it ends and what is there instead."""


@dataclass(frozen=True, eq=False)
class Module:
    """A module as text: what it imports and what it defines at its top level."""

    name: str
    text: str
    future: tuple[str, ...]
    imports: dict[str, str]
    definitions: dict[str, ast.stmt]

    def import_of(self, name: str) -> str | None:
        """The import that makes `name` mean what it means inside this module."""
        if name in self.imports:
            return self.imports[name]
        return f"from {self.name} import {name}" if name in self.definitions else None


@dataclass(frozen=True)
class Source:
    """An object's source as a page shows it.

    Attributes:
        path: as it was asked for, `lower_triangle.attention.Head.forward`
        module: the module that defines it
        name: the top-level name it belongs to, `Head`
        text: the lines shown, docstrings stripped
        whole: the lines that define `name`, the same as `text` unless a part of it was asked for
    """

    path: str
    module: Module
    name: str
    text: str
    whole: str


def read_object(source: Path, path: str) -> Source:
    """The object at `path` below the folder `source`.

    Raises:
        ObjectError: when no module or no object of that name is there.
    """
    return object_in(*find_module(source, path), path)


@lru_cache(maxsize=4096)
def object_in(module: Module, names: tuple[str, ...], path: str) -> Source:
    """The object that the names, one inside the other, lead to in a module; `path` is what it was asked for as."""
    node, scope = None, module.definitions
    for name in names:
        if name not in scope:
            near = difflib.get_close_matches(name, scope, n=1)
            there = ", ".join(scope) or "nothing"
            hint = f"did you mean {near[0]}?" if near else f"there is {there}"
            raise ObjectError(f"{path} leads nowhere: {module.name} defines no {name}; {hint}")
        node = scope[name]
        scope = defined(node.body) if isinstance(node, ast.ClassDef) else {}
    return Source(
        path=path,
        module=module,
        name=names[0],
        text=shown(module.text, node),
        whole=shown(module.text, module.definitions[names[0]]),
    )


def find_module(source: Path, path: str) -> tuple[Module, tuple[str, ...]]:
    """The longest part of `path` that is a module, and the names that remain."""
    parts = path.split(".")
    if module_file(source, path):
        raise ObjectError(f"{path} is a module; name an object in it: {path}.name")
    for length in range(len(parts) - 1, 0, -1):
        name = ".".join(parts[:length])
        file = module_file(source, name)
        if file:
            return read_module(name, file, file.stat().st_mtime_ns), tuple(parts[length:])
    raise ObjectError(f"{path} leads nowhere: there is no {parts[0]} under {source.name}/")


def module_file(source: Path, name: str) -> Path | None:
    """The file of the module called `name` below `source`, if there is one."""
    stem = source.joinpath(*name.split("."))
    for file in (stem.with_suffix(".py"), stem / "__init__.py"):
        if file.is_file():
            return file
    return None


@lru_cache(maxsize=256)
def read_module(name: str, file: Path, changed: int) -> Module:
    """Parse a module; `changed`, the time of its last change, is part of what is remembered."""
    text = file.read_text(encoding="utf-8")
    try:
        tree = ast.parse(text)
    except SyntaxError as error:
        raise ObjectError(f"{name} does not parse: line {error.lineno}: {error.msg}") from None
    future: list[str] = []
    imports: dict[str, str] = {}
    for statement in tree.body:
        if isinstance(statement, ast.ImportFrom) and statement.module == "__future__":
            future.extend(alias.name for alias in statement.names)
        elif isinstance(statement, ast.Import | ast.ImportFrom):
            add_imports(imports, imported(statement, package_of(name, file)))
    return Module(name, text, tuple(future), imports, defined(tree.body))


def package_of(name: str, file: Path) -> str:
    """The package from which a module's relative imports are counted."""
    return name if file.name == "__init__.py" else name.rpartition(".")[0]


def defined(body: list[ast.stmt]) -> dict[str, ast.stmt]:
    """What the statements define: functions, classes and assigned names."""
    found: dict[str, ast.stmt] = {}
    for statement in body:
        if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            found[statement.name] = statement
        elif isinstance(statement, ast.Assign | ast.AnnAssign):
            targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
            names = [node for target in targets for node in ast.walk(target) if isinstance(node, ast.Name)]
            found.update({name.id: statement for name in names if isinstance(name.ctx, ast.Store)})
    return found


def shown(text: str, node: ast.stmt) -> str:
    """The lines of a definition with the comment right above it, docstrings stripped, moved to the left margin."""
    lines = text.split("\n")
    decorators = getattr(node, "decorator_list", [])
    first = min([node.lineno, *(decorator.lineno for decorator in decorators)]) - 1
    while first > 0 and lines[first - 1].strip().startswith("#"):
        first -= 1
    dropped = {number for inner in ast.walk(node) for number in docstring_lines(inner, lines)}
    kept = [lines[at] for at in range(first, node.end_lineno) if at not in dropped]
    return "".join(line.removeprefix(" " * node.col_offset).rstrip() + "\n" for line in kept)


def docstring_lines(node: ast.AST, lines: list[str]) -> range:
    """The line indices of a definition's docstring and the blank lines after it; none where it is all the body."""
    if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return range(0)
    if ast.get_docstring(node, clean=False) is None or len(node.body) == 1:
        return range(0)
    docstring, following = node.body[:2]
    if docstring.lineno == node.lineno or docstring.end_lineno == following.lineno:
        return range(0)  # on one line with other code
    end = docstring.end_lineno
    while not lines[end].strip():
        end += 1
    return range(docstring.lineno - 1, end)


def stacked(texts: list[str]) -> str:
    """Definitions under one another as a page shows them; constants stand close."""
    roomy = any(text.startswith(("def ", "class ", "async def ", "@", "#")) for text in texts)
    return ("\n\n" if roomy else "").join(texts)


def changes(old: str, new: str) -> str:
    """The lines of both texts, those that differ marked with - and +."""
    marked = difflib.ndiff(old.splitlines(), new.splitlines())
    return "".join(line.rstrip() + "\n" for line in marked if not line.startswith("?"))
