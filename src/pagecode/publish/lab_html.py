"""The HTML that mkdocs-jupyter makes of a lab, made fit for the site.

The plugin hands over a notebook as a document of its own, with nbconvert's style sheets, scripts, prompts and copy
buttons. Its text, its highlighted code, its outputs and its drawings stay, in the elements that every page has.
"""

import html
import re
from base64 import b64decode
from collections.abc import Callable
from dataclasses import dataclass
from html.parser import HTMLParser

from markdown.extensions.toc import slugify, unique

from pagecode.extension import button, copy_box
from pagecode.html import VOID
from pagecode.maths import FormulaError, set_formulas
from pagecode.reach import reachable

WRAPPER = '<div class="jupyter-wrapper">'
# The parts of a cell that stay, by a class of the <div> that the plugin puts around each.
PARTS = {"jp-RenderedMarkdown": "prose", "highlight-ipynb": "code", "jp-RenderedText": "text", "jp-RenderedSVG": "svg"}
LANGUAGES = {"code": "python", "text": "text"}
PAIR = '{}="{}"'
HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
DRAWING = "data:image/svg+xml;base64,"
# A dollar that begins no formula on its way through the plugin, and one that does on its way to the formulas.
DOLLAR, MARK = "\ue000", "\ue001"
FORMULAS = {
    rf"<p>{MARK}{MARK}([^{MARK}]+){MARK}{MARK}</p>": r'<div class="arithmatex">\\[\1\\]</div>',
    rf"{MARK}{MARK}([^{MARK}]+){MARK}{MARK}": r'<span class="arithmatex">\\[\1\\]</span>',
    rf"{MARK}([^{MARK}]+){MARK}": r'<span class="arithmatex">\\(\1\\)</span>',
}
# The attributes that a line of facts has, which the plugin does not know.
FACTS = re.compile(r"<p>((?:(?!</?p>).)*)\s\{\.facts\}</p>", re.DOTALL)
DOWNLOAD = re.compile(r'<a (href="[^"]*")>([^<]*)</a>\{(download="[^"]*")\}')


@dataclass
class Mended:
    """A lab as the site shows it, its headings as Python-Markdown's table of contents has them, and what failed."""

    html: str
    headings: list[dict]
    errors: list[FormulaError]


def mend(text: str, draw: Callable[[bytes], str], resolve: Callable[[str], str]) -> Mended | None:
    """What mkdocs-jupyter has made of a lab, fit for the site; None for a text that it has not made.

    `draw` makes the figure of a drawing, and is called in their order; `resolve` turns an address as an author writes
    it into one that the page can have.
    """
    start = text.find(WRAPPER)
    if start < 0:
        return None
    mender = Mender(draw, resolve)
    mender.feed(text[start:])
    mender.close()
    # Pygments begins a block with an empty element; here it stands before the code, as on any page.
    made = "".join(mender.out).replace("<code><span></span>", "<code>")
    for pattern, element in FORMULAS.items():
        made = re.sub(pattern, element, made)
    errors: list[FormulaError] = []
    made = DOWNLOAD.sub(r"<a \1 \3>\2</a>", FACTS.sub(r'<p class="facts">\1</p>', made))
    made = set_formulas(made.replace(DOLLAR, "$"), errors)
    return Mended(reachable(made), mender.headings, errors)


class Mender(HTMLParser):
    """Goes through the plugin's document and writes down, in the site's elements, what is to stay."""

    def __init__(self, draw: Callable[[bytes], str], resolve: Callable[[str], str]) -> None:
        super().__init__(convert_charrefs=False)
        self.draw, self.resolve = draw, resolve
        self.out: list[str] = []
        self.headings: list[dict] = []
        self.ids: set[str] = set()
        self.around: list[bool] = []  # of each <div> outside the parts, whether it is a cell of code
        self.part = ""
        self.open: list[str] = []  # the elements open within the part, its own included
        self.heading = 0  # where in `out` the heading began that is open
        self.code: list[str] | None = None  # of a cell of code, what its button is to carry

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attributes}
        classes = values.get("class", "").split()
        if self.part:
            if tag not in VOID:
                self.open.append("anchor" if "anchor-link" in classes else tag)
            self.begin(tag, values)
        elif tag == "div":
            self.part = next((part for name, part in PARTS.items() if name in classes), "")
            if self.part:
                self.open.append(tag)
                self.enter()
            else:
                # The plugin puts a cell of code into an element, and nbconvert the same, with an id, into that.
                cell = "jp-CodeCell" in classes and "id" in values
                self.around.append(cell)
                self.out.append('<div class="jp-Cell jp-CodeCell">' if cell else "")

    def handle_startendtag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attributes)
        if tag not in VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        if self.part and tag not in VOID:
            self.end(tag, self.open.pop())
        elif tag == "div" and self.around and self.around.pop():
            self.give_button()
            self.out.append("</div>\n")

    def enter(self) -> None:
        """Begin a part of a cell."""
        if self.part == "code":
            self.code = []
        elif self.part == "svg":
            self.give_button()
        if self.part in LANGUAGES:
            self.out.append(f'<div class="language-{LANGUAGES[self.part]} highlight">')

    def begin(self, tag: str, values: dict[str, str]) -> None:
        """An element within a part."""
        if self.part == "svg":
            if tag == "img" and values.get("src", "").startswith(DRAWING):
                self.out.append(self.draw(b64decode(values["src"].removeprefix(DRAWING))))
        elif tag == "pre" and self.part in LANGUAGES:
            self.out.append("<pre><span></span><code>")
        elif self.part == "prose" and tag in HEADINGS:
            self.heading = len(self.out)
            self.out.append("")  # until its text is known, and with it its id
        elif "anchor" not in self.open:
            self.out.append(self.tag(tag, values))

    def end(self, tag: str, opened: str) -> None:
        """The end of an element within a part, or of the part."""
        if not self.open:
            self.out.append("</div>\n" if self.part in LANGUAGES else "")
            if self.part == "text":
                self.give_button()
            self.part = ""
        elif tag == "pre" and self.part in LANGUAGES:
            self.out.append("</code></pre>")
        elif self.part == "prose" and tag in HEADINGS:
            self.end_heading(tag)
        elif self.part != "svg" and opened != "anchor" and "anchor" not in self.open:
            self.out.append(f"</{tag}>")

    def tag(self, tag: str, values: dict[str, str]) -> str:
        """A tag without its style, which the page's security policy refuses, and with its addresses resolved."""
        kept = {name: value for name, value in values.items() if name != "style"}
        kept |= {name: self.resolve(kept[name]) for name in ("href", "src") if name in kept}
        return f"<{' '.join([tag, *(PAIR.format(name, html.escape(value)) for name, value in kept.items())])}>"

    def end_heading(self, tag: str) -> None:
        """Give a heading the id and the link to itself that it has on any page."""
        inside = "".join(self.out[self.heading :])
        name = re.sub(rf"<[^>]*>|{MARK}", "", inside).replace(DOLLAR, "$").strip()
        anchor = unique(slugify(html.unescape(name), "-"), self.ids)
        link = f'<a class="headerlink" href="#{anchor}" title="Permanent link">&para;</a>'
        self.out[self.heading :] = [f'<{tag} id="{anchor}">{inside}{link}</{tag}>\n']
        self.headings.append({"level": int(tag[1]), "id": anchor, "name": name})

    def handle_data(self, data: str) -> None:
        if self.part == "prose" and not {"code", "pre"} & {*self.open}:
            data = data.replace("$", MARK)
        self.write(data)

    def handle_entityref(self, name: str) -> None:
        self.write(f"&{name};")

    def handle_charref(self, name: str) -> None:
        self.write(f"&#{name};")

    def write(self, data: str) -> None:
        """Text of a part, as it stands in the document."""
        in_block = self.part in LANGUAGES and "pre" in self.open
        if in_block or (self.part == "prose" and "anchor" not in self.open):
            self.out.append(data)
        if in_block and self.part == "code" and self.code is not None:
            self.code.append(data)

    def give_button(self) -> None:
        """The button below a cell: the cells share one program, so it carries this one and claims no more."""
        if self.code is not None:
            self.out.append(copy_box(button(html.unescape("".join(self.code)), "Copy this cell", "")) + "\n")
        self.code = None
