"""Copied programs run in children of a process that has imported torch and no more, and know nothing of one another."""

import subprocess
import sys

import pytest
from forker import Forker

ALONE = """
import sys, {imports}
print(*{{name.split('.')[0] for name in sys.modules}} - set(sys.stdlib_module_names))
"""


@pytest.mark.parametrize(("fixture", "imports"), [("forker", "torch._dynamo"), ("torch_alone", "torch")])
def test_the_process_that_forks_has_imported_torch_and_nothing_else(fixture: str, imports: str, request):
    process: Forker = request.getfixturevalue(fixture)
    process.run("import lower_triangle, matplotlib")
    program = ALONE.format(imports=imports)
    alone = subprocess.run([sys.executable, "-c", program], capture_output=True, encoding="utf-8", check=True)
    assert "torch" in process.modules()
    assert process.modules() == set(alone.stdout.split()) - {"__main__"}
    assert process.modules().isdisjoint({"lower_triangle", "pagecode", "sybil", "pytest", "matplotlib", "playwright"})


def test_where_torch_alone_has_been_imported_its_compiler_has_not(torch_alone: Forker, forker: Forker):
    asks = "import sys, torch\nprint('torch._dynamo' in sys.modules)"
    assert [process.run(asks).printed for process in (torch_alone, forker)] == ["False\n", "True\n"]


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
