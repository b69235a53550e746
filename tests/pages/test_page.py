"""A page as the author writes it: fences, sections, outputs, figures, and what is refused."""

import pytest

from pagecode.build import facts, with_facts
from pagecode.fences import front_matter, read_fences, ticks_around


def complaints(small, text: str) -> list[str]:
    return [f"{problem.line}: {problem.message}" for problem in small.read(text).problems]


@pytest.mark.parametrize(
    ("info", "language", "rest"),
    [
        ("python", "python", ""),
        (" python", "python", ""),
        ('python title="a b"', "python", 'title="a b"'),
        ('{.python title="{x}"}', "python", 'title="{x}"'),
        ("{ .python .annotate #id }", "python", ".annotate #id"),
        ("", "", ""),
    ],
)
def test_an_opening_line_is_read_as_the_renderer_reads_it(info: str, language: str, rest: str):
    [fence] = read_fences(f"```{info}\nx\n```\n")
    assert (fence.language, fence.rest, fence.body) == (language, rest, "x\n")


def test_object_paths_are_words_of_their_own():
    [fence] = read_fences('```python a.b.C d.e title="see f.g" hl_lines="1"\n```\n')
    assert fence.objects == ["a.b.C", "d.e"]
    assert fence.opening("unused") == '```{.python title="see f.g" hl_lines="1"}'


def test_a_fence_keeps_its_blank_lines_and_its_inner_indentation():
    [fence] = read_fences("- x\n\n    ```python\n    if x:\n\n        y  \n    ```\n")
    assert fence.body == "if x:\n\n    y  \n"
    assert (fence.line, fence.end) == (3, 7)


def test_longer_ticks_hold_shorter_ones():
    [fence] = read_fences("````text\n```\nx\n```\n````\n")
    assert fence.body == "```\nx\n```\n"
    assert ticks_around("x ```` y") == "`````"


@pytest.mark.parametrize(
    ("text", "lines"),
    [("---\na: 1\n---\n# T\n", 3), ("---\na: 1\n...\n", 3), ("---\nno end\n", 0), ("# T\n---\n", 0), ("", 0)],
)
def test_front_matter(text: str, lines: int):
    assert front_matter(text.split("\n")) == lines


def test_front_matter_and_fences_hold_no_headings_and_no_fences(small):
    head = "---\na: '```python'\n## no\n---\n\n"
    one = "## One\n\n```python\n## no\nx = 1\n```\n\n### no\n\n"
    page = small.read(head + one + "## Two\n\n```python\ny = 1\n```\n")
    assert page.headings == [6, 15]
    assert [(block.line, block.section) for block in page.blocks] == [(8, 1), (17, 2)]
    assert [page.section_at(line) for line in (1, 6, 14, 15)] == [0, 1, 1, 2]


def test_a_refused_fence_does_not_hide_the_next(small):
    text = "```py\nx\n```\n\n~~~python\n## x\n~~~\n\n> ```python\n> x\n> ```\n\n```python\n1 +\n```\n"
    said = complaints(small, text)
    assert [line.split(":")[0] for line in said] == ["1", "5", "9", "14"]


def test_output_and_images_belong_to_the_block_right_above(small):
    text = "```python\nx = 1\n```\n\n```text\n1\n```\n\n![One](figures/a.svg)\n\n![Two](figures/b.svg)\n"
    page = small.read(text)
    assert page.problems == []
    assert page.blocks[0].output is page.blocks[1]
    assert page.blocks[0].figures == [(9, "figures/a.svg"), (11, "figures/b.svg")]
    assert page.blocks[0].shown() == [(6, "1")]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("```python\nx\n```\n\n![A](figures/a.svg)\n\n![B](figures/a.svg)\n", "7: line 5 has a figure figures/a.svg"),
        ("```python\nx\n```\n\nWords.\n\n![A](figures/a.svg)\n", "7: figures/a.svg has no python fence right above"),
        ("```sh\ntrue\n```\n\n![A](figures/a.svg)\n", "5: figures/a.svg has no python fence right above"),
        ("```pycon\n>>> 1\n1\n```\n\n```text\n1\n```\n", "6: a text fence shows what the python or sh fence"),
        ("```pycon mini.averages.old\n```\n", "1: objects are embedded as python, not as pycon"),
        ("```diff mini.averages.old\n```\n", "1: a diff fence is empty and names two objects"),
        ("```python mini.averages.old mini.averages.Mean.of\n```\n", "1: a part of an object is embedded alone"),
        ("```pycon\nprint(1)\n```\n", "2: this line of a session is neither code after >>> nor output"),
        ("```pycon\n>>>x\n```\n", "1: not a Python session"),
        ("```pycon\n>>> 1\n1\n>>> 1 +\n```\n", "4: does not parse"),
        ("```python\nreturn 1\n```\n", "2: does not parse: 'return' outside function"),
        ('```python\nx = 1\nif "__main__" == __name__:\n    x\n```\n', "3: the body under `if __name__`"),
        ("```python\n>>> 1\n```\n", "2: does not parse"),
    ],
)
def test_what_would_mislead_is_refused(small, text: str, said: str):
    [complaint] = complaints(small, text)
    assert complaint.startswith(said)


@pytest.mark.parametrize(
    ("first", "second", "said"),
    [
        ("from math import sqrt", "from torch import sqrt", "sqrt is torch.sqrt here and math.sqrt at line 1"),
        ("import math as m", "import cmath as m", "m is cmath here and math at line 1"),
        ("from mini.reached import third as old", "", "old is mini.averages.old here and mini.reached.third at line 1"),
        ("from cmath import sqrt as torch", "", "torch is torch here and cmath.sqrt at line 1"),
    ],
)
def test_one_name_has_one_meaning_on_a_page(small, first: str, second: str, said: str):
    """Imported or embedded, or needed by what is embedded: in a program all of it stands at the head."""
    below = f"```python\n{second}\n```\n" if second else "```python mini.averages.old mini.averages.new\n```\n"
    found = complaints(small, f"```python\n{first}\n```\n\n## Two\n\n{below}")
    assert f"7: {said}; use another name" in found


def test_two_spellings_of_one_meaning_are_fine(small):
    one = "```python\nimport torch.nn.functional as F\nimport torch\n```\n\n"
    two = "```python\nfrom torch.nn import functional as F\nimport torch.nn\nfrom mini.averages import old\n```\n\n"
    assert complaints(small, one + two + "```python mini.averages.old\n```\n") == []


def test_a_page_without_what_its_front_matter_has_to_say_is_red(small):
    settings = (small.root / "pyproject.toml").read_text()
    small.write("pyproject.toml", settings.replace("[tool.pagecode]\n", '[tool.pagecode]\nfront_matter = ["title"]\n'))
    done = small.command("mkdocs", "build")
    assert done.returncode and "docs/index.md:1: the front matter needs a title: …" in done.stdout
    assert "docs/reaches.md" not in done.stdout.split("problems:")[0].split("Building documentation")[-1]


def test_facts_stand_below_the_title(small):
    page = small.root / "docs/page.md"
    meta = {"minutes": 3, "needs": ["reaches", "not-yet"], "lecture": "01:02:00", "paper": "§3"}
    stated = facts(small.project, page, meta)
    text = with_facts("```python\n# no title\n```\n\n# Title\n\nWords.\n", stated)
    assert text.split("\n")[4:8] == [
        "# Title",
        "",
        "3 minutes · after [Far](reaches.md), not yet (to come) · [@lecture 01:02:00] · [@vaswani2017 §3]",
        "{.facts}",
    ]
    for nothing in ({}, {"needs": []}):
        assert with_facts("# Title\n", facts(small.project, page, nothing)) == "# Title\n"
