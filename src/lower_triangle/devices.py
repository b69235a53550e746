"""Where a model computes, and with how many digits."""

import os

import torch

from lower_triangle.errors import UsageError, did_you_mean

AUTO = "auto"
PRECISIONS = {"float32": torch.float32, "bfloat16": torch.bfloat16}


def find_device(name: str = AUTO) -> torch.device:
    """The device called `name`, or with "auto" the fastest kind there is: a GPU before the processor.

    Of several GPUs, each process that torchrun has started on a machine takes its own.

    Raises:
        UsageError: for a device that does not exist, or not on this machine.
    """
    kinds = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    here = [kind for kind, is_here in kinds.items() if is_here]
    if name == AUTO:
        name = here[0]
    if name not in kinds:
        raise UsageError(f"no device called {name!r}; there are {AUTO}, {', '.join(kinds)}")
    if name not in here:
        raise UsageError(f"PyTorch {torch.__version__} finds no {name} here, but {' and '.join(here)}; try device=auto")
    if name != "cuda":
        return torch.device(name)
    place, count = int(os.environ.get("LOCAL_RANK", 0)), torch.cuda.device_count()
    if place >= count:
        raise UsageError(
            f"process {place} of this machine has no GPU of its own: there are {count}; start {count} processes"
        )
    return torch.device("cuda", place)


def find_precision(name: str, device: torch.device) -> torch.dtype:
    """The type that the large products of a training step are computed in.

    "auto" takes bfloat16 on a GPU that computes with it, and float32 elsewhere.

    Raises:
        UsageError: for a precision that does not exist.
    """
    if name == AUTO:
        is_native = device.type == "cuda" and torch.cuda.is_bf16_supported(including_emulation=False)
        return torch.bfloat16 if is_native else torch.float32
    if name not in PRECISIONS:
        raise UsageError(f"no precision called {name!r}; {did_you_mean(name, [AUTO, *PRECISIONS])}")
    return PRECISIONS[name]


def get_random_state(device: torch.device) -> torch.Tensor:
    """The state of the random stream that dropout on `device` draws from.

    Shapes:
        returns: (bytes,)
    """
    return torch.get_rng_state() if device.type == "cpu" else torch.get_device_module(device).get_rng_state()


def set_random_state(device: torch.device, state: torch.Tensor) -> None:
    """Put that random stream back to where it was.

    Shapes:
        state: (bytes,)
    """
    if device.type == "cpu":
        torch.set_rng_state(state)
    else:
        torch.get_device_module(device).set_rng_state(state)
