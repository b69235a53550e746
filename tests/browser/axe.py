"""axe-core on pages of a browser: what breaks WCAG 2.2 at the levels A and AA."""

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

SCRIPT = Axe().axe_script
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
# Thousands of words of code have their colour from their class and from the boxes that they stand in: of those that
# are the same in all of these, the first stands for the others. The contrast of each would be most of axe's time.
MARK_ALIKE = """() => {
  const seen = new Set();
  const kind = element => `${element.localName}.${element.className}`;
  for (const word of document.querySelectorAll("pre code span")) {
    let alike = "";
    for (let box = word; box; box = box.parentElement) alike += kind(box) + " ";
    word.toggleAttribute("data-alike", seen.has(alike));
    seen.add(alike);
  }
}"""
# Begun here and fetched later, so that two browsers' pages are gone through side by side.
BEGIN = """([tags, selector]) => {
  axe.configure({rules: [{id: "color-contrast", selector}]});
  window.found = Promise.all(document.getAnimations().map(animation => animation.finished.catch(() => {})))
    .then(() => axe.run({runOnly: tags, resultTypes: ["violations"]}));
}"""
END = """async () => (await window.found).violations.map(found => [found.id, found.nodes.map(node => node.html)])"""


def violations(pages: list[Page], every_word: bool = False) -> list[str]:
    """What axe finds on these pages as they stand now, each rule with the elements that break it.

    Of words of code that are alike the first is gone through, or `every_word`.
    """
    for page in pages:
        if not page.evaluate("'axe' in window"):
            page.evaluate(SCRIPT)
        page.evaluate(MARK_ALIKE)
        page.evaluate(BEGIN, [TAGS, "*" if every_word else ":not([data-alike])"])
    return [f"{rule}: {html[:200]}" for page in pages for rule, nodes in page.evaluate(END) for html in nodes]
