"""The policy of the built site names each inline script, and nothing that it refuses gets into a page."""

import hashlib
from base64 import b64encode
from pathlib import Path

import pytest

from pagecode.memory import Memory
from pagecode.publish.policy import apply, policy, read_inline

ROOT = Path(__file__).parents[2]
HEAD = '<html><head><meta charset="utf-8"><title>x</title></head><body>'


def digest(script: str) -> str:
    return "'sha256-" + b64encode(hashlib.sha256(script.encode()).digest()).decode() + "'"


def test_every_page_has_the_policy_before_all_that_it_rules():
    pages = sorted((ROOT / "site").rglob("*.html"))
    assert len(pages) > 10 and ROOT / "site" / "404.html" in pages
    for page in pages:
        text = page.read_text(encoding="utf-8")
        assert text.count('http-equiv="Content-Security-Policy"') == 1
        before = text[: text.index("http-equiv")]
        assert before.count("<meta") == 2 and "<script" not in before and "<link" not in before


def test_the_policy_is_strict_and_the_same_everywhere():
    written = set()
    for page in (ROOT / "site").rglob("*.html"):
        written.add(page.read_text(encoding="utf-8").split('Security-Policy" content="')[1].split('"')[0])
    (one,) = written
    rules = dict(rule.split(" ", 1) for rule in one.split("; "))
    assert rules["default-src"] == rules["object-src"] == rules["base-uri"] == "'none'"
    assert rules["style-src"] == rules["connect-src"] == rules["font-src"] == rules["worker-src"] == "'self'"
    assert "unsafe" not in one and "http" not in one and "*" not in one
    for page in (ROOT / "site").rglob("*.html"):
        assert all(digest(script) in rules["script-src"] for script in read_inline(page.read_text()).scripts)


@pytest.fixture
def memory(tmp_path_factory: pytest.TempPathFactory) -> Memory:
    return Memory(tmp_path_factory.mktemp("kept") / "rendered.json")


def test_each_page_allows_the_scripts_of_all(tmp_path: Path, memory: Memory):
    (tmp_path / "a.html").write_text(HEAD + "<script>one()</script><script type='application/json'>{}</script>")
    (tmp_path / "b.html").write_text(HEAD + '<script src="x.js"></script><script type="module">two()</script>')
    assert list(apply(tmp_path, {}, memory)) == []
    for name in ("a", "b"):
        text = (tmp_path / f"{name}.html").read_text()
        assert policy({"one()", "two()"}) in text and text.count("sha256-") == 2
        assert text.index("charset") < text.index("http-equiv") < text.index("<title")
    assert digest("one()") in policy({"one()"})


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ('<p style="color: red">', 'style="color: red"'),
        ("<style>p { color: red }</style>", "<style"),
        ('<a onclick="go()">', 'onclick="go()"'),
        ('<a href="javascript:go()">', 'href="javascript:go()"'),
        ('<svg><rect style="fill: red"/></svg>', 'style="fill: red"'),
    ],
)
def test_what_the_policy_would_refuse_stops_the_build_and_is_told_where_it_stands(
    tmp_path: Path, memory: Memory, body: str, said: str
):
    file = tmp_path / "site" / "a.html"
    file.parent.mkdir()
    file.write_text(HEAD + body)
    (problem,) = apply(file.parent, {}, memory)
    assert str(problem).startswith(f"site/a.html:1: {said}: browsers refuse it")


def test_a_page_without_a_head_cannot_hold_the_policy(tmp_path: Path, memory: Memory):
    (tmp_path / "a.html").write_text("<p>words</p>")
    (problem,) = apply(tmp_path, {}, memory)
    assert "no <head>" in problem.message
