"""The process in which a reader's file runs: its source comes in at stdin, a verdict goes out as JSON.

It stands apart so that an endless loop, an exit or a crash of the reader's code ends this process and no other.
"""

import faulthandler
import io
import json
import linecache
import os
import sys
from contextlib import redirect_stdout
from dataclasses import replace
from types import ModuleType
from typing import Any, TextIO

import torch

from lower_triangle.errors import UsageError
from lower_triangle.exercises.judge import in_words, judge, place_of
from lower_triangle.exercises.registry import Exercise, find_exercise
from lower_triangle.exercises.verdict import Verdict


def main(name: str, label: str, folder: str, seconds: int) -> None:
    """Judge the file whose source stands at stdin; `label` is what messages call it."""
    source = sys.stdin.buffer.read()
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what is written past Python's own stdout stays out of the verdict
    torch.set_num_threads(1)
    exercise = find_exercise(name)
    exercise.examination()
    # As `python mine.py` has it: the file's folder comes first, so that it finds the files beside it.
    sys.path.insert(0, folder)
    sys.argv = [label]
    linecache.cache[label] = (len(source), None, source.decode("utf-8", "replace").splitlines(True), label)
    say(out, {"passed": None})
    faulthandler.dump_traceback_later(seconds, exit=True)
    try:
        said = {"verdict": check_source(exercise, source, label, out).as_dict()}
    except UsageError as error:
        said = {"refused": str(error)}
    faulthandler.cancel_dump_traceback_later()
    say(out, said)
    out.close()
    os._exit(0)  # threads that the reader's code has started do not hold it up


def check_source(exercise: Exercise, source: bytes, label: str, out: TextIO) -> Verdict:
    """Run the file, as an import would, and judge the function that it defines."""
    module: Any = ModuleType("submission")
    module.__file__ = label
    sys.modules["submission"] = module
    printed = io.StringIO()
    try:
        with redirect_stdout(printed):
            exec(compile(source, label, "exec", dont_inherit=True), vars(module))
    except BaseException as error:
        return failed_to_load(exercise, error, label, printed.getvalue())
    if not hasattr(module, exercise.function):
        unmet = "only under a condition that does not hold here, __main__ perhaps"
        raise UsageError(f"{label} defines {exercise.function} {unmet}; move it out")
    function = getattr(module, exercise.function)
    verdict = judge(exercise, function, label, lambda passed: say(out, {"passed": passed}))
    return replace(verdict, printed=printed.getvalue() + verdict.printed)


def failed_to_load(exercise: Exercise, error: BaseException, label: str, printed: str) -> Verdict:
    """What to say of a file that does not run to its end."""
    facts = {"raised": in_words(error)} | place_of(error, label, in_file=True)
    hint = ""
    if isinstance(error, SystemExit | EOFError):
        hint = "The file is run to find the function, nothing else. Take away what ends it or asks the keyboard."
    title = f"{label} does not run to its end"
    return Verdict(exercise.name, False, title=title, facts=facts, hint=hint, printed=printed)


def say(out: TextIO, message: dict[str, Any]) -> None:
    """A line for the process that waits."""
    print(json.dumps(message), file=out, flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:4], seconds=int(sys.argv[4]))
