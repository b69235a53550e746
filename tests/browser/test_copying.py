"""What the reader copies is what ran: every button of every page, pressed, and each program run from the clipboard."""

import ast
import functools
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from forker import Ended, Forker, run_fresh
from playwright.sync_api import Browser, Error
from playwright.sync_api import Page as Opened

from pagecode.names import free_names
from pagecode.outputs import difference, lines_of
from pagecode.page import Block, Page
from pagecode.programs import program
from pagecode.publish.citing import MARK, bibtex, load_citation, with_addresses
from pagecode.reader import read_page

from .served import BUILT, OURS, Site, addresses, source_of
from .tab import Tab

PAGES = [address for address in addresses() if source_of(address)]
LABS = [address for address in addresses() if address.startswith("labs/")]
CLIPBOARD = ["clipboard-read", "clipboard-write"]
# Pages whose longest program runs in an interpreter of its own: a fork should be no different.
FRESH = ["", "gpt/gpt/", "reference/exercises/"]
BUTTONS = ".copy button[data-copy]"
# Once the page has said that it is copied, what the clipboard holds.
HELD = """async button => {
  const status = button.parentElement.querySelector("[role=status]");
  const end = performance.now() + 4000;
  while (!status.textContent) {
    if (performance.now() > end) throw new Error("nothing was copied: " + button.outerHTML.slice(0, 150));
    await new Promise(done => setTimeout(done));
  }
  if (status.textContent !== "Copied") throw new Error(status.textContent);
  status.textContent = "";
  return await navigator.clipboard.readText();
}"""
# Each button pressed where one sees it, as the mouse would hit it, and what is held then.
PRESS = f"""async buttons => {{
  const held = [];
  for (const button of buttons) {{
    button.scrollIntoView({{block: "center", behavior: "instant"}});
    const {{left, top, width, height}} = button.getBoundingClientRect();
    const hit = document.elementFromPoint(left + width / 2, top + height / 2);
    if (!button.contains(hit)) throw new Error(`${{hit?.outerHTML}} lies above ${{button.outerHTML}}`);
    hit.click();
    held.push(await ({HELD})(button));
  }}
  return held;
}}"""
# Something without a colour, above all of the page.
COVER = """() => Object.assign(document.body.appendChild(document.createElement("div")).style,
  {position: "fixed", inset: "0", zIndex: "99"})"""


@functools.cache
def page_at(address: str) -> Page:
    """The page whose HTML lies at an address."""
    return read_page(OURS, source_of(address))


def carried_by(block: Block, page: Page) -> list[str]:
    """What the buttons of a block are to copy: its program, and what is seen where that is something else."""
    if not block.runs and block.kind != "shown":
        return []
    whole = program(OURS, page, block) if block.is_python else block.code
    return [whole] if whole == block.code else [whole, block.code]


def cited_by(page: Page) -> list[str]:
    """What the buttons below the BibTeX entries of a page are to copy."""
    known = with_addresses(load_citation(OURS.root), os.environ.get("SITE_URL"), os.environ.get("REPO_URL"))
    return list(bibtex(known).values()) if MARK in page.text else []


def press_all(page: Opened) -> list[str]:
    """What each of a page's buttons puts on the clipboard."""
    # A solution is copied by who has opened it, and on some pages all code stands in boxes.
    page.evaluate("for (const box of document.querySelectorAll('details')) box.open = true")
    page.locator(f"{BUTTONS}:visible").first.wait_for()
    return page.locator(BUTTONS).evaluate_all(PRESS)


@pytest.fixture(scope="package")
def copied(browser: Browser, site: Site) -> Iterator[Callable[[str], list[str]]]:
    """All that the buttons of a page put on the clipboard; each page is gone through once."""
    found: dict[str, list[str]] = {}
    tab = Tab(browser, site, permissions=CLIPBOARD)

    def copied(address: str) -> list[str]:
        if address not in found:
            with tab.at(address) as page:
                found[address] = press_all(page) if page.locator(BUTTONS).count() else []
        return found[address]

    yield copied
    tab.close()


def programs(address: str, held: list[str]) -> list[tuple[Block, str]]:
    """The blocks of Python of a page, each with the program that was copied for it."""
    page = page_at(address)
    pairs, at = [], 0
    for block in page.blocks:
        if block.is_python:
            pairs.append((block, held[at]))
        at += len(carried_by(block, page))
    return pairs


def defines(statement: ast.stmt) -> bool:
    """True for what does nothing when it runs but give a name to something."""
    return isinstance(statement, ast.Import | ast.ImportFrom | ast.FunctionDef | ast.ClassDef | ast.Assign)


def goes_through(longer: str, shorter: str) -> bool:
    """True when running one program runs another: all its statements in their order, and before the last of them
    nothing else but definitions. What the shorter one needs must be in it, for the longer one may define more."""
    own = [ast.dump(statement) for statement in ast.parse(shorter).body]
    for statement in ast.parse(longer).body:
        if own and ast.dump(statement) == own[0]:
            own.pop(0)
        elif own and not defines(statement):
            return False
    return not own and not free_names(shorter)


def to_run(pairs: list[tuple[Block, str]]) -> list[tuple[Block, str]]:
    """The programs that no longer one of their section goes through."""
    return [
        (block, code)
        for block, code in pairs
        if not any(
            other.section == block.section and other.line > block.line and goes_through(longer, code)
            for other, longer in pairs
        )
    ]


def check(address: str, block: Block, ended: Ended) -> None:
    """A program ends well, and prints what its section shows up to its block."""
    page = page_at(address)
    blocks = [other for other in page.section(block.section) if other.line <= block.line]
    shown = [pair for other in blocks for pair in other.shown()]
    assert ended.status == 0, f"{page.name}:{block.line}: {ended.complaints}"
    assert difference(shown, lines_of(ended.printed), block.line) is None


def test_the_built_site_has_pages_with_programs():
    assert len(PAGES) > 10 and LABS
    assert sum(block.is_python for address in PAGES for block in page_at(address).blocks) > 30


def test_a_button_that_something_lies_above_copies_nothing(visit: Callable[..., Opened]):
    page = visit("attention/average/", permissions=CLIPBOARD)
    page.evaluate(COVER)
    with pytest.raises(Error, match="lies above"):
        press_all(page)


@pytest.mark.parametrize("address", PAGES)
def test_each_button_copies_its_program_byte_for_byte(address: str, copied, note):
    page = page_at(address)
    held = copied(address)
    assert held == [text for block in page.blocks for text in carried_by(block, page)] + cited_by(page)
    count = f"{len(held):4} buttons, {len(programs(address, held)):3} programs  /{address}"
    note("Clipboard: buttons pressed", count)


@pytest.mark.parametrize("address", LABS)
def test_each_button_of_a_lab_copies_its_cell(address: str, copied, note):
    notebook = json.loads((BUILT / f"{address.rstrip('/')}.ipynb").read_text(encoding="utf-8"))
    cells = ["".join(cell["source"]) for cell in notebook["cells"] if cell["cell_type"] == "code"]
    held = copied(address)
    assert held and held == [f"{cell}\n" for cell in cells if not cell.startswith("%pip")]
    note("Clipboard: buttons pressed", f"{len(held):4} buttons, {len(held):3} cells     /{address}")


@pytest.mark.parametrize(
    ("longer", "runs"),
    [
        ("import math\nx = 1\nprint(x)\n", True),
        ("import math\n\n\ndef f(): ...\n\n\nx = 1  # one\nprint(x)\nprint(math.pi)\n", True),
        ("x = 1\nprint(2)\nprint(x)\n", False),
        ("print(x)\nx = 1\n", False),
        ("x = 1\nprint(y)\n", False),
        ("x = 1\n", False),
    ],
)
def test_a_longer_program_runs_a_shorter_one_where_it_has_its_statements_and_does_nothing_between(longer, runs):
    assert goes_through(longer, "x = 1\nprint(x)\n") is runs


def test_a_program_that_lacks_what_a_longer_one_has_is_run_itself():
    assert not goes_through("import math\nprint(math.pi)\n", "print(math.pi)\n")


@pytest.mark.parametrize("address", PAGES)
def test_each_copied_program_ends_as_its_page_shows(address: str, copied, forker: Forker, tmp_path: Path, note):
    """In forks of a process that has only imported torch; of some pages the longest in an interpreter of its own."""
    pairs = programs(address, copied(address))
    *others, longest = sorted(to_run(pairs), key=lambda pair: len(pair[1])) or [None]
    for block, code in others:
        check(address, block, forker.run(code))
    if longest:
        block, code = longest
        check(address, block, run_fresh(code, tmp_path, OURS.source) if address in FRESH else forker.run(code))
        note("Clipboard: programs", f"{len(pairs):4}, all run by {len(others) + 1:3} of them  /{address}")


@pytest.mark.slow
@pytest.mark.parametrize("address", PAGES)
def test_each_copied_program_alone_ends_as_its_page_shows(address: str, copied, forker: Forker, tmp_path: Path):
    """Those too that a longer one goes through, and the longest of all in an interpreter of its own."""
    pairs = programs(address, copied(address))
    longest = max((code for _, code in pairs), key=len, default="")
    for block, code in pairs:
        check(address, block, run_fresh(code, tmp_path, OURS.source) if code == longest else forker.run(code))
