"""Every stage on a GPU that has shapes and no numbers. Prints, as JSON, where what came out lies.

An operation on tensors that lie in two places fails as it does on a real GPU; what it computes is nothing.
"""

import contextlib
import json
import random
from unittest import mock

import torch
from torch._subclasses import fake_tensor
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.utils.backend_registration import _setup_privateuseone_for_python_backend

from lower_triangle import generate as generating
from lower_triangle.beyond import kv_cache
from lower_triangle.config import ModelConfig, TrainConfig
from lower_triangle.loss import cross_entropy, evaluate
from lower_triangle.model import LanguageModel
from lower_triangle.stages import STAGES
from lower_triangle.train import take_step
from lower_triangle.variants import find_stage

GPU = "pretended"
SIZES = ModelConfig(context_length=3, d_model=6, n_head=2, n_layer=2, dropout=0.1)


def place_of(tensor: torch.Tensor) -> str:
    return tensor.device.type


def on_gpu(stage: str) -> LanguageModel:
    with torch.device(GPU):
        return find_stage(stage).build(SIZES, 7)


def use(stage: str) -> dict[str, str]:
    """Where the gradient of a step, the logits of an evaluation and those a token is drawn from lie."""
    tokens = torch.zeros(9, dtype=torch.long)
    model = on_gpu(stage)
    optimizer = torch.optim.SGD(model.parameters())  # ours asks for a fused kernel, and here there is none
    take_step(model, optimizer, (tokens.view(3, 3), tokens.view(3, 3)), 1, TrainConfig())
    found: dict[str, set[str]] = {"step": {place_of(parameter.grad) for parameter in model.parameters()}}

    seen = found["evaluation"] = set()
    forward = model.forward
    with mock.patch.object(model, "forward", lambda inputs: seen.add(place_of(inputs)) or forward(inputs)):
        evaluate(model, tokens)
    for name, module, write in (
        ("text", generating, generating.generate),
        ("cached text", kv_cache, kv_cache.generate_cached),
    ):
        drawn = found[name] = set()
        with mock.patch.object(module, "sample_next", lambda logits, *others, to=drawn: to.add(place_of(logits)) or 1):
            list(write(model, [1, 1], 5, random.Random(0)))
    return {name: " and ".join(places) for name, places in found.items()}


def leave_behind() -> list[str]:
    """What is said when the tokens, or the targets, are not brought along."""
    model, tokens = on_gpu("gpt"), torch.zeros(2, 3, dtype=torch.long)
    said = []
    for forgetful in (lambda: model(tokens), lambda: cross_entropy(model(tokens.to(GPU)), tokens)):
        try:
            forgetful()
        except RuntimeError as error:
            said.append(str(error))
    return said


_setup_privateuseone_for_python_backend(GPU)
torch.get_device_module(GPU).get_amp_supported_dtype = lambda: [torch.bfloat16]
with contextlib.ExitStack() as stack:
    stack.enter_context(FakeTensorMode())
    stack.enter_context(mock.patch.object(fake_tensor, "CONSTANT_NUMEL_LIMIT", 0))  # else a single number is computed
    stack.enter_context(mock.patch.object(torch.Tensor, "item", lambda tensor: 1.0))
    print(json.dumps({stage: use(stage) for stage in STAGES} | {"left behind": leave_behind()}))
