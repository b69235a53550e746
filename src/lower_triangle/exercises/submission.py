"""A reader's file: read it, refuse what cannot be run, and have it checked in a process of its own."""

import json
import os
import re
import subprocess
import symtable
import sys
import tempfile
from pathlib import Path
from typing import Any

from lower_triangle.errors import UsageError, did_you_mean
from lower_triangle.exercises.registry import Exercise
from lower_triangle.exercises.verdict import Verdict

SECONDS = 10  # for the reader's code; a right answer takes a hundredth of one
MAIN = 'if __name__ == "__main__":'
STARTING = 120  # for Python and torch, on a slow machine


def check_file(exercise: Exercise, path: str, seconds: int = SECONDS) -> Verdict:
    """Check the function that a file defines; `-` is what comes at stdin.

    Raises:
        UsageError: when there is no such file, when it is no Python, or when it does not define the function.
    """
    label = "stdin" if path == "-" else path
    source = sys.stdin.buffer.read() if path == "-" else read(exercise, path)
    refuse(exercise, label, source)
    return run(exercise, label, source, seconds)


def read(exercise: Exercise, path: str) -> bytes:
    """The content of a file."""
    if path.endswith(".ipynb"):
        call = f'check("{exercise.name}", {exercise.function})'
        raise UsageError(f"{path!r} is a notebook; write in it: from lower_triangle.exercises import check; {call}")
    try:
        return Path(path).read_bytes()
    except FileNotFoundError:
        raise UsageError(f"no file at {path!r}; begin one: {beginning(exercise)}") from None
    except OSError as error:
        raise UsageError(f"cannot read {path!r}: {error.strerror}; give a Python file") from None


def beginning(exercise: Exercise) -> str:
    """The command that writes a file to begin with."""
    return f"lower-triangle exercises {exercise.name} > {exercise.name}.py"


def refuse(exercise: Exercise, label: str, source: bytes) -> None:
    """Refuse what is no Python, and a file that nowhere gives the function's name a value."""
    try:
        compile(source, label, "exec", dont_inherit=True)
        text = source.decode("utf-8-sig")
    except (SyntaxError, ValueError) as error:
        line = getattr(error, "lineno", None)
        where = f"{label}:{line}" if line else label
        seen = (getattr(error, "text", None) or "").strip()
        raise UsageError(f"{where}: {getattr(error, 'msg', error)}{seen and f', at: {seen}'}; mend it first") from None
    symbols = symtable.symtable(text, label, "exec").get_symbols()
    names = [symbol.get_name() for symbol in symbols if symbol.is_assigned() or symbol.is_imported()]
    if exercise.function in names or re.search(r"import\s*\(?\s*\*", text):
        return
    own = [symbol.get_name() for symbol in symbols if symbol.is_namespace()]
    has = did_you_mean(exercise.function, own).replace("there are", "it has") if own else "it defines no function"
    has = has.replace("did you mean", "is it") if own else f"{has}; begin with: {beginning(exercise)}"
    raise UsageError(f"{label} defines no {exercise.function}; {has}")


def run(exercise: Exercise, label: str, source: bytes, seconds: int) -> Verdict:
    """Have a file checked in a process of its own, and read what came of it."""
    folder = os.path.dirname(os.path.abspath(label)) if label != "stdin" else os.getcwd()
    # -P: no file of the reader's, called torch.py perhaps, stands in for a module before torch has been imported.
    words = [sys.executable, "-P", "-m", f"{__package__}.child", exercise.name, label, folder, str(seconds)]
    package = str(Path(__file__).parents[2])
    paths = [package, *filter(None, [os.environ.get("PYTHONPATH")])]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(paths), "PYTHONIOENCODING": "utf-8"}
    # Files and no pipes: what the reader's code has started could hold a pipe open for ever.
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as aside:
        try:
            code = subprocess.run(
                words, input=source, stdout=out, stderr=aside, env=environment, timeout=seconds + STARTING
            ).returncode
        except subprocess.TimeoutExpired:
            code = None
        said, beside = (read_back(file) for file in (out, aside))
    messages = [json.loads(line) for line in said.splitlines()]
    if messages and "verdict" in messages[-1]:
        verdict = messages[-1]["verdict"]
        return Verdict(**verdict | {"printed": verdict["printed"] + beside})
    if messages and "refused" in messages[-1]:
        raise UsageError(messages[-1]["refused"])
    if not messages:
        raise RuntimeError(f"the process that checks did not begin: {beside}")
    return broken_off(exercise, label, source, seconds, messages[-1]["passed"], code, beside)


def read_back(file: Any) -> str:
    file.seek(0)
    return file.read().decode("utf-8", "replace")


def broken_off(
    exercise: Exercise, label: str, source: bytes, seconds: int, passed: int | None, code: int | None, beside: str
) -> Verdict:
    """What to say when the reader's code did not come to an end, or ended Python itself."""
    facts = {}
    place = re.search(rf'File "{re.escape(label)}", line (\d+)', beside)
    if place:
        line = source.decode("utf-8", "replace").splitlines()[int(place[1]) - 1].strip()
        facts = {"at": f"{label}:{place[1]}: {line}"}
    if code is None or "Timeout (" in beside:
        what = f"still running after {seconds} seconds, and stopped"
        hint = "A loop that does not end, perhaps. What would have to become false for it to end, and does it change?"
    else:
        what = f"Python itself ended, with status {code}"
        hint = "Something ends the whole program, os._exit perhaps, or brings it down."
    if passed is None:
        hint = f"A file is run from its top to find the function. What takes long belongs under {MAIN}"
        return Verdict(exercise.name, False, title=f"{label} is {what}", facts=facts, hint=hint)
    exam = exercise.examination()
    title = f"{exam.cases[passed].title}: {what}"
    return Verdict(exercise.name, False, len(exam.cases), passed, title, facts, hint=hint)
