"""The browser's code, run without a browser: the same numbers and the same texts as torch, of the same weights."""

import os
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import playwright
import pytest

from .golden import write_golden

ROOT = Path(__file__).parents[2]
MODELS = ROOT / "docs/assets/models"
PARITY = re.compile(r"^# (\w+ +(?:logits|gradients) .*)$", re.MULTILINE)


def node() -> str:
    """Node where there is one, and otherwise the one that Playwright's driver is run by."""
    return shutil.which("node") or str(Path(playwright.__file__).parent / "driver" / "node")


@pytest.fixture(scope="module")
def golden(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("golden")
    write_golden(MODELS, folder)
    return folder


def run(tests: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [node(), "--test", "--test-reporter=tap", str(Path(__file__).with_name(tests))]
    return subprocess.run(command, capture_output=True, text=True, env={**os.environ, **environment}, timeout=300)


def test_every_stage_is_the_same_in_the_browser(golden: Path, note: Callable[[str, str], None]):
    ran = run("lib.test.mjs", MODELS=str(MODELS), GOLDEN=str(golden))
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert not re.search(r"# (SKIP|TODO)", ran.stdout)
    parity = PARITY.findall(ran.stdout)
    assert len(parity) == 11 + 2  # those that read, and those that learn
    for row in parity:
        note("the browser's numbers beside torch's: the largest difference", row)
