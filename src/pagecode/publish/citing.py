"""How the site is cited: CITATION.cff with the addresses that are known, and BibTeX made from it."""

import json
import re
import unicodedata
from pathlib import Path

import yaml

from pagecode.project import ProjectError

NAME = "CITATION.cff"
MARK = "[@bibtex]"

# What TeX would take for a command.
COMMANDS = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    **{character: f"\\{character}" for character in "&%$#_{}"},
}
ACCENTS = {
    "\u0300": "`",
    "\u0301": "'",
    "\u0302": "^",
    "\u0303": "~",
    "\u0304": "=",
    "\u0306": "u",
    "\u0307": ".",
    "\u0308": '"',
    "\u030a": "r",
    "\u030b": "H",
    "\u030c": "v",
    "\u0327": "c",
    "\u0328": "k",
}
LETTERS = {
    "ł": r"{\l}",
    "Ł": r"{\L}",
    "ø": r"{\o}",
    "Ø": r"{\O}",
    "æ": r"{\ae}",
    "Æ": r"{\AE}",
    "œ": r"{\oe}",
    "Œ": r"{\OE}",
    "ß": r"{\ss}",
    "ı": r"{\i}",
    "–": "--",
    "—": "---",
    "‘": "`",
    "’": "'",
    "“": "``",
    "”": "''",
}


def load_citation(root: Path) -> str:
    """The project's CITATION.cff, or nothing where it has none.

    Raises:
        ProjectError: when the file is no YAML or lacks what an entry needs.
    """
    file = root / NAME
    text = file.read_text(encoding="utf-8") if file.is_file() else ""
    try:
        bibtex(text)
    except (yaml.YAMLError, LookupError, TypeError, AttributeError) as error:
        said = " ".join(str(error).split())
        advice = "each work needs a title and authors, and each author a name or family-names"
        raise ProjectError(f"{file} cannot be made into BibTeX ({type(error).__name__}: {said}); {advice}") from None
    return text


def with_addresses(text: str, site_url: str | None, repo_url: str | None) -> str:
    """CITATION.cff with those addresses added that are known."""
    known = {"url": site_url, "repository-code": repo_url}
    # A JSON string is a YAML string too, whatever is in it.
    return text + "".join(f"{name}: {json.dumps(address)}\n" for name, address in known.items() if text and address)


def bibtex(text: str) -> dict[str, str]:
    """A BibTeX entry for the work that a CITATION.cff describes and for each of its references, by key, in order."""
    work = yaml.safe_load(text) or {}
    made: dict[str, str] = {}
    for each in [work, *work.get("references", [])] if work else []:
        name = key(each)
        while name in made:
            name += "b"
        made[name] = entry(name, each)
    return made


def entry(name: str, work: dict) -> str:
    """The entry of one work under the key `name`.

    It is `@misc`, which the oldest styles know too. The title is in braces, so that no style touches its capitals.
    """
    notes = [f"Version {work['version']}"] if "version" in work else []
    notes += [str(work["notes"])] if "notes" in work else []
    fields = {
        "author": " and ".join(author(person) for person in work["authors"]),
        "title": f"{{{escaped(work['title'])}}}",
        "year": str(work.get("year", "")),
        "note": escaped(". ".join(notes)),
        "url": address(work.get("url") or work.get("repository-code") or ""),
    }
    lines = [f"  {name:6} = {{{value}}}," for name, value in fields.items() if value]
    return "\n".join([f"@misc{{{name},", *lines, "}"])


def key(work: dict) -> str:
    """By what a text cites a work: the first family name and the year, or of a group's work its short title."""
    first = work["authors"][0]
    words = first.get("family-names") or work["title"].partition(":")[0]
    plain = unicodedata.normalize("NFKD", words).encode("ascii", "ignore").decode().lower()
    return re.sub(r"\W+", "-", plain).strip("-") + str(work.get("year", ""))


def author(person: dict) -> str:
    """A person's name, family name first; a group's in braces, so that nobody looks for a family name in it."""
    if "name" in person:
        return f"{{{escaped(person['name'])}}}"
    parts = (person["family-names"], person.get("given-names"))
    return ", ".join(escaped(part) for part in parts if part)


def escaped(text: str) -> str:
    """Text as BibTeX and LaTeX of any age print it; letters of other alphabets stay as they are."""
    out = ""
    for character in text:
        base, *marks = unicodedata.normalize("NFD", character)
        if len(marks) == 1 and marks[0] in ACCENTS and base.isascii():
            accent = ACCENTS[marks[0]]
            out += f"{{\\{accent}{{{base}}}}}"
        else:
            out += COMMANDS.get(character) or LETTERS.get(character, character)
    return out


def address(url: str) -> str:
    r"""An address as \url takes it, which escapes all but what would end the field early."""
    return url.replace("\\", "%5C").replace("{", "%7B").replace("}", "%7D")
