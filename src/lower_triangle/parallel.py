"""One run in several processes: each learns from its share of every batch, and all take the same step.

Every process holds the whole model and draws the same batches. It works through its share of the rows; the gradients
are averaged over all processes, which is the gradient of the whole batch; and since all began alike and all step alike,
they stay alike. torchrun starts the processes and tells each its number.
"""

import contextlib
import datetime
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import torch
import torch.distributed as dist
from torch import Tensor, nn

from lower_triangle.errors import TrainingError, UsageError

# How long a process waits for another that is there and does not answer. One that has died is noticed at once.
PATIENCE = datetime.timedelta(minutes=10)


@dataclass(frozen=True)
class Group:
    """The processes that train one model together.

    Args:
        rank: which of them this one is, from 0; that one alone writes
        size: how many they are
    """

    rank: int = 0
    size: int = 1

    def share(self, rows: Tensor) -> Tensor:
        """The rows of a batch that this process works through.

        Shapes:
            rows: (B, ...)
            returns: (B / size, ...)
        """
        return rows.chunk(self.size)[self.rank]

    def average(self, parameters: Iterable[nn.Parameter], loss: float) -> float:
        """Put the mean over all processes in the place of each gradient, and return that of the loss."""
        if self.size == 1:
            return loss
        gradients = [parameter.grad for parameter in parameters]
        everything = torch.cat([*(each.flatten() for each in gradients), gradients[0].new_tensor([loss])])
        with answered():
            dist.all_reduce(everything)
        *means, mean = (everything / self.size).split([*(each.numel() for each in gradients), 1])
        for gradient, each in zip(gradients, means, strict=True):
            gradient.copy_(each.view_as(gradient))
        return mean.item()

    def agree(self, model: nn.Module) -> None:
        """Put the first process's parameters in the place of everyone's: two kinds of processors may draw others."""
        if self.size > 1:
            for parameter in model.parameters():
                with answered():
                    dist.broadcast(parameter.data, src=0)

    def highest(self, value: float) -> float:
        """The highest of what the processes give, the same for all of them."""
        return max(float(each) for each in self.gather(torch.tensor(value, dtype=torch.float64)))

    def first(self, value: float) -> float:
        """What the first process gives, for all of them."""
        return float(self.gather(torch.tensor(value, dtype=torch.float64))[0])

    def gather(self, tensor: Tensor) -> list[Tensor]:
        """What each process gives, in the order of their ranks.

        Shapes:
            tensor: (...), on the processor and of the same shape for all
            returns: one of (...) for each process
        """
        if self.size == 1:
            return [tensor]
        found = [torch.empty_like(tensor) for _ in range(self.size)]
        with answered():
            dist.all_gather(found, tensor)
        return found


ALONE = Group()


def processes() -> int:
    """How many processes train together, as torchrun has told each of them."""
    return int(os.environ.get("WORLD_SIZE", 1))


@contextlib.contextmanager
def process_group(device: torch.device) -> Iterator[Group]:
    """The processes that torchrun has started together with this one, or this one alone.

    Raises:
        UsageError: when the others cannot be reached.
    """
    if processes() == 1:
        yield ALONE
        return
    if device.type == "mps":
        raise UsageError("several processes cannot train on mps together; try device=cpu, or one process")
    # What lies on the processor, such as the states of random streams, goes by gloo even where gradients do not.
    backend = "cpu:gloo,cuda:nccl" if device.type == "cuda" else "gloo"
    try:
        dist.init_process_group(backend, timeout=PATIENCE)
    except (ValueError, RuntimeError) as error:
        raise UsageError(
            f"cannot reach the other processes ({error}); start them all with "
            "torchrun --nproc_per_node 2 -m lower_triangle train gpt"
        ) from error
    try:
        yield Group(dist.get_rank(), dist.get_world_size())
    finally:
        dist.destroy_process_group()


@contextlib.contextmanager
def answered() -> Iterator[None]:
    """Say it in one line when another process is gone."""
    try:
        yield
    except RuntimeError as error:
        raise TrainingError(
            "another process of this run has ended or no longer answers, so this one ends too; "
            "go on from the last evaluation with the same command and --resume"
        ) from error
