"""Copied programs run in children of a process that has imported torch and no more, and know nothing of one another."""

import subprocess
import sys

import pytest
from forker import Forker

TORCH_ALONE = """
import sys, torch._dynamo
print(*{name.split('.')[0] for name in sys.modules} - set(sys.stdlib_module_names))
"""


def test_the_process_that_forks_has_imported_torch_and_nothing_else(forker: Forker):
    forker.run("import lower_triangle, matplotlib")
    alone = subprocess.run([sys.executable, "-c", TORCH_ALONE], capture_output=True, encoding="utf-8", check=True)
    assert "torch" in forker.modules()
    assert forker.modules() == set(alone.stdout.split()) - {"__main__"}
    assert forker.modules().isdisjoint({"lower_triangle", "pagecode", "sybil", "pytest", "matplotlib", "playwright"})


def test_a_program_is_the_main_module_of_an_interpreter_in_an_otherwise_empty_folder(forker: Forker):
    ended = forker.run("import os, sys\nprint(__name__, sys.argv, os.listdir(), sys.modules['__main__'].os is os)")
    assert (ended.status, ended.printed) == (0, "__main__ ['copied.py'] ['copied.py'] True\n")


def test_what_one_program_changes_the_next_does_not_see(forker: Forker):
    forker.run("import torch\ntorch.nn.ReLU = None\ntorch.manual_seed(5)\ntorch.set_default_dtype(torch.float64)")
    ended = forker.run("import torch\nprint(torch.nn.ReLU is None, torch.initial_seed() == 5, torch.tensor(1.0).dtype)")
    assert ended.printed == "False False torch.float32\n"


@pytest.mark.parametrize(
    ("code", "status", "said"),
    [
        ("print(1)\nraise ValueError('wanted a mask')", 1, "ValueError: wanted a mask"),
        ("print(1)\nimport warnings\nwarnings.warn('old')", 1, "UserWarning: old"),
        ("print(1, flush=True)\nwhile True: pass", -14, "stopped after 2 seconds"),
    ],
)
def test_how_a_program_fails_is_told(forker: Forker, code: str, status: int, said: str):
    ended = forker.run(code, seconds=2)
    assert (ended.status, ended.printed) == (status, "1\n")
    assert said in ended.complaints


def test_a_program_that_calls_torch_on_one_thread_does_not_hang(forker: Forker):
    product = "float((torch.ones(300, 300) @ torch.ones(300)).sum())"
    ended = forker.run(f"import torch\nprint(torch.get_num_threads(), {product})")
    assert (ended.status, ended.printed) == (0, "1 90000.0\n")
