"""Citations: `[@lecture 01:02:00]`, `[@vaswani2017 §3.2.1]`, and `[@*]` for the whole list, from data/sources.toml."""

import html
import re
import tomllib
from dataclasses import dataclass
from difflib import get_close_matches
from functools import reduce
from pathlib import Path

from pagecode.project import ProjectError

NEEDED = ("short", "authors", "year", "title", "link")
CITATION = re.compile(r"\[@(?P<key>[\w*-]+)(?:[ \n](?P<place>[^\]]+))?\]")


class CitationError(ValueError):
    """A citation without an entry, or of a place that its entry does not have."""


@dataclass(frozen=True)
class Sources:
    """The entries that pages may cite.

    An entry has `short`, `authors`, `year`, `title`, `link`, and if it helps `note` and `licence`. One with
    `times` is a video: it may be cited at these times only.
    """

    entries: dict[str, dict]

    @classmethod
    def load(cls, file: Path) -> "Sources":
        """Read the file that all pages share; without one there is nothing to cite.

        Raises:
            ProjectError: when the file cannot be read, or an entry lacks something.
        """
        try:
            entries = tomllib.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
        except ValueError as error:
            raise ProjectError(f"{file} cannot be read: {error}") from None
        for key, entry in entries.items():
            missing = [name for name in NEEDED if name not in entry]
            if missing:
                raise ProjectError(f"{file}: the entry [{key}] has no {', '.join(missing)}")
        return cls(entries)

    def check(self, key: str, place: str) -> dict:
        """The entry called `key`.

        Raises:
            CitationError: when there is none, or when it is a video and `place` is no time of its list.
        """
        if key not in self.entries:
            near = get_close_matches(key, self.entries, n=1)
            hint = f"did you mean {near[0]}?" if near else "add it, with its link"
            raise CitationError(f"[@{key}] has no entry in data/sources.toml; {hint}")
        entry = self.entries[key]
        times = entry.get("times")
        if times and place and place not in times:
            near = max((time for time in times if time <= place), default=min(times))
            raise CitationError(f"[@{key} {place}] is no time that data/sources.toml lists; near it is {near}")
        return entry

    def parts(self, key: str, place: str) -> tuple[str, str, str]:
        """A citation as the words of its link, the address, and what comes after; only a video is linked by the second.

        Raises:
            CitationError: as `check` does.
        """
        entry = self.check(key, place)
        if place and entry.get("times"):
            seconds = reduce(lambda total, part: 60 * total + int(part), place.split(":"), 0)
            return f"{entry['short']} at {place}", f"{entry['link']}&t={seconds}s", ""
        return entry["short"], entry["link"], f", {place}" if place else ""

    def link(self, key: str, place: str, page: str) -> str:
        """A citation as HTML; `page` leads to the page with the list, and what is no moment of a video leads there."""
        words, address, where = self.parts(key, place)
        if address == self.entries[key]["link"]:
            address = f"{page}#{key}"
        return f'<a class="cite" href="{html.escape(address)}">{html.escape(words)}</a>{html.escape(where)}'

    def listed(self) -> str:
        """All entries as one HTML list, in the order of the file."""
        return '<dl class="sources">\n' + "\n".join(self.item(key) for key in self.entries) + "\n</dl>"

    def item(self, key: str) -> str:
        entry = {name: html.escape(str(value)) for name, value in self.entries[key].items()}
        rest = " ".join(entry[name] for name in ("note", "licence") if name in entry)
        return (
            f'<dt id="{key}">{entry["short"]}</dt>\n<dd>{entry["authors"]} ({entry["year"]}), '
            f'<a href="{entry["link"]}">{entry["title"]}</a>. {rest}</dd>'
        )
