"""sybil's pass over a page: what a section sees, what it leaves behind, how failure is told."""

import os
import sys
import time

import pytest
import torch

from pagecode import commands
from pagecode.ambient import Ambient
from pagecode.project import SCREENLESS


def said(small, text: str) -> list[str]:
    return [f"{mismatch.line}: {mismatch.message}" for mismatch in small.run(text)]


def sections(*codes: str) -> str:
    return "\n".join(f"## Section\n\n```python\n{code}\n```\n" for code in codes)


@pytest.mark.parametrize(
    ("leave", "find"),
    [
        ("x = 1", "assert 'x' not in globals()"),
        ("import torch\ntorch.set_default_dtype(torch.float64)", "assert torch.ones(1).dtype is torch.float32"),
        ("import torch\ntorch.set_grad_enabled(False)", "assert torch.is_grad_enabled()"),
        ("import torch\ntorch.set_num_threads(2)", "assert torch.get_num_threads() == 1"),
        ("import torch\ntorch.set_printoptions(precision=1)", "assert str(torch.ones(1) / 3) == 'tensor([0.3333])'"),
        ("import torch\ntorch.set_default_device('meta')", "assert torch.ones(1).device.type == 'cpu'"),
        (
            "import torch\ntorch.use_deterministic_algorithms(True)",
            "assert not torch.are_deterministic_algorithms_enabled()",
        ),
        ("import torch\ntorch.manual_seed(1)\na = torch.rand(1)", "assert torch.initial_seed() != 1"),
        ("import torch\ntorch.nn.Linear.forward = None", "assert torch.nn.Linear.forward"),
        ("import torch\ntorch.Tensor.extra = 1", "assert not hasattr(torch.Tensor, 'extra')"),
        ("import torch\ndel torch.nn.functional.relu", "assert torch.nn.functional.relu"),
        ("import numpy\nnumpy.set_printoptions(precision=1)", "assert numpy.get_printoptions()['precision'] == 8"),
        ("import math\nmath.pi = 3", "assert math.pi > 3"),
        ("import builtins\nbuiltins.extra = 1", "assert not hasattr(builtins, 'extra')"),
        ("import os\nos.environ['EXTRA'] = '1'", "assert 'EXTRA' not in os.environ"),
        ("import os\nos.chdir('/')", "assert os.getcwd() != '/'"),
        ("import sys\nsys.path.append('extra')", "assert 'extra' not in sys.path"),
        (
            "import matplotlib\nmatplotlib.rcParams['lines.linewidth'] = 9",
            "assert matplotlib.rcParams['lines.linewidth'] < 9",
        ),
        ("import mini.averages\nmini.averages.PLACES = 1", "assert mini.averages.PLACES == 4"),
        ("from mini.averages import Mean\nMean.of = None", "assert Mean.of"),
    ],
)
def test_nothing_ambient_crosses_a_section(small, leave: str, find: str):
    assert said(small, sections(leave, find)) == []


def test_imports_and_embedded_objects_are_known_to_later_sections(small):
    first = sections("import math") + "\n```python mini.averages.old\n```\n\n"
    assert said(small, first + sections("import torch\nmath.pi, old(torch.ones(1))")) == []


def test_a_section_may_give_an_embedded_name_another_value_for_itself(small):
    first = "## One\n\n```python mini.averages.rounded\n```\n\n"
    assert said(small, first + sections("rounded = None", "assert rounded(1 / 3) == 0.3333")) == []


def test_what_runs_in_this_process_afterwards_finds_it_as_it_was(small):
    modules = {name: module for name, module in sys.modules.items() if name.split(".")[0] == "pagecode"}
    cwd, environment = os.getcwd(), dict(os.environ)
    said(small, sections("import os, sys\nos.environ['EXTRA'] = '1'\nos.chdir('/')\nimport mini.averages"))
    assert (os.getcwd(), dict(os.environ)) == (cwd, environment)
    assert {name: sys.modules.get(name) for name in modules} == modules
    assert torch.get_default_dtype() is torch.float32


def test_modules_of_the_project_are_given_back(small):
    import mini.averages as before

    before.PLACES = 1
    assert said(small, sections("from mini.averages import PLACES\nassert PLACES == 4")) == []
    import mini.averages as after

    assert after is before
    for name in [name for name in sys.modules if name.split(".")[0] == "mini"]:
        del sys.modules[name]


def test_an_exception_stops_its_section_and_no_other(small):
    text = sections("import math\n1 / 0") + "\n```python\nnever()\n```\n\n" + sections("math.nothing")
    assert said(small, text) == [
        "5: ZeroDivisionError: division by zero",
        "15: AttributeError: module 'math' has no attribute 'nothing'",
    ]


@pytest.mark.parametrize("code", ["raise SystemExit", "pytest.skip('x')", "pytest.xfail('x')"])
def test_no_exception_lets_a_block_pass(small, code: str):
    assert len(said(small, sections(f"import pytest\n\n{code}"))) == 1


def test_a_warning_is_a_fault(small):
    assert said(small, sections("import warnings\n\nwarnings.warn('old')")) == ["6: UserWarning: old"]


def test_an_error_in_a_function_names_the_line_that_raised(small):
    assert said(small, sections("def f():\n    return 1 / 0\n\nf()")) == ["5: ZeroDivisionError: division by zero"]


def test_a_missing_name_is_looked_for_in_other_sections(small):
    [first] = said(small, sections("def helper(): ...", "helper()"))
    assert first.endswith("; line 3 has it, in another section: a section stands alone, so repeat it or embed it")
    [second] = said(small, sections("print(x, end='')"))
    assert "another section" not in second


def test_a_figure_is_kept_under_the_name_of_its_image(small):
    draw = "import matplotlib.pyplot as plt\n\nplt.plot([1, 2])\nplt.figure()\nplt.plot([2, 1])"
    text = f"{sections(draw)}\n![Up](figures/up.svg)\n\n![Down](figures/down.svg)\n"
    assert said(small, text) == []
    page = small.root / "docs/page.md"
    assert all("<svg" in small.project.figure(page, name).read_text("utf-8") for name in ("up.svg", "down.svg"))


def test_a_figure_that_a_session_draws_is_refused(small):
    text = "```pycon\n>>> import matplotlib.pyplot as plt\n>>> _ = plt.figure()\n```\n"
    assert said(small, text) == ["1: this block draws 1 figures, and 0 images stand right below it"]


def test_showing_a_figure_is_fine_where_there_is_no_screen(small, monkeypatch):
    monkeypatch.setenv("DISPLAY", ":99")
    draw = sections("import matplotlib.pyplot as plt\n\nplt.plot([1])\nplt.show()")
    assert said(small, f"{draw}\n![One](figures/one.svg)\n") == []
    assert "non-interactive" in SCREENLESS


def test_commands_share_a_folder_that_python_does_not_stand_in(small):
    text = "```sh\necho 1 > a\n```\n\n## Two\n\n```sh\ncat a\n```\n\n```text\n1\n```\n\n"
    [only] = said(small, text + sections("from pathlib import Path\nPath('a').read_text()"))
    assert only.startswith("19: FileNotFoundError")


def test_a_command_that_takes_too_long_is_ended_with_all_that_it_started(small, monkeypatch):
    monkeypatch.setattr(commands, "SECONDS", 0.3)
    began = time.monotonic()
    [first] = said(small, "```sh\nsleep 60 & sleep 60\necho never\n```\n")
    assert time.monotonic() - began < 30
    assert first.startswith("1: the command runs for more than 0.3 seconds; show a long run in a console fence")


def test_the_project_s_tools_are_never_forgotten():
    assert "pagecode" not in Ambient(("mini",)).own_modules()
