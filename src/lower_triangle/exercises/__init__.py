"""Exercises: the reader writes a function; each case is checked, with a hint about the belief behind a slip."""

from collections.abc import Callable
from typing import Any


def check(name: str, function: Callable[..., Any]) -> None:
    """Check a function of yours right here, in a notebook or at the end of a program, and print what came of it.

    The command `lower-triangle check` does the same for a file, in a process of its own and with a time limit.
    """
    # What needs torch is imported where it is used, so that the command line's help comes at once.
    from lower_triangle.exercises.judge import judge
    from lower_triangle.exercises.registry import find_exercise
    from lower_triangle.exercises.verdict import report

    print(report(judge(find_exercise(name), function)))
