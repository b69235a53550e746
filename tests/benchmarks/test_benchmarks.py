"""The frame of the benchmarks: whom it runs, what it reads from their log, and that what it recorded bears the claims."""

import subprocess
import sys
from pathlib import Path
from statistics import median

import pytest
import torch
from torch.testing import assert_close

from benchmarks import __main__ as command
from benchmarks import changes, ours, parity, positions, steps, theirs
from benchmarks.records import ratio, summarize
from benchmarks.sides import Side, SideError
from lower_triangle.beyond.fast import FAST_SETTINGS, FAST_SIZES, FastSettings, fast
from lower_triangle.beyond.positions import POSITIONS
from lower_triangle.config import GPT_SIZES, ModelConfig
from lower_triangle.corpus import load_corpus
from lower_triangle.errors import CheckpointError, UsageError
from lower_triangle.loss import cross_entropy
from lower_triangle.results import load_benchmark, load_result
from lower_triangle.stages import STAGES

# Stands in for nanoGPT's train.py: it says of each iteration what that says, and takes the same flags.
TRAIN = """
import os, sys
flags = dict(each.removeprefix("--").split("=") for each in sys.argv[2:])
last = int(flags["max_iters"])
assert flags["eval_interval"] == flags["max_iters"] and sys.argv[1] == "config/train_shakespeare_char.py"
assert os.path.getsize("data/shakespeare_char/train.bin") > 0
if flags["dropout"] == "0.5":
    sys.exit("no such dropout")
print("step 0: train loss 4.2, val loss 4.2")
for number in range(last + 1):
    ms = 900.0 if number in (0, last) else 10.0 * number * int(os.environ["OMP_NUM_THREADS"])
    print(f"iter {number}: loss 2.5000, time {ms:.2f}ms, mfu -100.00%")
"""


@pytest.fixture
def checkout(tmp_path):
    """A folder that looks like a checkout of nanoGPT."""
    folder = tmp_path / "nanoGPT"
    (folder / "config").mkdir(parents=True)
    for name in ("model.py", "configurator.py", "config/train_shakespeare_char.py"):
        (folder / name).write_text("# nanoGPT\n")
    (folder / "train.py").write_text(TRAIN)
    return folder


@pytest.fixture(scope="module")
def play():
    return load_corpus("play")


def test_their_code_and_our_text_are_put_where_their_scripts_look(checkout, tmp_path, play):
    theirs.scratch_copy(checkout, tmp_path / "copy", play)
    copied = {str(path.relative_to(tmp_path / "copy")) for path in (tmp_path / "copy").rglob("*.py")}
    assert copied == {"model.py", "train.py", "configurator.py", "config/train_shakespeare_char.py"}
    train, val = (tmp_path / "copy/data/shakespeare_char" / f"{name}.bin" for name in ("train", "val"))
    assert train.stat().st_size == 2 * len(play.train) and val.stat().st_size == 2 * len(play.val)
    assert not list(checkout.rglob("*.bin")), "their checkout was written into"


def test_what_is_no_checkout_is_refused_in_a_line(tmp_path, play, capsys):
    with pytest.raises(UsageError, match="is no checkout of nanoGPT, it has no model.py; git clone"):
        theirs.scratch_copy(tmp_path, tmp_path / "copy", play)
    for main in (command.main, parity.main):
        assert main([str(tmp_path), "--corpus", "play"]) == 2
        assert capsys.readouterr().err.count("\n") == 1


def test_too_few_rounds_are_refused(checkout, capsys):
    assert command.main([str(checkout), "--corpus", "play", "--rounds", "4"]) == 2
    assert "take at least 5" in capsys.readouterr().err


def test_iterations_that_evaluate_are_not_counted(checkout, tmp_path, play):
    theirs.scratch_copy(checkout, tmp_path / "copy", play)
    run = theirs.train(tmp_path / "copy", threads=2, max_iters=4)
    assert run["steps"] == pytest.approx([0.02, 0.04, 0.06])
    assert run["losses"] == [2.5] * 4
    assert run["seconds"] == pytest.approx(0.12 + 0.04)  # and the first like any other


def test_a_run_of_theirs_that_fails_says_why(checkout, tmp_path, play):
    theirs.scratch_copy(checkout, tmp_path / "copy", play)
    with pytest.raises(SideError, match="no such dropout"):
        theirs.train(tmp_path / "copy", threads=1, max_iters=4, dropout=0.5)


def test_our_side_answers_what_it_is_asked(tmp_path):
    with Side("benchmarks.ours", ["play"], 1, tmp_path) as side:
        answer = side.ask("generate", context=64, length=5)
        assert 0 < answer["seconds"] < 60
        assert side.ask("evaluate")["characters"] == len(load_corpus("play").val) - 1
        with pytest.raises(SideError, match="benchmarks.ours ended while it was asked for 'nonsense'"):
            side.ask("nonsense")


def test_measures_are_taken_in_turns_and_the_order_turns_around():
    order = []

    def measure(name):
        def take(number):
            order.append(name + str(number))
            return {name: float(number)}

        return take

    assert command.in_turns(3, [measure("a"), measure("b")]) == {"a": [0.0, 1.0, 2.0], "b": [0.0, 1.0, 2.0]}
    assert order == ["a0", "b0", "b1", "a1", "a2", "b2"]


def test_ratios_are_taken_round_by_round():
    assert ratio([2.0, 9.0, 4.0], [1.0, 3.0, 4.0]) == {"median": 2.0, "min": 1.0, "max": 3.0, "rounds": [2.0, 3.0, 1.0]}
    assert summarize([1.0, 2.0, 10.0])["median"] == 2.0


def test_a_character_costs_what_its_model_costs():
    """Six operations for each number of the matrices, and attention: of 64 places, twice, forward and twice back."""
    model = ours.STAGES["gpt"].build(ours.GPT_SIZES, 65)
    multiplying = sum(p.numel() for p in model.parameters() if p.dim() == 2) - model.embed.position.weight.numel()
    assert command.CHARACTER == 6 * multiplying + 12 * 4 * 128 * 64


def test_each_change_changes_the_recipe(play):
    torch.set_num_threads(1)
    sizes = ModelConfig(d_model=16, n_head=2)
    losses = {}
    for name, run in {**changes.changes(play), **changes.hurry(play)}.items():
        run.sizes = changes.replace(sizes, n_layer=run.sizes.n_layer, context_length=run.sizes.context_length // 4)
        run.settings = FastSettings(steps=3, batch_size=run.settings.batch_size // 4 + 1)
        losses[name] = run.take(seed=0)["loss"]
    assert len(set(losses.values())) == len(losses), losses


@pytest.mark.parametrize("name", POSITIONS)
def test_a_model_reads_further_than_it_was_trained_where_it_can(name, play):
    torch.manual_seed(0)
    model, tokens = POSITIONS[name](GPT_SIZES, 65), play.val[None, :128]
    with torch.no_grad():
        before = model(tokens[:, :64])
        assert positions.lengthen(model, name, 128) == (name != "learned")
        if name != "learned":
            assert_close(model(tokens)[:, :64], before)


def test_a_benchmark_that_is_not_recorded_says_so():
    with pytest.raises(CheckpointError, match="no benchmark is recorded for 'nanogtp'"):
        load_benchmark("nanogtp")


def test_nothing_of_theirs_is_in_the_repository():
    tracked = subprocess.run(["git", "ls-files"], capture_output=True, text=True, check=True).stdout.split()
    of_theirs = ("class Causal" + "SelfAttention", "poor man's " + "data loader", "class GPT" + "Config")
    for name in tracked:
        if Path(name).suffix == ".py" and Path(name).is_file():
            text = Path(name).read_text("utf-8")
            assert not any(line in text for line in of_theirs), name


RECORD = load_benchmark("nanogpt")
MEASURED, RATIOS = RECORD["measured"], RECORD["ratios"]


def test_the_same_training_comes_to_the_same_loss():
    """From nanoGPT's first weights and on its batches; its warm-up divides by 101 where ours divides by 100."""
    record = load_benchmark("parity")
    for name in ("ours", "ours, in bfloat16", "ours, in bfloat16, by hand"):
        assert abs(record["losses"][name] - record["losses"]["nanoGPT"]) <= 0.01, name
    assert record["largest_difference"] <= 0.003
    assert record["losses"]["nanoGPT"] == pytest.approx(MEASURED["nanoGPT's loss"]["median"], abs=1e-3)


def test_our_own_seeds_come_to_what_is_recorded_of_them():
    assert abs(MEASURED["the same, loss"]["median"] - load_result("gpt")["summary"]["final_val"]["mean"]) <= 0.01


def test_what_is_said_to_be_reached_was_reached_in_every_round():
    assert MEASURED["its architecture in a hurry, loss"]["max"] <= 1.90
    assert MEASURED["fast recipe, long, loss"]["max"] <= 1.50
    assert MEASURED["fast recipe, long, seconds"]["max"] <= MEASURED["nanoGPT trains, seconds"]["min"]
    assert MEASURED["fast recipe, short, loss"]["max"] <= 1.88


@pytest.mark.parametrize(
    ("name", "goal"),
    [
        ("training, same architecture and batch", 1.6),
        ("evaluating", 3),
        ("time to its loss, its architecture", 5),
        ("time to 1.88, fast recipe", 15),
        ("writing at 64, half reread", 4.5),
        ("writing at 256, half reread", 10),
    ],
)
def test_goals_that_the_page_says_are_reached(name, goal):
    assert RATIOS[name]["median"] >= goal


def test_ways_to_take_a_step_compute_the_same_and_are_different(play):
    torch.manual_seed(0)
    batch = [each[:2, :64] for each in (play.train[None, :128], play.train[None, 1:129])]
    losses = {}
    for way in steps.WAYS:
        torch.manual_seed(0)
        model = steps.prepare(
            way, STAGES["gpt"].build(ModelConfig(context_length=64, d_model=32, n_head=2), 65)
        ).train()
        losses[way] = cross_entropy(model(batch[0]), batch[1]).item()
    assert max(losses.values()) - min(losses.values()) < 0.01
    assert losses[steps.TAUGHT] == losses[steps.KEPT] and len(set(losses.values())) >= 3, losses
    assert steps.take(steps.HALF_SPELLED, play, steps=4) > 0


def test_of_the_recorded_steps_the_fastest_is_the_one_of_which_the_page_says_so():
    ways = load_benchmark("steps")["ways"]
    assert list(ways) == list(steps.WAYS)
    assert min(ways.keys() - {steps.BY_HAND}, key=lambda way: ways[way]["median"]) == steps.HALF_SPELLED
    assert min(ways, key=lambda way: ways[way]["max"]) == steps.BY_HAND


def test_each_record_is_of_another_processor():
    assert RECORD["hardware"]["processor"] != load_benchmark("nanogpt-xeon")["hardware"]["processor"]


@pytest.mark.parametrize("record", ["nanogpt", "nanogpt-xeon"])
def test_every_summary_is_that_of_its_rounds(record):
    record = load_benchmark(record)
    for name, each in {**record["measured"], **record["ratios"]}.items():
        assert len(each["rounds"]) >= 5, name
        assert each["median"] == pytest.approx(median(each["rounds"]), abs=1e-4), name
        assert each["min"] == min(each["rounds"]) and each["max"] == max(each["rounds"]), name


def test_the_recorded_recipe_is_the_one_of_the_package():
    assert set(MEASURED["fast recipe, long, steps"]["rounds"]) == {FAST_SETTINGS.steps}
    multiplying = sum(parameter.numel() for parameter in fast(FAST_SIZES, 65).blocks.parameters())
    assert set(MEASURED["fast recipe, long, multiplying"]["rounds"]) == {multiplying}


def test_a_checkout_must_be_named():
    done = subprocess.run(["make", "bench"], capture_output=True, text=True, check=False)
    assert done.returncode != 0 and "name a checkout of nanoGPT" in done.stdout


def test_the_help_says_what_it_takes():
    done = subprocess.run([sys.executable, "-m", "benchmarks", "-h"], capture_output=True, text=True, check=True)
    assert "nanogpt" in done.stdout and "--rounds" in done.stdout
