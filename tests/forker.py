"""Runs what a reader copies: in a fork of a process that has imported torch and no more, or in a fresh interpreter.

Run as a program, this file is that process: it takes one order a line and answers each with a line.
"""

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

SECONDS = 60  # the longest that a copied program may take, on a busy machine
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

    def run(self, code: str, seconds: int = SECONDS, **files: str) -> Ended:
        """Run a program in a child, from a folder that holds nothing else but text `files`, by their stems."""
        with tempfile.TemporaryDirectory() as folder:
            for name, text in files.items():
                Path(folder, f"{name}.txt").write_text(text, encoding="utf-8")
            Path(folder, "copied.py").write_text(code, encoding="utf-8")
            return Ended(**self.ask({"folder": folder, "seconds": seconds}))

    def modules(self) -> set[str]:
        """What the process has imported, without what belongs to Python."""
        return set(self.ask({"modules": True}))

    def ask(self, order: dict) -> object:
        self.process.stdin.write(json.dumps(order) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())


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


def packages() -> list[str]:
    """The packages that this process has imported, without what belongs to Python."""
    roots = {name.split(".")[0] for name in list(sys.modules)}
    return sorted(roots - set(sys.stdlib_module_names) - {"__main__"})


def serve() -> None:
    """Import torch, with its compiler, which every optimizer imports, and nothing else; then a fork for each order."""
    import torch._dynamo

    # A fork after an operation on several threads would hang.
    torch.set_num_threads(1)
    for line in sys.stdin:
        order = json.loads(line)
        answer = packages() if "modules" in order else fork(order["folder"], order["seconds"])
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
