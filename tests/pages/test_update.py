"""Updating a page in place: what is wrong or missing is written, and nothing else."""

import textwrap

import pytest

from pagecode.ambient import Ambient
from pagecode.runner import run_page
from pagecode.update import rewrite


def update(small, text: str) -> tuple[str, list[str]]:
    """The page's text afterwards, and what is left to the author."""
    page = small.read(text)
    left = rewrite(page, run_page(small.project, page, Ambient(small.project.packages()), set()))
    return page.path.read_text(encoding="utf-8"), [mismatch.message for mismatch in left]


CASES = {
    "wrong": (
        "```python\nprint(1)\n```\n\n```text\n2\n```\n\nWords.\n",
        "```python\nprint(1)\n```\n\n```text\n1\n```\n\nWords.\n",
    ),
    "missing": ("```python\nprint(1)\n```\n\nWords.\n", "```python\nprint(1)\n```\n\n```text\n1\n```\n\nWords.\n"),
    "missing at the end": ("```python\nprint(1)\n```\n", "```python\nprint(1)\n```\n\n```text\n1\n```\n"),
    "longer": (
        "```python\nprint(1)\nprint(2)\n```\n\n```text\n1\n```\n",
        "```python\nprint(1)\nprint(2)\n```\n\n```text\n1\n2\n```\n",
    ),
    "shorter": ("```python\nprint(1)\n```\n\n```text\n1\n2\n3\n```\n", "```python\nprint(1)\n```\n\n```text\n1\n```\n"),
    "nothing": ("```python\nx = 1\n```\n\n```text\n1\n```\n\nWords.\n", "```python\nx = 1\n```\n\nWords.\n"),
    "ticks": ("```python\nprint('```')\n```\n", "```python\nprint('```')\n```\n\n````text\n```\n````\n"),
    "command": ("```sh\necho 1\n```\n\n```text\n2\n```\n", "```sh\necho 1\n```\n\n```text\n1\n```\n"),
    "session": (
        "```pycon\n>>> 1\n2\n>>> 3\n>>> for x in '12':\n...     print(x)\n1\n3\n4\n>>> x = 1\n5\n```\n",
        "```pycon\n>>> 1\n1\n>>> 3\n3\n>>> for x in '12':\n...     print(x)\n1\n2\n>>> x = 1\n```\n",
    ),
    "tolerance": (
        "```python\nprint(f'{1 / 3:.4f}')\nprint(2)\n```\n\n```text\n0.3334\n1\n```\n",
        "```python\nprint(f'{1 / 3:.4f}')\nprint(2)\n```\n\n```text\n0.3334\n2\n```\n",
    ),
    "many": (
        "```python\nprint(1)\n```\n\n```python\nprint(2)\n```\n\n```pycon\n>>> 3\n```\n",
        "```python\nprint(1)\n```\n\n```text\n1\n```\n\n```python\nprint(2)\n```\n\n```text\n2\n```\n\n"
        "```pycon\n>>> 3\n3\n```\n",
    ),
}


@pytest.mark.parametrize("indent", ["", "    ", "        "], ids=["left", "in a list", "in a list in a list"])
@pytest.mark.parametrize("case", CASES)
def test_outputs_are_written_where_they_belong_and_stay(small, case: str, indent: str):
    before, after = (textwrap.indent(text, indent) for text in CASES[case])
    assert update(small, before) == (after, [])
    assert update(small, after) == (after, [])


def test_within_the_tolerance_the_page_is_not_written(small):
    page = small.read("```python\nprint(f'{1 / 3:.4f}')\n```\n\n```text\n0.3334\n```\n")
    mismatches = run_page(small.project, page, Ambient(small.project.packages()), set())
    page.path.unlink()
    assert rewrite(page, mismatches) == []
    assert not page.path.exists()


def test_what_only_the_author_can_mend_is_left(small):
    one, two = "```python\n1 / 0\n```\n\n", "## Two\n\n```pycon\n>>> print('a\\n\\nb')\n```\n\n"
    text = one + two + "## Three\n\n```python\nprint(1)\n```\n"
    after, left = update(small, text)
    assert after == text + "\n```text\n1\n```\n"
    assert left == [
        "ZeroDivisionError: division by zero",
        "prints an empty line, which no session can show; write python, and text below it",
    ]


def test_the_command_updates_pages_and_a_second_run_changes_nothing(small):
    page = small.write("docs/page.md", "- x\n\n    ```python\n    print(1 / 3)\n    ```\n")
    others = {file: file.read_bytes() for file in small.root.glob("docs/**/*.md") if file != page}
    command = ("pytest", "-q", "--pagecode-update", "docs")
    assert small.command(*command).returncode == 0
    after = page.read_bytes()
    assert after.endswith(b"    ```text\n    0.3333333333333333\n    ```\n")
    assert small.command(*command).returncode == 0
    assert page.read_bytes() == after
    assert {file: file.read_bytes() for file in others} == others
