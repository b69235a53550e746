"""What a build does besides rendering: run the pages that changed, write the runnable files, state a page's facts."""

import html
import multiprocessing
import os
import re
from collections.abc import Callable
from concurrent.futures import Executor
from pathlib import Path

from mkdocs.utils.meta import get_data

from pagecode.fences import prose_lines, read_fences
from pagecode.ledger import Ledger, Standing
from pagecode.objects import ObjectError
from pagecode.page import Page
from pagecode.programs import bundle
from pagecode.project import Problem, Project, ProjectError
from pagecode.reader import read_page
from pagecode.worker import run_pytest

# How many runs there are for each process: who is done early takes the next, and each takes 0.6 s to begin.
RUNS = 4
BOX = "padding: 1em; background: #fbe4e1; color: #5a1710; font: 14px/1.5 monospace; white-space: pre-wrap"


def run_stale(project: Project, say: Callable[[str], None], pool: Executor) -> list[Problem]:
    """Run every page that has changed, or whose code or data has, through pytest, as `pool` has room; return what was
    wrong."""
    ledger, standing = Ledger(project), Standing(project)
    pages = [read_page(project, path) for path in project.pages()]
    stale = [page for page in pages if not ledger.fresh(page, standing) and not ledger.renew(page, standing)]
    if not stale:
        return []
    say(f"Running {len(stale)} of {len(pages)} pages: {', '.join(page.name for page in stale)}")
    # A page that runs commands takes longest: deal those out first.
    stale.sort(key=lambda page: sum(block.kind == "sh" for block in page.blocks), reverse=True)
    runs = min(RUNS * cores(), len(stale))
    for page in stale:
        ledger.forget(page)
    logs = [project.cache / f"run-{number}.log" for number in range(runs)]
    list(pool.map(lambda number: run(project, stale[number::runs], logs[number]), range(runs)))
    outputs = [log.read_text(encoding="utf-8", errors="replace") for log in logs if log.is_file()]
    problems: list[Problem] = []
    standing = Standing(project)
    for page in stale:
        entry = ledger.read(page.path)
        if entry is None or entry["digest"] is None:
            said = " / ".join(line for output in outputs for line in output.strip().splitlines()[-12:])
            problems.append(Problem(page.name, 1, f"the page could not be run: {said}"))
        elif not ledger.current(page, standing):
            problems.append(Problem(page.name, 1, "the page, or what it depends on, changed while it ran; build again"))
        else:
            problems.extend(Problem(page.name, line, message) for line, message in entry["problems"])
    return problems


def cores() -> int:
    """How many processes may run side by side."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def run(project: Project, pages: list[Page], log: Path) -> None:
    """Run pages with pytest, which enters them into the ledger.

    Each run is a fork of a process that has imported the heavy libraries and done nothing else: `mkdocs serve` pays for
    that import once, when code first has to run. Where a system cannot fork, a run begins from nothing.
    """
    forks = "forkserver" in multiprocessing.get_all_start_methods()
    context = multiprocessing.get_context("forkserver" if forks else "spawn")
    context.set_forkserver_preload(["torch", "numpy", "matplotlib.pyplot", "sybil", "pytest"])
    log.parent.mkdir(parents=True, exist_ok=True)
    process = context.Process(target=run_pytest, args=(project.root, [str(page.path) for page in pages], log))
    process.start()
    process.join()


def bundles(project: Project) -> dict[str, str]:
    """The runnable files that the site offers, by address."""
    table = project.bundles
    files = {}
    for entry in table.get("entries", []):
        note = f"# {entry} with all that it needs, in one file made from the source of this package.\n\n"
        try:
            program = bundle(project, entry, table["inline"], table["main"])
        except ObjectError as error:
            raise ProjectError(f"[tool.pagecode.bundles] cannot make a file of {entry}: {error}") from None
        files[f"files/{entry.rsplit('.', 1)[-1]}.py"] = note + program
    return files


def facts(project: Project, page: Path, meta: dict) -> list[str]:
    """What the front matter of a page says for its reader."""
    found = []
    if "minutes" in meta:
        found.append(f"{meta['minutes']} minutes")
    if meta.get("needs"):
        found.append("after " + ", ".join(reference(project, page, slug) for slug in meta["needs"]))
    if "lecture" in meta:
        found.append(f"[@lecture {meta['lecture']}]")
    if "paper" in meta:
        found.append(f"[@vaswani2017 {meta['paper']}]")
    return found


def with_facts(text: str, stated: list[str]) -> str:
    """A page's Markdown with facts about it in one line below its title."""
    lines = text.split("\n")
    title = next((number for number, line in prose_lines(text, read_fences(text)) if line.startswith("# ")), None)
    if stated and title is not None:
        lines[title:title] = ["", " · ".join(stated), "{.facts}", ""]
    return "\n".join(lines)


def show_problems(site: Path, problems: list[str]) -> None:
    """Say at the top of every page of a served site what is wrong with it: there its author is looking."""
    said = html.escape("\n".join(problems))
    advice = "this site does not show what ran. Where the code is right, make update writes down what it printed."
    box = f'<div role="alert" style="{BOX}"><strong>Problems: {len(problems)}; {advice}</strong>\n{said}</div>'
    for file in site.rglob("*.html"):
        text = file.read_text(encoding="utf-8")
        file.write_text(re.sub(r"<body[^>]*>", lambda body: body[0] + box, text, count=1), encoding="utf-8")


def reference(project: Project, page: Path, slug: str) -> str:
    """A page that this one builds on: a link where it exists, its name where it is still to be written."""
    found = next((path for path in project.pages() if path.stem == slug), None)
    if not found:
        return f"{slug.replace('-', ' ')} (to come)"
    _, meta = get_data(found.read_text(encoding="utf-8"))
    return f"[{meta.get('title', slug)}]({Path(os.path.relpath(found, page.parent)).as_posix()})"
