"""What SECURITY.md says of files and of the site holds in the code."""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
SOURCE = {path: path.read_text(encoding="utf-8") for path in sorted((ROOT / "src").rglob("*.py"))}
UNPICKLERS = {"pickle", "cPickle", "dill", "cloudpickle", "joblib", "shelve", "marshal"}
LOADERS = re.compile(
    r"((?<!safetensors\.)torch|np|numpy)\.load\b|torch\.hub\b|allow_pickle|read_pickle|yaml\.(unsafe_)?load\("
)


def imported(code):
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Import):
            yield from (name.name.partition(".")[0] for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module.partition(".")[0]


def test_nothing_of_ours_unpickles():
    assert len(SOURCE) > 40
    for path, code in SOURCE.items():
        assert not UNPICKLERS & set(imported(code)), path
        assert not LOADERS.search(code), path


def test_the_built_pages_load_from_the_site_alone_and_set_no_cookies():
    elements = "script|img|iframe|source|video|audio|embed"
    loads = re.compile(rf"<(?:{elements})\b[^>]*\bsrc=[\"']?(?:https?:)?//|<link\b[^>]*>")
    pages = sorted((ROOT / "site").rglob("*.html"))
    assert len(pages) > 10
    for page in pages:
        for found in loads.findall(page.read_text(encoding="utf-8")):
            # rel=canonical names an address and loads nothing.
            assert found.startswith("<link") and ("canonical" in found or "//" not in found), (page, found)
    scripts = [script for script in sorted((ROOT / "site").rglob("*js")) if script.is_file()]
    assert len(scripts) > 3
    assert [script.name for script in scripts if "document.cookie" in script.read_text(encoding="utf-8")] == []
