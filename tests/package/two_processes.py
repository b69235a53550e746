"""Runs that two processes make together, each a child forked from a process that has only imported torch.

Prints what was found as JSON. Called as a program: two_processes.py FOLDER TEXT
"""

import datetime
import json
import os
import signal
import socket
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import torch
from killed_runs import child, wait, wait_for

from lower_triangle import parallel
from lower_triangle import train as module
from lower_triangle.checkpoint import load_checkpoint
from lower_triangle.config import ModelConfig, TrainConfig
from lower_triangle.corpus import draw_batch, load_corpus
from lower_triangle.parallel import process_group
from lower_triangle.train import BEST, LAST, METRICS, make_optimizer, take_step, train
from lower_triangle.variants import find_stage

SIZES = ModelConfig(context_length=3, d_model=6, n_head=2, n_layer=2)
DROPOUT = replace(SIZES, dropout=0.1)
SETTINGS = TrainConfig(steps=12, batch_size=8, accumulate=2, eval_every=5, warmup=3, clip=1.0, learning_rate=0.01)
ENDLESS = replace(SETTINGS, steps=10**6, eval_every=50)
PATIENCE = 3  # seconds, where a process is halted
FILES = (BEST, LAST, METRICS)


def start(work: Callable[[int], object], size: int = 2) -> list[int]:
    """Do the work in `size` children that find each other as those of torchrun do; returns their numbers."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    common = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port), "WORLD_SIZE": str(size)}

    def join(rank: int) -> None:
        os.environ.update(common, RANK=str(rank))
        work(rank)

    return [child(lambda rank=rank: join(rank)) for rank in range(size)]


def together(work: Callable[[int], object], size: int = 2) -> list[int]:
    """The exit codes of `size` children."""
    return [wait(pid) for pid in start(work, size)]


def main(folder: Path, text: str) -> dict:
    torch.set_num_threads(1)
    corpus = load_corpus(text)
    found: dict = {}

    def run(name: str, rank: int, sizes: ModelConfig = SIZES, settings: TrainConfig = SETTINGS, **more: bool) -> None:
        if rank > 0:
            module.write_atomically = module.save_checkpoint = None  # to call either would end in a traceback
        result = train("gpt", corpus, sizes, settings, folder / name, progress=False, **more)
        torch.save(result.model.state_dict(), folder / f"{name}.{rank}.pt")

    def weights(name: str, rank: int) -> torch.Tensor:
        tensors = torch.load(folder / f"{name}.{rank}.pt", weights_only=True)
        return torch.cat([each.flatten() for each in tensors.values()])

    def gradient(name: str, rank: int, group: object) -> None:
        """Those of one step, before they are shortened; each process begins with weights of its own."""
        torch.manual_seed(rank)
        model = find_stage("gpt").build(SIZES, len(corpus.tokenizer))
        group.agree(model)
        batch = draw_batch(corpus.train, SIZES.context_length, 8, torch.Generator().manual_seed(5))
        loss = take_step(
            model, make_optimizer(model, 0.1, SETTINGS), batch, 1, replace(SETTINGS, clip=0.0), group=group
        )
        flat = torch.cat([parameter.grad.flatten() for parameter in model.parameters()])
        torch.save({"loss": loss, "gradient": flat}, folder / f"{name}.{rank}.pt")

    def join_gradient(name: str, rank: int) -> None:
        with process_group(torch.device("cpu")) as group:
            gradient(name, rank, group)

    together(lambda rank: join_gradient("one", rank), size=1)
    together(lambda rank: join_gradient("two", rank))
    one, *two = (torch.load(folder / f"{name}.pt") for name in ("one.0", "two.0", "two.1"))
    found["gradient"] = {
        "largest": one["gradient"].abs().max().item(),
        "from one process": max((each["gradient"] - one["gradient"]).abs().max().item() for each in two),
        "loss": max(abs(each["loss"] - one["loss"]) for each in two),
        "between the two": (two[0]["gradient"] - two[1]["gradient"]).abs().max().item(),
    }

    found["alone"] = together(lambda rank: run("alone", rank), size=1)
    found["both"] = together(lambda rank: run("both", rank))
    found["weights"] = {
        "from one process": (weights("both", 0) - weights("alone", 0)).abs().max().item(),
        "between the two": (weights("both", 0) - weights("both", 1)).abs().max().item(),
    }
    found["processes"] = load_checkpoint(folder / "both" / LAST).manifest.processes

    found["straight"] = together(lambda rank: run("straight", rank, DROPOUT))
    three = replace(SETTINGS, batch_size=6, steps=1)
    found["three"] = together(lambda rank: run("three", rank, DROPOUT, three), size=3)
    training = load_checkpoint(folder / "three" / LAST).training
    found["streams"] = len({training[f"random.{rank}"].numpy().tobytes() for rank in range(3)})
    step, save = module.take_step, module.save_checkpoint

    def stopped(rank: int) -> None:
        """The second process alone is asked to stop, in the seventh step."""

        def asked(*arguments: object) -> float:
            if rank == 1 and arguments[3] == 7:
                os.kill(os.getpid(), signal.SIGTERM)
            return step(*arguments)

        module.take_step = asked
        if rank == 0:
            module.save_checkpoint = lambda *arguments: time.sleep(0.2) or save(*arguments)
        try:
            run("stopped", rank, DROPOUT)
        finally:
            if rank == 1:
                last = load_checkpoint(folder / "stopped" / LAST).manifest.step
                (folder / "when the second left").write_text(str(last))

    found["stopped"] = together(stopped)
    found["stopped after"] = load_checkpoint(folder / "stopped" / LAST).manifest.step
    found["when the second left"] = int((folder / "when the second left").read_text())
    found["by one"] = together(lambda rank: run("stopped", rank, DROPOUT, resume=True), size=1)
    found["resumed"] = together(lambda rank: run("stopped", rank, DROPOUT, resume=True))
    found["differ"] = [
        name for name in FILES if (folder / "stopped" / name).read_bytes() != (folder / "straight" / name).read_bytes()
    ]
    found["left"] = sorted(path.name for path in (folder / "stopped").iterdir())
    found["taken"] = together(lambda rank: run("both", rank))
    found["odd"] = together(lambda rank: run("odd", rank, settings=replace(SETTINGS, batch_size=6)))

    for victim in (0, 1):
        name = f"death of {victim}"
        pids = start(lambda rank, name=name: run(name, rank, settings=ENDLESS))
        wait_for(folder / name / LAST)
        os.kill(pids[victim], signal.SIGKILL)
        killed_at = time.monotonic()
        survivor = wait(pids[1 - victim])
        found[name] = {"survivor": survivor, "seconds": time.monotonic() - killed_at, "victim": wait(pids[victim])}
        found[name]["readable"] = load_checkpoint(folder / name / LAST).manifest.step % 50 == 0

    parallel.PATIENCE = datetime.timedelta(seconds=PATIENCE)
    pids = start(lambda rank: run("halt", rank, settings=ENDLESS))
    wait_for(folder / "halt" / LAST)
    os.kill(pids[1], signal.SIGSTOP)
    halted_at = time.monotonic()
    found["halt"] = {"survivor": wait(pids[0]), "seconds": time.monotonic() - halted_at}
    os.kill(pids[1], signal.SIGKILL)
    wait(pids[1])
    return found


if __name__ == "__main__":
    print(json.dumps(main(Path(sys.argv[1]), sys.argv[2])))
