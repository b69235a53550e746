"""Each page that has Python as a notebook: the same blocks, with the outputs and figures that the build verified."""

import tomllib
from dataclasses import dataclass
from urllib.parse import urlsplit

from mkdocs.utils.meta import get_data

from pagecode.build import facts
from pagecode.citations import Sources
from pagecode.ledger import Ledger
from pagecode.memory import Memory
from pagecode.page import Page
from pagecode.project import Project
from pagecode.publish.cells import Cells
from pagecode.publish.prose import MARK, Surroundings, notebook_markdown
from pagecode.reader import read_page

LICENCES = "Prose and figures: CC BY 4.0. Code: MIT."
# The branch from which Colab opens notebooks: publishing fills it with those of the site.
BRANCH = "notebooks"
INSTALL = 0  # the mark of the cell that installs the package; other marks are lines of the page


@dataclass(frozen=True)
class Origin:
    """Where the notebooks of a build come from: the names and addresses that they state.

    Attributes:
        site, repository: addresses, or "" where none is known
        commit: the full name of the commit that was built, or ""
        package: the name under which pip installs what the pages import
        python: the versions of Python that it runs with, as pyproject.toml has them
    """

    name: str
    site: str
    repository: str
    commit: str
    package: str
    python: str

    @classmethod
    def of(cls, project: Project, name: str, site: str, repository: str, commit: str) -> "Origin":
        """The origin of a build of `project`."""
        with open(project.root / "pyproject.toml", "rb") as file:
            about = tomllib.load(file).get("project", {})
        package, python = about.get("name", project.root.name), about.get("requires-python", "")
        return cls(name, site, repository, commit, package, python)

    @property
    def install(self) -> str:
        """The cell that installs the package as it was when the notebook was built, or ""."""
        at = f"@{self.commit}" if self.commit else ""
        return f'%pip install --quiet "{self.package} @ git+{self.repository}{at}"' if self.repository else ""

    def stated(self, page: str) -> list[str]:
        """What a notebook says about itself; `page` is a link to its page."""
        commit = f", built from commit `{self.commit[:7]}`" if self.commit else ""
        python = f"Python {self.python.removeprefix('>=')} or newer and " if self.python else ""
        how = "from a clone of the repository: `pip install -c constraints.txt .`"
        if self.install:
            how = "which the next cell does; pass it by where that has been done."
        return [
            f"> This notebook is the page *{page}* of {self.name}{commit}.",
            "> Its outputs are those that the build verified: run the cells from top to bottom in a fresh kernel, and",
            "> you get them again.",
            ">",
            f"> It needs {python}the package `{self.package}`, installed where the kernel runs, {how}",
            ">",
            f"> {LICENCES}",
        ]


def address_of(path: str) -> str:
    """Where the site has the notebook of a page: beside it, whatever the page's own address looks like."""
    return path.removesuffix(".md") + ".ipynb"


def offered(address: str, repository: str) -> list[str]:
    """The links to a page's notebook: to take it, and to open it in Colab, which reads repositories on GitHub only."""
    name = address.rsplit("/", 1)[-1]
    links = [f'[Notebook]({name}){{download="{name}"}}']
    parts = urlsplit(repository)
    if parts.hostname == "github.com":
        branch = f"https://colab.research.google.com/github{parts.path}/blob/{BRANCH}"
        links.append(f"[Open in Colab]({branch}/{address})")
    return links


def notebooks_of(
    project: Project, origin: Origin, pages: dict[str, str], memory: Memory, around: str
) -> dict[str, str]:
    """The notebook of each page that has Python, by address; `pages` has the address of each source.

    One that an earlier build made is taken again where the page, what it has drawn and all `around` it are as then.
    """
    sources, made = Sources.load(project.sources), {}
    for path in (source for source in pages if source.endswith(".md")):
        page = read_page(project, project.docs / path)
        if page.code_sections:
            stated = facts(project, page.path, get_data(page.text)[1])
            figures = Ledger(project).figures(page)
            key = memory.key("notebook", around, path, page.text, repr(stated), repr(figures), repr(origin))
            text = memory.recall(key)
            if text is None:
                text = notebook(project, page, stated, origin, Surroundings(path, origin.site, pages, sources))
                memory.keep(key, text)
            made[address_of(path)] = text
    return made


def notebook(project: Project, page: Page, facts: list[str], origin: Origin, around: Surroundings) -> str:
    """A page as the text of a notebook; `facts` are those of its front matter, in the Markdown of pages."""
    head, _, rest = marked(page).partition("\n")
    stated = origin.stated(f"[{head.removeprefix('# ')}]({around.page.rsplit('/', 1)[-1]})")
    text = "\n".join([head, "", " · ".join(facts), "", *stated, "", f"\x00{INSTALL}\x00", rest])
    pieces = MARK.split(notebook_markdown(text, around))
    cells = Cells(project, page)
    for prose, mark, hidden in zip(pieces[::3], pieces[1::3], pieces[2::3], strict=False):
        cells.prose(prose)
        if int(mark) != INSTALL:
            cells.at(int(mark), indent=prose[len(prose.rstrip(" ")) :], hidden=bool(hidden))
        elif origin.install:
            cells.code(origin.install, [])
    cells.prose(pieces[-1])
    return cells.text()


def marked(page: Page) -> str:
    """The page's prose from its title on, with a mark at the line of each fence and each figure."""
    written, lines = page.text.split("\n"), page.prose.split("\n")
    for block in page.blocks:
        for number in [block.line, *(number for number, _ in block.figures)]:
            line = written[number - 1]
            mark = "" if block.kind == "output" else f"\x00{number}\x00"
            lines[number - 1] = line[: len(line) - len(line.lstrip())] + mark
    title = next((number for number, line in enumerate(lines) if line.startswith("# ")), None)
    return "\n".join([f"# {page.path.stem}", *lines] if title is None else lines[title:])
