"""axe-core on pages of a browser: what breaks WCAG 2.2 at the levels A and AA."""

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

SCRIPT = Axe().axe_script
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
# Begun here and fetched later, so that two browsers' pages are gone through side by side.
BEGIN = """tags => {
  window.found = Promise.all(document.getAnimations().map(animation => animation.finished.catch(() => {})))
    .then(() => axe.run({runOnly: tags, resultTypes: ["violations"]}));
}"""
END = """async () => (await window.found).violations.map(found => [found.id, found.nodes.map(node => node.html)])"""


def violations(pages: list[Page]) -> list[str]:
    """What axe finds on these pages as they stand now, each rule with the elements that break it."""
    for page in pages:
        if not page.evaluate("'axe' in window"):
            page.evaluate(SCRIPT)
        page.evaluate(BEGIN, TAGS)
    return [f"{rule}: {html[:200]}" for page in pages for rule, nodes in page.evaluate(END) for html in nodes]
