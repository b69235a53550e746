"""The names that a piece of code binds, takes from outside and imports, read without running it."""

import ast
import builtins
import re
import symtable
from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType

BUILTINS = frozenset(dir(builtins)) | {"__name__", "__file__", "__doc__"}


@lru_cache(maxsize=4096)
def bound_names(code: str) -> frozenset[str]:
    """The names that the top level of `code` gives a value, imports included."""
    symbols = symtable.symtable(code, "<page>", "exec").get_symbols()
    return frozenset(symbol.get_name() for symbol in symbols if symbol.is_assigned() or symbol.is_imported())


@lru_cache(maxsize=4096)
def free_names(code: str) -> frozenset[str]:
    """The names that a program takes from outside itself, built-in ones left out."""
    used: set[str] = set()
    top = symtable.symtable(code, "<page>", "exec")
    tables = [top]
    while tables:
        table = tables.pop()
        tables.extend(table.get_children())
        for symbol in table.get_symbols():
            if symbol.is_referenced() and (table is top or symbol.is_global()):
                used.add(symbol.get_name())
    return frozenset(used - bound_names(code) - BUILTINS)


def imported(statement: ast.Import | ast.ImportFrom, package: str = "") -> dict[str, str]:
    """Each name that an import inside `package` binds, with an import of that name alone."""
    lines: dict[str, str] = {}
    for alias in statement.names:
        renamed = f" as {alias.asname}" if alias.asname else ""
        if isinstance(statement, ast.ImportFrom):
            line = f"from {module_named(statement, package)} import {alias.name}{renamed}"
            lines[alias.asname or alias.name] = line
        else:
            add_imports(lines, {alias.asname or alias.name.split(".")[0]: f"import {alias.name}{renamed}"})
    return lines


def module_named(statement: ast.ImportFrom, package: str) -> str:
    """The full name of the module that a `from` import inside `package` names: its dots are resolved."""
    if not statement.level:
        return statement.module
    parents = package.split(".")
    above = parents[: len(parents) - statement.level + 1]
    return ".".join([*above, statement.module] if statement.module else above)


def add_imports(found: dict[str, str], more: Mapping[str, str]) -> None:
    """Add imports to others: `import a.b` and `import a.c` both bind `a` and are both needed."""
    for name, lines in more.items():
        both = dict.fromkeys([*found.get(name, "").splitlines(), *lines.splitlines()])
        submodules = all(re.fullmatch(rf"import {name}(\.[\w.]+)?", line) for line in both)
        found[name] = "\n".join(both) if submodules else lines


@lru_cache(maxsize=4096)
def top_level_imports(code: str) -> Mapping[str, str]:
    """Each name that the top level of `code` imports, with an import of that name alone."""
    found: dict[str, str] = {}
    for statement in ast.parse(code).body:
        if isinstance(statement, ast.Import | ast.ImportFrom):
            add_imports(found, imported(statement))
    return MappingProxyType(found)


def meaning(line: str) -> str:
    """What an import of one name stands for, however it is written: `torch.nn.functional`."""
    if match := re.match(r"from (\S+) import (\w+)", line):
        return f"{match[1]}.{match[2]}"
    path = line.split()[1]
    return path if " as " in line else path.split(".")[0]
