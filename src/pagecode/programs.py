"""The program that a block stands for: what the reader copies, alone in an empty file."""

import ast
import doctest
import re
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

from pagecode.names import add_imports, free_names, meaning, top_level_imports
from pagecode.objects import Module, ObjectError, Source, module_file, read_object, stacked
from pagecode.page import Block, Page
from pagecode.project import Project


def program(project: Project, page: Page, block: Block) -> str:
    """The program up to and with `block`: imports, the embedded source it uses, its section's blocks in order."""
    earlier = page.earlier(block)
    imports: dict[str, str] = {}
    own: dict[str, str] = {}
    parts: list[str] = []
    written: dict[str, Source] = {}
    for other in earlier:
        add_imports(imports, imports_of(other))
        if other.section == block.section:
            add_imports(own, imports_of(other))
            parts.append(without_imports(python_of(other, written)))
            written.update({source.name: source for source in other.sources})
    embedded = {source.name: source for other in earlier for source in other.sources}
    return assemble(project.source, parts, imports, embedded, written, own)


def programs_of(project: Project, page: Page) -> list[str]:
    """The program of each section that has Python, in order."""
    return [program(project, page, page.section(number)[-1]) for number in page.code_sections]


def assemble(
    source: Path,
    parts: list[str],
    imports: dict[str, str],
    embedded: dict[str, Source],
    written: dict[str, Source],
    own: dict[str, str],
) -> str:
    """Put together a program from `parts`, with what their free names need and their `own` imports.

    A name is looked for among the objects that may be `embedded` as source (those `written` are in the parts
    already), then among the page's `imports`, then in the modules of the objects embedded so far.
    """
    used = dict(written)
    found: dict[str, str] = {}
    done: set[str] = set()
    pending = sorted(free_names("\n".join(parts)))
    while pending:
        name = pending.pop(0)
        if name in done:
            continue
        done.add(name)
        if name in embedded:
            used[name] = embedded[name]
            pending.extend(sorted(free_names(embedded[name].whole)))
        else:
            homes = (used[other].module.import_of(name) for other in used)
            line = imports.get(name) or next(filter(None, homes), None)
            add_imports(found, {name: line} if line else {})
    add_imports(found, {name: line for name, line in own.items() if name not in used})
    lines = {line for several in found.values() for line in several.splitlines()}
    lines |= {f"from __future__ import {feature}" for home in used.values() for feature in home.module.future}
    head = in_order([used[name] for name in used if name not in written])
    return join([sorted_imports(source, lines), *(definition.whole for definition in head), *parts])


def in_order(definitions: list[Source]) -> list[Source]:
    """Definitions with each after those whose names it needs when it is defined, or uses when it runs."""
    ordered: list[Source] = []

    def place(source: Source, above: tuple[Source, ...] = ()) -> None:
        if source in ordered or source in above:
            return
        needs = free_names(source.whole)
        for other in definitions:
            if other.name in needs:
                place(other, (*above, source))
        ordered.append(source)

    for source in definitions:
        place(source)
    return ordered


def imports_of(block: Block) -> Mapping[str, str]:
    """What a block imports at its top level; embedded source has its imports from its module."""
    return {} if block.sources else top_level_imports(python_of(block))


def python_of(block: Block, written: Iterable[str] = ()) -> str:
    """A block as a program: a session's expressions become prints, a part the whole object unless `written` above."""
    if block.sources:
        return stacked([source.whole for source in block.sources if source.name not in written])
    if block.kind == "pycon":
        return "".join(printed(example) for example in block.examples())
    return block.code


def printed(example: doctest.Example) -> str:
    """One example of a session as lines of a program."""
    body = ast.parse(example.source).body
    if not example.want or len(body) != 1 or not isinstance(body[0], ast.Expr) or is_print(body[0].value):
        return example.source
    expression = ast.get_source_segment(example.source, body[0].value)
    after = example.source.split(expression, 1)[1] if "#" in example.source else ""
    comment = "  " + after[after.index("#") :].strip() if "#" in after else ""
    if example.want[0] in "'\"":
        expression = f"repr({expression})"
    elif isinstance(body[0].value, ast.Tuple) and not is_bracketed(expression):
        expression = f"({expression})"
    return f"print({expression}){comment}\n"


def is_print(expression: ast.expr) -> bool:
    return isinstance(expression, ast.Call) and isinstance(expression.func, ast.Name) and expression.func.id == "print"


def is_bracketed(expression: str) -> bool:
    """True when an expression is one argument as it stands: `(1, 2)`, and not `1, 2`."""
    return len(ast.parse(f"print({expression})").body[0].value.args) == 1


def without_imports(code: str) -> str:
    """`code` without the imports of its top level, which go to the head of the program."""
    lines = code.split("\n")
    statements = ast.parse(code).body
    for statement in reversed(statements):
        shared = any(
            other is not statement and other.lineno <= statement.end_lineno and statement.lineno <= other.end_lineno
            for other in statements
        )
        if isinstance(statement, ast.Import | ast.ImportFrom) and not shared:
            del lines[statement.lineno - 1 : statement.end_lineno]
    text = "\n".join(lines).strip("\n")
    return text + "\n" if text.strip() else ""


def sorted_imports(source: Path, lines: Iterable[str]) -> str:
    """Imports in three groups (standard library, installed packages, this package), those of one module in one line."""
    plain = sorted(line for line in lines if line.startswith("import "))
    merged: dict[str, list[str]] = {}
    for line in sorted(set(lines) - set(plain)):
        module, name = re.match(r"from (\S+) import (.+)", line).groups()
        merged.setdefault(module, []).append(name)
    written = plain + [f"from {module} import {', '.join(names)}" for module, names in merged.items()]
    groups: dict[int, list[str]] = {}
    for line in written:
        groups.setdefault(group_of(source, line.split()[1].split(".")[0]), []).append(line)
    return "\n".join("\n".join(groups[number]) + "\n" for number in sorted(groups))


def group_of(source: Path, package: str) -> int:
    """The place of a package among the imports."""
    if package == "__future__":
        return 0
    if package in sys.stdlib_module_names:
        return 1
    return 3 if module_file(source, package) else 2


def join(blocks: list[str]) -> str:
    """Blocks of code under one another, two blank lines around definitions and one elsewhere."""
    text = ""
    for block in (block.strip("\n") for block in blocks):
        if not block:
            continue
        roomy = is_definition(block) or is_definition(text.rsplit("\n\n\n", 1)[-1])
        text += ("\n\n\n" if roomy else "\n\n") + block if text else block
    return text + "\n"


def is_definition(code: str) -> bool:
    return bool(re.match(r"(#.*\n)*(@|def |class |async def )", code))


def bundle(project: Project, entry: str, inline: list[str], main: str) -> str:
    """One runnable file: the object `entry`, all that it needs from the modules `inline`, and a call of `main` with it.

    What other modules define is imported.

    Raises:
        ObjectError: when an object is not there, or two that the file needs share a name.
    """
    found: dict[str, Source] = {}
    meanings: dict[str, str] = {}
    pending = [entry, main]
    while pending:
        path = pending.pop()
        source = read_object(project.source, path)
        if meanings.setdefault(source.name, path) != path:
            raise ObjectError(f"one file cannot hold both {meanings[source.name]} and {path}; rename one")
        if source.name in found:
            continue
        found[source.name] = source
        for name in sorted(free_names(source.whole)):
            home = home_of(source.module, name)
            if home in [f"{module}.{name}" for module in inline]:
                pending.append(home)
            elif home and meanings.setdefault(name, home) != home:
                raise ObjectError(f"one file cannot hold both {meanings[name]} and {home}; rename one")
    call = f"{main.rsplit('.', 1)[-1]}({entry.rsplit('.', 1)[-1]})\n"
    return assemble(project.source, [call], {}, found, {}, {})


def home_of(module: Module, name: str) -> str | None:
    """The path of what `name` means inside `module`, unless it is built in."""
    line = module.import_of(name)
    return meaning(line.splitlines()[0]) if line else None
