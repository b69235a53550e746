"""A figure as matplotlib saved it, made fit to stand inside a page: no style attributes, the page's own colours."""

import html
import re
import xml.etree.ElementTree as ElementTree

SVG = "{http://www.w3.org/2000/svg}"
LINK = "{http://www.w3.org/1999/xlink}href"
FONT = re.compile(r"(?:(?P<weight>bold|\d00) )?(?P<size>[\d.]+)px")
REFERENCE = re.compile(r"url\(#([^)]+)\)")
STEP = re.compile(r"step-\d+")
DECIMALS = re.compile(r"-?\d+\.\d{3,}")


def inline(drawing: bytes, name: str, caption: str, colours: dict[str, str]) -> str:
    """An SVG as a `<figure>` with its takeaway in words; `name` is its own among all figures of a page.

    `colours` names the page's colours: an element drawn in one of them gets a class, so that it follows the palette.
    """
    root = ElementTree.fromstring(drawing)
    for parent in list(root.iter()):
        for child in list(parent):
            if child.tag == f"{SVG}metadata" or child.tag == f"{SVG}defs" and child.find(f"{SVG}style") is not None:
                parent.remove(child)
    for element in root.iter():
        element.tag = element.tag.removeprefix(SVG)
        present(element, colours)
        point(element, name)
    lighten(root)
    for size in ("height", "version"):
        root.attrib.pop(size, None)
    # matplotlib's points, 72 to the inch, in the page's pixels, 96 to the inch; the style sheet keeps it narrow enough.
    root.set("width", f"{float(root.get('width', '0pt').removesuffix('pt')) * 96 / 72:.0f}")
    root.attrib.update({"role": "img", "aria-labelledby": f"caption-{name}"})
    shown = re.sub(r">\s+<", "><", ElementTree.tostring(root, encoding="unicode"))
    return (
        f'<figure class="figure" id="figure-{name}">{shown}'
        f'<figcaption id="caption-{name}">{html.escape(caption)}</figcaption></figure>'
    )


def lighten(root: ElementTree.Element) -> None:
    """Leave out what nobody sees: names that nothing refers to, groups that group nothing, digits below a pixel."""
    values = [value for element in root.iter() for value in element.attrib.values()]
    asked = set(re.findall(r"#([\w.-]+)", " ".join(values)))
    for element in root.iter():
        if element.get("id") not in asked:
            element.attrib.pop("id", None)
        if element.get("transform", "").startswith("rotate(-0 "):
            del element.attrib["transform"]
        for attribute, value in element.attrib.items():
            if attribute != "xlink:href":
                element.set(attribute, DECIMALS.sub(lambda number: f"{float(number[0]):.2f}", value))
    for element in root.iter():
        element[:] = [leaf for child in element for leaf in ungrouped(child)]


def ungrouped(element: ElementTree.Element) -> list[ElementTree.Element]:
    """An element, or what it holds where it is a group and says nothing about it."""
    if element.tag != "g" or element.attrib:
        return [element]
    return [leaf for child in element for leaf in ungrouped(child)]


def present(element: ElementTree.Element, colours: dict[str, str]) -> None:
    """Turn a style into attributes; colours that the page has, and the names of steps, into classes."""
    if STEP.fullmatch(element.get("id", "")):
        element.set("class", f"step {element.attrib.pop('id')}")
    style = dict(part.split(":", 1) for part in element.attrib.pop("style", "").split(";") if ":" in part)
    for name, value in style.items():
        name, value = name.strip(), value.strip()
        font = FONT.match(value) if name == "font" else None
        if font:
            element.set("font-size", font["size"])
            if font["weight"]:
                element.set("font-weight", font["weight"])
        if name in ("font", "font-family"):  # the page has families of its own
            if "mono" in value.lower():
                element.set("class", "mono")
        else:
            element.set(name, value)
    for name in ("fill", "stroke"):
        named = colours.get(element.get(name, "").lower())
        if named:
            del element.attrib[name]
            element.set("class", f"{element.get('class', '')} {name}-{named}".strip())


def point(element: ElementTree.Element, name: str) -> None:
    """Make the element's name, and what it refers to, its own among all figures of a page."""
    if "id" in element.attrib:
        element.set("id", f"{name}-{element.get('id')}")
    if LINK in element.attrib:
        target = element.attrib.pop(LINK)
        # A raster, as imshow draws one, carries its data in the place of a reference. The attribute keeps its old name:
        # instant navigation assigns to whatever has an href, and that of an SVG element cannot be assigned to.
        element.set("xlink:href", f"#{name}-{target[1:]}" if target.startswith("#") else target)
    for attribute, value in element.attrib.items():
        element.set(attribute, REFERENCE.sub(rf"url(#{name}-\1)", value))
