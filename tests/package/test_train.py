"""One loop for every stage: it repeats, it measures exactly, it loses nothing."""

import copy
import json
from dataclasses import replace

import pytest
import torch

from lower_triangle.checkpoint import load_checkpoint
from lower_triangle.config import ModelConfig, TrainConfig
from lower_triangle.corpus import draw_batch
from lower_triangle.errors import CorpusError, OutputError, TrainingError, UsageError
from lower_triangle.folders import LOCK
from lower_triangle.loss import cross_entropy, evaluate
from lower_triangle.stages import STAGES
from lower_triangle.train import BEST, LAST, METRICS, fit, is_stuck, make_optimizer, rate_share, take_step, train
from lower_triangle.variants import find_stage


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
    assert {path.name for path in (tmp_path / "run").iterdir()} == {BEST, LAST, METRICS, LOCK}


def test_a_loss_that_is_not_finite_stops_the_run_before_the_update(model, small, brief):
    with torch.no_grad():
        model.lm_head.bias[0] = torch.inf
    before = weights(model)
    with pytest.raises(TrainingError, match="^the loss is nan at step 1, so the update was not made; try a smaller"):
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


def test_metrics_are_a_line_of_json_for_each_evaluation(small, sizes, brief, tmp_path):
    result = train("head", small, sizes, replace(brief, warmup=10), tmp_path)
    lines = [json.loads(line) for line in (tmp_path / METRICS).read_text().splitlines()]
    assert [(line["step"], line["val_loss"]) for line in lines] == result.curve
    assert [round(line["learning_rate"], 6) for line in lines] == [0.0005, 0.001, 0.001]


def test_the_metrics_hold_the_loss_of_the_batch_before_its_update(small, sizes, brief, tmp_path):
    train("head", small, sizes, replace(brief, steps=1), tmp_path)
    torch.manual_seed(brief.seed)
    model = find_stage("head").build(sizes, len(small.tokenizer))
    generator = torch.Generator().manual_seed(brief.seed)
    inputs, targets = draw_batch(small.train, sizes.context_length, brief.batch_size, generator)
    assert json.loads((tmp_path / METRICS).read_text())["batch_loss"] == cross_entropy(model(inputs), targets).item()


def test_what_is_done_with_the_model_at_an_evaluation_does_not_change_what_is_learnt(small, sizes, brief):
    dropout = replace(sizes, dropout=0.5)

    def use(step, val_loss, model):
        seen.append(step)
        model.eval()

    seen = []
    results = [train("gpt", small, dropout, brief, on_eval=each) for each in (None, use)]
    assert torch.equal(*(weights(result.model) for result in results))
    assert seen == [5, 10, 12]


def test_the_learning_rate_rises_along_a_line_and_falls_along_a_cosine():
    config = TrainConfig(steps=9, warmup=5, final_share=0.2)
    shares = [rate_share(step, config) for step in range(1, 10)]
    half = 0.4 * 2**0.5 / 2  # of the way down, an eighth of a turn before and after the middle
    assert shares == pytest.approx([0.2, 0.4, 0.6, 0.8, 1, 0.6 + half, 0.6, 0.6 - half, 0.2])
    assert [rate_share(step, TrainConfig(steps=3)) for step in (1, 2, 3)] == [1, 1, 1]


def test_matrices_decay_and_vectors_do_not(model, brief):
    groups = make_optimizer(model, 0.1, replace(brief, weight_decay=0.3, beta2=0.9)).param_groups
    decay = {parameter: group["weight_decay"] for group in groups for parameter in group["params"]}
    assert {name: decay[parameter] for name, parameter in model.named_parameters()} == {
        name: 0.0 if name == "lm_head.bias" else 0.3 for name, _ in model.named_parameters()
    }
    assert all(group["betas"] == (0.9, 0.9) for group in groups)


def gradients(model, batch, config):
    model = copy.deepcopy(model).train()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.0)
    loss = take_step(model, optimizer, batch, 1, config)
    return loss, torch.cat([parameter.grad.flatten() for parameter in model.parameters()])


def test_a_batch_in_parts_has_the_loss_and_the_gradient_of_the_whole(model, brief):
    tokens = torch.arange(24).view(6, 4)
    whole, parts = (
        gradients(model, (tokens[:, :3], tokens[:, 1:]), replace(brief, batch_size=6, accumulate=n)) for n in (1, 3)
    )
    assert whole[0] == pytest.approx(parts[0], abs=1e-6)
    torch.testing.assert_close(whole[1], parts[1], atol=1e-6, rtol=0)


def test_a_long_gradient_is_shortened_and_a_short_one_is_not(model, brief):
    tokens = torch.arange(8).view(2, 4)
    batch = tokens[:, :3], tokens[:, 1:]
    _, free = gradients(model, batch, brief)
    _, clipped = gradients(model, batch, replace(brief, clip=0.01))
    _, roomy = gradients(model, batch, replace(brief, clip=100.0))
    torch.testing.assert_close(clipped, free * 0.01 / free.norm())
    assert torch.equal(roomy, free)


def test_patience_counts_the_evaluations_since_the_best():
    curve = [(1, 3.0), (2, 2.0), (3, 2.5), (4, 2.1)]
    assert [is_stuck(curve, patience) for patience in (0, 1, 2, 3)] == [False, True, True, False]
    assert not is_stuck([], 1)
