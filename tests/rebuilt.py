"""This repository's site built once more, elsewhere, for one address or another."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
# A site below a path, as on most hosts, and a repository where notebooks can be opened and errors reported.
ADDRESSES = {
    "SITE_URL": "https://lower-triangle.example/learn/",
    "REPO_URL": "https://github.com/someone/lower-triangle",
}


def state() -> dict[Path, int]:
    """What the real build has left: each file of the site and of the ledger, with the time of its last change."""
    folders = (ROOT / "site", ROOT / ".pagecode" / "ledger")
    return {file: file.stat().st_mtime_ns for folder in folders for file in folder.rglob("*")}


def rebuild(folder: Path, **addresses: str) -> Path:
    """Build the site into `folder` with these addresses and no others.

    Its pages have run, so they are not run again; and the real site and its ledger are left as they are.
    """
    before = state()
    kept = {name: value for name, value in os.environ.items() if name not in ADDRESSES}
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)]
    environment = {**kept, **addresses, "NO_MKDOCS_2_WARNING": "1"}
    options = {"cwd": ROOT, "env": environment, "capture_output": True, "encoding": "utf-8", "timeout": 120}
    done = subprocess.run(command, **options)
    assert done.returncode == 0, done.stderr
    assert "Running" not in done.stderr, "the site is older than its pages; run make site first"
    assert len(before) > 50 and state() == before
    return folder
