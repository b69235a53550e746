"""A lab's executed notebook as a page: Markdown like any other page's, and the notebook to take away."""

import json
import re

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

from pagecode.ledger import Ledger
from pagecode.page import Page
from pagecode.project import Problem, Project
from pagecode.publish.labs import Lab, captions_of, joined, labs_of, outputs, seconds
from pagecode.reader import Reader


class LabFile(File):
    """A lab as MkDocs sees it: a page, although its name does not end in .md."""

    def is_documentation_page(self) -> bool:
        return True


class LabPages:
    """The pages of one build that were made from labs."""

    def __init__(self) -> None:
        self.texts: dict[str, str] = {}
        self.lines: dict[str, list[int]] = {}

    def add(self, project: Project, files: Files, config: MkDocsConfig, failed: set[str]) -> None:
        """Put each lab among the files as a page, with its executed notebook beside it.

        Of those that `failed` there is nothing to show, and the build has said why.
        """
        self.texts.clear()
        self.lines.clear()
        for lab in labs_of(project):
            address = lab.path.relative_to(project.docs).as_posix()
            taken = files.get_file_from_path(address)
            if taken:
                files.remove(taken)
            text = f"# {lab.path.stem}\n"
            if lab.name not in failed:
                notebook = lab.notebook()
                text, self.lines[lab.name] = markdown(lab, notebook)
                self.texts[address] = text
                download = json.dumps(published(notebook), indent=1, ensure_ascii=False) + "\n"
                files.append(File.generated(config, address.replace(".py", ".ipynb"), content=download))
            page = LabFile.generated(config, address, content=text)
            page.edit_uri = address
            files.append(page)

    def page(self, project: Project, address: str) -> Page | None:
        """The page of a lab that ran, entered into the ledger; None for any other address."""
        if address not in self.texts:
            return None
        page = Reader(project, project.docs / address, self.texts[address]).page()
        Ledger(project).write(page, None, [], page.problems, [])
        return page

    def located(self, problem: Problem) -> Problem:
        """A problem of a page at its line in the lab's file."""
        lines = self.lines.get(problem.path)
        line = lines[min(problem.line, len(lines)) - 1] if lines else problem.line
        return Problem(problem.path, line, problem.message)


def published(notebook: dict) -> dict:
    """The notebook as a reader gets it, without what is the build's own affair."""
    cells = [cell for cell in notebook["cells"] if cell["cell_type"] != "raw"]
    metadata = {name: value for name, value in notebook["metadata"].items() if name in ("kernelspec", "language_info")}
    return {**notebook, "cells": cells, "metadata": metadata}


def markdown(lab: Lab, notebook: dict) -> tuple[str, list[int]]:
    """The page of an executed lab, and for each of its lines the line of the lab's file that it comes from."""
    made: list[tuple[str, int]] = []
    drawn = 0
    for start, cell in zip(lab.starts(), notebook["cells"], strict=True):
        source = joined(cell["source"]).split("\n")
        if cell["cell_type"] != "code":
            # The header stands in lines of the file that are not these one by one.
            places = [start] * len(source) if cell["cell_type"] == "raw" else range(start + 1, start + 1 + len(source))
            made.extend([*zip(source, places, strict=True), ("", start)])
            continue
        made.extend(fence("python", source, start))
        text, figures, _ = outputs(cell)
        if text:
            made.extend(fence("text", text.split("\n"), start, step=0))
        for figure, caption in zip(figures, captions_of(cell), strict=True):
            drawn += 1
            path = f"figures/{lab.path.stem}-{drawn}.svg"
            file = lab.project.figure(lab.path, path)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(figure, encoding="utf-8")
            made.extend([(f"![{caption}]({path})", start), ("", start)])
    title = next((number for number, (line, _) in enumerate(made) if line.startswith("# ")), None)
    if title is not None:
        made[title + 1 : title + 1] = [(line, made[title][1]) for line in ["", *ran(lab, notebook), ""]]
    return "\n".join(line for line, _ in made) + "\n", [number for _, number in made]


def fence(language: str, lines: list[str], start: int, step: int = 1) -> list[tuple[str, int]]:
    """Lines as a fence, each with the line of the file that it comes from: `step` is 0 where that is one line."""
    longest = max((len(run) for line in lines for run in re.findall("`+", line)), default=0)
    ticks = "`" * max(3, longest + 1)
    body = [(line, start + step * number) for number, line in enumerate(lines, start=1)]
    return [(f"{ticks}{language}", start), *body, (ticks, start), ("", start)]


def ran(lab: Lab, notebook: dict) -> list[str]:
    """The line below the title: that the lab ran, for how long, and where to get it."""
    total = sum(seconds(cell) for cell in notebook["cells"] if cell["cell_type"] == "code")
    name = lab.path.with_suffix(".ipynb").name
    took = f"Ran in {max(1, round(total))} seconds on one thread when this page was built"
    return [f'{took} · [the notebook, with these outputs]({name}){{download="{name}"}}', "{.facts}"]
