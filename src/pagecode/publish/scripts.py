"""What browsers are sent of our scripts and style sheets: all but the comments, which are for who reads the source.

Only comments with lines of their own go. What stands behind code stays, since a text may look like a comment.
"""

import re
from pathlib import Path

BLOCK = r"^[ \t]*/\*.*?\*/[ \t]*\n"
COMMENTS = {
    ".mjs": re.compile(rf"{BLOCK}|^[ \t]*//[^\n]*\n", re.MULTILINE | re.DOTALL),
    ".js": re.compile(rf"{BLOCK}|^[ \t]*//[^\n]*\n", re.MULTILINE | re.DOTALL),
    ".css": re.compile(BLOCK, re.MULTILINE | re.DOTALL),
}


def lighten(docs: Path, site: Path) -> None:
    """Take the comments out of those files of a site that come from its docs; the theme's are as they are."""
    for source in docs.rglob("*"):
        file = site / source.relative_to(docs)
        if source.suffix in COMMENTS and file.is_file():
            file.write_text(without_comments(source.read_text(encoding="utf-8"), source.suffix), encoding="utf-8")


def without_comments(text: str, suffix: str) -> str:
    """A script or a style sheet without its comments."""
    return COMMENTS[suffix].sub("", text)
