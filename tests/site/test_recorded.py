"""The recorded runs are those of the ladder, on the real text, and the pages name the commands that made them."""

import json
import math
from pathlib import Path

import pytest

from lower_triangle.corpus import TINY_SHAKESPEARE
from lower_triangle.results import load_result, load_trained
from lower_triangle.stages import STAGES
from pagecode.project import Project
from pagecode.reader import read_page

ROOT = Path(__file__).parents[2]


@pytest.fixture(params=list(STAGES))
def record(request):
    return load_result(request.param)


def test_every_record_is_three_seeds_of_the_ladders_setting_on_tiny_shakespeare(record):
    assert record["corpus"]["sha256"] == TINY_SHAKESPEARE.sha256
    assert record["seeds"] == [0, 1, 2] == [run["seed"] for run in record["runs"]]
    ladder = {"context_length": 8, "d_model": 32, "steps": 5000, "batch_size": 32}
    assert ladder.items() <= record["config"].items()
    assert record["config"]["learning_rate"] == STAGES[record["stage"]].learning_rate


def test_the_summary_of_a_record_is_that_of_its_runs(record):
    for loss, summary in record["summary"].items():
        losses = [run[loss] for run in record["runs"]]
        assert math.isclose(summary["mean"], sum(losses) / 3, abs_tol=1e-6)
        assert (summary["min"], summary["max"]) == (min(losses), max(losses))
    for run in record["runs"]:
        assert run["curve"][-1] == [5000, run["final_val"]]
        assert run["best_val"] == min(loss for _, loss in run["curve"])


def test_the_trained_bigram_comes_near_the_counted_pairs():
    record = load_result("bigram")
    counted = record["counted_pairs"]
    assert abs(counted["train"] - 2.4519) < 5e-5 and abs(counted["val"] - 2.4819) < 5e-5
    for run in record["runs"]:
        assert counted["train"] < run["final_train"] < counted["train"] + 0.03
        assert abs(run["final_val"] - counted["val"]) < 0.03


def test_averaging_makes_it_worse_and_one_head_a_tenth_better():
    loss = {stage: load_result(stage)["summary"]["final_val"] for stage in STAGES}
    assert loss["average"]["min"] > loss["position"]["max"] + 0.3
    assert loss["head"]["max"] < loss["position"]["min"] - 0.08
    assert loss["head"]["max"] < load_result("bigram")["counted_pairs"]["val"]


def test_recorded_weights_load_and_are_the_first_run(record):
    checkpoint = load_trained(record["stage"])
    assert checkpoint.manifest.step == 5000
    assert math.isclose(checkpoint.manifest.val_loss, record["runs"][0]["final_val"], abs_tol=1e-6)


def test_long_commands_on_pages_are_those_that_made_the_records():
    project = Project.load(ROOT)
    commands = {json.loads(path.read_text())["command"] for path in (ROOT / "results").glob("*.json")}
    shown = [
        line
        for path in project.pages()
        for block in read_page(project, path).blocks
        if block.kind == "shown" and block.fence.language == "console"
        for line in block.code.splitlines()
        if line.startswith("lower-triangle reproduce")
    ]
    assert shown and set(shown) <= commands
