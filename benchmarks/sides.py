"""The two sides, each in a process of its own that lives through a run and works when it is asked to, never both."""

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from lower_triangle.errors import LowerTriangleError


class SideError(LowerTriangleError):
    """A side could not do what it was asked for."""


class Side:
    """A process that does one side's work.

    Args:
        module: what it runs, `benchmarks.ours` or `benchmarks.theirs`
        arguments: what that is given
        threads: how many threads it computes with
        folder: where it runs
    """

    def __init__(self, module: str, arguments: list[str], threads: int, folder: Path) -> None:
        self.name = module
        here = str(Path(__file__).parents[1])
        environment = dict(os.environ, OMP_NUM_THREADS=str(threads), OPENBLAS_NUM_THREADS=str(threads))
        environment["PYTHONPATH"] = os.pathsep.join([here, *filter(None, [os.environ.get("PYTHONPATH")])])
        self.process = subprocess.Popen(
            [sys.executable, "-m", module, *arguments],
            cwd=folder,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def ask(self, task: str, **arguments: Any) -> dict:
        """What the side answers when it is done.

        Raises:
            SideError: when it ends instead; what it had to say is on stderr.
        """
        self.process.stdin.write(json.dumps({"task": task, **arguments}) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            raise SideError(f"{self.name} ended while it was asked for {task!r}; its own message stands above")
        return json.loads(line)

    def close(self) -> None:
        """Let the process end."""
        with contextlib.suppress(BrokenPipeError):  # it has ended
            self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait()

    def __enter__(self) -> "Side":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def serve(make_tasks: Callable[[], dict[str, Callable[..., dict]]]) -> None:
    """Answer what is asked on stdin, a line of JSON each; whatever else is printed goes to stderr."""
    answers, sys.stdout = sys.stdout, sys.stderr
    tasks = make_tasks()
    for line in sys.stdin:
        question = json.loads(line)
        answer = tasks[question.pop("task")](**question)
        answers.write(json.dumps(answer) + "\n")
        answers.flush()
