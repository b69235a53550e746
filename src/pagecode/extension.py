"""The Python-Markdown extension: embedded source, figures, citations, maths, and the programs to copy."""

import html
import os
import re
from pathlib import Path
from xml.etree import ElementTree

from markdown import Extension, Markdown
from markdown.inlinepatterns import InlineProcessor
from markdown.postprocessors import Postprocessor
from markdown.preprocessors import Preprocessor
from markdown.util import AtomicString

from pagecode.citations import CITATION, CitationError, Sources
from pagecode.figures import inline
from pagecode.html import read_html
from pagecode.maths import MathMarkdown, find_formula
from pagecode.page import FIGURE, Block, Page
from pagecode.programs import program
from pagecode.project import Problem, Project
from pagecode.publish import citing
from pagecode.reach import reachable
from pagecode.reader import Reader, read_page


class PagecodeExtension(Extension):
    """Renders a page of a project; what is wrong with it is added to the list `problems`."""

    def __init__(self, **configs) -> None:
        self.config = {
            "root": [".", "the folder with the project's pyproject.toml"],
            "page": ["", "the page's path below the docs folder"],
            "problems": [[], "the list to which problems are added"],
            "site_url": ["", "where the site is published, if that is known"],
            "repo_url": ["", "where its repository is published, if that is known"],
        }
        super().__init__(**configs)

    def extendMarkdown(self, md: Markdown) -> None:
        self.project = Project.load(Path(self.getConfig("root")).resolve())
        self.path = self.project.docs / self.getConfig("page")
        self.sources = Sources.load(self.project.sources)
        self.problems: list[Problem] = self.getConfig("problems")
        # Their tags stand for themselves, as those that Markdown knows by name: no paragraph begins around one.
        md.block_level_elements.extend(self.project.elements)
        self.maths = MathMarkdown()
        self.maths.extendMarkdown(md)
        # Before the fences are taken out (25), after line ends and tabs have been put in order (30).
        md.preprocessors.register(Expand(md, self), "pagecode-expand", 28)
        md.inlinePatterns.register(Cite(md, self), "pagecode-cite", 175)
        # After the stashed HTML has been put back (30), and after the maths (5).
        md.postprocessors.register(Programs(md, self), "pagecode-programs", 4)
        md.postprocessors.register(Reach(md), "pagecode-reach", 3)

    def source(self) -> Page:
        """The page that is being rendered."""
        return read_page(self.project, self.path)

    def complain(self, citation: str, place: str, message: str) -> None:
        """Note a problem with a citation at each line of the page that has it, if only in its front matter."""
        page = self.source()
        head = [number for number, line in enumerate(page.text.split("\n"), start=1) if place and place in line]
        for line in page.lines_with(citation) or head[:1] or [1]:
            self.problems.append(Problem(page.name, line, message))


class Expand(Preprocessor):
    """Fills embedding and diff fences from the source, figures from what was drawn, and the list of sources."""

    def __init__(self, md: Markdown, extension: PagecodeExtension) -> None:
        super().__init__(md)
        self.extension = extension

    def run(self, lines: list[str]) -> list[str]:
        extension = self.extension
        page = Reader(extension.project, extension.path, "\n".join(lines)).page()
        figures = {line for block in page.blocks for line, _ in block.figures}
        lines = [self.figure(line) if number in figures else line for number, line in enumerate(lines, start=1)]
        for line in page.lines_with("[@*]"):
            # As source and not in the stash, where MkDocs would not see its anchors.
            lines[line - 1] = lines[line - 1].replace("[@*]", extension.sources.listed())
        for line in page.lines_with(citing.MARK):
            lines[line - 1] = lines[line - 1].replace(citing.MARK, self.md.htmlStash.store(self.bibtex()))
        for block in reversed(page.blocks):
            if block.sources:
                lines[block.fence.line - 1 : block.fence.end] = filled(block)
        return "\n".join(lines).split("\n")

    def figure(self, line: str) -> str:
        """The figure that an image line asks for, inline; the line itself stays where nothing has been drawn."""
        extension = self.extension
        match = FIGURE.match(line)
        file = extension.project.figure(extension.path, match["path"])
        if not file.is_file():
            return line
        indent = line[: len(line) - len(line.lstrip())]
        figure = inline(file.read_bytes(), file.stem, match["alt"], extension.project.colours)
        return indent + self.md.htmlStash.store(figure)

    def bibtex(self) -> str:
        """The entries by which the site and what it follows are cited; none of it is code that somebody has to run."""
        extension = self.extension
        text = citing.load_citation(extension.project.root)
        if not text:
            extension.complain(citing.MARK, "", f"{citing.MARK} needs a {citing.NAME} beside pyproject.toml")
        addresses = (extension.getConfig("site_url"), extension.getConfig("repo_url"))
        entries = citing.bibtex(citing.with_addresses(text, *addresses))
        return f'<div class="bibtex">{"".join(map(bibtex_box, entries, entries.values()))}</div>'


def filled(block: Block) -> list[str]:
    """An embedding fence with its source, titled with where that comes from."""
    arrow = " → " if block.kind == "diff" else ", "
    title = arrow.join(source.path for source in block.sources)
    indent = block.fence.indent
    body = [(indent + line).rstrip() for line in block.code.split("\n")[:-1]]
    return [block.fence.opening(title), *body, indent + block.fence.ticks]


class Cite(InlineProcessor):
    """A citation becomes a link, to the second of the video or to the entry in the list of sources."""

    def __init__(self, md: Markdown, extension: PagecodeExtension) -> None:
        super().__init__(CITATION.pattern, md)
        self.extension = extension

    def handleMatch(self, m: re.Match, data: str) -> tuple[ElementTree.Element | str, int, int]:
        extension = self.extension
        here = extension.path.relative_to(extension.project.docs).parent
        to_list = Path(os.path.relpath("reference/sources.md", here)).as_posix()
        place = " ".join((m["place"] or "").split())
        try:
            link = extension.sources.link(m["key"], place, to_list)
        except CitationError as error:
            extension.complain(m[0], place, str(error))
            link = f"<code>{html.escape(m[0])}</code>"
        element = ElementTree.fromstring(f'<span class="citation">{link}</span>')
        for part in element.iter():
            # Finished text: Markdown would look for citations in it again, and find a wrong one without end.
            part.text, part.tail = part.text and AtomicString(part.text), part.tail and AtomicString(part.tail)
        return element, m.start(0), m.end(0)


class Programs(Postprocessor):
    """Gives each block of code its copy buttons, with the program that it stands for."""

    def __init__(self, md: Markdown, extension: PagecodeExtension) -> None:
        super().__init__(md)
        self.extension = extension

    def run(self, text: str) -> str:
        extension = self.extension
        for error in extension.maths.errors:
            line = find_formula(extension.source().text, error.formula) or 1
            extension.problems.append(Problem(extension.project.name_of(extension.path), line, str(error)))
        # Headings come through here too, on their way into the table of contents.
        codes = read_html(text).codes if "<pre" in text else []
        page = extension.source() if codes else None
        pairs = list(zip(codes, page.blocks if page else [], strict=False))
        for number, (code, block) in reversed(list(enumerate(pairs))):
            if code.text.strip("\n") != block.code.strip("\n"):
                continue
            # Output stays right below its code, and the buttons come after both.
            end = pairs[number + 1][0].end if block.output and number + 1 < len(pairs) else code.end
            text = text[:end] + copy_buttons(extension.project, page, block) + text[end:]
        return text


class Reach(Postprocessor):
    """Lets what is too wide scroll in a box that a keyboard reaches."""

    def run(self, text: str) -> str:
        return reachable(text)


def copy_buttons(project: Project, page: Page, block: Block) -> str:
    """The buttons below a block: its program, and what is seen where that differs."""
    if not block.runs and block.kind != "shown":
        return ""
    seen = block.code
    whole = program(project, page, block) if block.is_python else seen
    count = counted(page, block, whole) if block.is_python else "" if block.runs else "not run by the build"
    buttons = button(whole, "Copy the program" if whole != seen else "Copy", count)
    if whole != seen:
        buttons += button(seen, "Copy only what is seen", "")
    return copy_box(buttons)


def copy_box(buttons: str) -> str:
    """Where the buttons stand; shown by the script that makes them work."""
    return f'<div class="copy" data-search-exclude hidden>{buttons}</div>'


def button(code: str, label: str, note: str) -> str:
    """A button that carries what it copies; the line breaks survive as character references."""
    carried = html.escape(code).replace("\n", "&#10;")
    note = f" <small>{note}</small>" if note else ""
    return f'<button type="button" data-copy="{carried}">{label}{note}</button>'


def counted(page: Page, block: Block, whole: str) -> str:
    """What a program is to who copies it: its length, and whether there will be anything to see."""
    lines = len(whole.splitlines())
    above = [other for other in page.section(block.section) if other.line <= block.line]
    silent = not any(other.shown() or other.figures for other in above)
    return f"{lines} {'line' if lines == 1 else 'lines'}, runs alone" + (", prints nothing" if silent else "")


def bibtex_box(key: str, entry: str) -> str:
    """One entry, to be selected with the keyboard too, and its copy button."""
    rows = entry.count("\n") + 1
    text = f'<textarea id="bibtex-{key}" rows="{rows}" spellcheck="false" readonly>{html.escape(entry)}</textarea>'
    buttons = f'<div class="copy cited" data-search-exclude hidden>{button(entry, "Copy", "")}</div>'
    return f'<label for="bibtex-{key}">{key}</label>{text}{buttons}'


def makeExtension(**configs) -> PagecodeExtension:
    """Called by Python-Markdown, which is told the name of this module."""
    return PagecodeExtension(**configs)
