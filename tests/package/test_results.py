"""A record holds all it takes to repeat its runs."""

import hashlib
import json
import random
from dataclasses import asdict, replace

import pytest
import torch

from lower_triangle import results as module
from lower_triangle.beyond.fast import FastSettings, fit_fast, gpt_in_a_hurry
from lower_triangle.checkpoint import load_checkpoint
from lower_triangle.config import ModelConfig
from lower_triangle.counting import NGram
from lower_triangle.errors import CheckpointError, OutputError, UsageError
from lower_triangle.generate import generate
from lower_triangle.loss import evaluate
from lower_triangle.results import load_result, load_trained, record_counts, reproduce
from lower_triangle.train import train


@pytest.fixture
def recorded(small, sizes, brief, tmp_path):
    return reproduce("head", small, 2, tmp_path, sizes, brief)


def test_the_file_is_the_record(recorded, tmp_path):
    assert json.loads((tmp_path / "head.json").read_text("utf-8")) == recorded
    assert {path.name for path in tmp_path.iterdir()} == {"head.json", "head.safetensors"}


def test_a_record_says_what_ran_on_what_and_where(recorded, small_text, sizes, brief):
    assert recorded["command"] == f"lower-triangle reproduce head --corpus {small_text} --seeds 2"
    settings = {**asdict(sizes), **asdict(brief), "learning_rate": 0.001}
    del settings["seed"]
    assert recorded["config"] == settings
    sha256 = hashlib.sha256(small_text.read_bytes()).hexdigest()
    assert recorded["corpus"] == {"name": str(small_text), "sha256": sha256, "characters": 1000}
    assert set(recorded["versions"]) == {"python", "torch", "package"}
    assert set(recorded["hardware"]) == {"processor", "cores", "threads"}
    assert recorded["seeds"] == [run["seed"] for run in recorded["runs"]] == [0, 1]


def test_each_run_is_the_one_its_seed_gives(recorded, small, sizes, brief):
    result = train("head", small, sizes, replace(brief, seed=1))
    run = recorded["runs"][1]
    assert run["curve"] == [[step, pytest.approx(loss, abs=1e-6)] for step, loss in result.curve]
    assert run["final_train"] == pytest.approx(result.final_train, abs=1e-6)


@pytest.mark.parametrize("loss", ["best_val", "final_val", "final_train"])
def test_the_summary_is_that_of_the_runs(recorded, loss):
    values = [run[loss] for run in recorded["runs"]]
    summary = recorded["summary"][loss]
    assert (summary["min"], summary["max"]) == (min(values), max(values))
    assert summary["mean"] == pytest.approx(sum(values) / 2, abs=1e-6)


def test_the_weights_and_the_sample_are_the_first_runs(recorded, tmp_path, small, sizes, brief):
    saved = load_checkpoint(tmp_path / "head.safetensors")
    trained = train("head", small, sizes, brief).model
    assert torch.equal(saved.model.lm_head.weight, trained.lm_head.weight)
    start = saved.tokenizer.encode("\n")
    assert recorded["sample"] == saved.tokenizer.decode(generate(saved.model, start, 400, random.Random(0)))


def test_a_record_of_another_text_is_not_replaced(recorded, tmp_path, play):
    before = (tmp_path / "head.json").read_bytes()
    with pytest.raises(OutputError, match="records runs on '.*small.txt', these are on 'play'; choose another --out$"):
        reproduce("head", play, 1, tmp_path)
    assert (tmp_path / "head.json").read_bytes() == before


def test_a_record_is_read_back_with_its_weights(recorded, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "packaged", lambda folder, name: tmp_path / name)
    assert load_result("head") == recorded
    assert load_trained("head").manifest.val_loss == pytest.approx(recorded["runs"][0]["final_val"], abs=1e-6)


def test_of_what_is_only_compared_the_losses_are_kept_and_no_weights(small, tmp_path, sizes, brief):
    record = reproduce("gpt_relu", small, 1, tmp_path, sizes, brief)
    assert record["stage"] == "gpt_relu"
    assert [path.name for path in tmp_path.iterdir() if path.suffix in (".json", ".safetensors")] == ["gpt_relu.json"]
    with pytest.raises(UsageError, match="^of the runs of 'gpt_relu' only the losses are kept; there are models of bi"):
        load_trained("gpt_relu")


def test_a_hurried_run_is_recorded_like_any_other(play, tmp_path):
    sizes, settings = ModelConfig(context_length=16, d_model=32, n_head=2, n_layer=2), FastSettings(80, batch_size=8)
    before = torch.get_rng_state()
    record = reproduce("gpt_hurried", play, 2, tmp_path, sizes, settings)
    assert torch.equal(torch.get_rng_state(), before)
    assert record["stage"] == "gpt" and record["command"].startswith("lower-triangle reproduce gpt_hurried ")
    config = asdict(sizes) | asdict(settings) | {"learning_rate": settings.matrix_rate}
    assert record["config"] == {name: value for name, value in config.items() if name != "seed"}

    losses = []
    for seed in (0, 1):
        torch.manual_seed(seed)
        model = gpt_in_a_hurry(sizes, 65)
        fit_fast(model, play, replace(settings, seed=seed))
        losses.append(evaluate(model, play.val))
    assert [run["final_val"] for run in record["runs"]] == pytest.approx(losses, abs=1e-6)
    assert [run["curve"] for run in record["runs"]] == [[[80, run["final_val"]]] for run in record["runs"]]
    assert losses[0] != losses[1] and max(losses) < 3
    saved = load_checkpoint(tmp_path / "gpt_hurried.safetensors")
    assert evaluate(saved.model, play.val) == pytest.approx(losses[0], abs=1e-6)


def test_counts_are_recorded_as_counting_gives_them(small, small_text, tmp_path, monkeypatch):
    record = record_counts(small, tmp_path)
    monkeypatch.setattr(module, "packaged", lambda folder, name: tmp_path / name)
    assert load_result("counting") == record
    assert record["command"] == f"lower-triangle reproduce counting --corpus {small_text}"
    assert [each["order"] for each in record["orders"]] == [1, 2, 3, 4, 5, 6]
    assert record["orders"][0]["different_runs"] == len(set(small.train.tolist()))
    for each in record["orders"]:
        counted = NGram(small.train, len(small.tokenizer), each["order"])
        assert each["val"] == pytest.approx(counted.loss(small.val), abs=1e-6)
        assert each["train"] == pytest.approx(counted.loss(small.train), abs=1e-6)


def test_counts_of_another_text_are_not_replaced(small, play, tmp_path):
    record_counts(small, tmp_path)
    with pytest.raises(OutputError, match="these are on 'play'; choose another --out$"):
        record_counts(play, tmp_path)


def test_what_was_not_recorded_is_answered_with_how_to(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "packaged", lambda folder, name: tmp_path / name)
    with pytest.raises(
        CheckpointError, match="^no result is recorded for 'head'; record one: lower-triangle reproduce"
    ):
        load_result("head")
    with pytest.raises(UsageError, match="^no recorded run is called 'heads'; did you mean 'head'"):
        load_result("heads")
    (tmp_path / "head.json").write_text("[]")
    with pytest.raises(CheckpointError, match="is not a recorded result; remove it, and record it again$"):
        load_result("head")


def test_no_run_is_no_record(small, tmp_path):
    with pytest.raises(UsageError, match="^seeds=0 is no number of runs; try seeds=3$"):
        reproduce("head", small, 0, tmp_path)
