"""Copied programs run in children of a process that has imported torch and no more, and know nothing of one another."""

import subprocess
import sys

import pytest
from forker import Forker, unimported

TORCH_ALONE = """
import sys, torch._dynamo
print(*{name.split('.')[0] for name in sys.modules} - set(sys.stdlib_module_names))
"""


def test_the_process_that_forks_has_imported_torch_and_nothing_else(forker: Forker):
    forker.run("import lower_triangle, matplotlib")
    alone = subprocess.run([sys.executable, "-c", TORCH_ALONE], capture_output=True, encoding="utf-8", check=True)
    packages = {name.split(".")[0] for name in forker.modules()} - set(sys.stdlib_module_names)
    assert "torch" in packages
    assert packages == set(alone.stdout.split())
    assert packages.isdisjoint({"lower_triangle", "pagecode", "sybil", "pytest", "matplotlib", "playwright"})


def test_a_module_that_a_program_names_and_does_not_import_is_found():
    there = {"torch", "torch.nn", "torch.linalg", "torch._dynamo", "os", "os.path"}
    assert unimported("import torch\nx = torch.nn.Linear(torch.linalg.norm(y), os.path)", there) == {
        "torch.nn",
        "torch.linalg",
    }
    assert unimported("import torch as t, torch._dynamo\nt.nn\ntorch._dynamo", there) == {"torch.nn"}
    assert unimported("from torch import nn\nimport torch.nn\nnn.Linear\ntorch.nn.Linear", there) == set()


def test_of_those_that_name_such_a_module_the_first_is_to_run_alone(forker: Forker):
    programs = {
        1: "import torch",
        2: "import torch\ntorch.nn",
        3: "import torch\ntorch.nn\ntorch.linalg",
        4: "torch.nn",
    }
    assert forker.alone(programs) == {2, 3}
    assert forker.alone({number: programs[number] for number in (3, 2, 1)}) == {3}


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
