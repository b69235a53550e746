"""What the front matter of the pages promises."""

import ast
import re
from collections import Counter
from pathlib import Path

import pytest
import yaml

from lower_triangle.stages import STAGES
from pagecode.citations import Sources
from pagecode.project import Project
from pagecode.reader import read_page

PROJECT = Project.load(Path(__file__).parents[2])
PAGES = {PROJECT.name_of(path): read_page(PROJECT, path) for path in PROJECT.pages()}


def facts(page):
    return yaml.safe_load(page.text.split("---\n")[1])


# Pages that others may name before they are written.
TO_COME: set[str] = set()
PARTS = ("docs/grounding/", "docs/attention/", "docs/gpt/", "docs/beyond/")
LESSONS = {name: page for name, page in PAGES.items() if name.startswith(PARTS) and Path(name).stem != "references"}


def embedded(page):
    return [source.path for block in page.blocks if block.kind == "embed" for source in block.sources]


@pytest.mark.parametrize("name", PAGES)
def test_a_page_has_a_title_and_nothing_wrong_with_how_it_is_written(name):
    assert facts(PAGES[name])["title"]
    assert PAGES[name].problems == []


@pytest.mark.parametrize("name", PAGES)
def test_a_page_has_a_description_for_search_engines_and_previews(name):
    length = len(facts(PAGES[name])["description"])
    assert 50 <= length <= 250, f"{name}: its description has {length} characters; write 50 to 250"


def test_no_two_pages_have_the_same_description():
    described = Counter(facts(page)["description"] for page in PAGES.values())
    assert [description for description, times in described.items() if times > 1] == []


@pytest.mark.parametrize("name", LESSONS)
def test_a_lesson_says_what_it_is_about_and_how_long_it_takes(name):
    meta = facts(LESSONS[name])
    assert 5 <= meta["minutes"] <= 40
    assert "stage" not in meta or meta["stage"] in STAGES
    if "lecture" in meta:
        Sources.load(PROJECT.root / "data" / "sources.toml").check("lecture", meta["lecture"])


def test_each_stage_is_the_subject_of_one_lesson_at_most():
    stages = Counter(facts(page).get("stage") for page in LESSONS.values())
    del stages[None]
    assert set(stages.values()) == {1}


@pytest.mark.parametrize("name", LESSONS)
def test_a_lesson_embeds_what_it_adds(name):
    adds = [f"lower_triangle.{path}" for path in facts(LESSONS[name])["adds"]]
    assert set(adds) <= set(embedded(LESSONS[name]))


@pytest.mark.parametrize("name", PAGES)
def test_what_a_page_needs_is_a_page_or_is_to_come(name):
    there = {Path(page).stem for page in PAGES}
    unknown = set(facts(PAGES[name]).get("needs", [])) - there - TO_COME
    assert not unknown, f"{name} needs {unknown}: no page is called so; {sorted(TO_COME - there)} are to come"


def test_no_object_is_added_by_two_lessons():
    added = Counter(path for page in LESSONS.values() for path in facts(page)["adds"])
    assert [path for path, times in added.items() if times > 1] == []


# What no lesson is about: recipes that pages show by what changes from one to the next, and what serves others.
SHOWN_OTHERWISE = {"stages.embedding", "stages.position", "stages.average", "stages.Stage", "variants.find_stage"} | {
    "generate.require_choice",
    "generate.require_known",
}


def test_every_function_and_class_of_the_model_is_added_by_a_lesson():
    added = {path for page in LESSONS.values() for path in facts(page)["adds"]}
    defined = set()
    for module in "softmax norms attention blocks model stages variants loss generate".split():
        tree = ast.parse((PROJECT.source / "lower_triangle" / f"{module}.py").read_text(encoding="utf-8"))
        kinds = (ast.FunctionDef, ast.ClassDef)
        defined |= {f"{module}.{node.name}" for node in tree.body if isinstance(node, kinds)}
    assert defined - added == SHOWN_OTHERWISE


def test_each_question_of_the_faq_is_answered_by_lines_that_run_and_leads_to_a_lesson():
    page = PAGES["docs/reference/faq.md"]
    questions = re.split(r"^## ", page.text, flags=re.MULTILINE)[1:]
    assert len(questions) >= 22
    for question in questions:
        title = question.splitlines()[0]
        assert title.endswith("?"), title
        assert re.search(r"\]\(\.\./(grounding|attention|gpt)/[\w-]+\.md#", question), f"{title}: link the place that shows it"
    ran = {block.section for block in page.blocks if block.runs}
    assert len(ran) == len(questions)
