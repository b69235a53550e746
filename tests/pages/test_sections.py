"""Within a page only the sections run again that an edit can have changed; believing too much would hide a fault."""

import pytest

from pagecode.ledger import Ledger, digest, section_digests

PAGE = """
```python
import math
```

## One

Words.

```python
x = 1
```

```python
print(math.floor(1.5), x)
```

```text
1 1
```

## Two

```python mini.averages.old
```

```pycon
>>> math.ceil(1.5)
2
```

## Three

```python
from mini.reached import third

y = third()
```

## Four

```sh
true
```

## Five

```sh
echo 1
```

```text
1
```
""".lstrip("\n")


def changed(small, before: str, after: str) -> set[int]:
    """The sections that run again after an edit of the page."""
    old, new = (section_digests(small.project, small.read(text)) for text in (before, after))
    return {number for number in new if new[number] not in old.values()}


@pytest.mark.parametrize(
    ("old", "new", "sections"),
    [
        ("Words.", "Other words.", set()),
        ("## Two", "## Another name", set()),
        ("x = 1\n", "x = 2\n", {1}),
        ("1 1\n", "1 2\n", {1}),
        ("2\n```", "3\n```", {2}),
        (">>> math.ceil(1.5)\n2", ">>> math.ceil(1.5)", {2}),
        ("mini.averages.old", "mini.averages.new", {2, 3}),
        ("import math\n", "import cmath\n", {0, 1, 2, 3}),
        ("y = third()", "y = 2 * third()", {3}),
        ("true", "false", {4, 5}),
        ("echo 1", "echo 2", {5}),
        ("\n1\n", "\n2\n", {5}),
        ("x = 1\n```\n\n```python\nprint(math", "x = 1\n\nprint(math", {1}),
    ],
)
def test_an_edit_runs_the_sections_that_it_can_have_changed(small, old: str, new: str, sections: set[int]):
    """Commands share a folder, so they run again with any command before them."""
    assert old in PAGE
    assert changed(small, PAGE, PAGE.replace(old, new)) == sections


def test_output_that_moves_to_another_block_of_the_same_program_is_looked_at_again(small):
    before = "```python\nprint(1)\n```\n\n```text\n1\n```\n\n```python\nprint(2)\n\nx = 1\n```\n\n```text\n2\n```\n"
    after = "```python\nprint(1)\n\nprint(2)\n```\n\n```text\n1\n```\n\n```python\nx = 1\n```\n\n```text\n2\n```\n"
    assert changed(small, before, after) == {0}


def test_an_import_that_only_embedded_source_still_has_is_missed(small):
    """The section's program is the same; in sybil's pass the name is gone."""
    rest = "## One\n\n```python mini.averages.root\n```\n\n```python\ny = math.pi\n```\n"
    head = "```python\nimport math\n```\n\n"
    assert 1 in changed(small, head + rest, rest)
    assert any("'math' is not defined" in mismatch.message for mismatch in small.run(rest))


def test_an_edit_of_a_module_runs_the_sections_that_reach_it(small):
    page = small.read(PAGE)
    before = section_digests(small.project, page)
    (small.root / "src/mini/reached.py").write_text("def third(): return 0\n", encoding="utf-8")
    after = section_digests(small.project, page)
    assert {number for number in after if after[number] != before[number]} == {3, 4, 5}


def test_sections_that_passed_are_gone_by(small):
    text = "## One\n\n```python\nimport math\n\n1 / 0\n```\n\n## Two\n\n```python mini.averages.old\n```\n\n"
    text += "## Three\n\n```python\nmath.pi, old(1 / 0)\n```\n"
    assert [mismatch.line for mismatch in small.run(text, passed={1, 2})] == [17]


def test_a_command_finds_what_commands_before_it_leave(small):
    text = "## One\n\n```sh\necho 1 > a\n```\n\n## Two\n\n```sh\ncat a\n```\n"
    assert small.run(text, passed={1}) == []


def test_a_command_does_not_find_what_python_leaves(small):
    text = "## One\n\n```python\nfrom pathlib import Path\n\n_ = Path('a').write_text('1')\n```\n\n"
    [mismatch] = small.run(text + "## Two\n\n```sh\ncat a\n```\n")
    assert mismatch.line == 11 and "No such file" in mismatch.message


def test_only_a_section_without_a_fault_is_believed(small):
    page = small.read("## One\n\n```python\nx = 1\n```\n\n## Two\n\n```python\n1 / 0\n```\n\n## Three\n\n```py\n```\n")
    small.command("pytest", "-q", "docs/page.md")
    digests = section_digests(small.project, page)
    assert Ledger(small.project).passed(page, digests) == {1}
    assert Ledger(small.project).read(page.path)["digest"] == digest(small.project, page)


def test_a_section_whose_figure_is_gone_runs_again(small):
    draw = "import matplotlib.pyplot as plt\n\nplt.plot([1, 2])"
    page = small.read(f"```python\n{draw}\n```\n\n![Up](figures/up.svg)\n\n## Two\n\n```python\nx = 1\n```\n")
    small.command("pytest", "-q", "docs/page.md")
    digests = section_digests(small.project, page)
    assert Ledger(small.project).passed(page, digests) == {0, 1}
    small.project.figure(page.path, "figures/up.svg").unlink()
    assert Ledger(small.project).passed(page, digests) == {1}
