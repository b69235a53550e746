"""Our model with somebody else's weights computes what theirs computes."""

import json
import random
import shutil
from pathlib import Path

import pytest
import safetensors
import safetensors.torch
import torch
from torch.nn.functional import gelu, layer_norm

from lower_triangle.config import ModelConfig
from lower_triangle.convert import NANOGPT, from_gpt2, from_lecture, from_nanogpt, rename, to_nanogpt
from lower_triangle.corpus import packaged
from lower_triangle.errors import CheckpointError, UsageError
from lower_triangle.generate import generate
from lower_triangle.loss import cross_entropy
from lower_triangle.model import decoder
from lower_triangle.variants import find_stage

GOLDEN = Path(__file__).parents[1] / "golden"
UNBIASED = packaged("data", "nanogpt.safetensors")
TABLE = "agreement with outside authorities: worst difference"


def read(name):
    """A golden file: its tensors, their weights, and the config in its metadata."""
    with safetensors.safe_open(GOLDEN / name, "pt") as file:
        tensors = {key: file.get_tensor(key) for key in file.keys()}
        config = json.loads(file.metadata()["config"])
    return tensors, below("weights", tensors), config


def below(prefix, tensors):
    return {name.removeprefix(f"{prefix}."): each for name, each in tensors.items() if name.startswith(f"{prefix}.")}


def worst(ours, theirs):
    return (ours - theirs).abs().max().item()


def differences_from_nanogpt(name):
    """How far our logits, loss and gradients are from nanoGPT's."""
    tensors, weights, config = read(name)
    model = from_nanogpt(weights, config)
    logits = model(tensors["idx"])
    loss = cross_entropy(logits, tensors["targets"])
    loss.backward()
    grads = {rename(ours, NANOGPT): parameter.grad for ours, parameter in model.named_parameters()}
    theirs = below("grads", tensors)
    assert grads.keys() == theirs.keys()
    gradient = max(worst(grads[each], theirs[each]) for each in theirs)
    return worst(logits, tensors["logits"]), worst(loss, tensors["loss"]), gradient


def differences_from_lecture(**more):
    """How far our logits and loss are from the lecture's; `more` tensors stand in the file."""
    tensors, weights, config = read("lecture-gpt.safetensors")
    logits = from_lecture(weights | more, config)(tensors["idx"])
    return worst(logits, tensors["logits"]), worst(cross_entropy(logits, tensors["targets"]), tensors["loss"])


def differences_from_gpt2(folder):
    """How far our logits are from GPT-2's."""
    expected = safetensors.torch.load_file(GOLDEN / folder / "expected.safetensors")
    return (worst(from_gpt2(GOLDEN / folder)(expected["idx"]), expected["logits"]),)


def row(name, differences):
    words = zip(("logits", "loss", "gradients"), differences, strict=False)
    return f"{name:28} " + "  ".join(f"{word} {difference:.1e}" for word, difference in words)


@pytest.mark.parametrize("name", ["nanogpt-bias.safetensors", UNBIASED], ids=["biases", "none"])
def test_we_compute_what_nanogpt_computes(name, record_property):
    differences = differences_from_nanogpt(name)
    record_property(TABLE, row(Path(name).name, differences))
    assert differences[0] < 1e-5 and differences[1] < 1e-5 and differences[2] < 1e-4
    tensors, weights, config = read(name)
    start = tensors["idx"][0, :4].tolist()
    length = tensors["greedy"].size(1) - 4
    assert length + 4 > config["block_size"], "the golden text should go past the context"
    model = from_nanogpt(weights, config)
    greedy = start + list(generate(model, start, length, random.Random(0), temperature=0))
    assert greedy == tensors["greedy"][0].tolist()


def test_we_compute_what_the_lecture_computes(record_property):
    _, _, config = read("lecture-gpt.safetensors")
    # Real files also hold each head's mask.
    masks = {
        f"blocks.{i}.sa.heads.{h}.tril": torch.ones(config["block_size"], config["block_size"]).tril()
        for i in range(config["n_layer"])
        for h in range(config["n_head"])
    }
    for more in ({}, masks):
        differences = differences_from_lecture(**more)
        assert max(differences) < 1e-5
    record_property(TABLE, row("lecture-gpt.safetensors", differences))


@pytest.mark.parametrize("folder", ["hf-gpt2-tiny", "gpt2-published-tiny"])
def test_we_compute_what_gpt2_computes(folder, record_property):
    differences = differences_from_gpt2(folder)
    record_property(TABLE, row(folder, differences))
    assert differences[0] < 1e-5


def test_the_page_says_no_less_than_is_measured():
    """Another processor may round another way, but not by more than the last digits of a float."""
    page = Path(__file__).parents[2] / "docs" / "reference" / "results.md"
    rows = page.read_text("utf-8").partition("| whose weights |")[2].partition("\n\n")[0].splitlines()[2:]
    measured = {
        "nanoGPT, with biases": differences_from_nanogpt("nanogpt-bias.safetensors"),
        "nanoGPT, without": differences_from_nanogpt(UNBIASED),
        "the lecture's `gpt.py`": differences_from_lecture(),
        "GPT-2, as transformers saves it": differences_from_gpt2("hf-gpt2-tiny"),
        "GPT-2, in the layout of OpenAI's files": differences_from_gpt2("gpt2-published-tiny"),
    }
    said = {}
    for each in rows:
        name, *figures = (cell.strip() for cell in each.strip("|").split("|"))
        said[name] = [float(figure) for figure in figures if figure != "not compared"]
    assert said.keys() == measured.keys()
    for name, differences in measured.items():
        for figure, difference in zip(said[name], differences, strict=True):
            assert difference <= max(figure * 1.05, 1e-6), name


SIZES = {"block_size": 7, "vocab_size": 13, "n_layer": 3, "n_head": 2, "n_embd": 10}


def random_gpt(bias, activation=torch.nn.GELU, **sizes):
    """A model of other sizes than the golden ones, with weights far from even."""
    torch.manual_seed(0)
    config = ModelConfig(**{"context_length": 7, "d_model": 10, "n_head": 2, "n_layer": 3, **sizes})
    model = decoder(config, 13, activation, bias).eval()
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, mean=0.1, std=0.3)
    return model


def spelled_out(weights, tokens, n_head):
    """nanoGPT's arithmetic once more, with nothing of ours in it, for one text."""
    w = {name.removeprefix("transformer."): tensor for name, tensor in weights.items()}
    x = w["wte.weight"][tokens] + w["wpe.weight"][: len(tokens)]
    T, C = x.shape
    for i in range(1 + max(int(name.split(".")[1]) for name in w if name.startswith("h."))):
        at = {name.removeprefix(f"h.{i}."): tensor for name, tensor in w.items() if name.startswith(f"h.{i}.")}
        normed = layer_norm(x, (C,), at["ln_1.weight"], at.get("ln_1.bias"))
        qkv = normed @ at["attn.c_attn.weight"].T + at.get("attn.c_attn.bias", 0)
        found = torch.zeros(T, C)
        D = C // n_head
        for h in range(n_head):
            q, k, v = (qkv[:, part * C + h * D : part * C + (h + 1) * D] for part in range(3))
            for t in range(T):
                shares = (k[: t + 1] @ q[t] / D**0.5).softmax(0)
                found[t, h * D : (h + 1) * D] = shares @ v[: t + 1]
        x = x + found @ at["attn.c_proj.weight"].T + at.get("attn.c_proj.bias", 0)
        normed = layer_norm(x, (C,), at["ln_2.weight"], at.get("ln_2.bias"))
        inner = gelu(normed @ at["mlp.c_fc.weight"].T + at.get("mlp.c_fc.bias", 0))
        x = x + inner @ at["mlp.c_proj.weight"].T + at.get("mlp.c_proj.bias", 0)
    return layer_norm(x, (C,), w["ln_f.weight"], w.get("ln_f.bias")) @ w["wte.weight"].T


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize(("n_head", "n_layer"), [(1, 1), (5, 2), (2, 3)])
def test_other_sizes_agree_with_the_arithmetic_spelled_out(bias, n_head, n_layer):
    weights = to_nanogpt(random_gpt(bias, n_head=n_head, n_layer=n_layer))
    model = from_nanogpt(weights, {**SIZES, "n_head": n_head, "n_layer": n_layer, "bias": bias})
    tokens = torch.tensor([3, 1, 4, 1, 5, 9])
    torch.testing.assert_close(model(tokens[None])[0], spelled_out(weights, tokens, n_head), atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("bias", [True, False])
def test_there_and_back_is_where_it_began(bias):
    weights = to_nanogpt(random_gpt(bias))
    again = to_nanogpt(from_nanogpt(weights, SIZES | {"bias": bias}))
    assert weights.keys() == again.keys()
    assert all(torch.equal(weights[name], again[name]) for name in weights)


def test_what_compiling_and_old_versions_add_to_names_is_left_out():
    weights = to_nanogpt(random_gpt(bias=True))
    extra = {f"_orig_mod.{name}": tensor.half() for name, tensor in weights.items()}
    extra["_orig_mod.transformer.h.0.attn.bias"] = torch.ones(1, 1, 7, 7)
    model = from_nanogpt(extra, SIZES)
    assert model.embed.token.weight.dtype == torch.float32
    assert torch.equal(model.embed.token.weight, weights["transformer.wte.weight"].half().float())


def test_converting_leaves_the_callers_random_stream_alone():
    weights = to_nanogpt(random_gpt(bias=True))
    before = torch.get_rng_state()
    from_nanogpt(weights, SIZES)
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("stage", ["head", "layer_norm", "bigram"])
def test_what_nanogpt_has_no_names_for_is_refused(stage):
    with pytest.raises(UsageError, match="^nanoGPT has names for models like gpt only"):
        to_nanogpt(find_stage(stage).build(ModelConfig(), 11))


def change(**changes):
    return lambda weights: {name: tensor for name, tensor in (weights | changes).items() if tensor is not None}


FAULTS = {
    "missing": (
        {"transformer.ln_f.bias": None},
        "tensor 'transformer.ln_f.bias' is missing: the model has one of (10,)",
    ),
    "surplus": (
        {"transformer.h.3.ln_1.bias": torch.ones(10)},
        "tensor 'transformer.h.3.ln_1.bias' of (10,) is left over",
    ),
    "shape": (
        {"transformer.wpe.weight": torch.ones(8, 10)},
        "tensor 'transformer.wpe.weight' is (8, 10) in the weights",
    ),
    "head": (
        {"lm_head.weight": torch.ones(13, 10)},
        "tensor 'lm_head.weight' is not 'transformer.wte.weight', to which",
    ),
}


@pytest.mark.parametrize(("changes", "message"), FAULTS.values(), ids=FAULTS.keys())
def test_a_tensor_that_does_not_fit_is_named(changes, message):
    weights = change(**changes)(to_nanogpt(random_gpt(bias=True)))
    with pytest.raises(CheckpointError) as caught:
        from_nanogpt(weights, SIZES)
    assert str(caught.value).startswith(message)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"n_layer": None}, "the config has n_layer=None; it needs a whole number"),
        ({"n_head": 3}, "d_model=10 does not split into n_head=3 equal heads"),
        ({"block_size": 0}, "the config has block_size=0; it needs a whole number"),
    ],
)
def test_a_config_that_no_model_has_is_refused(changes, message):
    for convert in (from_nanogpt, from_lecture):
        with pytest.raises(UsageError, match=f"^{message}"):
            convert({}, SIZES | changes)
    with pytest.raises(UsageError, match="^the config has no block_size"):
        from_nanogpt({}, {name: size for name, size in SIZES.items() if name != "block_size"})


@pytest.fixture
def gpt2(tmp_path):
    """A folder with a GPT-2 that may be spoilt: `spoil(config=..., weights=...)` changes what it holds."""
    shutil.copytree(GOLDEN / "hf-gpt2-tiny", tmp_path, dirs_exist_ok=True)

    def spoil(config=(), weights=()):
        settings = json.loads((tmp_path / "config.json").read_text()) | dict(config)
        (tmp_path / "config.json").write_text(json.dumps(settings))
        tensors = change(**dict(weights))(safetensors.torch.load_file(tmp_path / "model.safetensors"))
        safetensors.torch.save_file(tensors, tmp_path / "model.safetensors")
        return tmp_path

    return spoil


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"scale_attn_by_inverse_layer_idx": True}, "has scale_attn_by_inverse_layer_idx=True; we read GPT-2 with"),
        ({"scale_attn_weights": False}, "has scale_attn_weights=False"),
        ({"model_type": "llama"}, "has model_type='llama'; we read GPT-2 with model_type='gpt2'"),
        ({"activation_function": "silu"}, "has activation_function='silu'; there are gelu_new"),
        ({"n_inner": 50}, "has n_inner=50; we read 4 times n_embd, which is 96"),
        ({"n_positions": "20"}, "the config has n_positions='20'"),
    ],
)
def test_a_gpt2_that_is_not_ours_to_read_says_why(gpt2, config, message):
    with pytest.raises(UsageError) as caught:
        from_gpt2(gpt2(config=config))
    assert message in str(caught.value)


def test_gpt2s_tensors_are_all_there_and_no_others(gpt2):
    with pytest.raises(CheckpointError, match="^tensor 'extra.weight' of .* is left over"):
        from_gpt2(gpt2(weights={"extra.weight": torch.ones(2)}))
    with pytest.raises(CheckpointError, match="^tensor 'h.1.mlp.c_fc.bias' is missing"):
        from_gpt2(gpt2(weights={"extra.weight": None, "transformer.h.1.mlp.c_fc.bias": None}))
    solid = {"transformer.h.1.mlp.c_fc.bias": torch.ones(96), "transformer.h.0.attn.c_attn.weight": torch.ones(2, 3, 4)}
    with pytest.raises(CheckpointError, match=r"^tensor 'h.0.attn.c_attn.weight' is \(4, 3, 2\) in the weights"):
        from_gpt2(gpt2(weights=solid))


def test_gpt2s_epsilon_and_activation_are_obeyed(gpt2):
    idx = safetensors.torch.load_file(GOLDEN / "hf-gpt2-tiny" / "expected.safetensors")["idx"]
    plain = from_gpt2(gpt2())(idx)
    for setting in ({"layer_norm_epsilon": 0.1}, {"layer_norm_epsilon": 1e-5, "activation_function": "relu"}):
        assert worst(from_gpt2(gpt2(config=setting))(idx), plain) > 1e-3


def test_a_head_of_its_own_is_read_where_the_config_says_so(gpt2):
    head = torch.arange(97.0 * 24).view(97, 24)
    folder = gpt2(config={"tie_word_embeddings": False}, weights={"lm_head.weight": head})
    assert torch.equal(from_gpt2(folder).lm_head.weight, head)
    with pytest.raises(CheckpointError, match="^tensor 'lm_head.weight' is not 'wte.weight', to which"):
        from_gpt2(gpt2(config={"tie_word_embeddings": True}))


def test_files_that_are_missing_or_damaged_are_named(gpt2):
    folder = gpt2()
    (folder / "model.safetensors").write_bytes((folder / "model.safetensors").read_bytes()[:-9])
    with pytest.raises(CheckpointError, match="model.safetensors' is not a safetensors file, or only a part of one"):
        from_gpt2(folder)
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    with pytest.raises(CheckpointError, match="pytorch_model.bin is a pickle, which we never open$"):
        from_gpt2(folder)
    (folder / "config.json").write_text("{")
    with pytest.raises(CheckpointError, match="config.json' is not JSON; fetch it again$"):
        from_gpt2(folder)
    (folder / "config.json").unlink()
    with pytest.raises(CheckpointError, match="^cannot read .*config.json': No such file or directory; give a folder"):
        from_gpt2(folder)
