"""The Chromium that is there.

Run as a program, this file sees to it that there is one, where it can: `make test` does so while the pages run.
"""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from filelock import FileLock
from playwright.sync_api import sync_playwright

NAMES = ("chromium-headless-shell", "chromium", "google-chrome")  # the first is Chromium without windows, and quicker
ADVICE = "no Chromium: install chromium, or name one in CHROMIUM, or run: .venv/bin/playwright install chromium"


class NoChromium(Exception):
    """There is no Chromium, and none could be installed."""


def find(playwrights: str, install: Callable[[], None]) -> str:
    """A Chromium: `CHROMIUM`, one on the path, Playwright's own, or Debian's, which is installed then.

    Raises:
        NoChromium: with one line that says what to do.
    """
    named = os.environ.get("CHROMIUM")
    if named:
        found = shutil.which(named)
        if not found:
            raise NoChromium(f"CHROMIUM={named!r} is not a program; name a Chromium, or unset it")
        return found
    # While one process of these tests installs it, it is on the path before it works.
    with FileLock(Path(tempfile.gettempdir(), "lower-triangle-chromium.lock")):
        found = on_path() or (playwrights if Path(playwrights).is_file() else None)
        if not found and os.geteuid() == 0 and shutil.which("apt-get"):
            install()
            found = on_path()
    if not found:
        raise NoChromium(ADVICE)
    return found


def on_path() -> str | None:
    """The first Chromium on the path."""
    return next(filter(None, map(shutil.which, NAMES)), None)


def install_debians() -> None:
    """Install Debian's package; whether that has worked shows in whether it is there."""
    quietly = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "check": False}
    subprocess.run(["apt-get", "update"], **quietly)
    subprocess.run(["apt-get", "install", "-y", "--no-install-recommends", NAMES[0]], **quietly)


if __name__ == "__main__":
    # Where none can be had, the tests say so.
    with sync_playwright() as playwright, suppress(NoChromium):
        find(playwright.chromium.executable_path, install_debians)
