"""The fast recipe is a transformer like any other, its training the training of `fit`, and both learn."""

import ctypes
import math
import random

import pytest
import torch
from torch.testing import assert_close

from lower_triangle.attention import attend, attend_fused, causal_mask
from lower_triangle.beyond.fast import (
    FastSettings,
    OneLength,
    RowAdagrad,
    SquaredReLU,
    begin_looking_back,
    fast,
    fast_rate_share,
    fit_fast,
    gpt_in_a_hurry,
    keep_memory,
    make_optimizers,
    read_through,
)
from lower_triangle.beyond.kv_cache import generate_batch, generate_cached
from lower_triangle.beyond.muon import Muon
from lower_triangle.beyond.ngrams import frequent_runs
from lower_triangle.config import ModelConfig
from lower_triangle.corpus import load_corpus
from lower_triangle.errors import CorpusError, TrainingError
from lower_triangle.generate import generate
from lower_triangle.loss import evaluate
from lower_triangle.stages import gpt

SIZES = ModelConfig(context_length=16, d_model=24, n_head=2, n_layer=2)


def build(play, sizes=SIZES):
    torch.manual_seed(0)
    return fast(sizes, len(play.tokenizer), frequent_runs(play.train, len(play.tokenizer), longest=3, least=4))


def test_it_begins_by_knowing_nothing(play):
    model = build(play)
    assert model(play.val[None, :16]).abs().max() == 0
    assert evaluate(model, play.val[:1000]) == pytest.approx(math.log(65))


def test_no_position_hears_what_comes_later(play):
    model = build(play)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.normal_(std=0.3)
        tokens = play.val[None, :16].clone()
        before = model(tokens)
        tokens[0, 9:] = 1
        after = model(tokens)
    assert torch.equal(before[0, :9], after[0, :9])
    assert not torch.allclose(before[0, 9:], after[0, 9:])


def test_it_learns_from_the_runs_and_from_the_rest_and_writes(play):
    torch.set_num_threads(1)
    model = build(play)
    losses = fit_fast(model, play, FastSettings(steps=60, batch_size=16, run_rate=0.03))
    assert len(losses) == 60
    assert evaluate(model, play.val) < 2.45  # counting pairs gives 2.5 here, knowing nothing 4.17
    assert model.embed.runs.weight.abs().sum() > 0
    assert len(list(generate(model, [0], 20, random.Random(0)))) == 20


def test_the_kept_past_writes_the_same_text_alone_and_side_by_side(play):
    """Runs go back into what was read before, and none into what pads a shorter text."""
    model = build(play)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.normal_(std=0.5, generator=torch.Generator().manual_seed(parameter.numel()))
        model.embed.runs.weight[0] = 0
    prompts = [play.val[:9].tolist(), play.tokenizer.encode("Th"), play.val[100:120].tolist()]  # a newline pads
    alone = [list(generate(model, prompt, 20, random.Random(seed))) for seed, prompt in enumerate(prompts)]
    for seed, (prompt, text) in enumerate(zip(prompts, alone, strict=True)):
        assert list(generate_cached(model, prompt, 20, random.Random(seed))) == text
    together = generate_batch(model, prompts, 20, [random.Random(seed) for seed in range(3)])
    assert [list(text) for text in zip(*together, strict=True)] == alone


def test_the_taught_gpt_learns_by_it_too(play):
    torch.set_num_threads(1)
    torch.manual_seed(0)
    model = gpt_in_a_hurry(ModelConfig(context_length=16, d_model=32, n_head=2, n_layer=2), 65)
    losses = fit_fast(model, play, FastSettings(steps=150, batch_size=16, matrix_rate=0.03))
    assert sum(losses[-10:]) / 10 < 2.6


def test_the_same_seed_learns_the_same(play):
    torch.set_num_threads(1)
    one, other = (fit_fast(build(play), play, FastSettings(steps=5, batch_size=4, seed=3)) for _ in range(2))
    assert one == other
    assert one != fit_fast(build(play), play, FastSettings(steps=5, batch_size=4, seed=4))


def test_each_parameter_has_one_optimizer_and_matrices_that_multiply_have_muon(play):
    model = build(play)
    muon, tables, runs = make_optimizers(model, FastSettings(steps=1))
    groups = [[each for group in o.param_groups for each in group["params"]] for o in (muon, tables, runs)]
    assert isinstance(muon, Muon) and {each.shape[1] for each in groups[0]} == {24, 96}
    assert len(groups[0]) == 4 * SIZES.n_layer
    assert [each is model.embed.runs.weight for each in groups[2]] == [True]
    counted = sum(each.numel() for group in groups for each in group)
    assert counted == sum(each.numel() for each in model.parameters())


def test_a_text_is_read_through_before_any_of_it_is_read_again():
    tokens, generator = torch.arange(103), torch.Generator().manual_seed(0)
    batches = read_through(tokens, 5, 4, generator)
    drawn = [next(batches) for _ in range(10)]
    for inputs, targets in drawn:
        assert inputs.shape == targets.shape == (4, 5)
        assert torch.equal(targets, inputs + 1)
        assert torch.equal(inputs - inputs[:, :1], torch.arange(5).expand(4, 5))
    passes = torch.cat([inputs[:, 0] for inputs, _ in drawn])  # 19 or 20 chunks are a pass
    first, second = passes[:19], passes[20:39]
    assert len(first.unique()) == 19 and len(second.unique()) == 19
    assert first.remainder(5).unique().numel() == 1 and first[0] % 5 != second[0] % 5
    assert passes.min() >= 0 and passes.max() + 5 < 103


def test_the_shortest_text_is_read_too():
    inputs, targets = next(read_through(torch.arange(6), 5, 3, torch.Generator().manual_seed(0)))
    assert inputs.tolist() == [[0, 1, 2, 3, 4]] * 3
    assert targets.tolist() == [[1, 2, 3, 4, 5]] * 3


def test_the_learning_rate_goes_up_a_line_stays_and_goes_down_a_line_to_zero():
    settings = FastSettings(steps=100, warmup=10, cool_down=0.4)
    shares = [fast_rate_share(step, settings) for step in (1, 5, 10, 60, 80, 99, 100)]
    assert_close(torch.tensor(shares), torch.tensor([0.1, 0.5, 1.0, 1.0, 0.5, 0.025, 0.0]))


def test_a_loss_that_is_not_a_number_stops_it_before_the_step(play):
    model = build(play)
    with torch.no_grad():
        model.lm_head.weight[0, 0] = math.nan
    before = model.blocks[0].ffn.up.weight.clone()
    with pytest.raises(TrainingError, match="loss"):
        fit_fast(model, play, FastSettings(steps=3, batch_size=2))
    assert torch.equal(model.blocks[0].ffn.up.weight, before)


def test_a_text_too_short_is_refused(play, tmp_path):
    path = tmp_path / "short.txt"
    path.write_text("to be or not " * 5)
    with pytest.raises(CorpusError, match="too short"):
        fit_fast(build(play), load_corpus(str(path)), FastSettings(steps=1))


@pytest.mark.parametrize("inner", [attend, attend_fused])
def test_queries_and_keys_are_brought_to_one_length(inner):
    q, k, v = torch.randn(3, 2, 5, 8, generator=torch.Generator().manual_seed(0))
    visible = causal_mask(5, 5)
    once, louder = (OneLength(inner, 2.0)(q * loud, k / loud, v, visible) for loud in (1, 3))
    assert_close(once, louder, rtol=0, atol=1e-3)  # apart from what is added to a variance, lest it be 0
    scaled = [torch.nn.functional.layer_norm(x, (8,)) for x in (q, k)]
    assert_close(once, attend(2.0 * scaled[0], scaled[1], v, visible))


def test_a_squared_relu_by_hand():
    assert SquaredReLU()(torch.tensor([-3.0, 0.0, 0.5, 2.0])).tolist() == [0.0, 0.0, 0.25, 4.0]


def test_the_first_heads_begin_by_looking_one_two_and_so_on_back():
    torch.manual_seed(0)
    model = gpt(ModelConfig(context_length=40, d_model=64, n_head=4, n_layer=2), 65)
    begin_looking_back(model, loudness=0.3)
    tokens = torch.randint(65, (3, 40))
    with torch.no_grad():
        x = model.blocks[0].ln_1(model.embed(tokens))
        q, k, _ = model.blocks[0].attn.split_heads(model.blocks[0].attn.qkv(x))
        scores = (q @ k.mT).masked_fill(~causal_mask(40, 40), -math.inf)  # (B, H, T, T)
    for head in range(4):
        likeliest = scores[:, head].argmax(dim=-1)  # (B, T)
        for t in range(head + 1, 40):
            assert (likeliest[:, t] == t - head - 1).all()


def test_rows_step_as_far_as_they_are_told_and_less_each_time():
    table = torch.zeros(5, 4, requires_grad=True)
    optimizer = RowAdagrad([table], lr=0.1)
    gradient = torch.tensor([1.0, -1.0, 2.0, 0.0])
    for _ in range(2):
        table.grad = torch.sparse_coo_tensor(
            [[3, 1, 3]], torch.stack([gradient / 2, -gradient, gradient / 2]), (5, 4), check_invariants=True
        )
        optimizer.step()
    unit = gradient / gradient.square().mean().sqrt()
    expected = torch.zeros(5, 4)
    expected[3], expected[1] = -0.1 * (1 + 0.5**0.5) * unit, 0.1 * (1 + 0.5**0.5) * unit
    assert_close(table.detach(), expected)


def test_without_any_known_run_it_is_a_transformer_still(play):
    torch.manual_seed(0)
    model = fast(SIZES, len(play.tokenizer))
    losses = fit_fast(model, play, FastSettings(steps=30, batch_size=8))
    assert losses[-1] < losses[0] - 0.5


def test_whether_memory_is_kept_is_said():
    assert keep_memory() == hasattr(ctypes.CDLL(None), "gnu_get_libc_version")
