"""Several processes that train one model come to what one process comes to, and none outlives the others by much."""

import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from lower_triangle.checkpoint import load_checkpoint
from lower_triangle.errors import UsageError
from lower_triangle.parallel import ALONE, process_group
from lower_triangle.train import BEST, LAST, METRICS

# Between the death of one process and the end of the other: seconds enough for a machine that has other work.
BOUND = 30


@pytest.fixture(scope="module")
def found(small_text, tmp_path_factory):
    """What came of runs of two processes, which a process of their own has started."""
    script = Path(__file__).with_name("two_processes.py")
    command = [sys.executable, str(script), str(tmp_path_factory.mktemp("parallel")), str(small_text)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout) | {"said": done.stderr.splitlines()}


def test_the_gradient_of_two_processes_is_that_of_one_on_the_whole_batch(found, record_property):
    gradient = found["gradient"]
    row = (
        f"{'from one process':18} {gradient['from one process']:.1e}  between the two {gradient['between the two']:.1e}"
    )
    record_property("two processes: worst difference in a gradient", row)
    assert gradient["largest"] > 0.01
    assert gradient["from one process"] <= 1e-6
    assert gradient["loss"] <= 1e-6
    assert gradient["between the two"] == 0


def test_two_processes_train_the_model_that_one_would(found):
    assert (found["alone"], found["both"], found["processes"]) == ([0], [0, 0], 2)
    assert found["weights"]["from one process"] <= 1e-5
    assert found["weights"]["between the two"] == 0


def test_each_process_drops_others(found):
    assert (found["three"], found["streams"]) == ([0, 0, 0], 3)


def test_nobody_leaves_before_the_step_is_saved(found):
    """torchrun ends all when one has ended, and a save may take a while."""
    assert found["when the second left"] == found["stopped after"]


def test_asked_to_stop_one_stops_both_at_the_same_step_and_they_go_on_bit_for_bit(found):
    assert (found["straight"], found["stopped"], found["stopped after"]) == ([0, 0], [143, 143], 7)
    assert (found["resumed"], found["differ"]) == ([0, 0], [])
    assert found["left"] == [".lock", BEST, LAST, METRICS], "the second process wrote something"


def test_what_two_processes_have_begun_one_does_not_finish(found):
    assert found["by one"] == [UsageError.exit_code]
    assert any(
        "was trained with processes=2 and cannot go on with processes=1; leave" in line for line in found["said"]
    )


def test_a_refusal_of_the_first_process_ends_both(found):
    assert found["taken"] == [1, 1]
    assert any("already holds best.safetensors and last.safetensors" in line for line in found["said"])


def test_a_batch_that_does_not_split_is_refused_by_both(found):
    message = "batch_size=6 does not split among 2 processes that work it through in accumulate=2 parts; try batch_size"
    assert found["odd"] == [UsageError.exit_code] * 2
    assert sum(line == f"{message}=4 or 8" for line in found["said"]) == 2


@pytest.mark.parametrize("victim", [0, 1])
def test_the_death_of_one_ends_the_other_within_a_bound(victim, found, record_property):
    death = found[f"death of {victim}"]
    record_property("death of a process", f"of {victim}: the other ended after {death['seconds']:.2f} s")
    assert (death["victim"], death["survivor"], death["readable"]) == (-signal.SIGKILL, 1, True)
    assert death["seconds"] < BOUND
    line = "another process of this run has ended or no longer answers, so this one ends too; go on from the last"
    assert sum(said.startswith(line) for said in found["said"]) == 4, "both deaths, the halt, the refusal"


def test_a_process_that_no_longer_answers_is_waited_for_as_long_as_said(found):
    """As long as PATIENCE says, which two_processes.py sets to 3 seconds for this."""
    assert found["halt"]["survivor"] == 1
    assert 2.5 < found["halt"]["seconds"] < BOUND


def test_the_command_of_the_page_trains_one_model_and_speaks_once(tmp_path, small_text):
    page = Path(__file__).parents[2] / "docs" / "reference" / "training.md"
    command = page.read_text("utf-8").partition("```console\n")[2].partition("```")[0]
    shutil.copy(small_text, tmp_path / "week.txt")
    words = shlex.split(command.replace("\\\n", " "))
    torchrun = [sys.executable, "-m", "torch.distributed.run", *words[1:]]
    assert words[0] == "torchrun"
    done = subprocess.run([*torchrun, "--json"], cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)  # one object, from one process
    manifest = load_checkpoint(tmp_path / result["last"]).manifest
    assert (manifest.step, manifest.processes) == (50, 2)
    odd = subprocess.run([*torchrun, "--batch-size", "5"], cwd=tmp_path, capture_output=True, text=True)
    lines = [line for line in odd.stderr.splitlines() if line.startswith("lower-triangle:")]
    assert len(lines) == 1 and "batch_size=5 does not split among 2 processes" in lines[0]


def test_a_process_on_its_own_needs_no_group():
    with process_group(torch.device("cpu")) as group:
        assert group is ALONE
    assert "MASTER_ADDR" not in os.environ


def test_others_that_cannot_be_reached_are_said_to_be(monkeypatch):
    monkeypatch.setenv("WORLD_SIZE", "2")
    for name in ("RANK", "MASTER_ADDR", "MASTER_PORT"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(UsageError, match=r"^cannot reach the other processes \(.*\); start them all with torchrun"):
        process_group(torch.device("cpu")).__enter__()
    with pytest.raises(UsageError, match="^several processes cannot train on mps together; try device=cpu, or one"):
        process_group(torch.device("mps")).__enter__()
