"""Each exercise stands on its page: the stub as the command prints it, a check, the solution hidden and embedded."""

from pathlib import Path

import pytest

from lower_triangle.exercises.registry import EXERCISES
from pagecode.project import Project
from pagecode.reader import read_page

PROJECT = Project.load(Path(__file__).parents[2])


def page_of(exercise):
    return read_page(PROJECT, PROJECT.docs / f"{exercise.page}.md")


@pytest.fixture(params=EXERCISES.values(), ids=list(EXERCISES))
def exercise(request):
    return request.param


def test_the_page_shows_the_stub_that_the_command_prints(exercise):
    shown = [block.code for block in page_of(exercise).blocks if block.kind == "python"]
    assert exercise.stub in shown, f"paste it: lower-triangle exercises {exercise.name}"


def test_the_stub_fits_a_page(exercise):
    assert max(map(len, exercise.stub.split("\n"))) < 80


def test_the_page_says_how_to_check_it(exercise):
    text = page_of(exercise).text
    assert f"lower-triangle check {exercise.name} {exercise.name}.py" in text or f'check("{exercise.name}", ' in text


def test_the_solution_is_embedded_where_it_has_to_be_opened(exercise):
    page = page_of(exercise)
    path = f"lower_triangle.exercises.{exercise.module}.{exercise.function}"
    (solution,) = [block for block in page.blocks if path in [source.path for source in block.sources]]
    above = page.text.split("\n")[: solution.line - 1]
    opening = next(line for line in reversed(above) if line.strip() and not line.startswith("    "))
    assert opening.startswith("??? success ")
    assert solution.fence.indent == "    "


def test_the_list_of_exercises_links_to_each(exercise):
    text = (PROJECT.docs / "reference" / "exercises.md").read_text("utf-8")
    assert f"]({Path('..', exercise.page)}.md#" in text
