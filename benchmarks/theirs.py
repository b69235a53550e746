"""nanoGPT's side: its own files, unmodified, in a scratch copy of a checkout.

`python -m benchmarks.theirs`, started in that copy, answers what `sides.Side` asks; training is its own `train.py`.
"""

import os
import pickle
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path
from statistics import median

import numpy as np

from benchmarks.sides import SideError, serve
from lower_triangle.corpus import Corpus
from lower_triangle.errors import UsageError

# What nanoGPT's readme trains with "on a macbook (or other cheap computer)".
CONFIG = "config/train_shakespeare_char.py"
RECIPE = {
    "device": "cpu",
    "compile": False,
    "eval_iters": 20,
    "log_interval": 1,
    "block_size": 64,
    "batch_size": 12,
    "n_layer": 4,
    "n_head": 4,
    "n_embd": 128,
    "max_iters": 2000,
    "lr_decay_iters": 2000,
    "dropout": 0.0,
}
DATA = Path("data", "shakespeare_char")


def scratch_copy(checkout: Path, folder: Path, corpus: Corpus) -> str:
    """Put nanoGPT's code and our text, as its `prepare.py` would write it, into `folder`; its commit is returned.

    Raises:
        UsageError: when `checkout` is no checkout of nanoGPT.
    """
    for name in ("model.py", "train.py", "configurator.py", CONFIG):
        if not (checkout / name).is_file():
            raise UsageError(
                f"{str(checkout)!r} is no checkout of nanoGPT, it has no {name}; "
                "git clone https://github.com/karpathy/nanoGPT, and name that folder"
            )
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(checkout / name, folder / name)
    (folder / DATA).mkdir(parents=True)
    for name, tokens in (("train", corpus.train), ("val", corpus.val)):
        tokens.numpy().astype(np.uint16).tofile(folder / DATA / f"{name}.bin")
    meta = {"vocab_size": len(corpus.tokenizer)}
    (folder / DATA / "meta.pkl").write_bytes(pickle.dumps(meta))
    git = subprocess.run(["git", "-C", checkout, "rev-parse", "HEAD"], capture_output=True, text=True, check=False)
    return git.stdout.strip() or "unknown"


def train(folder: Path, threads: int, **changes: object) -> dict:
    """Run `train.py` to its end: what it says of the time of each iteration, and how long they took together.

    It evaluates before the first and after the last, and what the log gives for those two has that in it; so they are
    left out of the times, and the first is counted like any other.
    """
    settings = RECIPE | {"always_save_checkpoint": True} | changes
    settings["eval_interval"] = last = settings["max_iters"]
    flags = [f"--{name}={value}" for name, value in settings.items()]
    started = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "train.py", CONFIG, *flags],
        cwd=folder,
        env=dict(os.environ, OMP_NUM_THREADS=str(threads)),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SideError(f"nanoGPT's train.py ended with {done.returncode}:\n{done.stderr[-1000:]}")
    log = re.findall(r"^iter (\d+): loss ([\d.]+), time ([\d.]+)ms", done.stdout, re.MULTILINE)
    steps = [float(ms) / 1000 for number, _, ms in log if 0 < int(number) < last]
    return {
        "steps": steps,
        "losses": [float(loss) for number, loss, _ in log if int(number) < last],
        "seconds": sum(steps) + median(steps),
        "wall": time.perf_counter() - started,
    }


def tasks() -> dict:
    """What nanoGPT can be asked for, in the folder that holds it."""
    sys.path.insert(0, os.getcwd())
    import torch
    import torch.nn.functional as F
    from model import GPT, GPTConfig
    from safetensors.torch import save_file

    sizes = {name: RECIPE[name] for name in ("block_size", "n_layer", "n_head", "n_embd", "dropout")}
    split = {name: np.memmap(DATA / f"{name}.bin", dtype=np.uint16, mode="r") for name in ("train", "val")}

    def build(**changes: int) -> GPT:
        torch.manual_seed(1337)
        return GPT(GPTConfig(**sizes | {"bias": False, "vocab_size": 65} | changes)).eval()

    models = {64: build(), 256: build(block_size=256)}

    def generate(context: int, length: int) -> dict:
        """As `sample.py` calls it, from a new line."""
        start = torch.zeros(1, 1, dtype=torch.long)
        begun = time.perf_counter()
        models[context].generate(start, length, temperature=0.8, top_k=200)
        return {"seconds": time.perf_counter() - begun}

    @torch.no_grad()
    def estimate(batches: int) -> dict:
        """The loop of `estimate_loss` over one split; its `get_batch` copied in what it does, not in its words."""
        batch, T = RECIPE["batch_size"], RECIPE["block_size"]
        begun = time.perf_counter()
        for _ in range(batches):
            data = np.memmap(DATA / "val.bin", dtype=np.uint16, mode="r")
            starts = torch.randint(len(data) - T, (batch,))
            x, y = (
                torch.stack([torch.from_numpy(data[i + shift : i + shift + T].astype(np.int64)) for i in starts])
                for shift in (0, 1)
            )
            models[64](x, y)[1].item()
        return {"seconds": time.perf_counter() - begun, "characters": batches * batch * T}

    @torch.no_grad()
    def full_loss() -> dict:
        """The loss of the last checkpoint on all of the validation split, by its own model in its own words."""
        checkpoint = torch.load("out-shakespeare-char/ckpt.pt", weights_only=False)
        model = GPT(GPTConfig(**checkpoint["model_args"])).eval()
        model.load_state_dict(checkpoint["model"])
        tokens, T = torch.from_numpy(split["val"].astype(np.int64)), RECIPE["block_size"]
        total = 0.0
        for start in range(0, len(tokens) - 1, T):
            x, y = tokens[start : start + T], tokens[start + 1 : start + T + 1]
            logits, _ = model(x[None, : len(y)], y[None])
            total += F.cross_entropy(logits[0], y, reduction="sum").item()
        return {"loss": total / (len(tokens) - 1), "step": checkpoint["iter_num"]}

    def begin(steps: int) -> dict:
        """Write down what `train.py` begins with: its weights, and where the chunks of each of its batches start.

        It draws one batch, then those of an evaluation of both splits, and then the others, all from one stream.
        """
        model, batch, T = build(), RECIPE["batch_size"], RECIPE["block_size"]
        places = [torch.randint(len(split["train"]) - T, (batch,))]
        for name in ("train", "val"):
            for _ in range(RECIPE["eval_iters"]):
                torch.randint(len(split[name]) - T, (batch,))
        places += [torch.randint(len(split["train"]) - T, (batch,)) for _ in range(steps - 1)]
        weights = {name: each for name, each in model.state_dict().items() if name != "lm_head.weight"}
        save_file(weights | {"starts": torch.stack(places)}, "begin.safetensors")
        return {}

    return {"generate": generate, "estimate": estimate, "full_loss": full_loss, "begin": begin}


if __name__ == "__main__":
    serve(tasks)
