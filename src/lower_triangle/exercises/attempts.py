"""Call a function with the arguments of a case, and keep all that it did."""

import io
from collections.abc import Callable
from contextlib import redirect_stdout
from dataclasses import dataclass, field
from typing import Any

from torch import Tensor

from lower_triangle.exercises.cases import Case
from lower_triangle.exercises.tensors import alike, learnable


@dataclass
class Outcome:
    """What a function did with the arguments of a case.

    Attributes:
        changed: the arguments that are no longer what they were
    """

    arguments: dict[str, Any]
    value: Any = None
    error: BaseException | None = None
    printed: str = ""
    changed: list[str] = field(default_factory=list)


def attempt(function: Callable[..., Any], case: Case) -> Outcome:
    """Call a function with arguments of its own, catching what it prints and whatever it raises."""
    arguments = case.arguments()
    if case.gradient:
        for tensor in learnable(arguments).values():
            tensor.requires_grad_()
    printed = io.StringIO()
    outcome = Outcome(arguments)
    try:
        with redirect_stdout(printed):
            outcome.value = function(*arguments.values())
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        outcome.error = error
    outcome.printed = printed.getvalue()
    before = case.arguments()
    tensors = [name for name, value in before.items() if isinstance(value, Tensor)]
    outcome.changed = [name for name in tensors if not alike(before[name], arguments[name])]
    return outcome
