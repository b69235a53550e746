"""A page is rendered, and entered into the search, when something has changed that this depends on, and not else."""

import logging
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import Files
from mkdocs.structure.pages import Page
from mkdocs.structure.toc import AnchorLink, get_toc

from pagecode.memory import Memory


def render_once(page: Page, memory: Memory, depends: str, problems: list) -> None:
    """Let a page's next rendering be the last one again, if its Markdown and what else it `depends` on are as then.

    A rendering that something was said against is made again each time, so that it is said again.
    """
    render = page.render  # MkDocs has no event that could stand in for it

    def render_or_recall(config: MkDocsConfig, files: Files) -> None:
        references = config.plugins.get("autorefs")
        key = memory.key(page.file.src_uri, page.markdown, depends)
        known = memory.recall(key)
        if known:
            put(page, files, *known[0])
            for named, options in known[1]:
                references.register_anchor(page, *named, **options)
            return
        before = len(problems)
        with listening() as said, noting(references) as told:
            render(config, files)
        if not said and len(problems) == before:
            memory.keep(key, [taken(page), told])

    page.render = render_or_recall


def taken(page: Page) -> list[Any]:
    """What rendering leaves in a page; links to files by their names, since those of the next build are others."""
    links = page.links_to_anchors
    named = links and {file.src_uri: anchors for file, anchors in links.items()}
    return [page.content, outline(page.toc), page._title_from_render, page.present_anchor_ids, named]


def put(page: Page, files: Files, content: str, toc: list, title: str | None, anchors: list[str], links: Any) -> None:
    """Leave in a page what rendering left in it."""
    page.content, page._title_from_render, page.present_anchor_ids = content, title, set(anchors)
    page.toc = get_toc(toc)
    page.links_to_anchors = links and {files.get_file_from_path(name): found for name, found in links.items()}


def outline(entries: Iterable[AnchorLink]) -> list[dict]:
    """A table of contents as what MkDocs makes one of."""
    return [
        {"name": each.title, "id": each.id, "level": each.level, "children": outline(each.children)} for each in entries
    ]


@contextmanager
def noting(references: Any) -> Iterator[list[Any]]:
    """What the plugin for links by name, where it is there, is told of the anchors of a page meanwhile."""
    told: list[Any] = []
    if references is None:
        yield told
        return
    register = references.register_anchor

    def note(page: Page, *named: str, **options: Any) -> None:
        told.append([named, options])
        register(page, *named, **options)

    references.register_anchor = note
    try:
        yield told
    finally:
        references.register_anchor = register


@contextmanager
def listening() -> Iterator[list[logging.LogRecord]]:
    """What is said in MkDocs' log meanwhile, from warnings on."""
    said: list[logging.LogRecord] = []
    handler = logging.Handler(logging.WARNING)
    handler.emit = said.append
    log = logging.getLogger("mkdocs")
    log.addHandler(handler)
    try:
        yield said
    finally:
        log.removeHandler(handler)


def index_once(index: Any, memory: Memory) -> None:
    """Let the index of the search take the entries of a page from the last build, if the page is as it was then."""
    add = index.add_entry_from_context

    def add_or_recall(page: Page) -> None:
        key = memory.key("search", page.url, str(page.title), repr(page.meta), page.content)
        known = memory.recall(key)
        if known is None:
            before = len(index.entries)
            add(page)
            memory.keep(key, index.entries[before:])
        else:
            index.entries.extend(known)

    index.add_entry_from_context = add_or_recall
