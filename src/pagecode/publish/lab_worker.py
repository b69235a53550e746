"""Executes one lab in a fresh kernel, in a process of its own: nothing that a build imports needs Jupyter."""

import json
import os
import re
import sys
from pathlib import Path

import jupytext
import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

CELL_LIMIT = 120  # seconds
COLOURS = re.compile(r"\x1b\[[0-9;]*m")
PLACE = re.compile(r"Cell In\[\d+\], line (\d+)")


def execute(lab: Path) -> dict:
    """The lab as a notebook with its outputs, and what stopped it: [cell, line in the cell, message], or None."""
    notebook = jupytext.read(lab)
    at = 0

    def note(cell: dict, cell_index: int) -> None:
        nonlocal at
        at = cell_index

    resources = {"metadata": {"path": os.getcwd()}}
    client = NotebookClient(
        notebook, timeout=CELL_LIMIT, kernel_name="python3", resources=resources, on_cell_start=note
    )
    stopped = None
    try:
        client.execute()
    except CellExecutionError as error:
        lines = PLACE.findall(COLOURS.sub("", error.traceback))
        stopped = [at, int(lines[-1]) if lines else 1, f"{error.ename}: {COLOURS.sub('', error.evalue)}"]
    except CellTimeoutError:
        stopped = [at, 1, f"the cell has not ended after {CELL_LIMIT} seconds; let it do less"]
    except DeadKernelError:
        stopped = [at, 1, "the kernel died in this cell; it may have run out of memory"]
    return {"notebook": json.loads(nbformat.writes(notebook)), "stopped": stopped}


if __name__ == "__main__":
    Path(sys.argv[2]).write_text(json.dumps(execute(Path(sys.argv[1]))), encoding="utf-8")
