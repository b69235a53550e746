"""A page that shows what its code does goes red when the code does something else."""

import ast
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path

import pytest
from forker import Ended
from generated import Edit, edits, edits_of
from mkdocs.utils.meta import get_data
from named import NAMED, Mutant
from running import ROOT, Harness, HarnessError, MutantError, Verdict, changed, said

AVERAGE = "attention/average.md"
PRODUCT = "weights = past / past.sum(dim=-1, keepdim=True)  # (T, T)\n    return weights @ x"
Note = Callable[[str, str], None]


@pytest.fixture(scope="module")
def harness() -> Iterator[Harness]:
    with Harness() as running:
        yield running


@pytest.fixture(scope="module")
def verdicts(harness: Harness) -> dict[str, "Future[Verdict]"]:
    """What the pages will have said of the named mutants, after what each says of the package as it is."""
    for page in {mutant.page: None for mutant in NAMED}:
        harness.plain(page)
    return {mutant.name: harness.named(mutant) for mutant in NAMED}


def on_average(old: str, new: str) -> Mutant:
    """A mutant of what the page on averages teaches."""
    return Mutant("one of ours", AVERAGE, "attention.py", old, new)


def test_no_two_mutants_share_a_name():
    assert len({mutant.name for mutant in NAMED}) == len(NAMED)


@pytest.mark.parametrize("mutant", NAMED, ids=lambda mutant: mutant.name)
def test_a_named_mutant_can_be_made(mutant: Mutant):
    file = ROOT / "src" / "lower_triangle" / mutant.file
    assert mutant.new in changed(file.read_text(encoding="utf-8"), mutant)


def test_a_mutant_whose_place_is_not_there_is_an_error():
    with pytest.raises(MutantError, match=r"attention\.py has 'no such line' 0 times, not once"):
        changed("x = 1\n", on_average("no such line", "another"))
    with pytest.raises(MutantError, match="has '1' 2 times"):
        changed("x = 1 + 1\n", on_average("1", "2"))


def test_a_mutant_that_is_no_python_is_an_error():
    with pytest.raises(MutantError, match="is no Python then"):
        changed("x = 1\n", on_average("1", "("))


def test_a_child_that_fails_is_an_error_and_one_that_is_killed_is_red():
    with pytest.raises(HarnessError, match="why it failed"):
        said(Ended(1, "", "why it failed"))
    assert said(Ended(-11, "", "")) == [(1, "stopped: SIGSEGV")]


GENERATED = '''
def f(a: int = 1, *, b: "list[1]" = ()) -> 2:
    """1 + 2"""
    if not a > 2 or (a == b):
        raise ValueError(f"{a + 1}" * 2)
    x = (a + b) * sorted(b)[0]  # é
    return x.sum(dim=-1) / x.mean(-1) - x.size(dim=0) ** 2
'''
EDITS = [
    "2: 1 -> 2",
    "4: not -> nothing",
    "4: > -> >=",
    "4: 2 -> 3",
    "4: or -> and",
    "4: == -> !=",
    "6: + -> -",
    "6: * -> /",
    "6: sorted -> list",
    "6: 0 -> 1",
    "7: sum -> mean",
    "7: -1 -> -2",
    "7: 1 -> 2",
    "7: / -> *",
    "7: mean -> sum",
    "7: 1 -> 2",
    "7: - -> +",
    "7: 0 -> 1",
    "7: 2 -> 3",
]


def test_mutants_are_generated_one_change_at_a_time_and_none_in_an_annotation_a_docstring_or_an_error():
    made = edits(GENERATED, ast.parse(GENERATED).body[0])
    assert [edit.shown(GENERATED).split(" in ")[0] for edit in made] == EDITS
    lines = GENERATED.splitlines()
    for edit in made:
        mutated = edit.within(GENERATED).splitlines()
        assert sum(old != new for old, new in zip(lines, mutated, strict=True)) == 1


def test_a_page_that_is_not_there_is_an_error(tmp_path: Path):
    harness = Harness()
    harness.base = tmp_path
    with pytest.raises(MutantError, match="docs/none.md is not there"):
        harness.run("none.md")


@pytest.mark.slow
@pytest.mark.parametrize("page", sorted({mutant.page for mutant in NAMED}))
def test_a_page_is_green_on_the_package_as_it_is(page: str, harness: Harness):
    assert harness.plain(page).result().said == []


@pytest.mark.slow
@pytest.mark.parametrize("mutant", NAMED, ids=lambda mutant: mutant.name)
def test_a_page_is_red_on_a_named_mutant(
    mutant: Mutant, harness: Harness, verdicts: dict[str, "Future[Verdict]"], record_property: Note
):
    # On a page that is red as it is, red says nothing.
    assert harness.plain(mutant.page).result().said == []
    verdict = verdicts[mutant.name].result()
    what = verdict.first if verdict.red else "SURVIVED"
    record_property("named mutants", f"{mutant.name:<40} {mutant.page:<24} {verdict.seconds:4.1f} s  {what}")
    assert verdict.red, f"docs/{mutant.page} does not notice: {mutant.old} -> {mutant.new}"


@pytest.mark.slow
def test_a_change_without_a_meaning_survives_and_a_wrong_one_does_not(harness: Harness):
    assert not harness.named(on_average(PRODUCT, PRODUCT.replace("weights", "shares"))).result().red
    wrong = harness.named(on_average(PRODUCT, PRODUCT.replace("dim=-1", "dim=-2"))).result()
    assert wrong.red and "not close" in wrong.first


@pytest.mark.slow
def test_a_change_outside_what_the_page_embeds_is_run_too(harness: Harness):
    """`draw_weights` is imported and not embedded, so a page that runs it proves that the copy is what is imported."""
    text = harness.source("figures.py").replace("def draw_weights(", "def draw_nothing(")
    verdict = harness.edited(AVERAGE, "figures.py", text).result()
    assert "cannot import name 'draw_weights'" in " ".join(message for _, message in verdict.said)


@pytest.mark.slow
def test_a_mutant_that_never_ends_is_stopped_and_red(harness: Harness):
    endless = changed(harness.source("attention.py"), on_average(PRODUCT, "while True:\n        pass"))
    verdict = harness.run(AVERAGE, "attention.py", endless, seconds=3)
    assert verdict.said == [(1, "stopped: the program was stopped after 3 seconds")]


def lessons(harness: Harness) -> dict[str, list[str]]:
    """What each page adds to the package, by the page's path below docs/."""
    docs = harness.base / "docs"
    found = {page.relative_to(docs).as_posix(): page.read_text(encoding="utf-8") for page in sorted(docs.rglob("*.md"))}
    adds = {page: get_data(text)[1].get("adds", []) for page, text in found.items()}
    return {page: [f"lower_triangle.{path}" for path in paths] for page, paths in adds.items() if paths}


@dataclass(frozen=True)
class Started:
    """A generated mutant whose page is running, or waits for its turn."""

    file: str
    edit: Edit
    verdict: "Future[Verdict]"


def start(harness: Harness, page: str, paths: list[str]) -> list[Started]:
    """Run a page against all the mutants of what it adds."""
    edited = [(file, edit) for path in paths for file, made in [edits_of(harness.base / "src", path)] for edit in made]
    return [
        Started(file, edit, harness.edited(page, file, edit.within(harness.source(file)))) for file, edit in edited
    ]


@pytest.mark.slow
def test_what_pages_notice_of_generated_mutants_is_measured(harness: Harness, record_property: Note):
    """Measured and not judged: a mutant that nobody has looked at may have no wrong in it."""
    adds = lessons(harness)
    faulty = [page for page in adds if harness.plain(page).result().red]
    running = {page: start(harness, page, paths) for page, paths in adds.items() if page not in faulty}
    tally = {page: [mutant.verdict.result().red for mutant in started] for page, started in running.items()}
    for page, red in [*tally.items(), ("in all", [one for red in tally.values() for one in red])]:
        share = f"{sum(red) / len(red):6.1%}" if red else ""
        record_property("generated mutants", f"{page:<32} {sum(red):3} of {len(red):3} noticed  {share}")
    for page, started in running.items():
        for mutant in started:
            if not mutant.verdict.result().red:
                where = f"src/lower_triangle/{mutant.file}:{mutant.edit.shown(harness.source(mutant.file))}"
                record_property("generated mutants that their page did not notice", f"{page}: {where}")
    assert faulty == []
    # What these two add, a call and a table, holds nothing that the generator changes.
    without = [page for page, started in running.items() if not started]
    assert without == ["attention/causal-mask.md", "attention/notes.md"]
