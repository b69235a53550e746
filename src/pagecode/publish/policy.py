"""The site's Content-Security-Policy: a page loads what the site itself serves, and runs the scripts it was built with.

It stands in a meta element, since a host of static files sends no headers of ours. Instant navigation runs the scripts
of one page in the document of another, so every page allows those of all.
"""

import hashlib
import re
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from pagecode.html import Parser
from pagecode.memory import Memory
from pagecode.page import Page
from pagecode.project import Problem

DATA = ("application/json", "application/ld+json")  # scripts that are read and never run
# The theme's icons are images written into its style sheet, hence data:.
RULES = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "font-src": "'self'",
    "img-src": "'self' data:",
    "connect-src": "'self'",
    "worker-src": "'self'",
    "manifest-src": "'self'",
    "object-src": "'none'",
    "base-uri": "'none'",
    "form-action": "'self'",
}
# The encoding has to stand within the first kilobyte; nothing loads before it.
# Most tags of a page: they begin no text that is not HTML, and have no attribute that could be refused.
HARMLESS = re.compile(
    r"<(?!script|style|title|textarea|iframe|xmp|plaintext|no)[a-z][a-z0-9]*"
    r'(?:\s+(?:(?:class|id|for|title|role|tabindex|data-[a-z-]+|aria-[a-z-]+)="[^"]*"|href="[^":&]*"|hidden))*\s*>'
    r"|</[a-z][a-z0-9]*>"
)
HEAD = re.compile(r"<head\b[^>]*>(?:\s*<meta charset=[^>]*>)?", re.IGNORECASE)


@dataclass
class Inline:
    """What a page holds that a policy has to name, or to refuse.

    Attributes:
        scripts: the texts of the scripts that are written into the page
        refused: what no browser will heed under the policy, as it is written
    """

    scripts: set[str] = field(default_factory=set)
    refused: list[str] = field(default_factory=list)

    @classmethod
    def again(cls, kept: dict) -> "Inline":
        """What was found, of its fields as JSON holds them."""
        return cls(set(kept["scripts"]), kept["refused"])


class Reader(Parser):
    """Collects what is inline as the parser goes through a page."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found = Inline()
        self.script: list[str] | None = None

    def parse_starttag(self, i: int) -> int:
        harmless = HARMLESS.match(self.rawdata, i)
        return harmless.end() if harmless else super().parse_starttag(i)

    def parse_endtag(self, i: int) -> int:
        harmless = None if self.cdata_elem else HARMLESS.match(self.rawdata, i)
        return harmless.end() if harmless else super().parse_endtag(i)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attributes}
        if tag == "script" and "src" not in values and values.get("type", "").lower() not in DATA:
            self.script = []
        if tag == "style":
            self.found.refused.append("<style")
        self.found.refused.extend(
            f'{name}="{value}"' for name, value in values.items() if name == "style" or name.startswith("on")
        )
        if values.get("href", "").strip().lower().startswith("javascript:"):
            self.found.refused.append(f'href="{values["href"]}"')

    def handle_startendtag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        # A script closed like this, as in an SVG, never runs here; its attributes count all the same.
        self.handle_starttag(tag, attributes)
        self.script = None

    def handle_data(self, data: str) -> None:
        if self.script is not None:
            self.script.append(data)

    def handle_endtag(self, tag: str) -> None:
        if tag == "script" and self.script is not None:
            self.found.scripts.add("".join(self.script))
            self.script = None


def read_inline(text: str) -> Inline:
    """What is inline in a page."""
    reader = Reader()
    reader.feed(text)
    reader.close()
    return reader.found


def policy(scripts: set[str]) -> str:
    """The policy that allows these inline scripts and no others."""
    digests = sorted(b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in scripts)
    allowed = " ".join(["'self'", *(f"'sha256-{digest}'" for digest in digests)])
    return "; ".join(f"{name} {value}" for name, value in {**RULES, "script-src": allowed}.items())


def apply(site: Path, built: dict[Path, Page], memory: Memory) -> Iterator[Problem]:
    """Write the policy into every page of the site; yield what it would refuse. `built` has the page behind a file."""
    files = sorted(site.rglob("*.html"))
    texts = {file: file.read_text(encoding="utf-8") for file in files}
    inline = {file: memory.of(read_inline, Inline.again, text) for file, text in texts.items()}
    written = policy({script for found in inline.values() for script in found.scripts})
    meta = f'<meta http-equiv="Content-Security-Policy" content="{written}">'
    for file, text in texts.items():
        head = HEAD.search(text)
        if head:
            file.write_text(text[: head.end()] + meta + text[head.end() :], encoding="utf-8")
        else:
            yield Problem(name_of(site, file), 1, "the page has no <head> to hold the policy; write one")
        for refused in sorted(set(inline[file].refused)):
            yield from complaints(site, file, built.get(file), refused)


def complaints(site: Path, file: Path, page: Page | None, refused: str) -> Iterator[Problem]:
    """A complaint about something that the policy refuses, at each line of the page that may hold it."""
    message = f"{refused}: browsers refuse it under the site's policy; use a class, and a file in docs/assets/"
    if page:
        yield from (Problem(page.name, line, message) for line in page.lines_with(refused) or [1])
    else:
        yield Problem(name_of(site, file), 1, message)


def name_of(site: Path, file: Path) -> str:
    return f"{site.name}/{file.relative_to(site).as_posix()}"
