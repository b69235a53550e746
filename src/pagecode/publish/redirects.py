"""A page that moved leaves a page behind that leads to its new address, without a script."""

import html
import os
from pathlib import Path

from pagecode.project import Problem, Project
from pagecode.publish.addresses import NAME

PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<meta http-equiv="refresh" content="0; url={way}">{canonical}
<title>This page has moved</title>
</head>
<body>
<h1>This page has moved</h1>
<p>It is now at <a href="{way}">{name}</a>.</p>
</body>
</html>
"""


def redirects(
    project: Project, moved: dict[str, str], files: set[str], url: str
) -> tuple[dict[str, str], list[Problem]]:
    """The pages to leave behind, by file, and what is wrong with the list; `files` are those that the site has."""
    pages: dict[str, str] = {}
    problems: list[Problem] = []
    for old, new in moved.items():
        fault = wrong(old, new, moved, files)
        if fault:
            problems.append(Problem(NAME, line_of(project.root / NAME, old), f'"{old}" = "{new}": {fault}'))
        else:
            pages[file_of(old)] = page(old, new, url)
    return pages, problems


def wrong(old: str, new: str, moved: dict[str, str], files: set[str]) -> str | None:
    """Why no redirect can be made of an entry, or None."""
    if not file_of(old).endswith(".html"):
        return "only a page can lead elsewhere; keep a file where it was published, and an anchor where it was set"
    if file_of(old) in files:
        return f"the site still has a page at {old}; take this line out"
    if new in moved:
        return f"that has moved too; lead straight to {moved[new]}"
    if file_of(new.partition("#")[0]) not in files:
        return f"the site has no {new}; name a page or file of it, seen from its root"
    return None


def file_of(address: str) -> str:
    """The file behind an address that is seen from the root of the site."""
    return f"{address}index.html" if address.endswith("/") or not address else address


def page(old: str, new: str, url: str) -> str:
    """What stands at the old address; canonical names the new one in full, where the site's own address is known."""
    target, _, anchor = new.partition("#")
    way = os.path.relpath(f"/{target}", f"/{old}" if old.endswith("/") else f"/{os.path.dirname(old)}")
    way += "/" * (target.endswith("/") or not target) + (f"#{anchor}" if anchor else "")
    full = f"{url.rstrip('/')}/{new}"
    canonical = f'\n<link rel="canonical" href="{html.escape(full)}">' if url else ""
    name = full if url else new or "the home page"
    return PAGE.format(way=html.escape(way), canonical=canonical, name=html.escape(name))


def line_of(file: Path, old: str) -> int:
    """The line of the list that has an entry."""
    lines = file.read_text(encoding="utf-8").split("\n")
    return next((number for number, line in enumerate(lines, start=1) if line.startswith(f'"{old}"')), 1)
