"""Objects named by their path: found without importing, shown without docstrings."""

import pytest

from pagecode.objects import ObjectError, read_object

MODULE = '''"""A module."""

from __future__ import annotations

import os.path
import os
from math import sqrt as root
from . import averages
from .averages import HALF
from ..mini.reached import third

SIZE = 3  # characters
# Why two.
PAIR, OTHER = 1, 2
typed: int = 4
inline = lambda: 0


# Why this one.
@property
@staticmethod
def decorated():
    """Gone."""

    # kept
    return root(SIZE)


def only_words():
    """The docstring is all of the body."""


def one_line(): """Kept."""; return 1


class Outer:
    """Gone."""

    size: int = 3

    def method(self):
        """Gone, however
        long.
        """
        text = """kept"""

        def inner():
            "Gone."
            return text

        return inner

    async def waits(self): return 1

    class Nested:
        """Kept: it is all."""
'''


@pytest.fixture
def source(small):
    small.write("src/mini/sample.py", MODULE)
    return small.root / "src"


def text(source, name: str) -> str:
    return read_object(source, f"mini.sample.{name}").text


def test_docstrings_are_stripped_and_comments_and_decorators_kept(source):
    assert text(source, "decorated") == (
        "# Why this one.\n@property\n@staticmethod\ndef decorated():\n    # kept\n    return root(SIZE)\n"
    )


def test_docstrings_of_nested_functions_are_stripped_too(source):
    assert text(source, "Outer") == (
        'class Outer:\n    size: int = 3\n\n    def method(self):\n        text = """kept"""\n\n        def inner():\n'
        "            return text\n\n        return inner\n\n    async def waits(self): return 1\n\n    class Nested:\n"
        '        """Kept: it is all."""\n'
    )


def test_a_method_is_moved_to_the_left_margin_and_brings_its_class(source):
    found = read_object(source, "mini.sample.Outer.method")
    assert found.text.startswith('def method(self):\n    text = """kept"""\n')
    assert found.name == "Outer"
    assert found.whole == text(source, "Outer")


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("only_words", 'def only_words():\n    """The docstring is all of the body."""\n'),
        ("one_line", 'def one_line(): """Kept."""; return 1\n'),
        ("Outer.Nested", 'class Nested:\n    """Kept: it is all."""\n'),
        ("Outer.size", "size: int = 3\n"),
        ("SIZE", "SIZE = 3  # characters\n"),
        ("OTHER", "# Why two.\nPAIR, OTHER = 1, 2\n"),
        ("typed", "typed: int = 4\n"),
    ],
)
def test_what_must_stay_stays(source, name: str, shown: str):
    assert text(source, name) == shown


def test_a_module_knows_what_its_names_mean(source):
    module = read_object(source, "mini.sample.SIZE").module
    assert module.future == ("annotations",)
    assert module.import_of("os") == "import os.path\nimport os"
    assert module.import_of("root") == "from math import sqrt as root"
    assert module.import_of("averages") == "from mini import averages"
    assert module.import_of("HALF") == "from mini.averages import HALF"
    assert module.import_of("third") == "from mini.reached import third"
    assert module.import_of("OTHER") == "from mini.sample import OTHER"
    assert module.import_of("nothing") is None


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("mini.sample.Outr", "mini.sample defines no Outr; did you mean Outer?"),
        ("mini.sample.Outer.methd", "mini.sample defines no methd; did you mean method?"),
        ("mini.sample.SIZE.real", "mini.sample defines no real; there is nothing"),
        ("mini.smple.Outer", "mini defines no smple"),
        ("maxi.sample.Outer", "there is no maxi under src/"),
        ("mini.sample", "mini.sample is a module; name an object in it"),
    ],
)
def test_a_path_that_leads_nowhere_says_where_it_ends(source, path: str, message: str):
    with pytest.raises(ObjectError, match=message.replace("?", r"\?")):
        read_object(source, path)


def test_a_module_that_does_not_parse_says_so(source):
    (source / "mini/sample.py").write_text("x = 1\ndef f(:\n", encoding="utf-8")
    with pytest.raises(ObjectError, match="mini.sample does not parse: line 2: invalid syntax"):
        read_object(source, "mini.sample.x")


def test_an_edit_of_a_module_is_seen(source):
    before = text(source, "SIZE")
    (source / "mini/sample.py").write_text("SIZE = 5\n", encoding="utf-8")
    assert (before, text(source, "SIZE")) == ("SIZE = 3  # characters\n", "SIZE = 5\n")
