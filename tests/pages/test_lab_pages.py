"""A lab is executed when something that it depends on has changed, and shown as a page; a lab that fails is no site."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from mkdocs.utils.yaml import get_yaml_loader
from small_project import REPOSITORY, Built, Small, build

from pagecode.html import read_html
from pagecode.publish.labs import Lab

LAB = '''\
# ---
# title: A small lab
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # A small lab
#
# The root is \\(\\sqrt{2}\\), it cost 5 $ or `6 $`, and the [shapes](../shapes.md) are elsewhere.
# So says [@vaswani2017 §3.2].
#
# \\[
# \\q{Q}\\k{K}^\\top
# \\]
#
# ## Both `print` and plot
#
# Up to [both](#both-print-and-plot), and not higher.
#
# ### Both `print` and plot

# %%
import os
from pathlib import Path

from mini.averages import PLACES

print(f"{1 / 3:.{PLACES}f}", os.listdir(), os.environ["OMP_NUM_THREADS"])
with open(Path(os.environ["WITNESS"]), "a") as witness:
    witness.write("lab\\n")

# %% caption="Up it goes & on."
import matplotlib.pyplot as plt

plt.plot([0, 1], [0, 1], "o-", color="#1c1b22")
plt.show()
'''


def with_labs(small: Small) -> Small:
    """The small project with the plugins of the repository, which render labs."""
    settings = json.loads((small.root / "mkdocs.yml").read_text(encoding="utf-8"))
    real = yaml.load((REPOSITORY / "mkdocs.yml").read_text(encoding="utf-8"), Loader=get_yaml_loader())
    plugins = [plugin for plugin in real["plugins"] if "mkdocstrings" not in plugin]  # it makes the pages of this package
    small.write("mkdocs.yml", json.dumps({**settings, "plugins": plugins}))
    return small


@pytest.fixture(scope="module")
def lab(green: Built, tmp_path_factory: pytest.TempPathFactory) -> Built:
    """The small project with a lab, built; nobody may change it."""
    small = with_labs(green.small.copy(tmp_path_factory.mktemp("lab") / "small"))
    small.witness.unlink()
    small.write("docs/labs/small.py", LAB)
    return build(small, "--strict")


def article(built: Built) -> str:
    return built.html("labs/small").split('<article class="md-content__inner')[1].split("</article>")[0]


def test_the_page_shows_what_the_cells_have_printed_and_drawn(lab: Built):
    assert lab.code == 0, lab.said
    page = article(lab)
    assert "0.3333 [] 1\n" in page  # an empty folder, one thread
    assert 'id="figure-small-1"' in page and "Up it goes &amp; on." in page
    assert "<math>" in page and 'href="../../shapes/"' in page
    assert "<title>A small lab - Small</title>" in lab.html("labs/small")


def test_headings_and_the_table_of_contents_agree(lab: Built):
    """The plugin's own table leaves the code in a heading out, and its anchors with it."""
    headings = re.findall(r'<h(\d) id="([^"]+)">(.+?)<a class="headerlink" href="#\2"', article(lab))
    first, second = "both-print-and-plot", "both-print-and-plot_1"
    words = "Both <code>print</code> and plot"
    assert headings == [("1", "a-small-lab", "A small lab"), ("2", first, words), ("3", second, words)]
    table = lab.html("labs/small").split('class="md-nav md-nav--secondary"')[-1].split("</nav>")[0]
    assert re.findall(r'href="#([^"]+)" class="md-nav__link"', table) == [first, second]
    assert f'href="#{first}">both</a>' in article(lab)


def test_formulas_and_citations_are_those_of_any_page(lab: Built):
    page = article(lab)
    assert "<msqrt>" in page and page.count("<math") == 2
    assert 'aria-label="Formula" tabindex="0"><math display="block"' in page
    assert '<mrow class="q">' in page and '<mrow class="k">' in page
    assert "it cost 5 $ or <code>6 $</code>," in page
    assert 'class="cite" href="../../reference/sources/#vaswani2017"' in page


def test_the_page_is_made_like_any_other(lab: Built):
    page = article(lab)
    assert page.count('class="language-python highlight"') == 2
    assert page.count('class="language-text highlight"') == 1
    assert not re.search(r"<style|<script|\sstyle=|https?://", page)
    assert set(re.findall(r"[\w-]*(?:jp-|jupyter|ipynb|clipboard)[\w-]*", page)) == {"jp-Cell", "jp-CodeCell", "ipynb"}
    cells = [code.text for code in read_html(page).codes]
    assert [copied.strip("\n") for copied in read_html(page).copies] == [cells[0].strip("\n"), cells[2].strip("\n")]
    assert page.count("Copy this cell") == 2


def test_instant_navigation_can_assign_to_whatever_has_an_address(lab: Built):
    """The marks of a plot refer to one drawing; an SVG element with an href would stop the swap of pages."""
    assert re.search('<use[^>]* xlink:href="#', article(lab))
    assert not re.search(r"<(use|image)[^>]* href=", article(lab))


def test_the_notebook_is_offered_with_its_outputs_and_the_file_is_not(lab: Built):
    folder = lab.small.root / "site/labs"
    assert 'href="../small.ipynb"' in article(lab)
    notebook = json.loads((folder / "small.ipynb").read_text(encoding="utf-8"))
    assert [cell["cell_type"] for cell in notebook["cells"]] == ["markdown", "code", "code"]
    assert "".join(notebook["cells"][1]["outputs"][0]["text"]) == "0.3333 [] 1\n"
    prose = "".join(notebook["cells"][0]["source"])
    # Where the site is published is not known, so a link to another page would lead nowhere.
    assert r"$\sqrt{2}$, it cost 5 \$ or `6 $`, and the shapes are elsewhere" in prose
    assert r"$${Q}{K}^\top$$" in prose and "[Vaswani et al. 2017](https://example.org/paper), §3.2" in prose
    assert set(notebook["metadata"]) == {"kernelspec", "language_info"}
    assert not (folder / "small.py").exists()


def test_a_lab_that_has_not_changed_is_not_executed_again(lab: Built, tmp_path: Path):
    assert lab.small.witness.read_text().count("lab") == 1
    again = build(lab.small.copy(tmp_path / "again"), "--strict")
    assert again.code == 0, again.said
    assert "Executing" in lab.said and "Executing" not in again.said
    assert lab.small.witness.read_text().count("lab") == 1
    assert article(again) == article(lab)


def test_a_build_does_not_import_what_executes_labs():
    heavy = ["IPython", "ipykernel", "jupytext", "nbclient", "nbconvert", "nbformat", "zmq"]
    code = f"import sys, pagecode.mkdocs_hooks; print(sorted(set({heavy}) & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_the_key_changes_with_what_the_lab_depends_on_and_with_nothing_else(small: Small):
    file = small.write("docs/labs/small.py", LAB)
    keys = [Lab(small.project, file).key]

    def changed(name: str, old: str, new: str) -> bool:
        text = (small.root / name).read_text(encoding="utf-8")
        assert old in text
        small.write(name, text.replace(old, new))
        keys.append(Lab(small.project, file).key)
        return keys[-1] != keys[-2]

    assert changed("docs/labs/small.py", "Up it goes", "Down it goes")
    assert changed("src/mini/averages.py", "PLACES = 4", "PLACES = 5")
    assert changed("data/sources.toml", "2017", "2018")
    assert not changed("src/mini/reached.py", "1 / 3", "2 / 6")
    assert not changed("docs/reaches.md", "One third", "A third")


def test_what_is_wrong_with_labs_is_said_at_its_line_and_there_is_no_site(green: Built, tmp_path: Path):
    small = with_labs(green.small.copy(tmp_path / "small"))
    head = "# %% [markdown]\n# # Bad\n\n"
    bad = {
        "raises": head + "# %%\nx = 0\n1 / x\n",
        "warns": head + '# %%\nimport warnings\n\nwarnings.warn("do not")\n',
        "mute": head + "# %%\nimport matplotlib.pyplot as plt\n\nplt.plot([0, 1])\nplt.show()\n",
        "fenced": "# %% [markdown]\n# # Bad\n#\n# ```python\n# print(1)\n# ```\n",
        "uncited": "# %% [markdown]\n# # Bad\n#\n# As [@nobody 1] says.\n\n# %%\nprint(1)\n",
        "astray": "# %% [markdown]\n# # Bad\n#\n# A [link](../nowhere.md), another\n# [to here](#missing).\n",
        "unread": "# %% [markdown]\n# # Bad\n#\n# Half of it is \\(\\halve{2}\\).\n#\n# Or \\[2\\].\n",
        "indented": "# %% [markdown]\n# # Bad\n#\n# So:\n#\n#     print(1)\n",
    }
    for name, text in bad.items():
        small.write(f"docs/labs/{name}.py", text)
    built = build(small)
    assert built.code != 0 and not (small.root / "site").exists()
    for said in (
        "docs/labs/raises.py:6: cell 1, at '1 / x': ZeroDivisionError: division by zero",
        "docs/labs/warns.py:4: the cell writes to stderr, and a warning is an error:",
        "docs/labs/mute.py:4: 1 figures and 0 captions; give each its takeaway in words",
        "docs/labs/fenced.py:4: nobody would run this fence; make it a cell of code",
        "docs/labs/uncited.py:4: ",
        "docs/labs/astray.py:4: href='../nowhere.md' leads nowhere: the built site has no labs/nowhere.md",
        "docs/labs/astray.py:5: href='#missing' leads nowhere: labs/astray/index.html has no anchor #missing",
        "docs/labs/unread.py:4: formula \\halve{2}: ",
        "docs/labs/unread.py:6: formula 2: \\[ … \\] within a paragraph",
        "docs/labs/indented.py:6: the page shows code that nobody ran: 'print(1)'",
    ):
        assert said in built.said
    assert len(re.findall(r"^docs/labs/\w+\.py:\d+: (?!no way leads here)", built.said, re.MULTILINE)) == 10


def test_a_lab_that_the_plugin_has_not_rendered_is_no_page(lab: Built, tmp_path: Path):
    small = lab.small.copy(tmp_path / "small")
    settings = json.loads((small.root / "mkdocs.yml").read_text(encoding="utf-8"))
    assert [*settings["plugins"][1]] == ["mkdocs-jupyter"]
    small.write("mkdocs.yml", json.dumps({**settings, "plugins": ["search"]}))
    built = build(small)
    assert built.code != 0 and not (small.root / "site").exists()
    assert "docs/labs/small.py:1: mkdocs-jupyter has not rendered this lab; list it in mkdocs.yml" in built.said
