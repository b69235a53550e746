"""Code, tables and formulas that may be too wide stand in boxes that the keyboard reaches and a listener can name."""

import pytest
from small_project import Small
from test_copy import rendered

from pagecode.reach import reachable

BOX = 'class="scrolls" role="group" aria-label="{}" tabindex="0"'


@pytest.mark.parametrize(
    ("language", "title", "name"),
    [
        ("python", "", "Code"),
        ("pycon", "The mask", "Code: The mask"),
        ("text", "", "Output"),
        ("sh", "", "Command"),
        ("diff", "a → &quot;b&quot;", "Changes: a → &quot;b&quot;"),
    ],
)
def test_a_block_of_code_is_a_named_box(language: str, title: str, name: str):
    head = f'<div class="language-{language} highlight">' + (f'<span class="filename">{title}</span>' if title else "")
    code = "<span></span><code>x = 1\n</code></pre></div>"
    assert reachable(f"{head}<pre>{code}") == f"{head}<pre {BOX.format(name)}>{code}"


def test_each_table_has_a_box_of_its_own_and_is_not_changed():
    table = '<table>\n<thead><tr><th align="right">a</th></tr></thead>\n</table>'
    boxed = f"<div {BOX.format('Table')}>{table}</div>"
    assert reachable(f"<p>x</p>{table}<p>y</p>{table}") == f"<p>x</p>{boxed}<p>y</p>{boxed}"


def test_on_a_page_every_block_and_table_is_in_such_a_box_and_none_has_a_style():
    html = rendered("reference/shapes.md")
    assert html.count("<table") >= 1 and html.count("<table") == html.count(BOX.format("Table"))
    assert html.count("<pre") > 5 and html.count("<pre ") == html.count("<pre")
    assert "style=" not in html


def test_a_table_with_a_side_to_each_column_has_no_style_either(copy: Small):
    copy.write("docs/page.md", "---\ntitle: T\n---\n\n# T\n\n| a | b |\n|:--|--:|\n| 1 | 2 |\n")
    copy.command("mkdocs", "build")
    assert '<td align="right">2</td>' in (copy.root / "site/page/index.html").read_text(encoding="utf-8")
