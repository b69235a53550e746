"""A run that is stopped, however it is stopped, loses nothing and goes on as if it had not been."""

import json
import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from lower_triangle import train as module
from lower_triangle.checkpoint import load_checkpoint
from lower_triangle.errors import CheckpointError, Interrupted, OutputError, TrainingError, UsageError
from lower_triangle.folders import locked
from lower_triangle.stages import STAGES
from lower_triangle.train import BEST, LAST, METRICS, best_of, train

KILLS = 20


@pytest.fixture
def settings(brief):
    return replace(brief, warmup=3, final_share=0.1, clip=1.0, accumulate=2, learning_rate=0.05)


@pytest.fixture
def interruptible():
    """Ctrl-C as Python takes it: a shell has a program that it starts in the background overlook it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def stop_after(step: int, number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have a signal arrive while step number `step` is worked on."""
    take_step = module.take_step

    def interrupted(model, optimizer, batch, at, *others):
        if at == step:
            os.kill(os.getpid(), number)
        return take_step(model, optimizer, batch, at, *others)

    monkeypatch.setattr(module, "take_step", interrupted)


@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize("step", [3, 5, 11])
def test_a_resumed_run_is_the_run_that_never_stopped_bit_for_bit(
    stage, step, small, sizes, settings, tmp_path, monkeypatch
):
    """Weights, optimizer, schedule, both random streams, curve and best: every byte of both files."""
    dropout = replace(sizes, dropout=0.1)
    straight = train(stage, small, dropout, settings, tmp_path / "straight")
    with monkeypatch.context() as patch, pytest.raises(Interrupted):
        stop_after(step, signal.SIGINT, patch)
        train(stage, small, dropout, settings, tmp_path / "stopped")
    assert load_checkpoint(tmp_path / "stopped" / LAST).manifest.step == step
    torch.rand(step)  # the caller's random stream has moved on
    resumed = train(stage, small, dropout, settings, tmp_path / "stopped", resume=True)
    for name in (BEST, LAST, METRICS):
        assert (tmp_path / "stopped" / name).read_bytes() == (tmp_path / "straight" / name).read_bytes()
    assert (resumed.curve, resumed.best_step, resumed.final_train) == (
        straight.curve,
        straight.best_step,
        straight.final_train,
    )


@pytest.mark.parametrize("missing", ["batches", "random.0", "exp_avg.lm_head.weight", "step.lm_head.weight"])
def test_nothing_of_what_is_saved_could_be_left_out(missing, small, sizes, settings, tmp_path, monkeypatch):
    """The comparison above can fail: with one part of the state not restored, the run ends elsewhere."""
    dropout = replace(sizes, dropout=0.1)
    straight = train("gpt", small, dropout, settings)
    tensors = module.training_tensors
    fresh: dict = {}

    def forget(*arguments):
        kept = tensors(*arguments)
        fresh.setdefault("random", torch.Generator().manual_seed(9).get_state())
        name = missing.replace("lm_head", "embed.token")  # one tensor, under its first name
        kept[name] = fresh["random"] if kept[name].dtype == torch.uint8 else torch.zeros_like(kept[name])
        return kept

    with monkeypatch.context() as patch, pytest.raises(Interrupted):
        patch.setattr(module, "training_tensors", forget)
        stop_after(4, signal.SIGINT, patch)
        train("gpt", small, dropout, settings, tmp_path)
    assert train("gpt", small, dropout, settings, tmp_path, resume=True).curve != straight.curve


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_a_signal_finishes_the_step_saves_it_and_says_how_to_go_on(
    number, code, small, sizes, brief, tmp_path, monkeypatch
):
    stop_after(4, number, monkeypatch)
    before = signal.getsignal(number)
    with pytest.raises(
        Interrupted, match="^stopped after step 4 and saved it in .*; go on with .* --resume$"
    ) as caught:
        train("head", small, sizes, brief, tmp_path)
    assert caught.value.exit_code == code
    assert signal.getsignal(number) is before
    assert load_checkpoint(tmp_path / LAST).manifest.step == 4
    assert not (tmp_path / BEST).exists(), "nothing was evaluated yet"


def test_a_hang_up_that_nohup_has_ignored_stays_ignored(small, sizes, brief, tmp_path, monkeypatch):
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    stop_after(4, signal.SIGHUP, monkeypatch)
    try:
        assert train("head", small, sizes, brief, tmp_path).curve[-1][0] == brief.steps
    finally:
        signal.signal(signal.SIGHUP, before)


def test_a_run_that_was_never_evaluated_says_so_and_can_still_be_named(small, sizes, brief, tmp_path, monkeypatch):
    with monkeypatch.context() as patch, pytest.raises(Interrupted):
        stop_after(4, signal.SIGTERM, patch)
        train("head", small, sizes, brief, tmp_path)
    with pytest.raises(CheckpointError, match="has not been evaluated yet, .* go on with it .--resume., or name '.*last"):
        best_of(tmp_path)
    assert best_of(tmp_path / LAST) == tmp_path / LAST
    train("head", small, sizes, brief, tmp_path, resume=True)
    assert best_of(tmp_path) == tmp_path / BEST


def test_a_second_signal_does_not_wait_for_the_step(small, sizes, brief, tmp_path, monkeypatch, interruptible):
    def stubborn(*arguments):
        os.kill(os.getpid(), signal.SIGINT)
        os.kill(os.getpid(), signal.SIGINT)
        pytest.fail("the step was finished")

    monkeypatch.setattr(module, "take_step", stubborn)
    with pytest.raises(KeyboardInterrupt):
        train("head", small, sizes, brief, tmp_path)


def test_resuming_another_run_is_refused_and_says_what_differs(small, play, sizes, brief, tmp_path, monkeypatch):
    with monkeypatch.context() as patch, pytest.raises(Interrupted):
        stop_after(4, signal.SIGINT, patch)
        train("head", small, sizes, brief, tmp_path)
    before = (tmp_path / LAST).read_bytes()
    others = {
        r"steps=12, seed=0 and cannot go on with steps=13, seed=1; leave these": (
            ("head", small, sizes, replace(brief, steps=13, seed=1))
        ),
        r"learning_rate=0.001 and cannot go on with learning_rate=0.1": (
            ("head", small, sizes, replace(brief, learning_rate=0.1))
        ),
        r"d_model=6 and cannot go on with d_model=8": ("head", small, replace(sizes, d_model=8), brief),
        r"stage='head' and cannot go on with stage='position'": ("position", small, sizes, brief),
        rf"corpus='{small.sha256[:12]}' and cannot go on with corpus='{play.sha256[:12]}'": (
            "head",
            play,
            sizes,
            brief,
        ),
    }
    for message, arguments in others.items():
        with pytest.raises(UsageError, match=message):
            train(*arguments, out=tmp_path, resume=True)
    assert (tmp_path / LAST).read_bytes() == before


def test_what_cannot_be_resumed_says_why(small, sizes, brief, tmp_path):
    with pytest.raises(CheckpointError, match="^nothing was saved in '.*none' that a run could go on from; leave out"):
        train("head", small, sizes, brief, tmp_path / "none", resume=True)
    assert not (tmp_path / "none").exists()
    with pytest.raises(UsageError, match="^resume=True needs the folder of the run"):
        train("head", small, sizes, brief, resume=True)
    train("head", small, sizes, brief, tmp_path)
    with pytest.raises(UsageError, match="^--resume goes on with a run and --overwrite loses it; give one of them$"):
        train("head", small, sizes, brief, tmp_path, overwrite=True, resume=True)
    with pytest.raises(UsageError, match="is over: it took 12 steps; for a longer one, train anew with more --steps$"):
        train("head", small, sizes, brief, tmp_path, resume=True)
    os.replace(tmp_path / BEST, tmp_path / LAST)
    with pytest.raises(UsageError, match="holds a model but not the state of its training; train again$"):
        train("head", small, sizes, brief, tmp_path, resume=True)


def test_a_run_that_patience_ended_is_over_too(small, sizes, brief, tmp_path):
    impatient = replace(brief, steps=100, eval_every=1, learning_rate=0.9, patience=2)
    result = train("head", small, sizes, impatient, tmp_path)
    assert result.best_step == result.curve[-1][0] - 2 < 98
    with pytest.raises(UsageError, match="is over"):
        train("head", small, sizes, impatient, tmp_path, resume=True)


def test_two_runs_do_not_share_a_folder(small, sizes, brief, tmp_path):
    with locked(tmp_path), pytest.raises(OutputError, match="^another run is writing in .*; wait for it, or choose"):
        train("head", small, sizes, brief, tmp_path)
    train("head", small, sizes, brief, tmp_path)


def test_a_gradient_that_is_not_finite_stops_the_run_and_keeps_the_last_good(
    small, sizes, brief, tmp_path, monkeypatch
):
    cross_entropy = module.cross_entropy
    seen = []

    def spoilt(logits, targets):
        seen.append(None)
        return cross_entropy(logits, targets) if len(seen) < 8 else (logits.sum() * 0).sqrt()

    monkeypatch.setattr(module, "cross_entropy", spoilt)
    with pytest.raises(TrainingError, match="^the gradient is nan at step 8, so the update was not made; try a"):
        train("head", small, sizes, brief, tmp_path)
    assert load_checkpoint(tmp_path / LAST).manifest.step == 5


def test_a_folder_that_can_no_longer_be_written_ends_the_run_and_keeps_what_was_saved(
    small, sizes, brief, tmp_path, monkeypatch
):
    """As when a disk is taken away, or mounted again to be read only, between two saves."""
    out, elsewhere = tmp_path / "run", tmp_path / "elsewhere"
    take_step = module.take_step

    def taken_away(model, optimizer, batch, at, *others):
        if at == 7:
            out.rename(elsewhere)
            out.touch()
        return take_step(model, optimizer, batch, at, *others)

    monkeypatch.setattr(module, "take_step", taken_away)
    with pytest.raises(OutputError, match=f"^cannot write '{out}/.*': Not a directory; choose another place$"):
        train("head", small, sizes, brief, out)
    assert load_checkpoint(elsewhere / LAST).manifest.step == 5


@pytest.fixture(scope="module")
def found(small_text, tmp_path_factory):
    """What came of runs that were killed, in a process of their own."""
    script = Path(__file__).with_name("killed_runs.py")
    command = [sys.executable, str(script), str(tmp_path_factory.mktemp("killed")), str(small_text), str(KILLS)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout) | {"said": done.stderr.splitlines()}


def test_twenty_kills_lose_nothing(found, record_property):
    assert found["killed"] == [-signal.SIGKILL] * KILLS
    assert found["unreadable"] == []
    assert found["steps"] == sorted(found["steps"]), "a later kill left an earlier step"
    assert (found["straight"], found["finished"], found["differ"]) == (0, 0, [])
    assert found["left"] == [".lock", BEST, LAST, METRICS]


def test_the_lock_of_a_run_that_was_killed_is_no_lock(found):
    assert found["second"] == 1
    assert any(line.startswith("another run is writing in") for line in found["said"])
    assert found["after the first died"] == 0


def test_a_full_disk_keeps_the_checkpoint_that_was_there(found):
    assert (found["interrupted"], found["full"], found["kept"]) == (130, 1, True)
    assert any(line.startswith("cannot write '") for line in found["said"])
    assert found["left where full"] == [".lock", BEST, LAST, METRICS]
