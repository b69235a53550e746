"""Run a command that a page shows."""

import os
import signal
import subprocess
import sys
from pathlib import Path

SECONDS = 120  # The longest that a command of a page may take; an author aims for under ten, on a quiet machine.


class CommandError(Exception):
    """A command that failed, or that takes too long for a page."""


def run_command(code: str, folder: Path) -> str:
    """What a command prints when it runs in `folder`, with the programs of this environment first on its path.

    It is told of a terminal of 80 columns, whatever the author's own is.

    Raises:
        CommandError: when it ends with another status than 0, or not at all.
    """
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "encoding": "utf-8"}
    environment = {**os.environ, "PATH": path, "COLUMNS": "80"}
    shell = subprocess.Popen(["sh", "-ec", code], cwd=folder, env=environment, start_new_session=True, **pipes)
    try:
        printed, complaints = shell.communicate(timeout=SECONDS)
    except subprocess.TimeoutExpired:
        # What the shell has started holds the pipes open: end all of it.
        os.killpg(shell.pid, signal.SIGKILL)
        shell.communicate()
        advice = "show a long run in a console fence, with its recorded result"
        raise CommandError(f"the command runs for more than {SECONDS} seconds; {advice}") from None
    if shell.returncode:
        said = " / ".join((complaints.strip() or printed.strip()).splitlines()[-5:])
        raise CommandError(f"the command ends with status {shell.returncode}: {said}")
    return printed
