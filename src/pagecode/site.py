"""The judge: the built HTML against the ledger, and every link, anchor and asset in it."""

from collections.abc import Iterator
from difflib import SequenceMatcher
from pathlib import Path

from pagecode.html import Code, Rendered, read_html
from pagecode.ledger import Ledger, code_digest, text_digest
from pagecode.links import Site, judge_links, judge_lists, judge_styles
from pagecode.memory import Memory
from pagecode.page import Page
from pagecode.project import Problem, Project

ARTICLE = "md-content__inner"


def judge(project: Project, folder: Path, built: dict[Path, Page], url: str, memory: Memory) -> list[Problem]:
    """What is wrong with a site: `built` has the page behind each HTML file, `url` is its address if one is known."""
    texts = {file: file.read_text(encoding="utf-8") for file in sorted(folder.rglob("*.html"))}
    rendered = {file: memory.of(read_html, Rendered.again, text, ARTICLE) for file, text in texts.items()}
    ledger = Ledger(project)
    problems: list[Problem] = []
    for file, page in built.items():
        problems.extend(judge_code(ledger.read(page.path) or {"blocks": [], "programs": []}, page, rendered[file]))
        problems.extend(judge_sections(page, rendered[file]))
    site = Site(folder, url, rendered)
    for judged in (judge_links(site, built), judge_styles(site), judge_lists(site)):
        problems.extend(judged)
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
