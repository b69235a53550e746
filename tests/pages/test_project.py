"""A project that cannot be read is said to be so in one line."""

import pytest
from small_project import build

from pagecode.citations import CitationError, Sources
from pagecode.project import Project, ProjectError


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "KeyError: 'tool'"),
        ("[tool.pagecode]\ndocs = 'docs'\n", "KeyError: 'source'"),
        ("[tool.pagecode\n", "TOMLDecodeError"),
    ],
)
def test_settings_that_lack_something_are_refused(tmp_path, text: str, said: str):
    (tmp_path / "pyproject.toml").write_text(text, encoding="utf-8")
    with pytest.raises(ProjectError, match="table that names its docs and its source") as error:
        Project.load(tmp_path)
    assert said in str(error.value)


def test_a_file_that_is_to_be_served_and_is_not_there_is_told_of(tmp_path):
    text = "[tool.pagecode]\ndocs = 'docs'\nsource = 'src'\n[tool.pagecode.served]\n'assets/a.txt' = 'data/a.txt'\n"
    (tmp_path / "pyproject.toml").write_text(text, encoding="utf-8")
    with pytest.raises(ProjectError, match=r"names data/a.txt, and .* has no such file"):
        Project.load(tmp_path)
    (tmp_path / "data").mkdir()
    (tmp_path / "data/a.txt").write_text("a", encoding="utf-8")
    assert Project.load(tmp_path).served == {"assets/a.txt": "data/a.txt"}


def test_the_packages_of_a_project_are_its_folders_and_its_modules(small):
    small.write("src/single.py", "")
    small.write("src/pagecode/__init__.py", "")
    assert small.project.packages() == ("mini", "single")


def test_without_a_list_there_is_nothing_to_cite(tmp_path):
    with pytest.raises(CitationError, match=r"\[@lecture\] has no entry in data/sources.toml; add it, with its link"):
        Sources.load(tmp_path / "none.toml").check("lecture", "")


@pytest.mark.parametrize(
    ("text", "said"),
    [("[a]\nshort = 'A'\n", "the entry [a] has no authors, year, title, link"), ("[a\n", "cannot be read")],
)
def test_a_list_of_sources_that_lacks_something_ends_the_build_with_one_line(small, text: str, said: str):
    small.write("data/sources.toml", text)
    built = build(small)
    assert built.code != 0
    assert said in built.said and "Traceback" not in built.said


def test_a_citation_leads_to_the_second_of_the_video_or_to_the_list(small):
    sources = Sources.load(small.root / "data/sources.toml")
    assert 'href="https://example.org/watch?v=1&amp;t=3720s"' in sources.link("lecture", "01:02:00", "s.md")
    assert sources.link("lecture", "", "s.md") == '<a class="cite" href="s.md#lecture">The lecture</a>'
    assert sources.link("vaswani2017", "§1 & 2", "s.md").endswith("Vaswani et al. 2017</a>, §1 &amp; 2")
