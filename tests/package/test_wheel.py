"""The package as it is installed: built, put somewhere else, and run with nothing of the checkout in reach."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]

SHOW = """
import json, lower_triangle
from lower_triangle.corpus import load_corpus
from lower_triangle.results import load_result, load_trained
from lower_triangle.stages import STAGES
print(json.dumps({
    "file": lower_triangle.__file__,
    "play": load_corpus("play").sha256,
    "results": {stage: load_result(stage) for stage in STAGES},
    "trained": {stage: load_trained(stage).manifest.corpus for stage in STAGES},
}))
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """A folder with the wheel unpacked in it."""
    folder = tmp_path_factory.mktemp("wheel")
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    wheel = [*pip, "wheel", "--no-deps", "--no-build-isolation", "--no-index", "-w", str(folder), str(REPOSITORY)]
    subprocess.run(wheel, check=True, capture_output=True)
    (built,) = folder.glob("*.whl")
    install = [*pip, "install", "--no-deps", "--no-index", "--target", str(folder / "site"), str(built)]
    subprocess.run(install, check=True, capture_output=True)
    return folder / "site"


def run(installed, folder, *words):
    environment = os.environ | {"PYTHONPATH": str(installed)}
    return subprocess.run(
        [sys.executable, *words], cwd=folder, env=environment, capture_output=True, text=True, check=True
    )


def test_the_wheel_trains_in_an_empty_folder(installed, tmp_path):
    done = run(installed, tmp_path, "-m", "lower_triangle", "train", "head", "--steps", "20", "--json")
    result = json.loads(done.stdout)
    assert result["curve"][-1][0] == 20
    assert (tmp_path / result["best"]).is_file()


def test_the_wheel_carries_the_play_and_the_recorded_runs(installed, tmp_path, play):
    shown = json.loads(run(installed, tmp_path, "-c", SHOW).stdout)
    assert Path(shown["file"]).is_relative_to(installed), "another lower_triangle was imported"
    assert shown["play"] == play.sha256
    for stage, record in shown["results"].items():
        assert record == json.loads((REPOSITORY / "results" / f"{stage}.json").read_text("utf-8"))
        assert shown["trained"][stage] == record["corpus"]["name"]
