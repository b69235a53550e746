"""Runs that are killed, each a child forked from a process that has only imported torch. Prints what was found as JSON.

Called as a program: killed_runs.py FOLDER TEXT KILLS
"""

import json
import os
import random
import resource
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

import torch
import torch._dynamo  # every optimizer imports it; here once, for all children

from lower_triangle.checkpoint import load_checkpoint
from lower_triangle.config import ModelConfig, TrainConfig
from lower_triangle.corpus import load_corpus
from lower_triangle.errors import LowerTriangleError
from lower_triangle.train import BEST, LAST, METRICS, train

SIZES = ModelConfig(context_length=3, d_model=6, n_head=2, n_layer=2, dropout=0.1)
SETTINGS = TrainConfig(steps=240, batch_size=2, eval_every=2, warmup=3, final_share=0.1, clip=1.0)


def child(work: Callable[[], object]) -> int:
    """Do the work in a child, whose number is returned at once. What it says goes to the parent's stderr."""
    pid = os.fork()
    if pid == 0:
        try:
            work()
            os._exit(0)
        except LowerTriangleError as error:
            sys.stderr.write(f"{error}\n")  # print would write the end of the line by itself, perhaps after another's
            os._exit(error.exit_code)
    return pid


def wait(pid: int) -> int:
    """The exit code of a child, minus the signal's number where one ended it."""
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def wait_for(place: Path) -> None:
    while not place.exists():
        time.sleep(0.001)


def main(folder: Path, text: str, kills: int) -> dict:
    torch.set_num_threads(1)
    rng = random.Random(0)

    def run(name: str, resume: bool = False, settings: TrainConfig = SETTINGS) -> None:
        train("gpt", load_corpus(text), SIZES, settings, folder / name, progress=False, resume=resume)

    found: dict = {"straight": wait(child(lambda: run("straight")))}
    found["killed"], found["unreadable"], found["steps"] = [], [], []
    for _ in range(kills):
        started = (folder / "killed" / LAST).exists()
        before = load_checkpoint(folder / "killed" / LAST).manifest.step if started else 0
        pid = child(lambda resume=started: run("killed", resume))
        wait_for(folder / "killed" / LAST)
        while load_checkpoint(folder / "killed" / LAST).manifest.step <= before:
            time.sleep(0.001)
        time.sleep(rng.uniform(0, 0.02))
        os.kill(pid, signal.SIGKILL)
        found["killed"].append(wait(pid))
        for name in (BEST, LAST):
            try:
                step = load_checkpoint(folder / "killed" / name).manifest.step
            except LowerTriangleError as error:
                found["unreadable"].append(str(error))
        found["steps"].append(step)
    # A draft such as a killed save leaves.
    (folder / "killed" / f".{LAST}.0badcafe").write_bytes(b"half")
    found["finished"] = wait(child(lambda: run("killed", resume=True)))
    found["differ"] = [
        name
        for name in (BEST, LAST, METRICS)
        if (folder / "killed" / name).read_bytes() != (folder / "straight" / name).read_bytes()
    ]
    found["left"] = sorted(path.name for path in (folder / "killed").iterdir())

    pid = child(lambda: run("taken"))
    wait_for(folder / "taken" / LAST)
    found["second"] = wait(child(lambda: run("taken", resume=True)))
    os.kill(pid, signal.SIGKILL)
    wait(pid)
    found["after the first died"] = wait(child(lambda: run("taken", resume=True)))

    pid = child(lambda: run("full"))
    wait_for(folder / "full" / LAST)
    os.kill(pid, signal.SIGINT)
    found["interrupted"] = wait(pid)
    before = (folder / "full" / LAST).read_bytes()

    def run_where_the_disk_is_full() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
        run("full", resume=True)

    found["full"] = wait(child(run_where_the_disk_is_full))
    found["kept"] = (folder / "full" / LAST).read_bytes() == before
    found["left where full"] = sorted(path.name for path in (folder / "full").iterdir())
    return found


if __name__ == "__main__":
    print(json.dumps(main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]))))
