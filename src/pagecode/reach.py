"""What may be wider than a narrow screen scrolls in a box of its own, which a keyboard reaches and a listener can name.

It does so without JavaScript; with it, docs/assets/js/scroll.mjs goes by the boxes that show all they hold.
"""

import re

BOX = re.compile(
    r'(?P<head><div class="language-(?P<language>[\w-]+)[^"]*highlight"[^>]*>'
    r'(?:<span class="filename">(?P<title>[^<]*)</span>)?)<pre>'
)
KINDS = {"text": "Output", "console": "Command", "sh": "Command", "diff": "Changes"}


def reachable(text: str) -> str:
    """The HTML of a page, or of a piece of it, with its code and its tables in boxes that scroll."""
    text = BOX.sub(lambda box: f"{box['head']}<pre {attributes(name(box))}>", text)
    return re.sub(r"<table\b.*?</table>", rf"<div {attributes('Table')}>\g<0></div>", text, flags=re.DOTALL)


def name(box: re.Match) -> str:
    """How a box of code is called: what it is, and the title that it has."""
    kind = KINDS.get(box["language"], "Code")
    return f"{kind}: {box['title']}" if box["title"] else kind


def attributes(label: str) -> str:
    """The attributes of a box that scrolls; `label` is HTML."""
    return f'class="scrolls" role="group" aria-label="{label.replace(chr(34), "&quot;")}" tabindex="0"'
