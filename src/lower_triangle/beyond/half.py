"""Training in half as many bits: products in bfloat16, of parameters that stay in float32.

A bfloat16 has the range of a float32 and three digits. That is enough for what a step computes, and too little for what
it adds up to: 1 + 0.003 is 1 in bfloat16, so small steps would leave no trace. Hence the parameters keep all their
digits, the optimizer changes those, and each step works with a short copy of them.

Shapes: B batch, T time, C d_model.
"""

import copy
import time

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.func import functional_call

from lower_triangle.attention import AttendWithDropout, attend, attend_fused
from lower_triangle.model import LanguageModel


class InHalf(nn.Module):
    """A layer that computes in bfloat16 while it trains, and as it is otherwise.

    What comes in and what goes out keep their type, and so do the layer's parameters and their gradients.

    Shapes:
        x: (B, T, C)
        returns: as the layer's
    """

    def __init__(self, layer: nn.Module) -> None:
        super().__init__()
        self.layer = layer

    def forward(self, x: Tensor) -> Tensor:
        if not self.training:
            return self.layer(x)
        named = self.layer.named_parameters()
        halves = {name: parameter.bfloat16() for name, parameter in named}
        return functional_call(self.layer, halves, x.bfloat16()).to(x.dtype)


def in_half(model: LanguageModel) -> LanguageModel:
    """The same model, its very parameters, with the products of its blocks and of its head in bfloat16 while it trains.

    Where its layers attend by the fused operation and drop nothing, they do it in the three lines of `attend`: in
    bfloat16 the fused one is slow on the way back.
    """
    parameters = {id(parameter): parameter for parameter in model.blocks.parameters()}
    blocks = copy.deepcopy(model.blocks, parameters)  # what the copy is told that it has already is not copied
    for layer in blocks.modules():
        way = getattr(layer, "attend", None)
        if way is attend_fused or (isinstance(way, AttendWithDropout) and way.dropout == 0):
            del layer.attend  # or PyTorch would let nothing but a layer take the place of a layer
            layer.attend = attend
    return LanguageModel(
        embed=model.embed,
        blocks=[InHalf(blocks)],
        norm=model.norm,
        lm_head=InHalf(model.lm_head),
        context_length=model.context_length,
    )


def half_is_faster() -> bool:
    """Whether the processor multiplies faster in bfloat16 than in float32: the best of some products of each, timed."""
    best = {}
    for dtype in (torch.float32, torch.bfloat16):
        x, weight = torch.ones(1024, 256, dtype=dtype), torch.ones(256, 256, dtype=dtype)
        times = []
        for _ in range(20):
            begun = time.perf_counter()
            F.linear(x, weight)
            times.append(time.perf_counter() - begun)
        best[dtype] = min(times)
    return best[torch.bfloat16] < best[torch.float32]
