"""Weights of nanoGPT, of the lecture's gpt.py and of GPT-2 in our model: the numbers stay, only the names change.

Each table has our name on the left and theirs on the right; `{i}` stands for a block, `{h}` for a head.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import safetensors
import safetensors.torch
import torch
from torch import Tensor, nn

from lower_triangle.attention import SelfAttention
from lower_triangle.blocks import Block
from lower_triangle.checkpoint import own_tensors
from lower_triangle.config import ModelConfig
from lower_triangle.corpus import packaged
from lower_triangle.errors import CheckpointError, UsageError, did_you_mean
from lower_triangle.model import LanguageModel, decoder
from lower_triangle.stages import layer_norm

GPT2 = {
    "embed.token": "wte",
    "embed.position": "wpe",
    "blocks.{i}.ln_1": "h.{i}.ln_1",
    "blocks.{i}.attn.qkv": "h.{i}.attn.c_attn",
    "blocks.{i}.attn.projection": "h.{i}.attn.c_proj",
    "blocks.{i}.ln_2": "h.{i}.ln_2",
    "blocks.{i}.ffn.up": "h.{i}.mlp.c_fc",
    "blocks.{i}.ffn.down": "h.{i}.mlp.c_proj",
    "norm": "ln_f",
}
NANOGPT = {ours: f"transformer.{theirs}" for ours, theirs in GPT2.items()}
LECTURE = {
    "embed.token": "token_embedding_table",
    "embed.position": "position_embedding_table",
    "blocks.{i}.ln_1": "blocks.{i}.ln1",
    "blocks.{i}.attn.heads.{h}.query": "blocks.{i}.sa.heads.{h}.query",
    "blocks.{i}.attn.heads.{h}.key": "blocks.{i}.sa.heads.{h}.key",
    "blocks.{i}.attn.heads.{h}.value": "blocks.{i}.sa.heads.{h}.value",
    "blocks.{i}.attn.projection": "blocks.{i}.sa.proj",
    "blocks.{i}.ln_2": "blocks.{i}.ln2",
    "blocks.{i}.ffn.up": "blocks.{i}.ffwd.net.0",
    "blocks.{i}.ffn.down": "blocks.{i}.ffwd.net.2",
    "norm": "ln_f",
    "lm_head": "lm_head",
}

# GPT-2 as it was published keeps its matrices the other way round: it multiplies from the left.
TRANSPOSED = ("c_attn.weight", "c_proj.weight", "c_fc.weight")

# The masks, which are no weights.
GPT2_MASK = r"(transformer\.)?h\.\d+\.attn\.(bias|masked_bias)"
LECTURE_MASK = r"blocks\.\d+\.sa\.heads\.\d+\.tril"

ACTIVATIONS: dict[str, Callable[[], nn.Module]] = {
    "gelu_new": partial(nn.GELU, approximate="tanh"),
    "gelu_pytorch_tanh": partial(nn.GELU, approximate="tanh"),
    "gelu": nn.GELU,
    "relu": nn.ReLU,
}

# What transformers can switch on in a GPT-2 and we do not have, with the value that means it is off.
GPT2_SWITCHES = {
    "model_type": "gpt2",
    "scale_attn_weights": True,
    "scale_attn_by_inverse_layer_idx": False,
    "add_cross_attention": False,
}


@dataclass(frozen=True)
class Recorded:
    """A small model of somebody else's with random weights, and what their code answered with them.

    Args:
        weights: the state_dict
        config: the sizes, under their names
        tokens: what went in
        targets: what should have come
        logits: what came out
        loss: how wrong that is

    Shapes:
        tokens: (B, T)
        targets: (B, T)
        logits: (B, T, V)
        loss: ()
    """

    weights: dict[str, Tensor]
    config: dict
    tokens: Tensor
    targets: Tensor
    logits: Tensor
    loss: Tensor


def recorded_nanogpt() -> Recorded:
    """What nanoGPT itself computed, in the file that travels with this package.

    Source: karpathy/nanoGPT, model.py at 3adf61e1, run with random weights.
    """
    with safetensors.safe_open(packaged("data", "nanogpt.safetensors"), "pt") as file:
        config = json.loads(file.metadata()["config"])
        tensors = {name: file.get_tensor(name) for name in file.keys()}
    weights = {name.removeprefix("weights."): each for name, each in tensors.items() if name.startswith("weights.")}
    answers = (tensors[name] for name in ("idx", "targets", "logits", "loss"))
    return Recorded(weights, config, *answers)


def from_nanogpt(weights: Mapping[str, Tensor], config: Mapping) -> LanguageModel:
    """A model with nanoGPT's weights, which computes what nanoGPT computes.

    Args:
        weights: nanoGPT's state_dict; what torch.compile puts before the names is left out
        config: with the names of its GPTConfig: block_size, vocab_size, n_layer, n_head, n_embd, and, unless
            given, dropout=0 and bias=True

    Raises:
        UsageError: for a config that lacks a size, or whose sizes no model has.
        CheckpointError: for a tensor that is missing, left over or of another shape, which is named.

    Source: karpathy/nanoGPT, model.py.
    """
    sizes = model_config(config, context_length="block_size")
    model = build(lambda: decoder(sizes, whole(config, "vocab_size"), nn.GELU, bias=bool(config.get("bias", True))))
    given = without(GPT2_MASK, {name.removeprefix("_orig_mod."): tensor for name, tensor in weights.items()})
    return fill(model, untied(given, "transformer.wte.weight"), NANOGPT)


def to_nanogpt(model: LanguageModel) -> dict[str, Tensor]:
    """The weights of a model of `gpt`'s make under nanoGPT's names, its tied head included.

    Raises:
        UsageError: for a model of another make, which nanoGPT has no names for.
    """
    is_ours = all(isinstance(block, Block) and isinstance(block.attn, SelfAttention) for block in model.blocks)
    is_tied = isinstance(model.lm_head, nn.Linear) and model.lm_head.weight is next(model.embed.parameters())
    if not (is_ours and is_tied and len(model.blocks)):
        raise UsageError("nanoGPT has names for models like gpt only: fused attention, pre-norm blocks, a tied head")
    weights = {rename(name, NANOGPT): tensor for name, tensor in own_tensors(model).items()}
    return {**weights, "lm_head.weight": weights["transformer.wte.weight"]}


def from_lecture(weights: Mapping[str, Tensor], config: Mapping) -> LanguageModel:
    """A model with the weights of the lecture's gpt.py: our stage `layer_norm`, at its sizes.

    Args:
        weights: its state_dict; the mask that each head keeps is left out
        config: with the names of its global variables: vocab_size, block_size, n_embd, n_head, n_layer

    Raises:
        UsageError: for a config that lacks a size, or whose sizes no model has.
        CheckpointError: for a tensor that is missing, left over or of another shape, which is named.

    Source: karpathy/ng-video-lecture, gpt.py.
    """
    sizes = model_config({**config, "dropout": 0.0}, context_length="block_size")
    model = build(lambda: layer_norm(sizes, whole(config, "vocab_size")))
    return fill(model, without(LECTURE_MASK, weights), LECTURE)


def from_gpt2(folder: str | Path) -> LanguageModel:
    """GPT-2 from a folder with config.json and model.safetensors, as OpenAI's weights are published or transformers
    saves them.

    Raises:
        UsageError: for a config that asks for what our model does not have.
        CheckpointError: for a file that is missing or damaged, or a tensor that is missing, left over or of another
            shape, which is named.

    Source: Radford et al. 2019 (GPT-2); transformers' GPT2LMHeadModel.
    """
    folder = Path(folder)
    config = read_json(folder / "config.json")
    for switch, wanted in GPT2_SWITCHES.items():
        if config.get(switch, wanted) != wanted:
            raise UsageError(f"'{folder}' has {switch}={config[switch]!r}; we read GPT-2 with {switch}={wanted!r}")
    name = config.get("activation_function", "gelu_new")
    if name not in ACTIVATIONS:
        raise UsageError(f"'{folder}' has activation_function={name!r}; {did_you_mean(str(name), ACTIVATIONS)}")
    sizes = model_config({**config, "dropout": config.get("resid_pdrop", 0.0)}, context_length="n_positions")
    if config.get("n_inner") not in (None, sizes.d_ff):
        raise UsageError(f"'{folder}' has n_inner={config['n_inner']!r}; we read 4 times n_embd, which is {sizes.d_ff}")
    eps = config.get("layer_norm_epsilon", 1e-5)
    vocab_size = whole(config, "vocab_size")
    model = build(lambda: decoder(sizes, vocab_size, ACTIVATIONS[name], bias=True, eps=eps))
    given = without(GPT2_MASK, read_tensors(folder / "model.safetensors"))
    given = {name.removeprefix("transformer."): tensor for name, tensor in given.items()}
    given = {name: tensor.transpose(0, -1) if name.endswith(TRANSPOSED) else tensor for name, tensor in given.items()}
    if config.get("tie_word_embeddings", True):
        return fill(model, untied(given, "wte.weight"), GPT2)
    model.lm_head.weight = nn.Parameter(torch.empty_like(model.lm_head.weight))
    return fill(model, given, GPT2 | {"lm_head": "lm_head"})


def build(recipe: Callable[[], LanguageModel]) -> LanguageModel:
    """A model whose initial weights will be overwritten at once: the caller's random stream must not notice."""
    with torch.random.fork_rng(devices=[]):
        return recipe()


def fill(model: LanguageModel, weights: Mapping[str, Tensor], table: Mapping[str, str]) -> LanguageModel:
    """Copy `weights` into `model` by the names of `table`, all of them and no others, and end its training mode."""
    own = {rename(name, table): tensor for name, tensor in own_tensors(model).items()}
    for name in sorted(own.keys() | weights.keys()):
        if name not in weights:
            raise CheckpointError(f"tensor {name!r} is missing: the model has one of {tuple(own[name].shape)}")
        if name not in own:
            raise CheckpointError(f"tensor {name!r} of {tuple(weights[name].shape)} is left over: the model has none")
        if own[name].shape != weights[name].shape:
            raise CheckpointError(
                f"tensor {name!r} is {tuple(weights[name].shape)} in the weights and {tuple(own[name].shape)} in the "
                "model; check the sizes of the config"
            )
        own[name].copy_(weights[name])
    return model.eval()


def rename(name: str, table: Mapping[str, str]) -> str:
    """Their name for a tensor of ours."""
    module, _, kind = name.rpartition(".")
    numbers = re.findall(r"\d+", module)
    for place, number in zip(("{i}", "{h}"), numbers, strict=False):
        module = re.sub(r"\b\d+\b", place, module, count=1)
    their = table[module]
    for place, number in zip(("{i}", "{h}"), numbers, strict=False):
        their = their.replace(place, number)
    return f"{their}.{kind}"


def without(pattern: str, weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The weights but for those whose whole name is of a pattern."""
    return {name: tensor for name, tensor in weights.items() if not re.fullmatch(pattern, name)}


def untied(weights: dict[str, Tensor], table: str) -> dict[str, Tensor]:
    """The weights without the head's, which must be those of the token table.

    Raises:
        CheckpointError: when they are others.
    """
    rest = dict(weights)
    head = rest.pop("lm_head.weight", None)
    if head is not None and table in rest and not torch.equal(head, rest[table]):
        raise CheckpointError(f"tensor 'lm_head.weight' is not {table!r}, to which the config ties it")
    return rest


def model_config(config: Mapping, context_length: str) -> ModelConfig:
    """Our sizes from theirs."""
    return ModelConfig(
        context_length=whole(config, context_length),
        d_model=whole(config, "n_embd"),
        n_head=whole(config, "n_head"),
        n_layer=whole(config, "n_layer"),
        dropout=config.get("dropout", 0.0),
    )


def whole(config: Mapping, name: str) -> int:
    """A size from a config.

    Raises:
        UsageError: when it is not there, or no size.
    """
    value = config.get(name)
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        found = f"has {name}={value!r}" if name in config else f"has no {name}"
        raise UsageError(f"the config {found}; it needs a whole number of at least 1 there")
    return value


def read_json(path: Path) -> dict:
    """The object in a JSON file.

    Raises:
        CheckpointError: when there is none.
    """
    try:
        content = json.loads(path.read_bytes())
    except OSError as error:
        raise CheckpointError(f"cannot read '{path}': {error.strerror}; give a folder that holds it") from error
    except ValueError as error:
        raise CheckpointError(f"'{path}' is not JSON; fetch it again") from error
    if not isinstance(content, dict):
        raise CheckpointError(f"'{path}' holds no object of settings; fetch it again")
    return content


def read_tensors(path: Path) -> dict[str, Tensor]:
    """The tensors in a safetensors file.

    Raises:
        CheckpointError: when there is none, or it is only a part of one.
    """
    try:
        return safetensors.torch.load(path.read_bytes())
    except OSError as error:
        others = sorted(each.name for each in path.parent.glob("*.bin"))
        hint = f"; {others[0]} is a pickle, which we never open" if others else "; give a folder that holds it"
        raise CheckpointError(f"cannot read '{path}': {error.strerror}{hint}") from error
    except safetensors.SafetensorError as error:
        raise CheckpointError(f"'{path}' is not a safetensors file, or only a part of one; fetch it again") from error
