r"""Maths for the pages: TeX in the Markdown, MathML in the built page.

``\( … \)`` sets a formula in the line and ``\[ … \]``, in a paragraph of its
own, one that stands alone; a dollar sign is plain text. The converter behind
this prints what it does not know instead of refusing it, so everything it
hands back is checked, and a formula passes only if browsers can draw all of it.
"""

import html
import re
import xml.etree.ElementTree as etree
from itertools import pairwise

import markdown
from latex2mathml.converter import Converter
from markdown.inlinepatterns import InlineProcessor
from markdown.postprocessors import Postprocessor
from markdown.util import AtomicString
from pymdownx.arithmatex import ArithmatexExtension

COLOURS = ("q", "k", "v", "o")
ENVIRONMENTS = [
    "align*",
    "array",
    "bmatrix",
    "Bmatrix",
    "cases",
    "matrix",
    "pmatrix",
    "split",
    "vmatrix",
]

# The elements that browsers draw; the numbers are how many parts each takes.
PARTS = (
    dict.fromkeys(["mi", "mo", "mn", "mtext", "mspace"], 0)
    | dict.fromkeys(["mfrac", "mroot", "msub", "msup", "munder", "mover"], 2)
    | dict.fromkeys(["msubsup", "munderover"], 3)
)
CONTAINERS = ["math", "mrow", "mstyle", "msqrt", "mtable", "mtr", "mtd", "mphantom"]
# Left out on purpose: style and href (the page's security policy, its links),
# colours other than the four, and whatever browsers ignore.
ATTRIBUTES = [
    "accent",
    "class",
    "columnalign",
    "columnspacing",
    "display",
    "displaystyle",
    "fence",
    "form",
    "largeop",
    "linethickness",
    "lspace",
    "mathvariant",
    "maxsize",
    "minsize",
    "movablelimits",
    "rowspacing",
    "rspace",
    "scriptlevel",
    "separator",
    "stretchy",
    "width",
    "xmlns",
]

LIMIT_SIGNS = ["∑", "∏", "max", "min", "lim", "sup", "inf"]
WITH_LIMITS = {"msub": "munder", "msup": "mover", "msubsup": "munderover"}
# The mark the converter writes, and the one cut to sit on a letter.
ACCENTS = {"^": "ˆ", "~": "˜", "¯": "¯", "→": "\u20d7", "˙": "˙", "¨": "¨"}
LETTERLIKE = ["∞", "⊤", "⊥", "∅", "∀", "∃"]
FENCES = {"⟨": "prefix", "⟩": "postfix"}
# After these a minus subtracts; after any other operator it is a sign.
ENDINGS = [")", "]", "}", "⟩", "|", "‖", "!", "…", "⋯"]

# Patterns of the source that would print as something else, and what to say.
REFUSED = {
    r"^\s*$": "is empty; write the formula or take the marks away",
    r"(?<!\\)%": r"{} hides the rest of the line; write \%",
    r"\\text[a-z]*\s*\{[^{}]*[\\{]": "{} … takes plain words only; close it before the command",
    r"\\operatorname\*?(?!\*?\s*\{[A-Za-z\s]+\})": r"{0} takes letters; write {0}{{softmax}}",
    r"\\(?:(?:under|over)(?:bar|brace|bracket|line|paren|[a-z]*arrow)|wide[a-z]+)": "Chromium cuts "
    r"the ends off {}; write \bar{{x}}, \hat{{x}} or \underset{{n}}{{…}}",
    r"\\[qkvo](?![A-Za-z]|\s*\{)": "{0} without braces; write {0}{{…}}",
}
MISPLACED = r"\[ … \] within a paragraph; put blank lines around it, or write \( … \)"
NESTING = re.compile(
    r"\\(?:begin|end)\s*\{[^}]*\}|\\(?:left|right)(?![A-Za-z])|\\.|[{}]", re.DOTALL
)
ENVIRONMENT = re.compile(r"\\(begin|end)\s*\{([^}]*)\}")
COLOUR = re.compile(r"\\([qkvo])\s*\{")
NOT_CONVERTED = re.compile(r"\\[A-Za-z]+|[\\{}]|&(?!#x[0-9A-Fa-f]+;)")
ARITHMATEX = re.compile(
    r'<(span|div) class="arithmatex">\\([(\[])(.*?)\\[)\]]</\1>([,.;:!?)]*)', re.DOTALL
)
CODE = re.compile(
    r"^[ >]*(`{3,}|~{3,}).*?^[ >]*\1[`~]*\s*?$|(?<!`)(`+)(?!`).+?(?<!`)\2(?!`)",
    re.DOTALL | re.MULTILINE,
)


class FormulaError(ValueError):
    """A formula that would not come out as written.

    ``formula`` is the source between the delimiters, ``reason`` one line that
    says what was given, what is allowed and what to try.
    """

    def __init__(self, formula: str, reason: str) -> None:
        self.formula = formula
        self.reason = reason
        super().__init__(f"formula {' '.join(formula.split())}: {reason}")


def to_mathml(formula: str, display: bool) -> str:
    """Turn TeX into a ``<math>`` element, or raise FormulaError.

    ``display`` says whether the formula stands alone or in a line of text.
    """
    _check_source(formula)
    converter = Converter(display="block" if display else "inline")
    try:
        math = converter.convert_to_element(_prepare(formula))
    except Exception as error:  # the library raises whatever it stumbles over
        reason = f"cannot be read ({type(error).__name__} {error}".rstrip() + ")"
        raise FormulaError(formula, f"{reason}; try it in smaller pieces") from error
    nodes = list(math.iter())
    for node in nodes:
        _check(formula, node)
        node.text = html.unescape(node.text) if node.text else None
    if not "".join(math.itertext()).strip():
        raise FormulaError(formula, "shows nothing; a formula needs a sign to print")
    for node in nodes:
        _mend(node)
    for node in nodes:
        _space(node)
    del math.attrib["xmlns"]
    if not display:
        del math.attrib["display"]
    return etree.tostring(math, encoding="unicode")


def find_formula(source: str, formula: str) -> int:
    """Return the line, counted from 1, on which a formula of a page begins.

    Spaces and line breaks need not agree, and code is passed over. The answer
    is 0 for a formula that is not in this source but in a file it includes.
    """
    prose = CODE.sub(lambda code: re.sub(r"[^\n]", " ", code[0]), source)
    # A formula in a quotation carries the quotation's marks on every line.
    signs = r"[\s>]*".join(re.escape(sign) for sign in "".join(formula.split()))
    found = re.search(rf"\\[(\[][\s>]*{signs}[\s>]*\\[)\]]", prose)
    return prose.count("\n", 0, found.start()) + 1 if found else 0


class MathMarkdown(markdown.Extension):
    """Maths for Python-Markdown, arithmatex included.

    ``errors`` holds the formulas of the last document that could not be
    converted, each once; the page shows their source as code instead.
    """

    def __init__(self, **kwargs: object) -> None:
        super().__init__(**kwargs)
        self.errors: list[FormulaError] = []

    def extendMarkdown(self, md: markdown.Markdown) -> None:
        """Add the formulas to one Markdown converter."""
        md.registerExtension(self)
        syntax = {"inline_syntax": ["round"], "block_syntax": ["square"]}
        ArithmatexExtension(generic=True, **syntax).extendMarkdown(md)
        # Between arithmatex and the backslash escapes, which would eat the mark.
        md.inlinePatterns.register(
            _Misplaced(r"\\\[(.+?)\\\]", md), "maths-misplaced", 185
        )
        # After raw_html, which brings blocks back from the stash.
        md.postprocessors.register(_Formulas(self, md), "maths", 5)

    def reset(self) -> None:
        """Forget the errors of the document before."""
        self.errors = []


class _Formulas(Postprocessor):
    """Replaces what arithmatex left in the page by MathML."""

    def __init__(self, extension: MathMarkdown, md: markdown.Markdown) -> None:
        super().__init__(md)
        self.extension = extension

    def run(self, text: str) -> str:
        return set_formulas(text, self.extension.errors)


def set_formulas(text: str, errors: list[FormulaError]) -> str:
    """Replace the formulas that stand as arithmatex leaves them in HTML by MathML.

    One that cannot be converted is added to ``errors``, once, and stays as code.
    """

    def convert(match: re.Match[str]) -> str:
        tag, bracket, formula = match[1], match[2], html.unescape(match[3])
        try:
            if (tag, bracket) == ("span", "["):
                raise FormulaError(formula, MISPLACED)
            mathml = to_mathml(formula, display=tag == "div")
        except FormulaError as error:
            # Twice for headings: the table of contents converts them once more.
            if all(str(error) != str(known) for known in errors):
                errors.append(error)
            return f"<code>{html.escape(formula.strip())}</code>{match[4]}"
        if tag == "div":
            return f'<div class="math scrolls" role="group" aria-label="Formula" tabindex="0">{mathml}</div>{match[4]}'
        # Browsers may break the line between a formula and its full stop.
        return (
            f'<span class="formula">{mathml}{match[4]}</span>' if match[4] else mathml
        )

    return ARITHMATEX.sub(convert, text)


class _Misplaced(InlineProcessor):
    """Catches a block formula in running text, where it would print as brackets."""

    def handleMatch(
        self, m: re.Match[str], data: str
    ) -> tuple[etree.Element, int, int]:
        span = etree.Element("span", {"class": "arithmatex"})
        span.text = AtomicString(m[0])
        return span, m.start(0), m.end(0)


def _check_source(formula: str) -> None:
    """Refuse what has to be seen in the source, where the converter guesses."""
    for pattern, reason in REFUSED.items():
        if found := re.search(pattern, formula):
            raise FormulaError(formula, reason.format(found[0]))
    expected: list[str] = []
    for spaced in NESTING.findall(formula):
        token = "".join(spaced.split())
        closer = _closer(formula, token)
        if closer:
            expected.append(closer)
        elif token in ("}", r"\right") or token.startswith(r"\end"):
            if not expected:
                raise FormulaError(
                    formula, f"{token} closes nothing; take it away or open it"
                )
            if token != expected[-1]:
                raise FormulaError(
                    formula, f"{token} stands where {expected[-1]} is due"
                )
            expected.pop()
    if expected:
        raise FormulaError(formula, f"{expected[-1]} is missing; close what was opened")


def _closer(formula: str, token: str) -> str | None:
    """Return what must close a token, or None for one that opens nothing."""
    if environment := ENVIRONMENT.fullmatch(token):
        if environment[2] not in ENVIRONMENTS:
            allowed = ", ".join(ENVIRONMENTS)
            raise FormulaError(
                formula,
                f"environment {environment[2]} is unknown; allowed are {allowed}",
            )
        return rf"\end{{{environment[2]}}}" if environment[1] == "begin" else None
    return {"{": "}", r"\left": r"\right"}.get(token)


def _prepare(formula: str) -> str:
    r"""Spell the colours the converter's way and give each matrix its own braces.

    Without braces the brackets of two matrices side by side are siblings, and
    browsers stretch all of them to the taller one.
    """
    formula = COLOUR.sub(r"\\class{\1}{", formula)
    formula = re.sub(r"\\begin\s*\{", r"{\\begin{", formula)
    return re.sub(r"(\\end\s*\{[^}]*\})", r"\1}", formula)


def _check(formula: str, node: etree.Element) -> None:
    """Refuse an element that shows source text or that browsers do not draw."""
    for text in (node.text or "", *node.attrib.values()):
        if left := NOT_CONVERTED.search(text):
            plainer = r"a plainer command, or \operatorname{…} or \text{…} for words"
            raise FormulaError(formula, f"{left[0]} is not known here; try {plainer}")
    parts = PARTS.get(node.tag)
    if parts is None and node.tag not in CONTAINERS:
        raise FormulaError(
            formula, f"makes <{node.tag}>, which browsers do not draw; leave it out"
        )
    if parts is not None and len(node) != parts:
        given = f"<{node.tag}> takes {parts} parts and got {len(node)}"
        raise FormulaError(formula, f"{given}; put each argument in braces")
    for name, value in node.attrib.items():
        if name not in ATTRIBUTES or value.endswith("mathspace"):
            raise FormulaError(
                formula, f'{name}="{value}" is not drawn by browsers; leave it out'
            )
        if name == "class" and value not in COLOURS:
            raise FormulaError(
                formula, f"class {value} is unknown; allowed are q, k, v, o"
            )
        if name == "mathvariant" and value != "normal":
            letters = r"\mathbf{Q}\mathbf{K} for \mathbf{QK}"
            raise FormulaError(
                formula, f"{value} covers one Latin letter only; write {letters}"
            )


def _mend(node: etree.Element) -> None:
    """Put right what the converter says in a way browsers read otherwise."""
    if node.tag in WITH_LIMITS:
        base = node[0]
        if base.tag == "mo" and (
            "movablelimits" in base.attrib or base.text in LIMIT_SIGNS
        ):
            node.tag = WITH_LIMITS[node.tag]
            if len(base.text or "") > 1:  # browsers know the limits of signs
                base.attrib.update(movablelimits="true", lspace="0", rspace="0")
    elif node.tag == "mover" and node[1].text in ACCENTS:
        node.set("accent", "true")
        node[1].text = ACCENTS[node[1].text]
        node[1].set("stretchy", "false")
    elif node.text in FENCES:
        node.tag = "mo"
        node.attrib.update(form=FENCES[node.text], stretchy="false")
    elif node.text in LETTERLIKE or (
        _is_name(node) and "movablelimits" not in node.attrib
    ):
        node.tag = "mi"


def _space(row: etree.Element) -> None:
    """Set a thin space beside a name such as log, and a sign close to its number."""
    if row.tag not in ("mrow", "mtd", "mstyle", "msqrt"):
        return
    for left, right in pairwise(list(row)):
        before, after = _edge(left, -1), _edge(right, 0)
        if before.tag == after.tag == "mo":
            if after.text in ("−", "+") and before.text not in ENDINGS:
                after.set("form", "prefix")
        elif not {"mo", "mspace"} & {before.tag, after.tag} and (
            _is_name(left) or _is_name(right)
        ):
            row.insert(
                list(row).index(right), etree.Element("mspace", {"width": "0.167em"})
            )


def _edge(node: etree.Element, side: int) -> etree.Element:
    """Return the first (0) or the last (-1) element within nested rows."""
    while node.tag == "mrow" and len(node):
        node = node[side]
    return node


def _is_name(node: etree.Element) -> bool:
    """Say whether an element is a named function, with or without limits."""
    while node.tag in (*WITH_LIMITS, *WITH_LIMITS.values()):
        node = node[0]
    return node.tag in ("mi", "mo") and len(node.text or "") > 1
