"""The recorded runs are those of the ladder, on the real text, and the pages name the commands that made them."""

import json
import math
import re
from dataclasses import asdict
from pathlib import Path

import pytest

from lower_triangle.corpus import TINY_SHAKESPEARE
from lower_triangle.errors import UsageError
from lower_triangle.results import CHANGED, SETTINGS, load_result, load_trained
from lower_triangle.stages import STAGES
from lower_triangle.variants import VARIANTS, find_stage
from pagecode.project import Project
from pagecode.reader import read_page

ROOT = Path(__file__).parents[2]


@pytest.fixture(params=list(SETTINGS))
def name(request):
    return request.param


@pytest.fixture
def record(name):
    return load_result(name)


def test_every_record_is_three_seeds_of_its_setting_on_tiny_shakespeare(name, record):
    assert record["corpus"]["sha256"] == TINY_SHAKESPEARE.sha256
    assert record["seeds"] == [0, 1, 2] == [run["seed"] for run in record["runs"]]
    setting = SETTINGS[name]
    assert record["stage"] == setting.stage
    config = asdict(setting.model) | asdict(setting.train)
    del config["seed"]
    rate = config.get("matrix_rate", find_stage(setting.stage).learning_rate)
    assert record["config"] == config | {"learning_rate": rate}


def test_every_rung_of_the_ladder_was_trained_alike():
    ladder = [load_result(name)["config"] for name in STAGES if name != "gpt"]
    alike = [{**config, "learning_rate": None} for config in ladder]
    assert alike == [{**ladder[0], "learning_rate": None}] * 10
    assert (ladder[0]["context_length"], ladder[0]["d_model"], ladder[0]["batch_size"]) == (8, 32, 32)


def test_the_ladder_on_the_home_page_is_that_of_the_records():
    text = (ROOT / "docs" / "index.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| .+ \| ([\d,]+) \| \**([\d.]+)\** \| `(.+)` \|$", text, re.MULTILINE)
    wanted = []
    for name in (*STAGES, "gpt_longer"):
        record = load_result(name)
        line = next(line for line in record["sample"].splitlines() if len(line) >= 16)
        wanted.append((f"{record['params']:,}", f"{record['summary']['final_val']['mean']:.3f}", line[:32].strip()))
    assert rows == wanted
    worse = re.findall(r"\[(.+?)\].*\*\*[\d.]+\*\*", text)
    assert worse == ["the average of the past", "three blocks in a row"]


def test_two_rungs_are_worse_and_the_last_is_within_the_noise():
    loss = {name: load_result(name)["summary"]["final_val"] for name in STAGES if name != "gpt"}
    better_and_worse = [
        ("position", "average"),
        ("head", "position"),
        ("multi_head", "head"),
        ("feed_forward", "multi_head"),
        ("feed_forward", "deep"),
        ("residual", "deep"),
    ]
    for better, worse in better_and_worse:
        assert loss[better]["max"] < loss[worse]["min"]
    assert loss["layer_norm"]["min"] < loss["residual"]["max"] and loss["residual"]["min"] < loss["layer_norm"]["max"]


def test_the_summary_of_a_record_is_that_of_its_runs(record):
    for loss, summary in record["summary"].items():
        losses = [run[loss] for run in record["runs"]]
        assert math.isclose(summary["mean"], sum(losses) / 3, abs_tol=1e-6)
        assert (summary["min"], summary["max"]) == (min(losses), max(losses))
    for run in record["runs"]:
        assert run["curve"][-1] == [record["config"]["steps"], run["final_val"]]
        assert run["best_val"] == min(loss for _, loss in run["curve"])


def test_the_trained_bigram_comes_near_the_counted_pairs():
    record = load_result("bigram")
    counted = record["counted_pairs"]
    assert abs(counted["train"] - 2.4519) < 5e-5 and abs(counted["val"] - 2.4819) < 5e-5
    for run in record["runs"]:
        assert counted["train"] < run["final_train"] < counted["train"] + 0.03
        assert abs(run["final_val"] - counted["val"]) < 0.03


def test_counted_runs_are_those_that_were_counted_elsewhere():
    """Five letters are the yardstick: a trained model has to clear it, and two here do, given more text."""
    record = load_result("counting")
    assert record["corpus"]["sha256"] == TINY_SHAKESPEARE.sha256
    val = {each["order"]: each["val"] for each in record["orders"]}
    assert [round(val[order], 3) for order in (1, 4, 5, 6)] == [3.347, 1.774, 1.669, 1.698]
    assert record["unseen_pairs"] == {"kinds": 23, "times": 187}
    for name in SETTINGS:
        clears = [run["final_val"] < val[5] for run in load_result(name)["runs"]]
        assert clears == [name in ("gpt_longer", "gpt_hurried")] * 3


def test_the_longer_run_is_the_same_but_for_its_steps():
    short, long = load_result("gpt")["config"], load_result("gpt_longer")["config"]
    assert long == short | {"steps": 10_000}


def test_averaging_makes_it_worse_and_one_head_a_tenth_better():
    loss = {stage: load_result(stage)["summary"]["final_val"] for stage in ("position", "average", "head")}
    assert loss["average"]["min"] > loss["position"]["max"] + 0.3
    assert loss["head"]["max"] < loss["position"]["min"] - 0.08
    assert loss["head"]["max"] < load_result("bigram")["counted_pairs"]["val"]


def test_the_table_beside_the_lecture_is_that_of_the_records():
    page = (ROOT / "docs" / "reference" / "results.md").read_text("utf-8")
    rows = re.findall(r"^\| `(\w+)`.*?\| (\d\.\d{3} \(\d\.\d{3}, \d\.\d{3}\)) \|", page, re.MULTILINE)
    assert [name for name, _ in rows] == ["bigram", "head", "multi_head", "feed_forward", "residual", "layer_norm"]
    for name, shown in rows:
        loss = load_result(name)["summary"]["final_val"]
        assert shown == f"{loss['mean']:.3f} ({loss['min']:.3f}, {loss['max']:.3f})"


def test_of_gpt_one_thing_was_taken_back_or_all_of_a_kind():
    was = load_result("gpt")["config"]
    changed = {}
    for name in CHANGED:
        now = load_result(name)["config"]
        changed[name] = {key for key in now if now[key] != was[key]}
    schedule = {"warmup", "final_share"}
    assert changed == {
        **dict.fromkeys(VARIANTS, set()),
        "gpt_dropout": {"dropout"},
        "gpt_level_rate": schedule,
        "gpt_no_decay": {"weight_decay"},
        "gpt_no_clip": {"clip"},
        "gpt_slow_memory": {"beta2"},
        "gpt_built_plainly": set(),
        "gpt_trained_plainly": schedule | {"weight_decay", "clip", "beta2"},
    }
    assert load_result("gpt_built_plainly")["stage"] == "layer_norm"


def test_recorded_weights_load_and_are_the_first_run_where_weights_are_kept(name, record):
    if not SETTINGS[name].keeps_weights:
        assert not (ROOT / "results" / f"{name}.safetensors").exists()
        with pytest.raises(UsageError, match=f"^of the runs of '{name}' only the losses are kept; there are models of"):
            load_trained(name)
        return
    checkpoint = load_trained(name)
    assert checkpoint.manifest.step == record["config"]["steps"]
    assert math.isclose(checkpoint.manifest.val_loss, record["runs"][0]["final_val"], abs_tol=1e-6)


def test_long_commands_on_pages_are_those_that_made_the_records():
    project = Project.load(ROOT)
    commands = {json.loads(path.read_text())["command"] for path in (ROOT / "results").rglob("*.json")}
    shown = [
        line
        for path in project.pages()
        for block in read_page(project, path).blocks
        if block.kind == "shown" and block.fence.language == "console"
        for line in block.code.splitlines()
        if re.match(r"(\$ )?(lower-triangle reproduce|python -m benchmarks|make bench)", line)
    ]
    assert shown and {line.removeprefix("$ ") for line in shown} <= commands


def test_the_losses_on_the_cheat_sheet_are_those_of_the_records():
    """They stand in prose and tables, which nothing runs."""
    sheet = (ROOT / "docs/reference/cheatsheet.md").read_text("utf-8")
    stages = {"bigram": "bigram", "places": "position", "average": "average", "head": "head"}
    final = {name: f"{load_result(stage)['summary']['final_val']['mean']:.3f}" for name, stage in stages.items()}
    assert dict(re.findall(r"(bigram|places|average|head)\s+(\d\.\d{3})", sheet)) == final
    (counted,) = [each["val"] for each in load_result("counting")["orders"] if each["order"] == 5]
    bars = re.search(r"\| on tiny Shakespeare .*?\n\n", sheet, re.DOTALL)[0]
    assert dict(re.findall(r"^\| (.+) \| ([\d.]+) \|$", bars, re.MULTILINE)) == {
        "no idea, ln 65": f"{math.log(65):.3f}",
        "counted pairs": f"{load_result('bigram')['counted_pairs']['val']:.2f}",
        "bigram, trained": final["bigram"],
        "counted 5-grams": f"{counted:.3f}",
    }
    ladder = re.search(r"\| three seeds, final .*?\n\n", sheet, re.DOTALL)[0]
    rungs = "head multi_head feed_forward deep residual layer_norm gpt gpt_longer".split()
    assert re.findall(r"\| \**(\d\.\d{3})\** \|", ladder) == [
        f"{load_result(stage)['summary']['final_val']['mean']:.3f}" for stage in rungs
    ]
