"""Where a project keeps its pages and its source: the `[tool.pagecode]` table of its pyproject.toml."""

import tomllib
from dataclasses import dataclass
from pathlib import Path

# Showing a figure does nothing where there is no screen, and matplotlib warns of it.
SCREENLESS = ".*non-interactive.*"


@dataclass(frozen=True)
class Problem:
    """Something wrong at a line of a page, worded for the author: what is there, what is allowed, what to try."""

    path: str
    line: int
    message: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.message}"


class ProjectError(Exception):
    """The project itself cannot be read."""


@dataclass(frozen=True)
class Project:
    """The folders of a project and what its pages may show without running it."""

    root: Path
    docs: Path
    source: Path
    inputs: tuple[Path, ...]
    front_matter: tuple[str, ...]
    shown_only: dict[str, str]
    colours: dict[str, str]
    elements: tuple[str, ...]
    served: dict[str, str]
    bundles: dict

    @classmethod
    def load(cls, root: Path) -> "Project":
        """Read the table in `root`/pyproject.toml."""
        try:
            with open(root / "pyproject.toml", "rb") as file:
                table = tomllib.load(file)["tool"]["pagecode"]
                docs, source = root / table["docs"], root / table["source"]
        except (OSError, ValueError, KeyError) as error:
            wanted = "a pyproject.toml with a [tool.pagecode] table that names its docs and its source"
            raise ProjectError(f"{root} has no {wanted} ({type(error).__name__}: {error})") from None
        absent = [path for path in table.get("served", {}).values() if not (root / path).is_file()]
        if absent:
            raise ProjectError(f"[tool.pagecode.served] names {absent[0]}, and {root} has no such file")
        return cls(
            root=root,
            docs=docs,
            source=source,
            inputs=tuple(root / path for path in table.get("inputs", [])),
            front_matter=tuple(table.get("front_matter", [])),
            shown_only=table.get("shown_only", {}),
            colours={value.lower(): name for name, value in table.get("colours", {}).items()},
            elements=tuple(table.get("elements", [])),
            served=table.get("served", {}),
            bundles=table.get("bundles", {}),
        )

    @property
    def cache(self) -> Path:
        """What the build keeps between runs: the ledger, the figures drawn, the programs written."""
        return self.root / ".pagecode"

    @property
    def sources(self) -> Path:
        """The list of what pages may cite."""
        return self.root / "data" / "sources.toml"

    def name_of(self, page: Path) -> str:
        """How messages name a page: its path from the root."""
        return page.relative_to(self.root).as_posix()

    def figure(self, page: Path, path: str) -> Path:
        """Where a figure is kept that a page's code has drawn; `path` is what the page calls it."""
        return self.cache / "figures" / page.relative_to(self.docs).with_suffix("") / Path(path).name

    def packages(self) -> tuple[str, ...]:
        """The names under which the source is imported, but for the tools that run the pages."""
        names = {path.stem for path in self.source.iterdir() if path.is_dir() or path.suffix == ".py"}
        return tuple(sorted(names - {__name__.split(".")[0]}))

    def pages(self) -> list[Path]:
        """Every Markdown page, in a fixed order."""
        return sorted(self.docs.rglob("*.md"))
