"""What the browser is given: the recorded models in half precision, and a manifest that says what they are."""

import hashlib
import json
from dataclasses import asdict, replace
from pathlib import Path

import pytest
import safetensors.torch
import torch

from lower_triangle.checkpoint import own_tensors, save_checkpoint
from lower_triangle.cli import main
from lower_triangle.errors import CheckpointError, OutputError, UsageError
from lower_triangle.export import MANIFEST, SHOWN, export
from lower_triangle.results import load_result, load_trained
from lower_triangle.stages import STAGES

COMMITTED = Path(__file__).parents[2] / "docs/assets/models"


@pytest.fixture
def checkpoint(tmp_path, model, manifest):
    path = tmp_path / "run" / "best.safetensors"
    path.parent.mkdir()
    save_checkpoint(path, model, manifest)
    return path


def test_what_the_site_serves_is_what_export_writes(tmp_path):
    export(out=tmp_path)
    assert {file.name: file.read_bytes() for file in tmp_path.iterdir()} == {
        file.name: file.read_bytes() for file in COMMITTED.iterdir()
    }


def test_the_manifest_says_of_each_recorded_model_what_its_record_does():
    models = json.loads((COMMITTED / MANIFEST).read_text("utf-8"))["models"]
    assert [model["stage"] for model in models] == list(STAGES)
    for model, name in zip(models, SHOWN.values(), strict=True):
        record, data = load_result(name), (COMMITTED / model["file"]).read_bytes()
        assert model["command"] == record["command"]
        assert model["corpus_sha256"] == record["corpus"]["sha256"]
        assert model["parameters"] == record["params"]
        assert model["val_loss"] == pytest.approx(record["runs"][0]["final_val"], abs=1e-6)
        assert (model["bytes"], model["sha256"]) == (len(data), hashlib.sha256(data).hexdigest())


def test_of_the_recorded_runs_the_best_gpt_is_shown():
    shown = load_result(SHOWN["gpt"])["summary"]["best_val"]["max"]
    assert all(shown < load_result(name)["summary"]["best_val"]["min"] for name in ("gpt", "gpt_longer"))


def test_weights_are_rounded_to_half_precision_and_all_there():
    for name in SHOWN.values():
        own = own_tensors(load_trained(name).model)
        kept = safetensors.torch.load_file(COMMITTED / f"{load_result(name)['stage']}.safetensors")
        assert kept.keys() == own.keys()
        for key, tensor in own.items():
            assert kept[key].dtype == torch.float16
            torch.testing.assert_close(kept[key].float(), tensor, rtol=2**-11, atol=2**-25)


def test_a_checkpoint_of_yours_joins_those_that_are_there_and_replaces_its_like(tmp_path, checkpoint, model, manifest):
    out = tmp_path / "mine"
    (head,) = export([checkpoint.parent], out)
    assert (head.stage, head.command, head.val_loss, head.step) == ("head", None, 2.5, 7)
    bigram = STAGES["bigram"].build(manifest.config, len(manifest.vocabulary))
    save_checkpoint(tmp_path / "bigram.safetensors", bigram, replace(manifest, stage="bigram"))
    save_checkpoint(checkpoint, model, replace(manifest, step=9))
    exported = export([checkpoint, tmp_path / "bigram.safetensors"], out)
    models = json.loads((out / MANIFEST).read_text("utf-8"))["models"]
    assert [(each["stage"], each["step"]) for each in models] == [("bigram", 7), ("head", 9)]
    assert models == [json.loads(json.dumps(asdict(each))) for each in reversed(exported)]


def test_two_of_one_stage_and_what_the_browser_cannot_build_are_refused(tmp_path, checkpoint, model, manifest):
    with pytest.raises(UsageError, match="both of stage 'head'.*into two folders"):
        export([checkpoint, checkpoint], tmp_path / "out")
    relu = tmp_path / "relu.safetensors"
    gpt = load_trained("gpt")
    save_checkpoint(relu, gpt.model, replace(gpt.manifest, stage="gpt_relu"))
    with pytest.raises(UsageError, match="is of stage 'gpt_relu', and the browser knows bigram"):
        export([relu], tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("number", [65_520.0, float("nan"), float("-inf")])
def test_a_number_that_half_precision_does_not_hold_is_refused_and_nothing_written(tmp_path, model, manifest, number):
    with torch.no_grad():
        model.lm_head.bias[3] = number
    save_checkpoint(tmp_path / "loud.safetensors", model, manifest)
    with pytest.raises(CheckpointError, match=r"has in 'lm_head.bias' a number that half precision"):
        export([tmp_path / "loud.safetensors"], tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("text", ["", "[]", '{"models": [{}]}', '{"models": 3}'])
def test_a_manifest_that_is_none_is_left_as_it_is(tmp_path, checkpoint, text):
    (tmp_path / MANIFEST).write_text(text)
    with pytest.raises(OutputError, match="is no manifest of exported models; remove it"):
        export([checkpoint], tmp_path)
    assert (tmp_path / MANIFEST).read_text() == text
    assert not (tmp_path / "head.safetensors").exists()


def test_the_command_says_how_large_they_are(tmp_path, checkpoint, capsys):
    out = tmp_path / "out"
    assert main(["export", str(checkpoint), "--out", str(out)]) == 0
    size = (out / "head.safetensors").stat().st_size
    assert (
        capsys.readouterr().out.split()
        == f"head 685 parameters {size} bytes val 2.5000".replace(str(size), f"{size:,}").split()
    )
    assert main(["export", str(checkpoint), "--out", str(out), "--json"]) == 0
    (said,) = json.loads(capsys.readouterr().out)
    assert said["file"] == "head.safetensors" and said["bytes"] == size
    assert main(["export", "nowhere", "--out", str(out)]) == 1
    assert "no checkpoint at 'nowhere'" in capsys.readouterr().err
