r"""A page's prose as a notebook's Markdown can show it.

Formulas stand between dollar signs, citations are links, links are absolute or plain text, boxes that open and close
are paragraphs, and what only the site's renderer understands is gone.
"""

import posixpath
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from urllib.parse import urlsplit

from pagecode.citations import CITATION, CitationError, Sources

MARK = re.compile(r"\x00(\d+)(h?)\x00")  # where a block of the page stands; h where it begins hidden
STASHED = re.compile(r"\x01(\d+)\x01")
CODE = r"(?<!`)(?P<ticks>`+)(?!`)(?:.|\n(?!\n))+?(?<!`)(?P=ticks)(?!`)"
FORMULA = r"\\\[(?P<block>.+?)\\\]|\\\((?P<inline>.+?)\\\)"
VERBATIM = re.compile(rf"{CODE}|{FORMULA}", re.DOTALL)
COLOUR = re.compile(r"\\[qkvo]\s*(?=\{)")
# In a display of its own MathJax wants the part of an environment: align* would begin another display.
ALIGNED = re.compile(r"(\\begin|\\end)\s*\{align\*\}")

BOX = re.compile(r"(?P<kind>!!!|\?\?\?\+?) (?P<type>[\w-]+)[^\"]*(?:\"(?P<title>.*)\")?\s*$")
TAB = re.compile(r"===[!+]? \"(?P<title>.*)\"\s*$")
DEFINITION = re.compile(r":   (?P<text>.*)$")

COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
ANCHOR = re.compile(r"<a\s[^<>]*?href=\"([^\"]*)\"[^<>]*>(.*?)</a>", re.DOTALL)
# What Jupyter shows as it is meant; other elements are taken off, and what is in them stays.
KEPT = ("br", "kbd", "sub", "sup", "table", "thead", "tbody", "tr", "th", "td", "caption", "details", "summary")
ELEMENT = re.compile(rf"</?(?!(?:{'|'.join(KEPT)})[\s/>])[A-Za-z][\w-]*(?:\s[^<>]*)?/?>")
ATTRIBUTES = re.compile(r"[ \t]*\{:?\s*(?:[#.][\w-]+|[\w-]+=)[^{}\n]*\}")
LINK = re.compile(r"(?P<image>!?)\[(?P<text>(?:[^\[\]]|\[[^\[\]]*\])*)\]\((?P<address>[^()\s]+)(?:\s+\"[^\"]*\")?\)")


@dataclass(frozen=True)
class Surroundings:
    """What prose refers to.

    Attributes:
        page: the page's path below the docs folder
        site: the address of the site, with a slash at its end, or "" where none is known
        addresses: where the site has each file of the docs folder, by its path there
    """

    page: str
    site: str
    addresses: Mapping[str, str]
    sources: Sources

    def absolute(self, address: str) -> str:
        """Where a link of the page leads, whatever folder the notebook lies in; "" where nobody can say."""
        parts = urlsplit(address)
        if parts.scheme or parts.netloc:
            return address
        path = posixpath.normpath(posixpath.join(posixpath.dirname(self.page), parts.path)) if parts.path else self.page
        if not self.site or path not in self.addresses:
            return ""
        return self.site + self.addresses[path].removeprefix("./") + (f"#{parts.fragment}" if parts.fragment else "")


def notebook_markdown(text: str, around: Surroundings) -> str:
    """The Markdown of a page, its fences replaced by marks, as the Markdown of a notebook; the marks stay."""
    kept: list[str] = []

    def stash(found: str) -> str:
        kept.append(found)
        return f"\x01{len(kept) - 1}\x01"

    text = unboxed(COMMENT.sub("", text))
    text = VERBATIM.sub(lambda match: stash(verbatim(match)), text)
    text = text.replace("$", r"\$")
    text = CITATION.sub(lambda match: stash(cited(match, around.sources)), text)
    text = ANCHOR.sub(r"[\2](\1)", text)
    text = ATTRIBUTES.sub("", ELEMENT.sub("", text))
    text = LINK.sub(partial(linked, absolute=around.absolute), text)
    while STASHED.search(text):
        text = STASHED.sub(lambda match: kept[int(match[1])], text)
    return re.sub(r"\n{3,}", "\n\n", re.sub(r"[ \t]+$", "", text, flags=re.MULTILINE))


def verbatim(match: re.Match) -> str:
    """Code as it is; a formula with the marks that notebooks know, and without our colours, which they do not."""
    formula = match["block"] or match["inline"]
    if not formula:
        return match[0]
    formula = COLOUR.sub("", formula.strip())
    if match["inline"]:
        return f"${formula}$"
    return "$$" + ALIGNED.sub(r"\1{aligned}", formula) + "$$"


def cited(match: re.Match, sources: Sources) -> str:
    """A citation as a link to the second of the video or to the source itself; for `[@*]`, all of them."""
    if match["key"] == "*":
        return "\n".join(f"- {listed(entry)}" for entry in sources.entries.values())
    try:
        text, address, rest = sources.parts(match["key"], " ".join((match["place"] or "").split()))
    except CitationError:
        return match[0]  # the page's own rendering says what is wrong, and there is no site
    return f"[{text}]({address}){rest}"


def listed(entry: dict) -> str:
    """An entry of the list of sources."""
    rest = " ".join(entry[name] for name in ("note", "licence") if name in entry)
    return f"{entry['authors']} ({entry['year']}), [{entry['title']}]({entry['link']}). {rest}".rstrip()


def linked(match: re.Match, absolute: Callable[[str], str]) -> str:
    """A link that leads somewhere from anywhere, or its text alone; of an image that nobody can find, its words."""
    address = absolute(match["address"])
    return f"{match['image']}[{match['text']}]({address})" if address else match["text"]


@dataclass
class Box:
    """An admonition, a tab or a definition: all lines from the column `inside` on belong to it.

    Attributes:
        summary: of a box that begins closed, what to click on
        hides: True for a box that begins closed
        closed: True while an element that the reader opens is open in the text
    """

    inside: int
    summary: str = ""
    hides: bool = False
    closed: bool = False


def unboxed(text: str) -> str:
    """Boxes as paragraphs below their titles; the reader opens the text of one that is closed on the page."""
    lines: list[str] = []
    boxes: list[Box] = []
    for line in text.split("\n"):
        indent = len(line) - len(line.lstrip(" "))
        while line.strip() and boxes and indent < boxes[-1].inside:
            lines.extend(shut(boxes.pop()))
        line = line[4 * len(boxes) :] if line.strip() else ""
        bare = line.lstrip(" ")
        match = BOX.match(bare) or TAB.match(bare)
        definition = DEFINITION.match(bare)
        if match:
            lines.extend(["", line[: len(line) - len(bare)] + title(match), ""])
            boxes.append(Box(indent + 4, summary(match), hides=bool(summary(match))))
        elif definition:
            lines.extend(["", line[: len(line) - len(bare)] + definition["text"]])
            boxes.append(Box(indent + 4))
        else:
            lines.extend(opened(boxes, bare))
            lines.append(MARK.sub("\x00\\1h\x00", line) if any(box.hides for box in boxes) else line)
    for box in reversed(boxes):
        lines.extend(shut(box))
    return "\n".join(lines)


def title(match: re.Match) -> str:
    """The words above a box: its title, which may be left empty, or the kind that it is."""
    words = match["type"].capitalize() if match["title"] is None else match["title"]
    return f"**{words}**" if words else ""


def summary(match: re.Match) -> str:
    """What the reader clicks on: the title may hold formulas, which cannot stand there."""
    groups = match.groupdict()
    if groups.get("kind") != "???":
        return ""
    return "Answer" if groups["type"] == "question" else "Open"


def opened(boxes: list[Box], bare: str) -> list[str]:
    """The lines that a line of text asks for above it: a closed box begins with its first words, and ends at code."""
    if not boxes or not bare:
        return []
    if MARK.match(bare):
        return [line for box in reversed(boxes) for line in shut(box)]
    box = boxes[-1]
    if not box.summary:
        return []
    box.closed, word, box.summary = True, box.summary, ""
    return [f"<details><summary>{word}</summary>", ""]


def shut(box: Box) -> list[str]:
    """The end of a box: nothing below code is hidden, since a cell cannot begin in the middle of one."""
    closed, box.closed, box.summary = box.closed, False, ""
    return ["", "</details>", ""] if closed else []
