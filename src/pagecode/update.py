"""Write what ran into the page, where the page says otherwise."""

from pagecode.page import Page
from pagecode.runner import Mismatch


def rewrite(page: Page, mismatches: list[Mismatch]) -> list[Mismatch]:
    """Replace the outputs that are wrong or missing; return what only the author can mend."""
    lines = page.text.split("\n")
    for mismatch in sorted(mismatches, key=lambda mismatch: mismatch.line, reverse=True):
        if mismatch.replace:
            first, end, new = mismatch.replace
            lines[first - 1 : end - 1] = new
    if any(mismatch.replace for mismatch in mismatches):
        page.path.write_text("\n".join(lines), encoding="utf-8")
    return [mismatch for mismatch in mismatches if not mismatch.replace]
