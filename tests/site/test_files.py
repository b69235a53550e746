"""Each stage is offered as one runnable file, made from the package's source, and it runs."""

from pathlib import Path

import pytest
from forker import Ended, Forker, run_fresh

from lower_triangle.stages import STAGES
from pagecode.build import bundles
from pagecode.names import free_names
from pagecode.project import Project

ROOT = Path(__file__).parents[2]
FILES = bundles(Project.load(ROOT))


def test_there_is_one_file_for_each_stage():
    assert set(FILES) == {f"files/{stage}.py" for stage in STAGES}


def check(ended: Ended) -> None:
    assert ended.status == 0, ended.complaints
    losses = [float(line.split()[-1]) for line in ended.printed.splitlines() if line.startswith("step ")]
    assert len(losses) == 4 and losses[-1] < losses[0]
    assert ended.printed.count("\n") > 4 and len(ended.printed) > 300


@pytest.mark.parametrize("address", FILES)
def test_the_file_of_a_stage_trains_it_and_writes_text(address, forker: Forker):
    check(forker.run(FILES[address]))


def test_a_file_runs_in_an_interpreter_of_its_own(tmp_path):
    check(run_fresh(FILES["files/head.py"], tmp_path, tmp_path))


@pytest.mark.parametrize("address", FILES)
def test_the_file_takes_nothing_from_outside_and_holds_the_model_itself(address):
    code = FILES[address]
    assert not free_names(code)
    assert "class LanguageModel" in code and "import LanguageModel" not in code


def test_the_built_site_offers_the_same_files():
    for address, text in FILES.items():
        assert (ROOT / "site" / address).read_text(encoding="utf-8") == text
