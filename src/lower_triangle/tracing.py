"""Every tensor on its way through a model: which module made it, by which operation, of what shape, in how many bytes.

Shapes are those of the model that ran and not of a formula.
"""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode


@dataclass(frozen=True)
class Traced:
    """One tensor.

    Args:
        module: the path of the module that made it, "" for the model itself
        operation: what made it, as PyTorch calls it
        shape: its sizes
        bytes: the memory that was taken for it; 0 where it is another look at numbers that were there
    """

    module: str
    operation: str
    shape: tuple[int, ...]
    bytes: int


class Recorder(TorchFunctionMode):
    """Notes what each operation of PyTorch returns, as long as it is entered."""

    def __init__(self) -> None:
        super().__init__()
        self.inside = [""]
        self.found: list[Traced] = []

    def __torch_function__(self, function: Any, types: Any, args: tuple = (), kwargs: dict | None = None) -> Any:
        result = function(*args, **(kwargs or {}))
        given = [each for each in [*args, *(kwargs or {}).values()] if isinstance(each, Tensor)]
        for made in result if isinstance(result, tuple | list) else [result]:
            if isinstance(made, Tensor) and not any(made is each for each in given):
                self.note(function.__name__, made, given)
        return result

    def note(self, operation: str, made: Tensor, given: list[Tensor]) -> None:
        """One tensor that an operation has made of those that it was given."""
        shared = any(made.untyped_storage().data_ptr() == each.untyped_storage().data_ptr() for each in given)
        memory = 0 if shared else made.numel() * made.element_size()
        self.found.append(Traced(self.inside[-1], operation, tuple(made.shape), memory))

    @contextmanager
    def watching(self, model: nn.Module) -> Iterator[None]:
        """Know, from hooks on every module, inside of which one the model is."""
        with ExitStack() as hooks:
            for name, module in model.named_modules():
                hooks.callback(module.register_forward_pre_hook(lambda *_, name=name: self.inside.append(name)).remove)
                hooks.callback(module.register_forward_hook(lambda *_: self.inside.pop() and None).remove)
            yield


@torch.no_grad()
def trace(model: nn.Module, tokens: Tensor) -> list[Traced]:
    """Each tensor that a model makes of `tokens`, in the order in which they are made; the last are its logits.

    An operation inside of another, such as the softmax of a fused attention, is not seen: what is never written into
    memory is no tensor.

    Shapes:
        tokens: (B, T)
    """
    recorder = Recorder()
    with recorder.watching(model), recorder:
        model(tokens)
    return recorder.found


def in_letters(shape: tuple[int, ...], letters: Mapping[str, int]) -> str:
    """A shape as the pages write it: each size by its letter, or by a multiple of one, if the sizes all differ."""
    names = {size: letter for letter, size in letters.items()} | {3 * letters["C"]: "3C"}
    return "(" + ", ".join(names.get(size, str(size)) for size in shape) + ("," if len(shape) == 1 else "") + ")"
