"""The glossary: sorted, nothing twice, each term defined, short, and linked to what explains it."""

import re
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"
TEXT = (DOCS / "reference" / "glossary.md").read_text("utf-8")
ENTRIES = re.findall(r"^(\S.*)\n((?::   .*\n)(?:    .*\n)*)", TEXT, re.MULTILINE)
TERMS = [term for term, _ in ENTRIES]
LETTERS = ["B", "T", "C", "D", "H", "V", "F", "Tq, Tk"]
# Which page of docs/gpt/ explains a term of Part 3. While it is not written, its terms stand without a link.
PART_3 = {
    "activation": "feed-forward",
    "AdamW": "training",
    "block": "feed-forward",
    "clipping": "training",
    "dropout": "dropout-and-init",
    "feed-forward": "feed-forward",
    "GELU": "gpt",
    "initialisation": "dropout-and-init",
    "KV cache": "sampling",
    "LayerNorm": "layer-norm",
    "learning rate": "training",
    "multi-head attention": "multi-head",
    "post-norm": "layer-norm",
    "pre-norm": "layer-norm",
    "projection": "multi-head",
    "ReLU": "feed-forward",
    "residual connection": "residual",
    "residual stream": "residual",
    "RMSNorm": "layer-norm",
    "top-k": "sampling",
    "top-p": "sampling",
    "warm-up": "training",
    "weight decay": "training",
    "weight tying": "gpt",
}


def place(term):
    """What a term is sorted by."""
    return re.sub(r"[^\w ]", "", term.casefold())


def test_each_line_of_the_list_is_a_term_or_its_definition():
    body = TEXT.split("\n## ", 1)[1]
    loose = [line for line in body.split("\n")[1:] if line and not line.startswith((":   ", "    ", "## "))]
    assert loose == TERMS


def test_the_terms_are_sorted():
    assert TERMS == sorted(TERMS, key=place)


def test_no_term_is_there_twice():
    assert len({place(term) for term in TERMS}) == len(TERMS)


def test_each_term_stands_below_its_letter():
    sections = re.split(r"^## (.+)\n", TEXT, flags=re.MULTILINE)[1:]
    for letter, text in zip(sections[::2], sections[1::2], strict=True):
        below = [term for term, _ in ENTRIES if f"\n{term}\n:   " in text]
        assert below and {term[0].upper() for term in below} == {letter}


def test_the_letters_of_the_shapes_are_there():
    assert set(LETTERS) <= set(TERMS)


@pytest.mark.parametrize(("term", "definition"), ENTRIES, ids=TERMS)
def test_a_definition_is_short_and_leads_to_what_explains_it(term, definition):
    words = re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", definition[4:]).split()
    assert 6 <= len(words) <= 50
    assert definition[4:].strip().endswith((".", ")"))
    page = PART_3.get(term)
    if page is None:
        assert re.search(r"\]\((\.\./[\w/-]+|[\w-]+)\.md(#[\w-]+)?\)", definition), f"{term}: link what explains it"
    elif (DOCS / "gpt" / f"{page}.md").exists():
        assert f"](../gpt/{page}.md" in definition, f"{term}: its page is there now, so link it: ../gpt/{page}.md"


def test_what_is_said_to_be_of_part_3_is_there():
    assert set(PART_3) <= set(TERMS)
