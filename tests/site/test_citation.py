"""CITATION.cff is valid, says what the rest of the repository says, and names an address only when one is known."""

import json
import tomllib
from pathlib import Path

import jsonschema
import pytest
import yaml

from pagecode.citations import Sources
from pagecode.publish.citing import bibtex, load_citation, with_addresses

ROOT = Path(__file__).parents[2]
TEXT = load_citation(ROOT)
CITATION = yaml.safe_load(TEXT)
WORKS = {"karpathy2023": "lecture", "vaswani2017": "vaswani2017"}

# The format's own schema, unchanged, from github.com/citation-file-format/citation-file-format; CC BY 4.0.
SCHEMA = json.loads(Path(__file__).with_name("cff-1.2.0.schema.json").read_text(encoding="utf-8"))


def validate(text):
    # The format writes dates as text; YAML would make dates of them.
    jsonschema.Draft7Validator(SCHEMA).validate(yaml.load(text, Loader=yaml.BaseLoader))


@pytest.mark.parametrize("site_url", ["", "https://example.org/course/"])
@pytest.mark.parametrize("repo_url", ["", "https://example.org/someone/course"])
def test_it_is_a_valid_file_and_has_the_addresses_that_are_known(site_url, repo_url):
    text = with_addresses(TEXT, site_url, repo_url)
    validate(text)
    made = yaml.safe_load(text)
    assert made.get("url", "") == site_url and made.get("repository-code", "") == repo_url
    assert (f"url    = {{{site_url}}}" in bibtex(text)["lower-triangle"]) is bool(site_url)


@pytest.mark.parametrize("fault", ["type: sermon", "version: [1]", "license: FREE", "url: nowhere", "titel: x"])
def test_the_schema_would_find_a_fault(fault):
    name = fault.partition(":")[0]
    kept = "".join(line for line in TEXT.splitlines(keepends=True) if not line.startswith(f"{name}:"))
    with pytest.raises(jsonschema.ValidationError):
        validate(f"{kept}{fault}\n")


def test_it_names_no_address_of_its_own():
    assert not {"url", "repository", "repository-code", "repository-artifact"} & set(CITATION)


def test_version_and_licence_are_those_of_the_package():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert (CITATION["version"], CITATION["license"]) == (project["version"], project["license"])


def test_its_references_are_sources_of_the_site():
    entries = Sources.load(ROOT / "data" / "sources.toml").entries
    assert list(bibtex(TEXT)) == ["lower-triangle", *WORKS]
    for work, source in zip(CITATION["references"], WORKS.values(), strict=True):
        wanted = entries[source]
        authors = ", ".join(f"{person['given-names']} {person['family-names']}" for person in work["authors"])
        stated = {"authors": authors, "title": work["title"], "year": work["year"], "link": work["url"]}
        assert stated == {name: wanted[name] for name in stated}
