"""Labs among the pages of a build: rendered by mkdocs-jupyter, mended, judged, and offered as notebooks."""

import posixpath
import re
from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import urlsplit

from markdown.extensions.toc import nest_toc_tokens
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure import pages
from mkdocs.structure.files import File, Files
from mkdocs.structure.toc import get_toc

from pagecode.citations import Sources
from pagecode.fences import Fence, prose_lines
from pagecode.figures import inline
from pagecode.ledger import Ledger
from pagecode.maths import find_formula
from pagecode.page import Block, Page
from pagecode.project import Problem, Project
from pagecode.publish.lab_given import Ran, give, written
from pagecode.publish.lab_html import mend
from pagecode.publish.labs import Lab, captions_of, joined, labs_of, outputs
from pagecode.publish.notebooks import Origin
from pagecode.publish.prose import Surroundings, notebook_markdown

TOC_DEPTH = 3  # as the other pages have it


class LabFile(File):
    """A lab as MkDocs sees it: a page, although its name does not end in .md."""

    def is_documentation_page(self) -> bool:
        return True


class LabPages:
    """The pages of one build that are made from labs, by their addresses below the docs folder."""

    def __init__(self) -> None:
        self.ran: dict[str, Ran] = {}

    def add(
        self, project: Project, files: Files, config: MkDocsConfig, failed: set[str], origin: Origin
    ) -> list[Problem]:
        """Put each lab among the files as a page, with its executed notebook beside it; return what was wrong.

        Of those that `failed` there is nothing to show, and the build has said why.
        """
        self.ran.clear()
        for lab in labs_of(project):
            address = lab.path.relative_to(project.docs).as_posix()
            taken = files.get_file_from_path(address)
            if taken:
                files.remove(taken)
            if lab.name in failed:
                file = LabFile.generated(config, address, content=f"# {lab.path.stem}\n")
            else:
                ran = self.ran[address] = page_of(lab)
                Ledger(project).write(ran.page, None, [], [], [])
                # MkDocs takes the front matter from the text, and mkdocs-jupyter the notebook by its path.
                file = LabFile.generated(config, address, content=ran.page.text)
                file.abs_src_path = str(ran.given(origin.repository))
            file.edit_uri = address
            files.append(file)
        sources, problems = Sources.load(project.sources), []
        for address, ran in self.ran.items():
            faults = give(ran, address, sources, origin.repository)
            problems.extend(faults)
            around = Surroundings(address, origin.site, {file.src_uri: file.url for file in files}, sources)
            # A wrong citation ends the build, but the page is judged first, and has a link to its notebook.
            content = "" if faults else written(published(ran.notebook, around, origin.install))
            files.append(File.generated(config, address.replace(".py", ".ipynb"), content=content))
        return problems

    def mended(self, text: str, page: pages.Page, files: Files, problems: list[Problem]) -> str:
        """The plugin's HTML of a page as the site shows it, with its headings in the page's table of contents.

        A page that is no lab stays as it is. What is wrong is added to `problems`.
        """
        ran = self.ran.get(page.file.src_uri)
        if not ran:
            return text
        captions = [caption for cell in ran.notebook["cells"] for caption in captions_of(cell)]
        figures = enumerate(captions, start=1)
        colours = ran.lab.project.colours

        def draw(drawing: bytes) -> str:
            number, caption = next(figures)
            return inline(drawing, f"{ran.lab.path.stem}-{number}", caption, colours)

        made = mend(text, draw, lambda address: resolved(address, page.file, files))
        if not made:
            advice = "list it in mkdocs.yml under plugins, with labs/*.ipynb to include"
            problems.append(Problem(ran.page.name, 1, f"mkdocs-jupyter has not rendered this lab; {advice}"))
            return text
        for error in made.errors:
            problems.append(Problem(ran.page.name, find_formula(ran.page.text, error.formula) or 1, str(error)))
        page.toc = get_toc(nest_toc_tokens([head for head in made.headings if head["level"] <= TOC_DEPTH]))
        return made.html


def page_of(lab: Lab) -> Ran:
    """A lab that ran as a page for the judge: its prose on the lines of the lab's file, and a block for each cell."""
    notebook = lab.notebook()
    lines = [""] * (lab.source.count("\n") + 1)
    blocks: list[Block] = []
    for start, cell in zip(lab.starts(), notebook["cells"], strict=True):
        source = joined(cell["source"]).split("\n")
        if cell["cell_type"] == "code":
            blocks.extend(blocks_of(cell, start))
        else:
            # The header has no `# %%` above it.
            first = start - 1 if cell["cell_type"] == "raw" else start
            lines[first : first + len(source)] = source
    text = "\n".join(lines)
    headings = [number for number, line in prose_lines(text, []) if re.match(r"##(?!#)", line)]
    for block in blocks:
        block.section = sum(heading < block.line for heading in headings)
    return Ran(lab, notebook, Page(lab.path, lab.name, text, [], blocks, [], headings))


def blocks_of(cell: dict, line: int) -> Iterator[Block]:
    """What a cell of code shows: itself, and what it has printed."""
    fence = Fence(line, line, "", "", "python", "", joined(cell["source"]), None)
    yield Block("python", fence, 0, fence.body)
    printed = outputs(cell)[0]
    if printed:
        yield Block("output", replace(fence, language="text", body=printed), 0, printed)


def resolved(address: str, page: File, files: Files) -> str:
    """An address as the author of a page writes it, as the page can have it; one that leads nowhere stays."""
    parts = urlsplit(address)
    if parts.scheme or parts.netloc or not parts.path:
        return address
    target = files.get_file_from_path(posixpath.normpath(posixpath.join(posixpath.dirname(page.src_uri), parts.path)))
    return parts._replace(path=target.url_relative_to(page)).geturl() if target else address


def published(notebook: dict, around: Surroundings, install: str) -> dict:
    """The notebook as a reader gets it, without what is the build's own affair.

    The cell `install` comes first, where there is one: a kernel elsewhere has no package of ours.
    """
    cells = [
        {**cell, "source": notebook_markdown(joined(cell["source"]), around)} if cell["cell_type"] != "code" else cell
        for cell in notebook["cells"]
        if cell["cell_type"] != "raw"
    ]
    metadata = {name: value for name, value in notebook["metadata"].items() if name in ("kernelspec", "language_info")}
    first = {"cell_type": "code", "id": "install", "metadata": {}, "source": install}
    installing = [{**first, "execution_count": None, "outputs": []}] if install else []
    return {**notebook, "cells": [*installing, *cells], "metadata": metadata}
