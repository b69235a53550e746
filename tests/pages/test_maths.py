"""Formulas: what comes out, what is refused, what is left alone."""

import re

import markdown
import pytest

from pagecode.maths import FormulaError, MathMarkdown, find_formula, to_mathml


def inner(formula: str, display: bool = False) -> str:
    """The MathML of a formula without the outermost element and row."""
    return re.fullmatch(
        r"<math[^>]*><mrow>(.*)</mrow></math>", to_mathml(formula, display)
    )[1]


def page(source: str) -> tuple[str, list[FormulaError]]:
    maths = MathMarkdown()
    html = markdown.markdown(source, extensions=[maths, "pymdownx.superfences", "toc"])
    return html, maths.errors


MINUS_INFINITY = '<mo form="prefix">−</mo><mi>∞</mi>'


@pytest.mark.parametrize(
    ("formula", "mathml"),
    [
        (
            r"\frac{a}{b}",
            "<mfrac><mrow><mi>a</mi></mrow><mrow><mi>b</mi></mrow></mfrac>",
        ),
        (r"\sqrt{d}", "<msqrt><mrow><mi>d</mi></mrow></msqrt>"),
        (r"\mathbb{R}", "<mi>ℝ</mi>"),
        (r"K^\top", "<msup><mi>K</mi><mi>⊤</mi></msup>"),
        (r"i \le j", "<mi>i</mi><mo>≤</mo><mi>j</mi>"),
        (r"a < b", "<mi>a</mi><mo>&lt;</mo><mi>b</mi>"),
        (r"\text{if } a", "<mtext>if\xa0</mtext><mi>a</mi>"),
        (r"x = -\infty", "<mi>x</mi><mo>=</mo>" + MINUS_INFINITY),
        (r"a - b", "<mi>a</mi><mo>−</mo><mi>b</mi>"),
        (
            r"\operatorname{softmax} x",
            '<mi>softmax</mi><mspace width="0.167em" /><mi>x</mi>',
        ),
        (r"\log(", '<mi>log</mi><mo stretchy="false">(</mo>'),
        (r"\backslash", "<mi>\\</mi>"),
        (r"\&", "<mi>&amp;</mi>"),
    ],
)
def test_formula_becomes_mathml(formula: str, mathml: str) -> None:
    assert inner(formula) == mathml


@pytest.mark.parametrize("colour", "qkvo")
def test_colour_becomes_a_class(colour: str) -> None:
    assert inner(rf"\{colour}{{X}}") == f'<mrow class="{colour}"><mi>X</mi></mrow>'


def test_display_is_said_only_for_a_block() -> None:
    assert (
        to_mathml("x", display=True)
        == '<math display="block"><mrow><mi>x</mi></mrow></math>'
    )
    assert to_mathml("x", display=False) == "<math><mrow><mi>x</mi></mrow></math>"


@pytest.mark.parametrize("display", [True, False])
def test_limits_may_move_with_the_style(display: bool) -> None:
    assert inner(r"\sum_{i=1}^{t} x", display) == (
        "<munderover><mo>∑</mo>"
        "<mrow><mi>i</mi><mo>=</mo><mn>1</mn></mrow><mrow><mi>t</mi></mrow></munderover><mi>x</mi>"
    )


def test_named_limits_may_move_too() -> None:
    assert inner(r"\max_x y") == (
        '<munder><mo movablelimits="true" lspace="0" rspace="0">max</mo><mi>x</mi></munder>'
        '<mspace width="0.167em" /><mi>y</mi>'
    )


def test_matrix_has_its_brackets_to_itself() -> None:
    matrix = inner(r"\begin{pmatrix} 1 & 2 \\ 3 & 4 \end{pmatrix} x")
    cells = [f"<mtd><mn>{n}</mn></mtd>" for n in range(1, 5)]
    rows = f"<mtr>{cells[0]}{cells[1]}</mtr><mtr>{cells[2]}{cells[3]}</mtr>"
    assert (
        matrix == f"<mrow><mo>(</mo><mtable>{rows}</mtable><mo>)</mo></mrow><mi>x</mi>"
    )


def test_cases_are_set_to_the_left() -> None:
    cases = inner(r"\begin{cases} 0 & j \le i \\ -\infty & \text{else} \end{cases}")
    assert cases.count("<mtr>") == 2
    assert cases.count('<mtd columnalign="left">') == 4
    assert '<mo stretchy="true" fence="true" form="prefix">{</mo>' in cases


@pytest.mark.parametrize(
    ("formula", "reason"),
    [
        (" ", "is empty"),
        (r"\quad", "shows nothing"),
        (r"\badmacro", r"\badmacro is not known"),
        (r"\left\badmacro x \right)", r"\badmacro is not known"),
        ("a & b", "& is not known"),
        (r"\text{a {b}}", "takes plain words only"),
        (r"\text{a \q{b}}", "takes plain words only"),
        (
            r"\operatorname{a{b}}",
            r"\operatorname takes letters; write \operatorname{softmax}",
        ),
        ("{x", "} is missing"),
        ("x}", "} closes nothing"),
        (r"\left( x", r"\right is missing"),
        (r"x \right)", r"\right closes nothing"),
        (r"\left( {x \right) }", r"\right stands where } is due"),
        (r"\begin{cases} x", r"\end{cases} is missing"),
        (r"x \end{cases}", r"\end{cases} closes nothing"),
        (
            r"\begin{matrix} x \end{pmatrix}",
            r"\end{pmatrix} stands where \end{matrix} is due",
        ),
        (
            r"\begin{aligned} x \end{aligned}",
            "environment aligned is unknown; allowed are align*",
        ),
        ("x_i_j", "cannot be read (DoubleSubscriptsError)"),
        (r"\frac{a}", "<mfrac> takes 2 parts and got 1"),
        (r"\q Q", r"\q without braces"),
        (r"\class{z}{Q}", "class z is unknown"),
        (r"\style{color:red}{Q}", 'style="color:red" is not drawn'),
        (r"\href{page}{Q}", 'href="page" is not drawn'),
        (r"\color{red} Q", 'mathcolor="red" is not drawn'),
        (r"a \\ b", 'linebreak="newline" is not drawn'),
        (r"a \! b", 'width="negativethinmathspace" is not drawn'),
        (r"\boxed{x}", "<menclose>, which browsers do not draw"),
        (r"\underbrace{x}_n", r"the ends off \underbrace"),
        (r"\overline{xy}", r"the ends off \overline"),
        (r"\mathbf{QK}", "bold covers one Latin letter only"),
        ("50% x", "% hides the rest"),
    ],
)
def test_refused(formula: str, reason: str) -> None:
    with pytest.raises(FormulaError) as caught:
        to_mathml(formula, display=True)
    assert reason in caught.value.reason
    assert caught.value.formula == formula
    assert "\n" not in str(caught.value)


def test_page_holds_formulas_in_line_and_alone() -> None:
    html, errors = page("See \\(x\\) now.\n\n\\[\nx\n\\]")
    alone = '<math display="block"><mrow><mi>x</mi></mrow></math>'
    assert html.splitlines() == [
        "<p>See <math><mrow><mi>x</mi></mrow></math> now.</p>",
        f'<div class="math scrolls" role="group" aria-label="Formula" tabindex="0">{alone}</div>',
    ]
    assert errors == []


def test_full_stop_stays_with_its_formula() -> None:
    html, _ = page("See \\(x\\).")
    assert (
        html
        == '<p>See <span class="formula"><math><mrow><mi>x</mi></mrow></math>.</span></p>'
    )


def test_ampersand_and_less_than_survive_the_page() -> None:
    html, errors = page("\\[\n\\begin{matrix} a & < b \\end{matrix}\n\\]")
    assert "<mtd><mi>a</mi></mtd><mtd><mo>&lt;</mo><mi>b</mi></mtd>" in html
    assert errors == []


@pytest.mark.parametrize(
    ("source", "html"),
    [
        ("`\\(x\\)`", "<p><code>\\(x\\)</code></p>"),
        ("$5 and $6", "<p>$5 and $6</p>"),
        ("$$x$$", "<p>$$x$$</p>"),
    ],
)
def test_not_a_formula(source: str, html: str) -> None:
    assert page(source) == (html, [])


def test_fence_is_untouched() -> None:
    shown = '\\(x\\) <span class="arithmatex">\\(x\\)</span>\n\n\\[ \\badmacro \\]'
    html, errors = page(f"```\n{shown}\n```")
    assert "\\(x\\) &lt;span" in html
    assert "\\[ \\badmacro \\]" in html
    assert "<math" not in html
    assert errors == []


def test_errors_are_collected_and_shown_as_code() -> None:
    html, errors = page(
        "# On \\(\\foo\\)\n\n\\(x\\) \\(a<\\bar\\)\n\n\\[\n\\begin{aligned}\n\\]"
    )
    assert [error.formula.strip() for error in errors] == [
        r"\foo",
        r"a<\bar",
        r"\begin{aligned}",
    ]
    assert "<code>\\foo</code>" in html
    assert "<code>a&lt;\\bar</code>" in html
    assert "<math><mrow><mi>x</mi></mrow></math>" in html


def test_block_formula_within_a_paragraph_is_an_error() -> None:
    html, errors = page("So \\[ x \\] follows.")
    assert html == "<p>So <code>x</code> follows.</p>"
    assert "put blank lines around it" in errors[0].reason


def test_errors_are_those_of_the_last_document() -> None:
    maths = MathMarkdown()
    converter = markdown.Markdown(extensions=[maths])
    converter.convert(r"\(\foo\)")
    assert len(maths.errors) == 1
    converter.reset()
    assert maths.errors == []


SOURCE = r"""# Title

```text
\(x + y\)
```

Code `\(x + y\)`, and \(x + yz\).
Then \( x+y \),

> \[
> \frac{a}
>      {b}
> \]
"""


@pytest.mark.parametrize(
    ("formula", "line"),
    [("x + yz", 7), ("x + y", 8), ("\\frac{a}\n     {b}", 10), ("z", 0)],
)
def test_line_of_a_formula(formula: str, line: int) -> None:
    assert find_formula(SOURCE, formula) == line
