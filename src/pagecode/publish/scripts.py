"""What browsers are sent of our scripts and style sheets: no comments, which are for who reads the source, and no indents."""

import re
from pathlib import Path

from pygments import lex
from pygments.lexers.javascript import JavascriptLexer
from pygments.token import Comment, Whitespace
from rjsmin import jsmin

from pagecode.memory import Memory

# A regular expression after an arrow, which neither jsmin nor the lexer sees as one.
ARROW = re.compile(r"=>\s*/[^/*]")
COMMENT = re.compile(r"^[ \t]*/\*.*?\*/[ \t]*\n", re.MULTILINE | re.DOTALL)


def lighten(docs: Path, site: Path, memory: Memory) -> None:
    """Make those files of a site smaller that come from its docs; the theme's are as they are."""
    for source in docs.rglob("*"):
        file = site / source.relative_to(docs)
        if source.suffix in LIGHTER and file.is_file():
            text = source.read_text(encoding="utf-8")
            key = memory.key("light", source.suffix, text)
            light = memory.recall(key)
            if light is None:
                light = LIGHTER[source.suffix](text)
                memory.keep(key, light)
            file.write_text(light, encoding="utf-8")


def light_script(text: str) -> str:
    """A script without its comments and indents, or as it is where that would be another script.

    jsmin does not see every regular expression, nor a template within another, and takes spaces from them.
    """
    light = jsmin(text)
    return text if ARROW.search(text) or tokens(light) != tokens(text) else light


def tokens(script: str) -> list[str]:
    """What a script is made of, but for comments and the spaces between."""
    found = lex(script, JavascriptLexer(stripnl=False, ensurenl=False))
    return [word for kind, word in found if kind not in Comment and kind not in Whitespace and word.strip()]


def without_comments(text: str) -> str:
    """A style sheet without the comments that have lines of their own."""
    return COMMENT.sub("", text)


LIGHTER = {".mjs": light_script, ".js": light_script, ".css": without_comments}
