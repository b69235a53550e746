"""axe-core on pages of a browser: what breaks WCAG 2.2 at the levels A and AA."""

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from .waiting import until

SCRIPT = Axe().axe_script
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
# The contrast of thousands of words would be most of axe's time. Of those that have the same colour, size and weight, on
# the same colours of the boxes around them, the first stands for the others.
MARK_ALIKE = """() => {
  const seen = new Set(), below = new Map([[null, ""]]);
  const ground = box => {
    if (!below.has(box)) {
      const {backgroundColor, backgroundImage, opacity, filter, mixBlendMode, position} = getComputedStyle(box);
      const own = [backgroundColor, backgroundImage, opacity, filter, mixBlendMode, position].join();
      const plain = own === "rgba(0, 0, 0, 0),none,1,none,normal,static";
      // What is out of the flow may lie above something else.
      const place = ["static", "relative"].includes(position) ? "" : `${box.localName}.${box.className}`;
      below.set(box, ground(box.parentElement) + (plain ? "" : ` ${own}${place}`));
    }
    return below.get(box);
  };
  for (const element of document.querySelectorAll("body *")) {
    const {color, fontSize, fontWeight, textShadow} = getComputedStyle(element);
    const alike = [color, fontSize, fontWeight, textShadow, ground(element)].join();
    element.toggleAttribute("data-alike", seen.has(alike));
    // Of a single character, or of what is not seen, axe does not judge the contrast: it stands for nothing.
    const word = [...element.childNodes].some(node => node.nodeType === Node.TEXT_NODE && /\\w\\w/.test(node.data));
    if (word && element.checkVisibility({visibilityProperty: true, opacityProperty: true})) seen.add(alike);
  }
}"""
# Begun here and fetched later, so that two browsers' pages are gone through side by side.
BEGIN = f"""([tags, selector, within]) => {{
  axe.configure({{rules: [{{id: "color-contrast", selector}}]}});
  window.found = Promise.all(document.getAnimations().map(animation => animation.finished.catch(() => {{}})))
    .then({MARK_ALIKE})
    .then(() => axe.run(within, {{runOnly: tags, resultTypes: ["violations"]}}));
}}"""
END = """async () => (await window.found).violations.map(found => [found.id, found.nodes.map(node => node.html)])"""


def violations_everywhere(page: Page, element: str) -> list[str]:
    """What axe finds in an element in either palette, wide and on the narrowest screen, which it may not be wider than."""
    found = []
    for width in (320, 1280):
        page.set_viewport_size({"width": width, "height": 800})
        if not until(page, "width => document.documentElement.scrollWidth === width", width):
            found.append(f"at {width} px the page scrolls sideways")
        for scheme in ("default", "slate"):
            page.evaluate("scheme => document.body.setAttribute('data-md-color-scheme', scheme)", scheme)
            found += violations([page], within=element)
    return found


def violations(pages: list[Page], every_word: bool = False, within: str = "html") -> list[str]:
    """What axe finds on these pages as they stand now, or within an element, each rule with the elements that break it.

    Of words that are alike the contrast of the first is taken, or of `every_word`.
    """
    for page in pages:
        if not page.evaluate("'axe' in window"):
            page.evaluate(SCRIPT)
        page.evaluate(BEGIN, [TAGS, "*" if every_word else ":not([data-alike])", within])
    return [f"{rule}: {html[:200]}" for page in pages for rule, nodes in page.evaluate(END) for html in nodes]
