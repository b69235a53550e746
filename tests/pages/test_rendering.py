"""A page that is taken from an earlier build leaves what its rendering would have left, for itself and for others."""

from types import SimpleNamespace

from mkdocs.structure.toc import get_toc

from pagecode.memory import Memory
from pagecode.publish.rendering import render_once

OUTLINE = [{"name": "Head", "id": "mini.Head", "level": 1, "children": []}]


class References:
    """Stands for the plugin that resolves links by name: what it has been told of."""

    def __init__(self) -> None:
        self.known: list[tuple] = []

    def register_anchor(self, page, identifier: str, anchor: str | None = None, *, primary: bool = True) -> None:
        self.known.append((page.url, identifier, anchor, primary))


def build(memory: Memory, references: References | None, markdown: str = "::: mini") -> SimpleNamespace:
    """One build of one page, which says how often it was rendered."""
    page = SimpleNamespace(
        file=SimpleNamespace(src_uri="api.md"), url="api/", markdown=markdown, rendered=0, links_to_anchors=None
    )

    def render(config, files) -> None:
        page.rendered += 1
        page.content, page.toc, page._title_from_render = "<h1>Head</h1>", get_toc(OUTLINE), "Head"
        page.present_anchor_ids = {"mini.Head"}
        if references:
            references.register_anchor(page, "mini.Head")
            references.register_anchor(page, "mini.blocks.Head", "mini.Head", primary=False)

    page.render = render
    render_once(page, memory, "", [])
    page.render(SimpleNamespace(plugins={"autorefs": references} if references else {}), None)
    return page


def test_what_others_may_link_to_is_known_of_a_page_that_is_not_rendered(tmp_path):
    first, second = References(), References()
    memory = Memory(tmp_path / "memory.json")
    assert build(memory, first).rendered == 1
    memory.save()
    page = build(Memory(tmp_path / "memory.json"), second)
    assert (page.rendered, page.content, [entry.id for entry in page.toc]) == (0, "<h1>Head</h1>", ["mini.Head"])
    assert second.known == first.known
    assert first.known == [("api/", "mini.Head", None, True), ("api/", "mini.blocks.Head", "mini.Head", False)]


def test_a_site_without_links_by_name_is_kept_too(tmp_path):
    memory = Memory(tmp_path / "memory.json")
    assert [build(memory, None).rendered, build(memory, None).rendered] == [1, 0]
    assert build(memory, None, "other").rendered == 1
