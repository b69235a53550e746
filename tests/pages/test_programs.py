"""The program of a block: imports at the head, then the embedded source it uses, then its section."""

import subprocess
import sys

import pytest

from pagecode.names import free_names
from pagecode.objects import ObjectError
from pagecode.programs import bundle, program


def last(small, text: str) -> str:
    """The program of the last block of Python of a page."""
    page = small.read(text)
    assert page.problems == []
    return program(small.project, page, [block for block in page.blocks if block.is_python][-1])


def test_imports_are_hoisted_grouped_sorted_and_merged(small):
    text = """
```python
import torch
from torch import nn
from mini.reached import third
```

## Section

```python
x = torch.ones(1)
from math import pi
import os.path, os
from torch import Tensor  # not used
from math import e
y = nn.ReLU(), third(), pi, e, os.path.sep
```
"""
    assert last(small, text) == (
        "import os\nimport os.path\nfrom math import e, pi\n\n"
        "import torch\nfrom torch import Tensor, nn\n\n"
        "from mini.reached import third\n\n"
        "x = torch.ones(1)\ny = nn.ReLU(), third(), pi, e, os.path.sep\n"
    )


def test_only_what_is_used_is_taken_from_other_sections(small):
    head = "```python\nimport math\nimport torch\n```\n\n## One\n\n```python\nx = 1\n```\n\n"
    assert last(small, head + "## Two\n\n```python\ny = math.pi\n```\n") == "import math\n\ny = math.pi\n"


def test_a_program_ends_with_its_block(small):
    page = small.read("```python\nx = 1\n```\n\n```python\ny = x\n```\n\n```python\nz = y\n```\n")
    assert [program(small.project, page, block) for block in page.blocks] == [
        "x = 1\n",
        "x = 1\n\ny = x\n",
        "x = 1\n\ny = x\n\nz = y\n",
    ]


def test_embedded_source_stands_before_its_use_and_after_what_it_needs(small):
    text = """
## One

```python mini.averages.root
```

```python mini.averages.rounded mini.averages.PLACES
```

## Two

```python
print(root(2.0))
```

```text
1.4142
```
"""
    made = last(small, text)
    assert made.index("PLACES = 4") < made.index("def rounded") < made.index("def root") < made.index("print(root")
    assert made.startswith("from __future__ import annotations\n\nimport math\n\nfrom mini.witness import mark\n")


def test_what_is_not_embedded_is_imported_from_its_module(small):
    made = last(small, "```python mini.averages.root\n```\n")
    assert "from mini.averages import rounded\n" in made
    assert "def rounded" not in made


def test_a_part_brings_the_whole_once(small):
    made = last(small, "```python mini.averages.Mean.of\n```\n\n```python mini.averages.Mean\n```\n")
    assert made.count("class Mean") == made.count("def of") == 1


def test_an_import_of_what_the_page_embeds_is_dropped(small):
    two = "## Two\n\n```python\nfrom mini.averages import old\n\nprint(old)\n```\n"
    page = small.read("## One\n\n```python mini.averages.old\n```\n\n" + two)
    made = program(small.project, page, page.blocks[-1])
    assert "def old" in made and "import old" not in made


def test_submodules_of_one_package_are_all_imported(small):
    text = "```python\nimport xml.dom\nimport xml.sax\n```\n\n## Two\n\n```python\nx = xml.dom, xml.sax\n```\n"
    assert last(small, text) == "import xml.dom\nimport xml.sax\n\nx = xml.dom, xml.sax\n"


def test_an_import_that_shares_its_line_stays_there(small):
    assert last(small, "```python\nimport math; x = 1\ny = 2\n```\n").endswith("import math; x = 1\ny = 2\n")


@pytest.mark.parametrize(
    ("example", "line"),
    [
        (">>> 1 + 1\n2", "print(1 + 1)"),
        (">>> 1 + 1  # a sum\n2", "print(1 + 1)  # a sum"),
        (">>> x = 1", "x = 1"),
        (">>> 1, 2\n(1, 2)", "print((1, 2))"),
        (">>> (1, 2)\n(1, 2)", "print((1, 2))"),
        (">>> 'a' 'b'\n'ab'", "print(repr('a' 'b'))"),
        (">>> print('a')\na", "print('a')"),
        (">>> (1 +\n...  1)\n2", "print(1 +\n 1)"),
        (">>> '#'.join('ab')\n'a#b'", "print(repr('#'.join('ab')))"),
        (">>> for x in '#b':\n...     print(x)\n#\nb", "for x in '#b':\n    print(x)"),
        (">>> [y for y in 'a']; z = 2\n['a']", "[y for y in 'a']; z = 2"),
    ],
)
def test_the_expressions_of_a_session_become_prints(small, example: str, line: str):
    assert last(small, f"```pycon\n{example}\n```\n") == line + "\n"


@pytest.mark.parametrize(
    ("code", "names"),
    [
        ("x = y", {"y"}),
        ("def f(a, *b, c=d, **e): return a + g", {"d", "g"}),
        ("class A(B):\n    c = D\n    def f(self): return c", {"B", "D", "c"}),
        ("[a for a in b if c]", {"b", "c"}),
        ("f = lambda x: x + y", {"y"}),
        ("import a.b as c, d.e\nd.f(c)", set()),
        ("for i in range(n): print(i)", {"n"}),
        ("def f() -> T: ...", {"T"}),
        ("def f():\n    import m\n    return m.n", set()),
        ("try: pass\nexcept E as e: print(e)", {"E"}),
        ("if (n := 1): m = n", set()),
    ],
)
def test_free_names(code: str, names: set[str]):
    assert free_names(code) == names


RECIPES = """from mini.bricks import Brick


def wall() -> Brick:
    return Brick(3)


def brick() -> int:
    return 0
"""
BRICKS = """import math
from mini.reached import third
from mini.mortar import mortar as glue

SIZE = 2


class Brick:
    def __init__(self, count: int) -> None:
        self.count = math.floor(count * SIZE + third()) + glue()
"""
START = """from mini import bricks


def run(recipe) -> None:
    print(recipe().count, bricks.SIZE)
"""


@pytest.fixture
def bricks(small):
    small.write("src/mini/recipes.py", RECIPES)
    small.write("src/mini/bricks.py", BRICKS)
    small.write("src/mini/mortar.py", "def mortar() -> int:\n    return 1\n")
    small.write("src/mini/start.py", START)
    return small


INLINE = ["mini.recipes", "mini.bricks", "mini.reached"]


def test_a_bundle_holds_what_it_needs_and_runs_alone(bricks, tmp_path):
    made = bundle(bricks.project, "mini.recipes.wall", INLINE, "mini.start.run")
    assert free_names(made) == set()
    assert made.index("SIZE = 2") < made.index("class Brick") < made.index("def wall") < made.index("run(wall)")
    assert "from mini.mortar import mortar as glue\n" in made and "mini.reached" not in made and "def brick" not in made
    file = tmp_path / "wall.py"
    file.write_text(made, encoding="utf-8")
    path = {"PYTHONPATH": str(bricks.root / "src")}
    done = subprocess.run([sys.executable, str(file)], env=path, cwd=tmp_path, capture_output=True, encoding="utf-8")
    assert done.stdout == "7 2\n", done.stderr


def test_a_bundle_refuses_two_objects_of_one_name(bricks):
    bricks.write("src/mini/start.py", "from mini.mortar import Brick\n\n\ndef run(recipe) -> None:\n    Brick()\n")
    bricks.write("src/mini/mortar.py", "Brick = mortar = int\n")
    with pytest.raises(ObjectError, match="cannot hold both mini.(mortar|bricks).Brick and"):
        bundle(bricks.project, "mini.recipes.wall", INLINE, "mini.start.run")
