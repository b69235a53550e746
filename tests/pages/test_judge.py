"""The judge of the built HTML: what it reads there, and what it misses."""

import pytest

from pagecode.html import read_html
from pagecode.ledger import code_digest, text_digest
from pagecode.site import judge_code, judge_sections


def codes(html: str) -> list[str]:
    return [code.text for code in read_html(html).codes]


@pytest.mark.parametrize(
    ("html", "texts"),
    [
        ("<pre><code>a &lt; b\n</code></pre>", ["a < b\n"]),
        ('<div class="highlight"><pre><span></span><code>a<span class="n">b</span></code></pre></div>', ["ab"]),
        ('<td class="linenos"><div class="linenodiv"><pre>1\n2</pre></div></td><pre>a</pre>', ["a"]),
        ("<p>open <b>and <pre>never closed</p>", ["never closed"]),
        ("<code>inline</code>", []),
        ("<br><img src=x><pre/><pre>a</pre>", ["", "a"]),
    ],
)
def test_code_blocks_are_read(html: str, texts: list[str]):
    assert codes(html) == texts


def test_a_block_ends_where_its_box_ends():
    html = '<p>x</p>\n<div class="language-python highlight"><pre>a</pre></div>after'
    [code] = read_html(html).codes
    assert html[code.end :] == "after"


def test_only_the_article_is_judged_but_every_anchor_counts():
    article = '<article class="x main"><a href="page"></a><h2 id="s">S <b>T</b></h2></article>'
    found = read_html(f'<a href="menu" id="m"></a>{article}<pre>no</pre><h2>no</h2>', within="main")
    assert found.links == [("href", "menu", False), ("href", "page", True)]
    assert found.anchors == {"m", "s"}
    assert (found.sections, found.codes) == (["S T"], [])


def judged(small, text: str, html: str, passed: list[str], programs: list[str] = ()) -> list[str]:
    page = small.read(text)
    blocks = [{"line": 10 * (at + 1), "sha256": code_digest(code)} for at, code in enumerate(passed)]
    entry = {"blocks": blocks, "programs": [text_digest(program) for program in programs]}
    return [f"{problem.line}: {problem.message}" for problem in judge_code(entry, page, read_html(html))]


def pres(*texts: str) -> str:
    return "".join(f"<pre>{text}\n</pre>" for text in texts)


def test_what_is_shown_is_what_passed(small):
    assert judged(small, "", pres("a", "b"), ["a", "b\n"]) == []


@pytest.mark.parametrize(
    ("shown", "said"),
    [
        (["a", "x", "b", "c"], ["3: the page shows code that nobody ran: 'x'; write it as a ``` fence"]),
        (["a", "c"], ["20: this fence is not rendered as it stands; check its indentation and the blank lines"]),
        (["a", "b"], ["30: this fence is not rendered as it stands; check its indentation and the blank lines"]),
        (["b", "a", "c"], ["1: the page shows code that nobody ran: 'b'", "20: this fence is not rendered"]),
        ([], ["10: this fence", "20: this fence", "30: this fence"]),
    ],
)
def test_code_that_nobody_ran_and_code_that_is_missing_are_named(small, shown: list[str], said: list[str]):
    found = judged(small, "Words.\n\n    x\n", pres(*shown), ["a", "b", "c"])
    assert len(found) == len(said) and all(map(str.startswith, found, said)), found


def test_a_copy_button_carries_what_ran(small):
    html = pres("a") + '<button data-copy="b&#10;"></button>'
    assert judged(small, "", html, ["a"], ["b\n"]) == []
    assert judged(small, "", html, ["a"], ["b"]) == [
        "1: a copy button carries another program than the one that ran; build again"
    ]


def test_sections_are_what_the_renderer_calls_sections(small):
    page = small.read("## One\n")
    assert list(judge_sections(page, read_html("<h2>One¶</h2>"))) == []
    [problem] = judge_sections(page, read_html("<h2>One¶</h2><h2>Two¶</h2>"))
    assert problem.message.startswith("sections rendered: 'One'; 'Two'; lines that begin with ##: 1;")
