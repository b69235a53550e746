"""What a rendered page holds: its code blocks, headings, links and anchors, each with its place in the text."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser

VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
# The attributes that hold one address. A <use> of an SVG may still spell its own with a prefix.
ADDRESSES = ("href", "xlink:href", "src", "poster", "action", "formaction")
# What a <meta> may name by address, for those who show a link to the page.
PREVIEWS = {"og:url", "og:image", "og:image:url", "og:image:secure_url", "twitter:image"}
# What colours a word of code: most tags of a page are such.
COLOUR = re.compile(r'<span class="(\w{1,3})">')
REFRESH = re.compile(r"\s*[\d.]+\s*[;,]\s*url\s*=\s*['\"]?([^'\"]*)", re.IGNORECASE)


@dataclass
class Code:
    """A `<pre>` element: its text, and where the box around it ends."""

    text: str
    end: int


@dataclass
class Rendered:
    """What was found in one piece of HTML.

    Attributes:
        links: of each address, the attribute that holds it, the address itself, and whether it is part of the page
        copies: what the copy buttons carry
        sections: the texts of the headings of the second level
    """

    codes: list[Code] = field(default_factory=list)
    links: list[tuple[str, str, bool]] = field(default_factory=list)
    anchors: set[str] = field(default_factory=set)
    copies: list[str] = field(default_factory=list)
    sections: list[str] = field(default_factory=list)

    @classmethod
    def again(cls, kept: dict) -> "Rendered":
        """What was found, of its fields as JSON holds them."""
        codes, links = [Code(**code) for code in kept["codes"]], [(*link,) for link in kept["links"]]
        return cls(codes, links, set(kept["anchors"]), kept["copies"], kept["sections"])


def read_html(text: str, within: str | None = None) -> Rendered:
    """Read a page, or of a whole document only the element with the class `within`, for all but links and anchors."""
    reader = Reader(text, within)
    reader.feed(text)
    reader.close()
    return reader.found


def addresses(tag: str, values: dict[str, str]) -> Iterator[tuple[str, str]]:
    """Each address in a tag, with the name of the attribute that holds it."""
    yield from ((name, values[name]) for name in ADDRESSES if name in values)
    for name in ("srcset", "imagesrcset"):
        # A comma that no space follows is part of an address, as in data:.
        for candidate in re.split(r",\s+", values.get(name, "").strip(" ,")):
            yield from ((name, address) for address in candidate.split()[:1])
    if tag == "object" and "data" in values:
        yield "data", values["data"]
    if tag == "meta":
        content = values.get("content", "")
        refresh = REFRESH.match(content) if values.get("http-equiv", "").lower() == "refresh" else None
        if refresh:
            yield "refresh", refresh[1].strip()
        if values.get("property", values.get("name", "")) in PREVIEWS:
            yield values.get("property", values.get("name", "")), content


class Parser(HTMLParser):
    """The standard library's parser, with a short way past the tags that colour code.

    It is fed once. Where it is, it knows by the character and not by the line, which would be counted at each tag.
    """

    at = 0  # where what is being read begins in what is left of the text
    gone = 0  # how much of the text has been let go

    def updatepos(self, i: int, j: int) -> int:
        self.at = j
        return j

    def place(self) -> int:
        """Where in the text stands what is being read."""
        return self.gone + self.at

    def close(self) -> None:
        """Read what may still become a tag, or not, when more is fed."""
        self.gone, self.at = self.gone + self.at, 0
        super().close()

    def parse_starttag(self, i: int) -> int:
        colour = COLOUR.match(self.rawdata, i)
        if not colour:
            return super().parse_starttag(i)
        self.handle_colour(colour[1])
        return colour.end()

    def parse_endtag(self, i: int) -> int:
        if not self.rawdata.startswith("</span>", i):
            return super().parse_endtag(i)
        self.handle_endtag("span")
        return i + len("</span>")

    def handle_colour(self, name: str) -> None:
        """A word of code begins that is coloured as the class `name`."""


class Reader(Parser):
    """Collects as the parser goes through a page."""

    def __init__(self, text: str, within: str | None) -> None:
        super().__init__(convert_charrefs=True)
        self.text = text
        self.found = Rendered()
        self.within = within
        self.open: list[tuple[str, str]] = []
        self.entered: int | None = 0 if within is None else None  # how many elements stand around `within`
        self.pre: list[str] | None = None
        self.unboxed: Code | None = None

    def inside(self) -> bool:
        return self.entered is not None

    def end(self) -> int:
        """Where the tag ends that is being read."""
        return self.text.index(">", self.place()) + 1

    def handle_colour(self, name: str) -> None:
        self.open.append(("span", name))

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attributes}
        self.found.links.extend((name, address, self.inside()) for name, address in addresses(tag, values))
        self.found.anchors.update(values[name] for name in ("id", "name") if name in values)
        if "data-copy" in values:
            self.found.copies.append(values["data-copy"])
        if tag in VOID:
            return
        if self.entered is None and self.within in values.get("class", "").split():
            self.entered = len(self.open)
        self.open.append((tag, values.get("class", "")))
        if self.inside() and tag == "h2":
            self.found.sections.append("")
        # A column of line numbers is a <pre> too.
        if self.inside() and tag == "pre" and not any("linenodiv" in classes.split() for _, classes in self.open):
            self.pre = []

    def handle_startendtag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attributes)
        if tag not in VOID:
            self.handle_endtag(tag)

    def handle_data(self, data: str) -> None:
        if self.pre is not None:
            self.pre.append(data)
        if self.inside() and any(tag == "h2" for tag, _ in self.open):
            self.found.sections[-1] += data

    def handle_endtag(self, tag: str) -> None:
        if not any(tag == name for name, _ in reversed(self.open)):
            return
        while True:
            name, classes = self.open.pop()
            if self.within and self.entered == len(self.open):
                self.entered = None
            # Closed by itself or, where that was forgotten, by what is around it.
            if name == "pre" and self.pre is not None:
                self.unboxed = Code("".join(self.pre), self.end())
                self.found.codes.append(self.unboxed)
                self.pre = None
            elif name == "div" and "highlight" in classes.split() and self.unboxed:
                self.unboxed.end = self.end()
                self.unboxed = None
            if name == tag:
                return
