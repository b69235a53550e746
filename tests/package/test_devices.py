"""Where a model computes. No GPU is needed here: PyTorch can pretend to have one, as far as shapes and places go."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from lower_triangle.checkpoint import load_checkpoint
from lower_triangle.cli import main
from lower_triangle.devices import find_device, find_precision, get_random_state, set_random_state
from lower_triangle.errors import UsageError
from lower_triangle.loss import evaluate
from lower_triangle.stages import STAGES
from lower_triangle.train import BEST, LAST, train


def pretend(monkeypatch, cuda=False, mps=False, count=1, has_bfloat16=True):
    monkeypatch.setattr("torch.cuda.is_available", lambda: cuda)
    monkeypatch.setattr("torch.cuda.device_count", lambda: count)
    monkeypatch.setattr("torch.cuda.is_bf16_supported", lambda including_emulation: has_bfloat16)
    monkeypatch.setattr("torch.backends.mps.is_available", lambda: mps)


@pytest.mark.parametrize(
    ("here", "auto"),
    [({}, "cpu"), ({"cuda": True}, "cuda:0"), ({"mps": True}, "mps"), ({"cuda": 1, "mps": 1}, "cuda:0")],
)
def test_auto_is_the_fastest_there_is(here, auto, monkeypatch):
    pretend(monkeypatch, **here)
    assert find_device("auto") == torch.device(auto)
    assert find_device("cpu") == torch.device("cpu")


def test_each_process_of_a_machine_has_a_gpu_of_its_own(monkeypatch):
    pretend(monkeypatch, cuda=True, count=2)
    monkeypatch.setenv("LOCAL_RANK", "1")
    assert find_device("auto") == torch.device("cuda:1")
    monkeypatch.setenv("LOCAL_RANK", "2")
    with pytest.raises(UsageError, match="^process 2 of this machine has no GPU of its own: there are 2; start 2 proc"):
        find_device("cuda")


@pytest.mark.parametrize("command", ["train head --out runs/new", "sample runs/head", "evaluate runs/head"])
def test_a_device_that_is_not_here_is_refused_in_one_line(command, tmp_path, small_text, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    small = ["--corpus", str(small_text)]
    assert main(["train", "head", *small, "--steps", "2", "--context-length", "3"]) == 0
    before = sorted(tmp_path.rglob("*"))
    pretend(monkeypatch)
    capsys.readouterr()
    for device, message in {
        "cuda": f"PyTorch {torch.__version__} finds no cuda here, but cpu; try device=auto",
        "gpu": "no device called 'gpu'; there are auto, cuda, mps, cpu",
    }.items():
        words = [*command.split(), *(small if "train" in command else []), "--device", device]
        assert main(words) == 2
        assert capsys.readouterr() == ("", f"lower-triangle: {message}\n")
    assert sorted(tmp_path.rglob("*")) == before


def test_bfloat16_is_for_gpus_that_have_it_and_for_who_asks(monkeypatch):
    pretend(monkeypatch, cuda=True)
    gpu, cpu = torch.device("cuda"), torch.device("cpu")
    assert [find_precision("auto", each) for each in (gpu, cpu)] == [torch.bfloat16, torch.float32]
    assert [find_precision(name, gpu) for name in ("float32", "bfloat16")] == [torch.float32, torch.bfloat16]
    assert find_precision("bfloat16", cpu) == torch.bfloat16
    pretend(monkeypatch, cuda=True, has_bfloat16=False)
    assert find_precision("auto", gpu) == torch.float32
    with pytest.raises(UsageError, match="^no precision called 'bf16'; did you mean 'bfloat16'?"):
        find_precision("bf16", cpu)


def test_bfloat16_computes_a_step_coarsely_and_keeps_the_weights_fine(small, sizes, brief, tmp_path):
    fine = train("gpt", small, sizes, brief, tmp_path / "fine")
    coarse = train("gpt", small, sizes, brief, tmp_path / "coarse", precision="bfloat16")
    assert {parameter.dtype for parameter in coarse.model.parameters()} == {torch.float32}
    assert coarse.curve != fine.curve
    assert coarse.final_val == pytest.approx(fine.final_val, abs=0.01)
    assert coarse.final_val == evaluate(coarse.model, small.val), "an evaluation is exact whatever the training was"
    assert load_checkpoint(tmp_path / "coarse" / LAST).manifest.precision == "bfloat16"
    assert load_checkpoint(tmp_path / "fine" / BEST).manifest.precision == "float32"


def test_a_run_goes_on_only_with_the_precision_it_began_with(small, sizes, brief, tmp_path):
    train("head", small, sizes, brief, tmp_path)
    message = "was trained with precision='float32' and cannot go on with precision='bfloat16'; leave"
    with pytest.raises(UsageError, match=message):
        train("head", small, sizes, brief, tmp_path, resume=True, precision="bfloat16")


def test_a_random_stream_is_put_back():
    state = get_random_state(torch.device("cpu"))
    drawn = torch.rand(3)
    set_random_state(torch.device("cpu"), state)
    assert torch.equal(torch.rand(3), drawn)


@pytest.fixture(scope="module")
def pretended():
    """What came of using a GPU that has shapes and no numbers, in a process of its own: the pretence is for good."""
    script = Path(__file__).with_name("pretended_gpu.py")
    done = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize("stage", STAGES)
def test_what_a_step_an_evaluation_and_a_text_need_is_brought_to_the_gpu(stage, pretended):
    assert pretended[stage] == {"step": "pretended", "evaluation": "pretended", "text": "cpu", "cached text": "cpu"}


def test_the_pretended_gpu_notices_what_was_left_behind(pretended):
    assert all("Expected all tensors to be on the same device" in said for said in pretended["left behind"])
    assert len(pretended["left behind"]) == 2
