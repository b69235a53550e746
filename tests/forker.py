"""Runs what a reader copies: in a fork of a process that has imported torch and no more, or in a fresh interpreter.

Run as a program, this file is that process: it takes one order a line and answers each with a line.
"""

import ast
import json
import os
import signal
import subprocess
import sys
import tempfile
import traceback
import warnings
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import TypeVar

SECONDS = 60  # the longest that a copied program may take, on a busy machine
Key = TypeVar("Key")
SCREENLESS = ".*non-interactive.*"  # where there is no screen, matplotlib warns that it shows nothing


@dataclass
class Ended:
    """How a program ended: its status, what it printed, what it complained of."""

    status: int
    printed: str
    complaints: str


class Forker:
    """The process that forks, as long as this object is entered; `source` is what programs import from."""

    def __init__(self, source: Path) -> None:
        self.source = source

    def __enter__(self) -> "Forker":
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "encoding": "utf-8"}
        self.process = subprocess.Popen([sys.executable, __file__], env=environment(self.source), **pipes)
        return self

    def __exit__(self, *_: object) -> None:
        self.process.stdin.close()
        self.process.wait(timeout=10)
        self.process.stdout.close()

    def run(self, code: str, seconds: int = SECONDS) -> Ended:
        """Run a program in a child, from a folder that holds nothing else."""
        with tempfile.TemporaryDirectory() as folder:
            Path(folder, "copied.py").write_text(code, encoding="utf-8")
            return Ended(**self.ask({"folder": folder, "seconds": seconds}))

    def modules(self) -> set[str]:
        """The names of all modules that the process has imported."""
        return set(self.ask({"modules": True}))

    def alone(self, programs: dict[Key, str]) -> set[Key]:
        """Which of these programs are to run in an interpreter of their own.

        A fork of a process that has imported torch cannot show that `import torch` brings torch.linalg: that may be
        there for another reason. So for each module that programs name and do not import, the first of them runs alone.
        """
        there, seen, found = self.modules(), set(), set()
        for key, code in programs.items():
            new = unimported(code, there) - seen
            if new:
                seen |= new
                found.add(key)
        return found

    def ask(self, order: dict) -> object:
        self.process.stdin.write(json.dumps(order) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())


def unimported(code: str, there: set[str]) -> set[str]:
    """The modules, of those that are `there`, that a program names and does not import: torch.nn after import torch."""
    tree = ast.parse(code)
    imported = [name for node in ast.walk(tree) if isinstance(node, ast.Import) for name in node.names]
    bound = {name.asname or root_of(name.name): name.name if name.asname else root_of(name.name) for name in imported}
    chains = [ast.unparse(node).split(".") for node in ast.walk(tree) if isinstance(node, ast.Attribute)]
    named = {".".join([bound[first], *rest]) for first, *rest in chains if first in bound}
    return named & there - {name.name for name in imported}


def root_of(module: str) -> str:
    return module.partition(".")[0]


def run_fresh(code: str, folder: Path, source: Path) -> Ended:
    """Run a program in an interpreter of its own, from a folder that holds nothing else."""
    (folder / "copied.py").write_text(code, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "copied.py"],
        cwd=folder,
        env=environment(source),
        capture_output=True,
        encoding="utf-8",
        timeout=SECONDS,
    )
    return Ended(done.returncode, done.stdout, done.stderr)


def environment(source: Path) -> dict[str, str]:
    """The environment of a reader who has installed the package in `source`, and has no screen."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    ours = {"PYTHONPATH": str(source), "PYTHONUTF8": "1", "OMP_NUM_THREADS": "1", "MPLBACKEND": "agg"}
    return {**kept, **ours}


def serve() -> None:
    """Import torch, with its compiler, which every optimizer imports, and nothing else; then a fork for each order."""
    import torch._dynamo

    # A fork after an operation on several threads would hang.
    torch.set_num_threads(1)
    for line in sys.stdin:
        order = json.loads(line)
        answer = list(sys.modules) if "modules" in order else fork(order["folder"], order["seconds"])
        print(json.dumps(answer), flush=True)


def fork(folder: str, seconds: int) -> dict:
    """Run the program in `folder` in a child of this process; how that ended."""
    with tempfile.TemporaryFile() as printed, tempfile.TemporaryFile() as complaints:
        child = os.fork()
        if not child:
            become(folder, seconds, printed.fileno(), complaints.fileno())
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        for file in (printed, complaints):
            file.seek(0)
        said = complaints.read().decode()
        if status == -signal.SIGALRM:
            said += f"the program was stopped after {seconds} seconds"
        return {"status": status, "printed": printed.read().decode(), "complaints": said}


def become(folder: str, seconds: int, printed: int, complaints: int) -> None:
    """In the child: be the interpreter that runs the program, and end with it."""
    signal.alarm(seconds)
    status = 1
    try:
        os.dup2(printed, 1)
        os.dup2(complaints, 2)
        os.chdir(folder)
        sys.argv[:] = ["copied.py"]
        sys.path[0] = folder
        main = sys.modules["__main__"] = ModuleType("__main__")
        # A warning would stand between the reader and the output.
        warnings.simplefilter("error")
        warnings.filterwarnings("ignore", message=SCREENLESS)
        exec(compile(Path("copied.py").read_text(encoding="utf-8"), "copied.py", "exec"), vars(main))
        status = 0
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


if __name__ == "__main__":
    serve()
