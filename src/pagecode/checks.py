"""What can be said against code without running it: it does not compile, or a part of it would be passed over."""

import ast
import doctest
import warnings
from functools import lru_cache

from pagecode.page import Block


class Refused(Exception):
    """A fence that cannot become a block: the line and the message for the author."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(message)
        self.line, self.message = line, message


def check_code(code: str, first: int) -> None:
    """Refuse code that does not compile or that is never reached; `first` is the line of the page it begins on."""
    fault = fault_of(code)
    if fault:
        raise Refused(first - 1 + fault[0], fault[1])


@lru_cache(maxsize=4096)
def fault_of(code: str) -> tuple[int, str] | None:
    """What is wrong with code, at which of its lines."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            compile(code, "<page>", "exec", dont_inherit=True)
    except (SyntaxError, ValueError) as error:
        return getattr(error, "lineno", None) or 1, f"does not parse: {getattr(error, 'msg', error)}"
    for statement in ast.parse(code).body:
        if isinstance(statement, ast.If) and "__name__" in ast.unparse(statement.test):
            return statement.lineno, "the body under `if __name__` is not run everywhere; write it at the left margin"
    return None


def check_session(block: Block) -> None:
    """Refuse a session that shows what would not be compared."""
    try:
        pieces = doctest.DocTestParser().parse(block.code)
    except ValueError as error:
        raise Refused(block.line, f"not a Python session: {error}") from None
    at = block.line + 1
    for piece in pieces:
        if isinstance(piece, str):
            loose = next((number for number, line in enumerate(piece.split("\n")) if line.strip()), None)
            if loose is not None:
                message = "this line of a session is neither code after >>> nor output right below it; an output with "
                raise Refused(at + loose, message + "an empty line in it goes in a text fence below a python fence")
            at += piece.count("\n")
            continue
        if piece.exc_msg:
            raise Refused(at, "an exception ends a section; catch it and print it, in a python fence")
        check_code(piece.source, at)
        at += piece.source.count("\n") + piece.want.count("\n")
