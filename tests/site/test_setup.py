"""What a fresh clone is told: versions, commands, addresses."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from importlib.metadata import distributions
from pathlib import Path

from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
OURS = "lower-triangle"
FOR_A_GPU = ("nvidia-", "cuda-", "triton")
# A registry's own host in a file that pip, npm or apt reads would be asked by everyone who installs from it.
REGISTRY = re.compile(r"https?://[^\s\"')]*(?:py" + r"pi|python" + r"hosted|np" + r"mjs|download\.pytorch)")


def pins():
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    pairs = [line.split(" ")[0].split("==") for line in lines if line and not line.startswith("#")]
    return {canonicalize_name(name): version for name, version in pairs}


def tracked(*patterns):
    listed = subprocess.run(["git", "ls-files", *patterns], cwd=ROOT, capture_output=True, text=True, check=True)
    return [ROOT / name for name in listed.stdout.splitlines()]


def test_every_installed_version_is_pinned():
    installed = {canonicalize_name(found.name): found.version.split("+")[0] for found in distributions()}
    for tool in ("pip", "setuptools", "wheel", OURS):
        installed.pop(tool, None)
    # Which libraries torch brings for a GPU, and whether any, hangs on the index that it came from.
    installed = {name: version for name, version in installed.items() if not name.startswith(FOR_A_GPU)}
    assert {name: version for name, version in installed.items() if pins().get(name) != version} == {}


def test_every_dependency_is_pinned():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = [*project["dependencies"], *project["optional-dependencies"]["dev"]]
    assert len(wanted) > 10
    assert {canonicalize_name(name.partition("[")[0]) for name in wanted} <= set(pins())


def test_no_file_names_a_registry():
    files = [file for file in tracked() if file.suffix not in (".png", ".safetensors", ".woff2")]
    assert len(files) > 50
    assert [file.name for file in files if REGISTRY.search(file.read_text(encoding="utf-8"))] == []


def test_what_make_starts_keeps_what_python_compiles():
    """pip compiles nothing ahead: else each interpreter would compile all of torch anew."""
    assert "--no-compile" in (ROOT / "Makefile").read_text(encoding="utf-8")
    options = {"cwd": ROOT, "input": "shown:\n\t@env\n", "capture_output": True, "text": True, "check": True}
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1", "KEPT": "1"}
    shown = subprocess.run(["make", "-f", "Makefile", "-f", "-", "shown"], env=environment, **options).stdout
    assert "KEPT=1" in shown and "PYTHONDONTWRITEBYTECODE" not in shown


def test_make_help_lists_the_commands_that_the_readme_names():
    shown = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for command in ("make serve", "make site", "make test", "make update", "make help"):
        assert command in shown
    assert set(re.findall(r"make \w+", (ROOT / "README.md").read_text())) <= set(re.findall(r"make \w+", shown))


def test_ci_runs_the_readmes_test_command():
    assert (ROOT / ".ci" / "run").read_text().splitlines()[-1] == "make test"
    assert "make test " in (ROOT / "README.md").read_text()


def test_what_builds_the_site_runs_in_one_process_and_so_does_each_file(tmp_path):
    """Two at a time would share the site's caches."""
    builds = re.compile(r"\"build\", *\"--strict\"|published: " + r"Site|\brebuild\(|\b(un)?addressed\)")
    builders = [file for file in (ROOT / "tests").glob("*/test_*.py") if builds.search(file.read_text())]
    of_the_site = {f"{file.parent.name}/{file.name}" for file in builders if file.parent.name in ("site", "browser")}
    assert len(of_the_site) > 3
    names = of_the_site | {"browser/test_a.py", "site/test_c.py", "package/test_d.py"}
    for name in names:
        file = tmp_path / "tests" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("import pytest\n\n\n@pytest.mark.parametrize('n', range(8))\ndef test(n):\n    pass\n")
    shutil.copy(ROOT / "tests" / "conftest.py", tmp_path / "tests")
    command = [sys.executable, "-m", "pytest", "-v", "-n", "2", "--rootdir", tmp_path, "tests"]
    search = {"PYTHONPATH": os.pathsep.join([str(ROOT / "tests"), str(ROOT / "src")])}
    shown = subprocess.run(command, cwd=tmp_path, env=os.environ | search, capture_output=True, text=True).stdout
    ran = re.findall(r"^\[(gw\d)\].* PASSED tests/(\S+?)::", shown, re.MULTILINE)
    assert len(ran) == 8 * len(names)
    where = {name: {process for process, each in ran if each == name} for name in names}
    assert [name for name in names if len(where[name]) > 1] == []
    assert len({process for name in of_the_site for process in where[name]}) == 1
