"""Where the links of a built site lead: in its pages, its style sheets and the lists that it hands to machines."""

import json
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import SplitResult, unquote, urlsplit
from xml.etree import ElementTree

from pagecode.html import Rendered
from pagecode.page import Page
from pagecode.project import Problem

SPELLINGS = ("]({}", '="{}', "]: {}", "<{}", "{}")  # how a page may write an address
COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
STYLE = re.compile(r"url\(\s*([\"']?)(.*?)\1\s*\)|@import\s+([\"'])(.*?)\3", re.DOTALL)


@dataclass
class Site:
    """A built site: its folder, the address that it will have, "" if nobody knows, and what its pages hold."""

    folder: Path
    url: str
    pages: dict[Path, Rendered]

    @property
    def base(self) -> str:
        """The path below which it is served."""
        base = urlsplit(self.url).path.strip("/")
        return f"/{base}/" if base else "/"

    def name(self, file: Path) -> str:
        """How messages name a file of it."""
        return f"{self.folder.name}/{file.relative_to(self.folder).as_posix()}"

    def ours(self, parts: SplitResult) -> bool:
        """Whether an address is one of this site: it names no host, or the site's own and a path below its base."""
        if not parts.scheme and not parts.netloc:
            return True
        home = urlsplit(self.url)
        return parts[:2] == home[:2] and f"{parts.path}/".startswith(self.base)

    def broken(self, file: Path, address: str) -> str | None:
        """Why a link in a file leads nowhere within the site, or None; addresses of other sites are not followed."""
        parts = urlsplit(address)
        if not self.ours(parts):
            return None
        path = unquote(parts.path) or ("/" if parts.netloc else "")
        if path.startswith("/") and not f"{path}/".startswith(self.base):
            return f"the site is served below {self.base}"
        start = self.folder if path.startswith("/") else file.parent
        below = "" if f"{path}/" == self.base else path.removeprefix(self.base)
        target = Path(os.path.normpath(start / below)) if path else file
        if path.endswith("/") or target.is_dir():
            target = target / "index.html"
        if not target.is_file():
            return f"the built site has no {os.path.relpath(target, self.folder)}"
        if parts.fragment and target in self.pages and unquote(parts.fragment) not in self.pages[target].anchors:
            return f"{target.relative_to(self.folder).as_posix()} has no anchor #{parts.fragment}"
        return None


def judge_links(site: Site, built: dict[Path, Page]) -> Iterator[Problem]:
    """Each link of a page leads to a file of the site and to an anchor that it has."""
    around: set[str] = set()
    for file, found in site.pages.items():
        for kind, address, inside in found.links:
            fault = site.broken(file, address)
            if not fault:
                continue
            message = f"{kind}={address!r} leads nowhere: {fault}"
            if inside and file in built:
                page = built[file]
                # An image that a block is to draw has been asked for already.
                lines = set(lines_of(page, address)).difference(page.figures)
                yield from (Problem(page.name, line, message) for line in lines)
            elif fault not in around:
                # What stands around the pages is the same on all of them.
                around.add(fault)
                yield Problem(site.name(file), 1, message)


def judge_styles(site: Site) -> Iterator[Problem]:
    """Each font, image and sheet that a style sheet asks for is there."""
    for file in sorted(site.folder.rglob("*.css")):
        # A comment goes, its lines stay, so that the numbers of those after it are right.
        text = COMMENT.sub(lambda match: "\n" * match[0].count("\n"), file.read_text(encoding="utf-8"))
        for match in STYLE.finditer(text):
            address = match[2] or match[4] or ""
            fault = site.broken(file, address)
            if fault:
                line = text.count("\n", 0, match.start()) + 1
                yield Problem(site.name(file), line, f"url({address}) leads nowhere: {fault}")


def judge_lists(site: Site) -> Iterator[Problem]:
    """What the sitemap, the search index and a manifest list is there."""
    for file, seen_from, addresses in listed(site):
        for address in addresses:
            fault = site.broken(seen_from, address)
            if fault:
                yield Problem(site.name(file), 1, f"{address!r} leads nowhere: {fault}")


def listed(site: Site) -> Iterator[tuple[Path, Path, list[str]]]:
    """Each list, the file that its addresses are seen from, and the addresses."""
    sitemap = site.folder / "sitemap.xml"
    if sitemap.is_file():
        entries = ElementTree.parse(sitemap).iter()
        yield sitemap, sitemap, [(entry.text or "").strip() for entry in entries if entry.tag.endswith("}loc")]
    index = site.folder / "search" / "search_index.json"
    if index.is_file():
        entries = json.loads(index.read_text(encoding="utf-8"))["docs"]
        yield index, site.folder / "index.html", [entry["location"] for entry in entries]
    for file in sorted([*site.folder.rglob("*.webmanifest"), *site.folder.rglob("manifest.json")]):
        manifest = json.loads(file.read_text(encoding="utf-8"))
        own = [manifest[name] for name in ("start_url", "scope") if name in manifest]
        yield file, file, own + [icon["src"] for icon in manifest.get("icons", [])]


def lines_of(page: Page, address: str) -> list[int]:
    """The lines of the page that hold an address; where MkDocs has rewritten it, those with its anchor or last name."""
    path, _, anchor = address.partition("#")
    for piece in (address, f"#{anchor}" if anchor else "", path.rstrip("/").split("/")[-1]):
        for shape in SPELLINGS if piece else ():
            lines = page.lines_with(shape.format(piece))
            if lines:
                return lines
    return [1]
