"""The judge: the built HTML against the ledger, and every link, anchor and asset in it."""

import os
from collections.abc import Iterator
from difflib import SequenceMatcher
from pathlib import Path
from urllib.parse import unquote, urlsplit

from pagecode.html import Code, Rendered, read_html
from pagecode.ledger import Ledger, code_digest, text_digest
from pagecode.page import Page
from pagecode.project import Problem, Project

ARTICLE = "md-content__inner"
LINKS = ("]({}", '="{}', "]: {}", "<{}", "{}")  # how a page may write an address


def judge(project: Project, site: Path, built: dict[Path, Page], base: str) -> list[Problem]:
    """What is wrong with a site: `built` has the page behind each HTML file, `base` is the path it is served at."""
    texts = {file: file.read_text(encoding="utf-8") for file in sorted(site.rglob("*.html"))}
    rendered = {file: read_html(text, within=ARTICLE) for file, text in texts.items()}
    ledger = Ledger(project)
    problems: list[Problem] = []
    for file, page in built.items():
        problems.extend(judge_code(ledger.read(page.path) or {"blocks": [], "programs": []}, page, rendered[file]))
        problems.extend(judge_sections(page, rendered[file]))
    problems.extend(judge_links(site, built, rendered, base))
    return problems


def judge_code(entry: dict, page: Page, found: Rendered) -> Iterator[Problem]:
    """Each code block shown is one that passed, in the same order, and none is missing; so are the programs to copy."""
    passed = [block["sha256"] for block in entry["blocks"]]
    shown = [code_digest(code.text) for code in found.codes]
    carried = {text_digest(text) for text in found.copies}
    if passed == shown and not carried.issuperset(entry["programs"]):
        yield Problem(page.name, 1, "a copy button carries another program than the one that ran; build again")
    refused = {code_digest(fence.body.expandtabs(4)) for fence in page.refused}  # said already
    changes = SequenceMatcher(None, passed, shown, autojunk=False).get_opcodes()
    missed = any(change in ("delete", "replace") for change, *_ in changes)
    for change, first, end, start, stop in changes:
        for block in entry["blocks"][first:end] if change != "equal" else []:
            advice = "check its indentation and the blank lines around it"
            yield Problem(page.name, block["line"], f"this fence is not rendered as it stands; {advice}")
        for at in range(start, stop) if change != "equal" else []:
            # A fence that was missed as a block is shown as it is written, and has been complained of.
            fence = missed and found.codes[at].text.lstrip().startswith(("```", "~~~"))
            if shown[at] not in refused and not fence:
                yield from unknown(page, found.codes[at])


def unknown(page: Page, code: Code) -> Iterator[Problem]:
    """A complaint about code that no block of the page is, at each line that may have become it."""
    first = next((line.strip() for line in code.text.split("\n") if line.strip()), "<pre")
    for line in page.lines_with(first) or page.lines_with("<pre") or [1]:
        yield Problem(page.name, line, f"the page shows code that nobody ran: {first!r}; write it as a ``` fence")


def judge_sections(page: Page, found: Rendered) -> Iterator[Problem]:
    """The renderer sees a section where this package sees one."""
    if len(found.sections) != len(page.headings):
        titles = "; ".join(repr(title.removesuffix("¶").strip()) for title in found.sections) or "none"
        lines = ", ".join(map(str, page.headings)) or "none"
        advice = "begin each with ## at the left margin, and nothing else with it"
        yield Problem(page.name, 1, f"sections rendered: {titles}; lines that begin with ##: {lines}; {advice}")


def judge_links(site: Path, built: dict[Path, Page], rendered: dict[Path, Rendered], base: str) -> Iterator[Problem]:
    """Each link leads to a file of the site and to an anchor that it has."""
    around: set[str] = set()
    for file, found in rendered.items():
        for kind, address, inside in found.links:
            fault = broken(site, file, address, rendered, base)
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
                yield Problem(f"{site.name}/{file.relative_to(site).as_posix()}", 1, message)


def broken(site: Path, file: Path, address: str, rendered: dict[Path, Rendered], base: str) -> str | None:
    """Why a link leads nowhere within the site, or None; addresses of other sites are not followed."""
    parts = urlsplit(address)
    if parts.scheme or parts.netloc:
        return None
    path = unquote(parts.path)
    if path.startswith("/") and not path.startswith(base):
        return f"the site is served below {base}"
    start = site if path.startswith("/") else file.parent
    target = Path(os.path.normpath(start / path.removeprefix(base))) if path else file
    if target.is_dir():
        target = target / "index.html"
    if not target.is_file():
        return f"the built site has no {os.path.relpath(target, site)}"
    if parts.fragment and target in rendered and unquote(parts.fragment) not in rendered[target].anchors:
        return f"{target.relative_to(site).as_posix()} has no anchor #{parts.fragment}"
    return None


def lines_of(page: Page, address: str) -> list[int]:
    """The lines of the page that hold an address; where MkDocs has rewritten it, those with its anchor or last name."""
    path, _, anchor = address.partition("#")
    for piece in (address, f"#{anchor}" if anchor else "", path.rstrip("/").split("/")[-1]):
        for shape in LINKS if piece else ():
            lines = page.lines_with(shape.format(piece))
            if lines:
                return lines
    return [1]
