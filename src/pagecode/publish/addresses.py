"""The addresses that a site has been published at: none disappears, and each page of the site is one of them.

`python -m pagecode.publish.addresses` adds those of the built site to the list.
"""

import re
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path

from pagecode.html import read_html
from pagecode.project import ProjectError

NAME = "addresses.toml"
LIST = re.compile(r"^published = \[$.*?^\]\n", re.MULTILINE | re.DOTALL)
# What pages are made of is asked for by pages, and by nobody who kept an address; the rest is for machines.
UNLISTED = re.compile(r"(assets|search|widgets)/|(404\.html|sitemap\.xml(\.gz)?|robots\.txt)$")


@dataclass
class Addresses:
    """What `addresses.toml` says: the addresses published, and for those that moved where each has gone."""

    published: list[str]
    moved: dict[str, str]

    @classmethod
    def load(cls, root: Path) -> "Addresses":
        """Read the list of a project; one that has published nothing needs none."""
        file = root / NAME
        if not file.exists():
            return cls([], {})
        try:
            table = tomllib.loads(file.read_text(encoding="utf-8"))
        except ValueError as error:
            raise ProjectError(f"{NAME} cannot be read: {error}") from None
        published, moved = table.get("published", []), table.get("moved", {})
        if not all(isinstance(address, str) for address in [*published, *moved.values()]):
            raise ProjectError(f'{NAME} needs published = ["address/", …] and under [moved] lines "old/" = "new/"')
        return cls(published, moved)


def of_site(site: Path, moved: dict[str, str]) -> list[str]:
    """The addresses that a built site offers, redirects left out: of a page its folder, of a file its path."""
    files = [file.relative_to(site).as_posix() for file in site.rglob("*") if file.is_file()]
    addresses = {re.sub(r"(^|/)index\.html$", r"\1", file) for file in files if not UNLISTED.match(file)}
    return sorted(addresses - set(moved))


def missing(site: Path, published: list[str]) -> list[str]:
    """The published addresses that a built site does not have; one with an anchor needs the anchor too."""
    gone = []
    for address in published:
        path, _, anchor = address.partition("#")
        file = site / path / "index.html" if path.endswith("/") or not path else site / path
        there = file.is_file() and (not anchor or anchor in read_html(file.read_text(encoding="utf-8")).anchors)
        if not there:
            gone.append(address)
    return gone


def add(root: Path, site: Path) -> list[str]:
    """Add what a built site offers to the list, one address a line; nothing is ever taken out."""
    known = Addresses.load(root)
    new = sorted(set(of_site(site, known.moved)) - set(known.published))
    if new:
        lines = "".join(f'    "{address}",\n' for address in sorted({*known.published, *new}))
        text = (root / NAME).read_text(encoding="utf-8")
        text, times = LIST.subn(lambda _: f"published = [\n{lines}]\n", text)
        if times != 1:
            raise ProjectError(f"{NAME} needs published = [, then one address a line, then ] on a line of its own")
        (root / NAME).write_text(text, encoding="utf-8")
    return new


def main() -> None:
    root = Path.cwd()
    if not (root / "site" / "index.html").is_file():
        sys.exit("there is no site/ here to take addresses from; try make site first")
    try:
        for address in add(root, root / "site"):
            print(f"new: {address}")
    except (OSError, ProjectError) as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
