"""One loop for every stage: it repeats, it measures exactly, it loses nothing."""

import copy
from dataclasses import replace

import pytest
import torch

from lower_triangle.checkpoint import load_checkpoint
from lower_triangle.config import ModelConfig
from lower_triangle.errors import CorpusError, OutputError, TrainingError, UsageError
from lower_triangle.folders import LOCK
from lower_triangle.loss import evaluate
from lower_triangle.stages import STAGES, find_stage
from lower_triangle.train import BEST, LAST, fit, train


def weights(model):
    return torch.cat([parameter.flatten() for parameter in model.state_dict().values()])


@pytest.mark.parametrize("stage", STAGES)
def test_training_twice_with_one_seed_is_training_once(stage, small, sizes, brief):
    results = []
    for ambient in (0, 1):
        torch.manual_seed(ambient)  # the caller's own luck must not matter
        results.append(train(stage, small, sizes, brief))
    first, second = results
    assert torch.equal(weights(first.model), weights(second.model))
    assert first.curve == second.curve


def test_another_seed_is_another_run(small, sizes, brief):
    first, second = (train("head", small, sizes, replace(brief, seed=seed)) for seed in (0, 1))
    assert not torch.equal(weights(first.model), weights(second.model))


def test_the_seed_decides_the_batches_too(model, small, brief):
    models = [copy.deepcopy(model) for _ in range(2)]
    for seed, each in enumerate(models):
        fit(each, small, replace(brief, seed=seed), 0.1)
    assert not torch.equal(weights(models[0]), weights(models[1]))


def test_how_often_it_is_evaluated_does_not_change_what_is_learnt(small, sizes, brief):
    often, seldom = (train("head", small, sizes, replace(brief, eval_every=every)) for every in (1, 100))
    assert torch.equal(weights(often.model), weights(seldom.model))
    assert [step for step, _ in often.curve] == list(range(1, 13))
    assert [step for step, _ in seldom.curve] == [12]


def test_the_last_step_is_evaluated_too(small, sizes, brief):
    result = train("head", small, sizes, brief)
    assert [step for step, _ in result.curve] == [5, 10, 12]
    assert result.curve[-1] == (12, evaluate(result.model, small.val))
    assert result.final_train == evaluate(result.model, small.train)


def test_the_best_is_the_lowest_of_the_curve(small, sizes, brief):
    result = train("head", small, sizes, replace(brief, learning_rate=0.3, eval_every=1))
    assert (result.best_step, result.best_val) == min(result.curve, key=lambda point: point[1])
    assert result.best_val < result.final_val, "a rate so high should have made the last worse than the best"


def test_training_lowers_the_loss(small, sizes, brief):
    torch.manual_seed(0)
    untrained = evaluate(find_stage("head").build(sizes, len(small.tokenizer)), small.train)
    assert train("head", small, sizes, replace(brief, steps=200, learning_rate=0.01)).final_train < untrained - 0.5


def test_training_leaves_the_callers_random_stream_alone(small, sizes, brief):
    before = torch.get_rng_state()
    train("head", small, sizes, brief)
    assert torch.equal(torch.get_rng_state(), before)


def test_a_stage_brings_its_learning_rate_and_a_given_one_wins(small, sizes, brief):
    given = replace(brief, learning_rate=0.5)
    rates = [
        train(stage, small, sizes, c).learning_rate
        for stage, c in [("bigram", brief), ("head", brief), ("head", given)]
    ]
    assert rates == [0.01, 0.001, 0.5]


def test_a_run_keeps_its_best_and_its_last_model(small, sizes, brief, tmp_path):
    result = train("head", small, sizes, replace(brief, learning_rate=0.3, eval_every=1), tmp_path / "run")
    best, last = load_checkpoint(tmp_path / "run" / BEST), load_checkpoint(tmp_path / "run" / LAST)
    assert (best.manifest.step, best.manifest.val_loss) == (result.best_step, result.best_val)
    assert evaluate(best.model, small.val) == result.best_val
    assert torch.equal(weights(last.model), weights(result.model))
    assert {path.name for path in (tmp_path / "run").iterdir()} == {BEST, LAST, LOCK}


def test_a_loss_that_is_not_finite_stops_the_run_before_the_update(model, small, brief):
    with torch.no_grad():
        model.lm_head.bias[0] = torch.inf
    before = weights(model)
    with pytest.raises(TrainingError, match="^the loss is nan at step 1, so the update was not made; try a smaller learning_rate"):
        fit(model, small, brief, 0.1)
    assert torch.equal(weights(model), before)


def test_a_folder_with_checkpoints_is_refused_and_untouched(small, sizes, brief, tmp_path):
    train("head", small, sizes, brief, tmp_path)
    before = (tmp_path / LAST).read_bytes()
    with pytest.raises(
        OutputError, match=r"already holds best.safetensors and last.safetensors; .*--overwrite to lose"
    ):
        train("head", small, sizes, replace(brief, seed=1), tmp_path)
    assert (tmp_path / LAST).read_bytes() == before
    train("head", small, sizes, replace(brief, seed=1), tmp_path, overwrite=True)
    assert (tmp_path / LAST).read_bytes() != before


def test_a_folder_that_cannot_be_written_is_refused_before_training(small, sizes, brief, tmp_path, monkeypatch):
    monkeypatch.setattr("lower_triangle.train.fit", lambda *arguments: pytest.fail("it has trained"))
    file = tmp_path / "file"
    file.touch()
    for out in (file, file / "run", tmp_path / ("long" * 99)):
        with pytest.raises(OutputError, match=f"^cannot write in '{out}': .*; choose another folder$"):
            train("head", small, sizes, brief, out)


def test_a_run_that_fails_leaves_no_empty_folders(small, sizes, brief, tmp_path):
    with pytest.raises(TrainingError):
        train("head", small, sizes, replace(brief, learning_rate=1e30), tmp_path / "runs" / "head")
    assert list(tmp_path.iterdir()) == []


def test_what_cannot_be_trained_is_refused(small, brief):
    with pytest.raises(UsageError, match="^no stage called 'haed'; did you mean 'head'"):
        train("haed", small)
    with pytest.raises(CorpusError, match="is too short: it has 1,000 characters"):
        train("head", small, ModelConfig(context_length=100), brief)


def test_no_progress_is_shown_where_there_is_no_terminal(small, sizes, brief, capsys):
    train("head", small, sizes, brief)
    assert capsys.readouterr() == ("", "")


def test_a_terminal_is_shown_the_loss_the_speed_and_the_time_left(small, sizes, brief, capsys, monkeypatch):
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    train("head", small, sizes, replace(brief, steps=300))
    shown = capsys.readouterr().err
    assert "characters/s" in shown and "left" in shown and "loss=" in shown
    train("head", small, sizes, brief, progress=False)
    assert capsys.readouterr().err == ""
