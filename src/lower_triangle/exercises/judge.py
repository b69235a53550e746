"""Ask the reader's function one case after another, until one fails."""

import inspect
import linecache
import textwrap
import traceback
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from lower_triangle.exercises.attempts import Outcome, attempt
from lower_triangle.exercises.cases import Case, Examination
from lower_triangle.exercises.hints import explain
from lower_triangle.exercises.registry import NOT_BEGUN, Exercise
from lower_triangle.exercises.tensors import WIDTH, alike, compared, learnable, written
from lower_triangle.exercises.verdict import Verdict


def judge(
    exercise: Exercise,
    function: Callable[..., Any],
    file: str | None = None,
    begin: Callable[[int], None] = lambda passed: None,
) -> Verdict:
    """Check a function, case by case.

    Args:
        file: the reader's file, which messages name; without one, the function comes from a notebook or a program
        begin: called before each case with how many have passed
    """
    exam = exercise.examination()
    for passed, case in enumerate(exam.cases):
        begin(passed)
        if misfit := wrong_arguments(exercise, function, case):
            return Verdict(exercise.name, False, title=misfit)
        outcome = attempt(function, case)
        if isinstance(outcome.error, NotImplementedError) and not str(outcome.error):  # torch's own say something
            advice = f"In {exercise.function}, replace the line: {NOT_BEGUN}"
            return Verdict(exercise.name, False, title="not begun yet", hint=advice, printed=outcome.printed)
        wanted = exam.solution(*case.arguments().values())
        facts = wrong(exam, case, outcome, wanted, file or code_of(function), in_file=file is not None)
        if facts:
            belief, hint = explain(exam, function, case, outcome, wanted)
            title, total = case.title, len(exam.cases)
            return Verdict(exercise.name, False, total, passed, title, facts, belief, hint, outcome.printed)
    return Verdict(exercise.name, True, len(exam.cases), len(exam.cases))


def wrong_arguments(exercise: Exercise, function: Any, case: Case) -> str:
    """Why a function cannot even be called as the exercise calls it, or nothing."""
    names = ", ".join(case.arguments())
    if not callable(function):
        kind = type(function).__name__
        return f"{exercise.function} is no function, it is a {kind}; write def {exercise.function}({names}):"
    try:
        inspect.signature(function).bind(*case.arguments().values())
    except ValueError:
        return ""  # written in C, it does not say
    except TypeError as error:
        given = inspect.signature(function)
        return f"{exercise.function}{given} is called as {exercise.function}({names}), and that does not fit: {error}"
    return ""


def wrong(
    exam: Examination, case: Case, outcome: Outcome, wanted: Tensor, file: str, in_file: bool
) -> dict[str, str]:
    """What is wrong with an outcome, by name, to be shown; nothing where it is right."""
    given = {} if case.gradient else shown(case.arguments())
    if outcome.error:
        return given | {"raised": in_words(outcome.error)} | place_of(outcome.error, file, in_file)
    if not alike(outcome.value, wanted) or outcome.value.dtype != wanted.dtype:
        return given | compared(wanted, outcome.value)
    if outcome.changed:
        name = outcome.changed[0]
        before, after = case.arguments()[name], outcome.arguments[name]
        return {"before": written(before, name), "after": written(after, name)}
    if case.gradient and (unreached := without_gradient(exam, case, outcome)):
        every = ", ".join(learnable(case.arguments()))
        return {"wanted": f"a gradient for {every}", "got": f"none, or another, for {', '.join(unreached)}"}
    return {}


def shown(arguments: dict[str, Any]) -> dict[str, str]:
    """The arguments as a fact; nothing where they are too large for a pencil."""
    lines = [written(value, name) for name, value in arguments.items()]
    text = ", ".join(lines)
    if len(text) < WIDTH:
        return {"given": text}
    return {"given": "\n".join(lines)} if len(text) < 400 else {}


def without_gradient(exam: Examination, case: Case, outcome: Outcome) -> list[str]:
    """The arguments that the answer's gradient does not reach, or not as it should."""
    if not outcome.value.requires_grad:
        return list(learnable(outcome.arguments))
    right = attempt(exam.solution, case)
    wanted = gradients(right.value, right.arguments)
    got = gradients(outcome.value, outcome.arguments)
    return [name for name in wanted if not alike(got[name], wanted[name])]


def gradients(answer: Tensor, arguments: dict[str, Any]) -> dict[str, Tensor | None]:
    """The gradient that each argument of floats gets from the squares of an answer."""
    tensors = learnable(arguments)
    found = torch.autograd.grad(answer.square().sum(), list(tensors.values()), allow_unused=True)
    return dict(zip(tensors, found, strict=True))


def in_words(error: BaseException) -> str:
    """An error as Python would say it, cut where it is long."""
    text = " ".join(f"{type(error).__name__}: {error}".split())
    lines = textwrap.wrap(text, 70, max_lines=4, placeholder=" ...", break_long_words=False, break_on_hyphens=False)
    return "\n".join(lines)


def place_of(error: BaseException, file: str, in_file: bool) -> dict[str, str]:
    """The line of the reader's own file at which an error was raised, if there is one."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename == file]
    if not frames:
        return {}
    line = frames[-1].lineno or 0
    where = f"{file}:{line}" if in_file else f"line {line}"
    return {"at": f"{where}: {linecache.getline(file, line).strip()}".rstrip(": ")}


def code_of(function: Any) -> str:
    """The file, or the cell of a notebook, in which a function was written."""
    code = getattr(function, "__code__", None)
    return code.co_filename if code else ""
