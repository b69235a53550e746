"""Small wrong changes to what a page adds to the package, made from its syntax; most keep the shapes.

Nobody has looked at them: some change nothing that could be seen. How many of them a page notices is a measurement.
"""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pagecode.objects import find_module, module_file

ARITHMETIC = {ast.Add: ("+", "-"), ast.Sub: ("-", "+"), ast.Mult: ("*", "/"), ast.Div: ("/", "*")}
COMPARISONS = {
    ast.Gt: (">", ">="),
    ast.GtE: (">=", ">"),
    ast.Lt: ("<", "<="),
    ast.LtE: ("<=", "<"),
    ast.Eq: ("==", "!="),
}
LOGIC = {ast.And: ("and", "or"), ast.Or: ("or", "and")}
REDUCTIONS = {"sum": "mean", "mean": "sum"}
DIMENSIONS = {"-1": "-2", "-2": "-1"}
# Where an error is worded, and where Python 3.11 does not say what stands where.
PASSED_OVER = ast.Raise | ast.JoinedStr


@dataclass(frozen=True)
class Edit:
    """One change to a text: from the byte `start` up to `end` of it, `old` becomes `new`."""

    start: int
    end: int
    old: str
    new: str

    def within(self, text: str) -> str:
        data = text.encode()
        return (data[: self.start] + self.new.encode() + data[self.end :]).decode()

    def shown(self, text: str) -> str:
        """The change and its line: `27: + -> - in a + b`."""
        line = text.encode()[: self.start].count(b"\n") + 1
        return f"{line}: {self.old} -> {self.new or 'nothing'} in {text.splitlines()[line - 1].strip()}"


def edits_of(source: Path, path: str) -> tuple[str, list[Edit]]:
    """The file, below the package, of the object that a page adds, and the changes that can be made to the object."""
    module, names = find_module(source, path)
    file = module_file(source, module.name)
    return file.relative_to(source / "lower_triangle").as_posix(), edits(module.text, module.definitions[names[0]])


def edits(text: str, node: ast.stmt) -> list[Edit]:
    """The changes to one definition in a text, in order; those that leave no Python, or the same, are left out."""
    places = Places(text)
    made = sorted(set(places.edits(node)), key=lambda edit: (edit.start, edit.end))
    return [edit for edit in made if differs(text, edit.within(text))]


def differs(text: str, mutated: str) -> bool:
    """True for Python that says something else."""
    try:
        return ast.dump(ast.parse(mutated)) != ast.dump(ast.parse(text))
    except SyntaxError:
        return False


class Places:
    """Finds in a text what its syntax tree speaks of."""

    def __init__(self, text: str) -> None:
        self.data = text.encode()
        self.starts = [0]
        for line in self.data.splitlines(keepends=True):
            self.starts.append(self.starts[-1] + len(line))

    def start(self, node: ast.AST) -> int:
        return self.starts[node.lineno - 1] + node.col_offset

    def end(self, node: ast.AST) -> int:
        return self.starts[node.end_lineno - 1] + node.end_col_offset

    def edits(self, node: ast.AST) -> Iterator[Edit]:
        """The changes to a node and to all below it."""
        yield from self.at(node)
        for name, value in ast.iter_fields(node):
            if name in ("annotation", "returns"):
                continue
            for below in value if isinstance(value, list) else [value]:
                if isinstance(below, ast.AST) and not isinstance(below, PASSED_OVER):
                    yield from self.edits(below)

    def at(self, node: ast.AST) -> Iterator[Edit]:
        """The changes to one node itself."""
        match node:
            case ast.BinOp(left=left, op=op, right=right) if type(op) in ARITHMETIC:
                yield from self.between(left, right, *ARITHMETIC[type(op)])
            case ast.Compare(left=left, ops=[op], comparators=[right]) if type(op) in COMPARISONS:
                yield from self.between(left, right, *COMPARISONS[type(op)])
            case ast.BoolOp(op=op, values=values):
                yield from self.between(values[0], values[1], *LOGIC[type(op)])
            case ast.Constant(value=int(value)) if not isinstance(value, bool):
                yield from self.whole(node, str(value), str(value + 1))
            case ast.keyword(arg="dim", value=ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=1 | 2)) as value):
                old = f"-{value.operand.value}"
                yield from self.whole(value, old, DIMENSIONS[old])
            case ast.Call(func=ast.Attribute(attr=name) as called) if name in REDUCTIONS:
                end = self.end(called)
                yield Edit(end - len(name), end, name, REDUCTIONS[name])
            case ast.Call(func=ast.Name(id="sorted") as called, keywords=[]):
                yield from self.whole(called, "sorted", "list")
            case ast.UnaryOp(op=ast.Not()):
                start = self.start(node)
                yield Edit(start, start + len("not "), "not", "")

    def between(self, left: ast.AST, right: ast.AST, old: str, new: str) -> Iterator[Edit]:
        """An operator, which stands between its sides and perhaps brackets of theirs."""
        start = self.data.find(old.encode(), self.end(left), self.start(right))
        if start >= 0:
            yield Edit(start, start + len(old), old, new)

    def whole(self, node: ast.AST, old: str, new: str) -> Iterator[Edit]:
        """A node, where it is written as `old`."""
        if self.data[self.start(node) : self.end(node)] == old.encode():
            yield Edit(self.start(node), self.end(node), old, new)
