"""What the ledger must not believe: drawings of other code, runs of changed source, code that reaches unseen."""

import pytest
from small_project import Small, build

from pagecode.ledger import Ledger, digest, section_digests

DRAWS = """
## One

```python
import matplotlib.pyplot as plt

plt.plot([1, 2], [1, 2])
```

![A line](figures/line.svg)

## Two

```python
x = 1
```
"""

CHANGES_ITS_SOURCE = """
```python
from pathlib import Path

import mini.reached

file = Path(mini.reached.__file__)
file.write_text(file.read_text() + "# changed while the page ran\\n")
```
"""


def enter(small: Small, text: str) -> tuple[Ledger, object]:
    """A page of this text in the ledger, as if all of it had passed, with a figure drawn."""
    page, ledger = small.read(text), Ledger(small.project)
    for block in page.blocks:
        for _, path in block.figures:
            figure = small.project.figure(page.path, path)
            figure.parent.mkdir(parents=True, exist_ok=True)
            figure.write_text("<svg/>")
            figure.with_suffix(".png").write_bytes(b"")
    digests = section_digests(small.project, page)
    ledger.write(page, digest(small.project, page), list(digests.values()), [], [])
    return ledger, page


def test_a_figure_that_other_code_has_drawn_since_is_drawn_again(small: Small):
    ledger, page = enter(small, DRAWS)
    digests = section_digests(small.project, page)
    assert ledger.fresh(page) and ledger.passed(page, digests) == {1, 2}
    small.project.figure(page.path, "figures/line.svg").write_text("<svg><!-- another drawing --></svg>")
    assert not ledger.fresh(page) and ledger.passed(page, digests) == {2}


def test_an_entry_of_other_tools_is_not_read(small: Small):
    ledger, page = enter(small, DRAWS)
    file = ledger.file(page.path)
    file.write_text(file.read_text().replace(ledger.read(page.path)["tools"], "others"))
    assert ledger.read(page.path) is None and not ledger.fresh(page)


def test_a_run_whose_source_changed_meanwhile_proves_nothing_even_when_it_is_changed_back(small: Small):
    source = small.root / "src/mini/reached.py"
    before = source.read_text()
    small.write("docs/page.md", CHANGES_ITS_SOURCE)
    done = build(small)
    assert done.code
    assert "docs/page.md:1: the page, or what it depends on, changed while it ran; build again" in done.said
    source.write_text(before)
    page, ledger = small.read(CHANGES_ITS_SOURCE), Ledger(small.project)
    assert not ledger.fresh(page)
    assert ledger.passed(page, section_digests(small.project, page)) == set()


@pytest.mark.parametrize(
    "line", ["importlib.import_module('mini.reached')", "subprocess.run(['python'])", "exec('import mini.reached')"]
)
def test_code_that_may_reach_any_module_depends_on_all(small: Small, line: str):
    text = f"```python\nimport importlib, subprocess\n\nif False:\n    {line}\n```\n"
    page = small.read(text)
    before = digest(small.project, page), section_digests(small.project, page)
    small.write("src/mini/reached.py", "third = None\n")
    after = digest(small.project, page), section_digests(small.project, page)
    assert after[0] != before[0] and after[1] != before[1]


def test_indented_code_that_begins_like_a_fence_is_code_that_nobody_ran(copy: Small):
    copy.write("docs/page.md", "# T\n\n    ```python `x`\n    >>> 2 + 2\n    5\n")
    done = build(copy)
    assert done.code and "docs/page.md:3: the page shows code that nobody ran" in done.said


def test_a_page_to_which_no_way_leads_is_named(copy: Small):
    settings = copy.root / "mkdocs.yml"
    settings.write_text(settings.read_text().replace('"site_name"', '"nav": ["index.md"], "site_name"'))
    done = build(copy)
    assert done.code and "docs/shapes.md:1: no way leads here" in done.said
    assert not (copy.root / "site").exists()
