"""The API pages: every module of the core and beyond once, each public object with its docstring, no code that nobody ran."""

import ast
import inspect
import re
from pathlib import Path

import pytest

from pagecode.html import read_html

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "lower_triangle"
PAGES = {path.stem: path.read_text("utf-8") for path in sorted((ROOT / "docs" / "reference" / "api").glob("*.md"))}
CORE = """
    attention blocks model stages loss generate train corpus tokenizer config counting softmax norms checkpoint convert
    results
""".split()
BEYOND = sorted(file.stem for file in (SOURCE / "beyond").glob("*.py") if file.stem != "__init__")
MODULES = [*CORE, *(f"beyond.{name}" for name in BEYOND)]
BLOCK = re.compile(r"^## (\w+)\n\n::: lower_triangle\.((?:beyond\.)?(\w+))$", re.MULTILINE)
# A fence, a session, a section of examples, lines that are indented by themselves.
CODE = re.compile(r"^\s*(```|~~~|>>>|Examples?:\s*$)|^\n+ {4}", re.MULTILINE)


def public(nodes, path):
    """The path and the docstring of each class and function that has one and is not private."""
    for node in nodes:
        if isinstance(node, ast.ClassDef | ast.FunctionDef) and not node.name.startswith("_"):
            docstring = ast.get_docstring(node)
            if docstring:
                yield f"{path}.{node.name}", docstring
            yield from public(node.body if isinstance(node, ast.ClassDef) else [], f"{path}.{node.name}")


def module_of(name):
    tree = ast.parse((SOURCE / f"{name.replace('.', '/')}.py").read_text("utf-8"))
    path = f"lower_triangle.{name}"
    return {path: ast.get_docstring(tree), **dict(public(tree.body, path))}


DOCSTRINGS = {path: docstring for name in MODULES for path, docstring in module_of(name).items()}


def shapes_of(docstring):
    """The lines of the section Shapes:, with what their indentation adds to its own."""
    section = re.search(r"^Shapes:\n((?:    .*\n?)*)", docstring, re.MULTILINE)
    return [line.removeprefix("    ") for line in section[1].splitlines()] if section else []


def test_each_module_is_on_one_page_below_its_name():
    shown = BLOCK.findall("\n".join(PAGES.values()))
    assert all(title == name for title, _, name in shown)
    assert sorted(module for _, module, _ in shown) == sorted(MODULES)
    assert sum(text.count("\n:::") for text in PAGES.values()) == len(MODULES)


def test_the_first_page_names_each_module_with_the_page_that_has_it():
    listed = dict(re.findall(r"^\[.*\]\((\w+)\.md\)\n:   (.*)$", PAGES["index"], re.MULTILINE))
    assert set(listed) == set(PAGES) - {"index"}
    for page, modules in listed.items():
        assert re.findall(r"`(\w+)`", modules) == [name for *_, name in BLOCK.findall(PAGES[page])]


@pytest.mark.parametrize("path", DOCSTRINGS)
def test_a_docstring_on_these_pages_holds_no_code(path):
    """Nobody would run it, and it would look as if somebody had; an example belongs on a page."""
    assert not CODE.search(DOCSTRINGS[path])


@pytest.mark.parametrize("code", [">>> f()\n1", "```python\nf()\n```", "Examples:\n    f()", "    f()"])
def test_code_in_a_docstring_would_be_seen(code):
    assert CODE.search(f"Do it.\n\n{code}") and CODE.search(f"Do it.\n\nMore.\n\n{code}\n\nMore.")
    assert not CODE.search("Do it.\n\nArgs:\n    x: what\n\nRaises:\n    Error: when")


@pytest.mark.parametrize("path", [path for path, docstring in DOCSTRINGS.items() if shapes_of(docstring)])
def test_a_line_of_shapes_is_a_name_and_its_shape(path):
    """So that they make a list."""
    assert [line for line in shapes_of(DOCSTRINGS[path]) if not re.match(r"\w+(, \w+)*: \S", line)] == []


@pytest.fixture(scope="module")
def built():
    folder = ROOT / "site" / "reference" / "api"
    texts = {page: (folder / ("" if page == "index" else page) / "index.html").read_text("utf-8") for page in PAGES}
    return {page: (text, read_html(text)) for page, text in texts.items()}


def test_every_public_object_with_a_docstring_is_there_and_can_be_linked(built):
    anchors = set().union(*(found.anchors for _, found in built.values()))
    assert set(DOCSTRINGS) - {f"lower_triangle.{name}" for name in MODULES} - anchors == set()


def test_the_first_sentence_of_each_docstring_is_there(built):
    words = {re.sub(r"\W+", " ", re.sub(r"<[^>]*>|&\w+;|&#\d+;", " ", text)) for text, _ in built.values()}
    missing = []
    for path, docstring in DOCSTRINGS.items():
        first = re.sub(r"\W+", " ", docstring.split("\n")[0]).strip()
        if not any(first in text for text in words):
            missing.append(path)
    assert missing == []


def test_there_is_no_block_of_code_on_them_and_no_section_that_was_not_understood(built):
    for text, found in built.values():
        assert found.codes == []
        assert re.findall(r">\s*(Shapes|Args|Raises|Attributes):\s*\n?\s*\w+:", text) == []


def test_nothing_is_imported_to_make_them():
    settings = (ROOT / "mkdocs.yml").read_text("utf-8")
    assert "allow_inspection: false" in settings and "enable_inventory: false" in settings
    assert not re.search(r"inventories: *\n? *- ", settings)


def test_the_docstrings_are_read_as_they_are():
    from lower_triangle.attention import attend

    assert DOCSTRINGS["lower_triangle.attention.attend"] == inspect.getdoc(attend)
