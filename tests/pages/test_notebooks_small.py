"""A page becomes a notebook: what a cell needs, what prose turns into, what is stated where addresses are known."""

import io
import json
from contextlib import redirect_stdout
from dataclasses import replace

import nbformat
import pytest
from small_project import Small, build

from pagecode.citations import Sources
from pagecode.ledger import Ledger
from pagecode.publish.notebooks import Origin, notebook, offered
from pagecode.publish.prose import Surroundings, notebook_markdown
from pagecode.reader import read_page

NOWHERE = Origin("Small", "", "", "", "small", ">=3.11")
SOMEWHERE = replace(
    NOWHERE, site="https://site.test/small/", repository="https://github.com/some/where", commit="c0ffee" * 6
)
ADDRESSES = {"page.md": "page/", "shapes.md": "shapes/", "reference/sources.md": "reference/sources/", "a.png": "a.png"}


def surroundings(small, origin: Origin = NOWHERE) -> Surroundings:
    return Surroundings("page.md", origin.site, ADDRESSES, Sources.load(small.project.sources))


def made(small, text: str, origin: Origin = NOWHERE, facts: tuple[str, ...] = ()) -> nbformat.NotebookNode:
    """The notebook of a page of this text."""
    page = small.read(f"# Title\n\n{text}")
    assert page.problems == []
    nb = nbformat.reads(notebook(small.project, page, list(facts), origin, surroundings(small, origin)), as_version=4)
    nbformat.validate(nb)
    return nb


def codes(nb) -> list[str]:
    return [cell.source for cell in nb.cells if cell.cell_type == "code"]


def prose(nb) -> list[str]:
    return [cell.source for cell in nb.cells if cell.cell_type == "markdown"]


def run(nb) -> list[str]:
    """What the cells print, one after the other in one namespace."""
    namespace, said = {"__name__": "__main__"}, []
    for code in codes(nb):
        with redirect_stdout(io.StringIO()) as caught:
            exec(compile(code, "<cell>", "exec", dont_inherit=True), namespace)
        said.append(caught.getvalue())
    return said


def shown(nb) -> list[str]:
    outputs = [cell.outputs for cell in nb.cells if cell.cell_type == "code"]
    return ["".join(output.text for output in several if "text" in output) for several in outputs]


def python(code: str, output: str = "") -> str:
    return f"```python\n{code}\n```\n\n" + (f"```text\n{output}\n```\n\n" if output else "")


def test_a_name_that_a_section_takes_for_itself_is_given_back_to_the_next(small):
    page = (
        python("from math import pi\n\nimport mini.witness as w")
        + "## One\n\n```python mini.averages.PLACES\n```\n\n```python mini.averages.rounded\n```\n\n"
        + python("pi, PLACES, sum, rounded = 3, 0, max, None\nprint(pi, PLACES, sum(1, 2))", "3 0 2")
        + "## Two\n\n"
        + python("print(pi > 3, PLACES, sum([1, 2]), rounded(2 / 3))", "True 4 3 0.6667")
    )
    nb = made(small, page)
    assert run(nb) == shown(nb)
    assert "\nfrom math import pi\n\ndel sum\n\nPLACES = 4\n" in codes(nb)[-1]


def test_an_embedded_object_comes_with_the_imports_that_it_needs_once(small):
    nb = made(small, "## One\n\n```python mini.averages.root\n```\n\n## Two\n\n" + python("print(root(4.0))", "2.0"))
    first, second = codes(nb)
    assert "import math\n" in first and "from mini.averages import rounded\n" in first and "def root" in first
    assert second == "print(root(4.0))"
    assert run(nb) == shown(nb)


def test_a_part_is_shown_and_its_whole_defined_where_it_is_first_used(small):
    nb = made(small, "```python mini.averages.Mean.of\n```\n\n## Two\n\n" + python("print(Mean(2.0) is None)", "False"))
    assert "axis.\ndef of(" in prose(nb)[0] and "`mini.averages.Mean.of`" in prose(nb)[0]
    assert "class Mean" in codes(nb)[0] and codes(nb)[0].endswith("print(Mean(2.0) is None)")
    assert run(nb) == shown(nb)


def test_a_setting_of_the_process_is_put_back_for_the_next_section(small):
    setting = "import torch\n\ntorch.set_printoptions(precision=1)\nprint(torch.tensor([0.25]))"
    page = "## One\n\n" + python(setting, "tensor([0.2])") + "## Two\n\n"
    nb = made(small, page + python("x = torch.tensor([0.25])\nprint(x)", "tensor([0.2500])"))
    assert run(nb) == shown(nb)
    untouched = made(small, "## One\n\n" + python("print(1)", "1") + "## Two\n\n" + python("x = 1"))
    assert codes(untouched)[-1] == "x = 1"


def test_a_session_is_code_that_prints_and_its_answers_are_the_output(small):
    nb = made(small, '```pycon\n>>> x = "a"\n>>> x\n\'a\'\n>>> 1, 2\n(1, 2)\n```\n')
    assert codes(nb) == ['x = "a"\nprint(repr(x))\nprint((1, 2))']
    assert shown(nb) == run(nb) == ["'a'\n(1, 2)\n"]


@pytest.mark.parametrize(
    ("code", "cell"),
    [
        ("x = [1]\nx", "x = [1]\nx;"),
        ("x = 'é'; x  # é", "x = 'é'; x;  # é"),
        ("max(\n    1,\n    2,\n)", "max(\n    1,\n    2,\n);"),
        ("x = 1", "x = 1"),
    ],
)
def test_the_value_of_a_last_expression_which_the_page_does_not_show_is_not_shown(small, code: str, cell: str):
    assert codes(made(small, python(code))) == [cell]


def test_commands_are_made_ready_for_once_and_stop_at_a_failure(small):
    nb = made(small, "```sh\necho a\n```\n\n```text\na\n```\n\n```sh\necho b\n```\n")
    ready, first, second = codes(nb)
    assert "sysconfig" in ready and (first, second) == ("%%sh -e\necho a", "%%sh -e\necho b")
    assert shown(nb) == ["", "a\n", ""]


@pytest.mark.parametrize(
    ("text", "markdown"),
    [
        (r"so \( \q{Q}\k {K}^\top \), for $2", r"so ${Q}{K}^\top$, for \$2"),
        ("\\[ a\n= b \\]", "$$a\n= b$$"),
        (r"\[\begin{align*} a &= b \end{align*}\]", r"$$\begin{aligned} a &= b \end{aligned}$$"),
        (r"code `\(x\) $y [@k] {.a} <b>`", r"code `\(x\) $y [@k] {.a} <b>`"),
        ("[@lecture 01:02:00]", "[The lecture at 01:02:00](https://example.org/watch?v=1&t=3720s)"),
        ("[@vaswani2017\n§1]", "[Vaswani et al. 2017](https://example.org/paper), §1"),
        (
            "[@*]",
            "- A. Lecturer (2023), [A lecture](https://example.org/watch?v=1).\n"
            "- A. Vaswani et al. (2017), [A paper](https://example.org/paper).",
        ),
        ("## Head {#named .other}", "## Head"),
        ("words\n{.facts}", "words"),
        ('a <span class="q">query</span><br>b', "a query<br>b"),
        ('<div class="x" markdown>\n\nwords\n\n</div>', "words"),
        ("before <!-- a\nb --> after", "before  after"),
        ("<https://a.test/>", "<https://a.test/>"),
        ('!!! note\n    one\n\n    - two\n\nthree', "**Note**\n\none\n\n- two\n\nthree"),
        ('!!! note ""\n    one', "one"),
        (
            '??? question "Is *it* \\(x\\)?"\n\n    Yes.\n\nafter',
            "**Is *it* $x$?**\n\n<details><summary>Answer</summary>\n\nYes.\n\n</details>\n\nafter",
        ),
        (
            '??? tip "A"\n    one\n    \x009\x00\n    two',
            "**A**\n\n<details><summary>Open</summary>\n\none\n\n</details>\n\n\x009h\x00\ntwo",
        ),
        ('=== "Tab"\n\n    === "Inner"\n\n        words', "**Tab**\n\n**Inner**\n\nwords"),
        ("Term\n\n:   Words.\n\n    More.", "Term\n\nWords.\n\nMore."),
        ("- point\n\n    !!! note\n        words", "- point\n\n    **Note**\n\n    words"),
    ],
)
def test_prose_becomes_what_a_notebook_can_show(small, text: str, markdown: str):
    assert notebook_markdown(text, surroundings(small)).strip() == markdown


LINKS = [
    ("[a `b`](shapes.md#c)", "a `b`", "[a `b`](https://site.test/small/shapes/#c)"),
    ("[a](#here)", "a", "[a](https://site.test/small/page/#here)"),
    ('[a](reference/sources.md "title"){.x}', "a", "[a](https://site.test/small/reference/sources/)"),
    ("![words](a.png)", "words", "![words](https://site.test/small/a.png)"),
    ('<a href="shapes.md">a</a>', "a", "[a](https://site.test/small/shapes/)"),
    ("[a](https://b.test/)", "[a](https://b.test/)", "[a](https://b.test/)"),
    ("[a](nowhere.md)", "a", "a"),
]


@pytest.mark.parametrize(("text", "without", "with_address"), LINKS)
def test_a_link_is_absolute_or_its_words(small, text: str, without: str, with_address: str):
    assert notebook_markdown(text, surroundings(small)) == without
    assert notebook_markdown(text, surroundings(small, SOMEWHERE)) == with_address


def test_what_follows_a_cell_inside_a_list_is_no_code(small):
    code, shell = "    ```python\n    x = 1\n    ```\n", "    ```console\n    ls\n    ```\n"
    nb = made(small, f"- A point.\n\n{code}\n    More of it.\n\n{shell}")
    assert prose(nb)[-1] == "More of it.\n\n```console\nls\n```"


def test_code_that_begins_hidden_on_the_page_begins_folded(small):
    inside = "    ```python\n    x = 1\n    ```\n\n"
    nb = made(small, f'??? question "Why?"\n\n    Because.\n\n{inside}???+ note\n\n{inside}' + python("x = 1"))
    folded = {"jupyter": {"outputs_hidden": True, "source_hidden": True}}
    assert [cell.metadata for cell in nb.cells if cell.cell_type == "code"] == [folded, {}, {}]
    assert len({cell.id for cell in nb.cells}) == len(nb.cells)


def test_a_heading_begins_a_cell_and_a_title_stands_above_its_code(small):
    nb = made(small, 'a\n\n## B\n\n### C\n\n```python title="Named"\nx = 1\n```\n')
    assert [text.split("\n")[0] for text in prose(nb)] == ["# Title", "## B", "### C"]
    assert prose(nb)[-1].endswith("**Named**")


def test_without_addresses_a_notebook_says_how_to_install_from_a_clone(small):
    nb = made(small, python("x = 1"), facts=("3 minutes", "[@lecture 01:02:00]"))
    assert "3 minutes · [The lecture at" in prose(nb)[0] and "CC BY 4.0" in prose(nb)[0]
    assert "pip install -c constraints.txt ." in prose(nb)[0] and "commit" not in prose(nb)[0]
    assert codes(nb) == ["x = 1"]
    assert offered("a/b.ipynb", "") == ['[Notebook](b.ipynb){download="b.ipynb"}']


def test_with_addresses_it_installs_what_was_built_and_links_to_its_page(small):
    nb = made(small, python("x = 1"), SOMEWHERE)
    at = "https://github.com/some/where@" + SOMEWHERE.commit
    assert codes(nb) == [f'%pip install --quiet "small @ git+{at}"', "x = 1"]
    assert "[Title](https://site.test/small/page/)" in prose(nb)[0] and "`c0ffeec`" in prose(nb)[0]
    assert "constraints" not in prose(nb)[0]
    unknown = codes(made(small, python("x = 1"), replace(SOMEWHERE, commit="")))[0]
    assert unknown == '%pip install --quiet "small @ git+https://github.com/some/where"'


def test_colab_is_offered_for_a_repository_that_it_can_read():
    address = "https://colab.research.google.com/github/some/where/blob/notebooks/a/b.ipynb"
    assert offered("a/b.ipynb", "https://github.com/some/where")[1] == f"[Open in Colab]({address})"
    assert len(offered("a/b.ipynb", "https://code.test/some/where")) == 1


def test_a_build_writes_the_same_notebooks_every_time_and_their_figures_on_white(green):
    assert green.code == 0, green.said
    file = green.small.root / "site/shapes.ipynb"
    nb = nbformat.reads(file.read_text(encoding="utf-8"), as_version=4)
    nbformat.validate(nb)
    [drawn] = [output for cell in nb.cells for output in cell.get("outputs", []) if "data" in output]
    assert drawn.data["text/plain"] == "A line that rises" and "image/png" in drawn.data
    assert drawn.data["image/svg+xml"].split("\n")[1] == ' <rect width="100%" height="100%" fill="#ffffff"/>'
    first = file.read_bytes()
    assert green.small.command("mkdocs", "build", "--site-dir", str(green.small.root / "again")).returncode == 0
    assert (green.small.root / "again/shapes.ipynb").read_bytes() == first
    assert not (green.small.root / "site/reference/sources.ipynb").exists()


def test_a_figure_without_its_picture_for_notebooks_is_drawn_again(green, tmp_path):
    project = green.small.copy(tmp_path / "copy").project
    page = read_page(project, project.docs / "shapes.md")
    assert Ledger(project).fresh(page)
    project.figure(page.path, "figures/line.svg").with_suffix(".png").unlink()
    assert not Ledger(project).fresh(page)


def test_a_build_with_addresses_states_them(copy: Small):
    settings = json.loads((copy.root / "mkdocs.yml").read_text(encoding="utf-8"))
    addresses = {"site_url": SOMEWHERE.site, "repo_url": SOMEWHERE.repository}
    copy.write("mkdocs.yml", json.dumps(settings | addresses))
    built = build(copy, "--strict")
    assert built.code == 0, built.said
    assert 'download="shapes.ipynb" href="../shapes.ipynb"' in built.html("shapes")
    assert "colab.research.google.com/github/some/where/blob/notebooks/shapes.ipynb" in built.html("shapes")
    text = (copy.root / "site/shapes.ipynb").read_text(encoding="utf-8")
    assert "%pip install" in text and "https://site.test/small/shapes/" in text
