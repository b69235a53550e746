"""What mkdocs-jupyter is given of a lab that ran: its notebook, with prose as Jupyter reads it."""

import hashlib
import html
import json
import os
import posixpath
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from mkdocs.utils.meta import get_data

from pagecode import build
from pagecode.citations import CITATION, CitationError, Sources
from pagecode.page import Page
from pagecode.project import Problem
from pagecode.publish.lab_html import DOLLAR
from pagecode.publish.labs import Lab, joined, outputs, seconds
from pagecode.publish.notebooks import offered
from pagecode.publish.prose import STASHED, VERBATIM

LIST = "reference/sources.md"


@dataclass(frozen=True)
class Ran:
    """A lab that ran: its notebook, and the page that it becomes, line by line where the lab's file has it."""

    lab: Lab
    notebook: dict
    page: Page

    def given(self, repository: str) -> Path:
        """The notebook that mkdocs-jupyter renders; `include` in mkdocs.yml knows it by its folder.

        It offers itself for Colab where the repository is known, so sites built for two addresses at once have two.
        """
        return self.lab.project.cache / "shown" / apart(repository) / "labs" / self.lab.kept.name


def apart(repository: str) -> str:
    """The name of a folder that builds for one address have to themselves, for several may go on at once."""
    return hashlib.sha256(repository.encode()).hexdigest()[:12]


def give(ran: Ran, address: str, sources: Sources, repository: str) -> list[Problem]:
    """Write the notebook that mkdocs-jupyter is to render; return what is wrong with its citations."""
    problems: list[Problem] = []
    to_list = posixpath.relpath(LIST, posixpath.dirname(address))

    def cited(match: re.Match) -> str:
        try:
            link = sources.link(match["key"], " ".join((match["place"] or "").split()), to_list)
        except CitationError as error:
            problems.extend(Problem(ran.page.name, line, str(error)) for line in ran.page.lines_with(match[0]))
            return html.escape(match[0])
        return f'<span class="citation">{link}</span>'

    facts = [*facts_of(ran), *offered(address.replace(".py", ".ipynb"), repository)]
    cells = []
    for cell in ran.notebook["cells"]:
        if cell["cell_type"] == "markdown":
            text = joined(cell["source"])
            stated = build.with_facts(text, facts)
            # The facts belong below the title, and to no other cell.
            facts = facts if stated == text else []
            cells.append({**cell, "source": prepared(stated, cited)})
        elif cell["cell_type"] == "code":
            cells.append({**cell, "outputs": tidied(cell)})
    given = ran.given(repository)
    given.parent.mkdir(parents=True, exist_ok=True)
    part = given.with_suffix(".part")
    part.write_text(written({**ran.notebook, "cells": cells}), encoding="utf-8")
    os.replace(part, given)
    return problems


def prepared(text: str, cited: Callable[[re.Match], str]) -> str:
    """The Markdown of a page as Jupyter reads it: formulas between dollars, citations as `cited` makes them."""
    kept: list[str] = []

    def stash(found: str) -> str:
        kept.append(found)
        return f"\x01{len(kept) - 1}\x01"

    text = VERBATIM.sub(lambda match: stash(between_dollars(match)), text)
    text = CITATION.sub(lambda match: stash(cited(match)), text.replace("$", DOLLAR))
    return STASHED.sub(lambda match: kept[int(match[1])], text)


def between_dollars(match: re.Match) -> str:
    """A formula with the marks that notebooks know; code as it is."""
    if match["block"]:
        return f"$${match['block'].strip()}$$"
    return f"${match['inline'].strip()}$" if match["inline"] else match[0]


def tidied(cell: dict) -> list[dict]:
    """The outputs of a cell as pages have them: all that it printed, without colours, and then its figures."""
    text, figures, _ = outputs(cell)
    printed = [{"output_type": "stream", "name": "stdout", "text": text + "\n"}] if text else []
    drawn = {"output_type": "display_data", "metadata": {}}
    return [*printed, *({**drawn, "data": {"image/svg+xml": figure}} for figure in figures)]


def facts_of(ran: Ran) -> list[str]:
    """What the line below the title says: the front matter's facts, that the lab ran, and for how long."""
    total = sum(seconds(cell) for cell in ran.notebook["cells"] if cell["cell_type"] == "code")
    took = f"ran in {max(1, round(total))} seconds on one thread when this page was built"
    return [*build.facts(ran.lab.project, ran.lab.path, get_data(ran.page.text)[1]), took]


def written(notebook: dict) -> str:
    """A notebook as its file has it."""
    return json.dumps(notebook, indent=1, ensure_ascii=False) + "\n"
