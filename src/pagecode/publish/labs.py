"""Labs: notebooks kept as Python files under labs/, executed when they have changed, and shown as pages like any other.

Nothing here imports Jupyter: that is for `lab_worker`, in a process that is started only for a lab that has changed.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable
from concurrent.futures import Executor, Future
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from importlib.metadata import version
from pathlib import Path

import pagecode
from pagecode.fences import read_fences
from pagecode.ledger import HIDDEN, Standing
from pagecode.project import Problem, Project

TOOLS = ("ipykernel", "jupytext", "matplotlib-inline", "nbclient", "nbformat")
COLOURS = re.compile(r"\x1b\[[0-9;]*m")
# Figures as the pages have them: drawings whose text is text, with nothing behind them.
PROFILE = """\
c.InlineBackend.figure_formats = {"svg"}
c.InlineBackend.print_figure_kwargs = {"bbox_inches": None, "facecolor": "none", "metadata": {"Date": None}}
c.InlineBackend.rc = {"svg.fonttype": "none", "svg.hashsalt": "pagecode", "axes.facecolor": "none"}
"""


@dataclass(frozen=True)
class Lab:
    """A Python file in the percent format, and what came of executing it."""

    project: Project
    path: Path

    @property
    def name(self) -> str:
        return self.project.name_of(self.path)

    @property
    def kept(self) -> Path:
        """Where the executed notebook is kept between builds."""
        return self.project.cache / "labs" / self.path.with_suffix(".ipynb").name

    @cached_property
    def source(self) -> str:
        return self.path.read_text(encoding="utf-8")

    @cached_property
    def key(self) -> str:
        """A hash of all that the lab's outputs depend on: its text, the code it reaches, the data, the tools."""
        here = Path(__file__)
        runners = [file.read_text(encoding="utf-8") for file in (here, here.with_name("lab_worker.py"))]
        texts = [self.source, *runners, *map(version, TOOLS)]
        standing = Standing(self.project)
        return standing.hash(texts, standing.named(self.source), any_module=bool(HIDDEN.search(self.source)))

    def fresh(self) -> bool:
        """True when nothing that the lab depends on has changed since it was executed."""
        try:
            return self.notebook()["metadata"]["pagecode"] == self.key
        except (OSError, ValueError, KeyError):
            return False

    def notebook(self) -> dict:
        """The executed notebook that is kept."""
        return json.loads(self.kept.read_text(encoding="utf-8"))

    def starts(self) -> list[int]:
        """The line of each cell's `# %%`; the header, where it has more than Jupyter's own part, is a cell too."""
        lines = self.source.split("\n")
        marks = [number for number, line in enumerate(lines, start=1) if re.match(r"# %%(?!%)", line)]
        own = lines[0] == "# ---" and any(re.match(r"# (?!jupyter:|---)\w", line) for line in lines[1 : marks[0]])
        return [1, *marks] if own else marks


def labs_of(project: Project) -> list[Lab]:
    """The labs of a project, in a fixed order."""
    return [Lab(project, path) for path in sorted((project.docs / "labs").glob("*.py"))]


def run_stale(project: Project, say: Callable[[str], None], pool: Executor) -> list[Future[list[Problem]]]:
    """Have `pool` execute each lab that has changed, or whose code or data has; return what will be wrong, lab by lab."""

    def run(lab: Lab) -> list[Problem]:
        faults = faults_of(lab)
        if not faults and not lab.fresh():
            say(f"Executing {lab.name}")
            faults = execute(lab)
        return faults

    return [pool.submit(run, lab) for lab in labs_of(project)]


def faults_of(lab: Lab) -> list[Problem]:
    """What can be said against a lab without executing it."""
    if not re.search(r"^# %%", lab.source, re.MULTILINE):
        return [Problem(lab.name, 1, "a lab is made of cells; begin each with a line # %% or # %% [markdown]")]
    prose = "\n".join(line.removeprefix("#").removeprefix(" ") for line in lab.source.split("\n"))
    return [
        Problem(lab.name, fence.line, "nobody would run this fence; make it a cell of code, begun by a line # %%")
        for fence in read_fences(prose)
        if lab.source.split("\n")[fence.line - 1].startswith("#")
    ]


def execute(lab: Lab) -> list[Problem]:
    """Run a lab in a fresh kernel, from an empty folder, and keep the notebook if nothing was wrong."""
    key = lab.key
    with tempfile.TemporaryDirectory() as folder:
        scratch, profile, result = Path(folder, "work"), Path(folder, "ipython/profile_default"), Path(folder, "result")
        scratch.mkdir()
        profile.mkdir(parents=True)
        (profile / "ipython_kernel_config.py").write_text(PROFILE, encoding="utf-8")
        command = [sys.executable, "-m", "pagecode.publish.lab_worker", str(lab.path), str(result)]
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "encoding": "utf-8", "errors": "replace"}
        done = subprocess.run(command, cwd=scratch, env=environment(lab.project, Path(folder)), **pipes)
        if done.returncode:
            said = " / ".join(done.stdout.strip().splitlines()[-3:])
            return [Problem(lab.name, 1, f"the lab could not be executed: {said}")]
        ran = json.loads(result.read_text(encoding="utf-8"))
    notebook, stopped = ran["notebook"], ran["stopped"]
    problems = [stop(lab, notebook, *stopped)] if stopped else refused(lab, notebook)
    if not problems and Lab(lab.project, lab.path).key != key:
        problems = [Problem(lab.name, 1, "the lab, or what it depends on, changed while it ran; build again")]
    if not problems:
        lab.kept.parent.mkdir(parents=True, exist_ok=True)
        notebook["metadata"]["pagecode"] = key
        part = lab.kept.with_suffix(".part")
        part.write_text(json.dumps(notebook, indent=1, ensure_ascii=False), encoding="utf-8")
        os.replace(part, lab.kept)
    return problems


def environment(project: Project, folder: Path) -> dict[str, str]:
    """What the kernel is told: where the source is, one thread, and nothing of what the user has set for Jupyter."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("JUPYTER", "IPYTHON", "PYTEST_"))}
    paths = [str(project.source), str(Path(pagecode.__file__).parents[1]), os.environ.get("PYTHONPATH", "")]
    places = ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR")
    return {
        **kept,
        **{name: str(folder / "jupyter") for name in places},
        "IPYTHONDIR": str(folder / "ipython"),
        "PYTHONPATH": os.pathsep.join(filter(None, paths)),
        "OMP_NUM_THREADS": "1",
    }


def stop(lab: Lab, notebook: dict, index: int, line: int, message: str) -> Problem:
    """The problem of a cell that did not end well, at its line in the lab's file."""
    number = sum(cell["cell_type"] == "code" for cell in notebook["cells"][: index + 1])
    shown = joined(notebook["cells"][index]["source"]).split("\n")[line - 1].strip()
    return Problem(lab.name, lab.starts()[index] + line, f"cell {number}, at {shown!r}: {message}")


def refused(lab: Lab, notebook: dict) -> list[Problem]:
    """A problem for each cell whose outputs a page cannot show."""
    problems = []
    for start, cell in zip(lab.starts(), notebook["cells"], strict=True):
        text, figures, others = outputs(cell)
        captions = captions_of(cell)
        if len(figures) != len(captions) or not all(map(str.strip, captions)):
            advice = 'give each its takeaway in words: # %% caption="what the reader should see"'
            problems.append(Problem(lab.name, start, f"{len(figures)} figures and {len(captions)} captions; {advice}"))
        problems.extend(Problem(lab.name, start, message) for message in others)
    return problems


def captions_of(cell: dict) -> list[str]:
    """The takeaways that a cell's `# %%` line gives to its figures: caption, or captions where they are several."""
    given = cell["metadata"]
    return [given["caption"]] if "caption" in given else given.get("captions", [])


def joined(lines: str | list[str]) -> str:
    """A text that a notebook may hold in lines."""
    return lines if isinstance(lines, str) else "".join(lines)


def outputs(cell: dict) -> tuple[str, list[str], list[str]]:
    """What a cell has printed, the figures it has drawn, and what is wrong with other outputs."""
    text, figures, wrong = "", [], []
    for output in cell.get("outputs", []):
        data = output.get("data", {})
        if output["output_type"] == "stream" and output["name"] == "stdout":
            text += joined(output["text"])
        elif output["output_type"] == "stream":
            said = COLOURS.sub("", joined(output["text"])).strip().split("\n")[0]
            wrong.append(f"the cell writes to stderr, and a warning is an error: {said}")
        elif "image/svg+xml" in data:
            figures.append(joined(data["image/svg+xml"]))
        elif set(data) == {"text/plain"}:
            text += joined(data["text/plain"]) + "\n"
        else:
            wrong.append(f"a page shows text and matplotlib's figures, not {', '.join(sorted(data))}; print it")
    return COLOURS.sub("", text).rstrip("\n"), figures, wrong


def seconds(cell: dict) -> float:
    """How long a cell of code ran."""
    times = cell["metadata"].get("execution", {})
    begun, ended = times.get("iopub.execute_input"), times.get("shell.execute_reply")
    return (datetime.fromisoformat(ended) - datetime.fromisoformat(begun)).total_seconds() if begun and ended else 0.0
