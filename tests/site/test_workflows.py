"""The workflows run what an author runs, publish what was tested, and may do no more than that takes."""

import os
import re
import subprocess
import tarfile
from pathlib import Path

import pytest
import yaml
from packaging.utils import canonicalize_name
from test_setup import pins

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / ".github" / "workflows"


def read(file):
    """A workflow as YAML; its key `on` is the truth value for YAML 1.1."""
    table = yaml.safe_load(file.read_text(encoding="utf-8"))
    return {"on" if key is True else key: value for key, value in table.items()}


WORKFLOWS = {file.stem: read(file) for file in sorted(FOLDER.glob("*.yml"))}
JOBS = {f"{name}/{job}": table for name, flow in WORKFLOWS.items() for job, table in flow["jobs"].items()}
STEPS = [(name, step) for name, job in JOBS.items() for step in job["steps"]]
PUBLISH = WORKFLOWS["publish"]["jobs"]


def test_there_are_three_workflows_and_each_says_when_it_runs():
    assert set(WORKFLOWS) == {"check", "newest", "publish"}
    assert set(WORKFLOWS["check"]["on"]) == {"push", "pull_request"}
    assert WORKFLOWS["publish"]["on"]["push"] == {"branches": ["main"]}
    assert set(WORKFLOWS["newest"]["on"]) == {"schedule", "workflow_dispatch"}


@pytest.mark.parametrize("name", WORKFLOWS)
def test_a_workflow_may_read_and_only_named_jobs_may_write(name):
    assert WORKFLOWS[name]["permissions"] == {"contents": "read"}
    assert "pull_request_target" not in WORKFLOWS[name]["on"]
    assert "secrets" not in (FOLDER / f"{name}.yml").read_text(encoding="utf-8")


def test_what_each_job_may_do_is_what_it_needs():
    assert {name: job["permissions"] for name, job in JOBS.items() if "permissions" in job} == {
        "publish/build": {"contents": "read", "pages": "read"},
        "publish/deploy": {"pages": "write", "id-token": "write"},
        "publish/notebooks": {"contents": "write"},
    }


def test_a_job_that_runs_our_code_keeps_no_key_and_a_job_that_writes_runs_none_of_it():
    for name, job in JOBS.items():
        writes = "write" in job.get("permissions", {}).values()
        ours = any("make" in step.get("run", "") for step in job["steps"])
        assert writes != ours, name
        checkouts = [step for step in job["steps"] if "actions/checkout@" in step.get("uses", "")]
        assert writes or all(step["with"]["persist-credentials"] is False for step in checkouts)
        assert job["timeout-minutes"] <= 45


def test_an_action_is_named_by_the_commit_that_was_looked_at():
    used = {step["uses"] for _, step in STEPS if "uses" in step}
    assert len(used) >= 7
    assert [action for action in used if not re.fullmatch(r"actions/[a-z-]+@[0-9a-f]{40}", action)] == []
    # One version of each in all files, with the tag beside it that dependabot reads.
    assert len({action.split("@")[0] for action in used}) == len(used)
    texts = "".join(file.read_text(encoding="utf-8") for file in FOLDER.glob("*.yml"))
    assert len(re.findall(r"uses: \S+@[0-9a-f]{40} # v\d+\.\d+\.\d+\n", texts)) == texts.count("uses: ")


@pytest.mark.parametrize("name", JOBS)
def test_nothing_that_somebody_else_wrote_becomes_a_command(name):
    runs = [step["run"] for step in JOBS[name]["steps"] if "run" in step]
    assert [run for run in runs if "${{" in run] == []


def targets(run):
    """What a script asks make for; TARGET stands for each target of the matrix."""
    named = re.findall(r'^make "?([\w./$-]+)', run, re.MULTILINE)
    matrix = [entry["target"] for entry in WORKFLOWS["newest"]["jobs"]["test"]["strategy"]["matrix"]["include"]]
    return [target for name in named for target in (matrix if name == "$TARGET" else [name])]


def test_make_knows_each_target_that_a_workflow_asks_for():
    asked = {target for _, step in STEPS for target in targets(step.get("run", ""))}
    assert asked == {"test", "canary", "mutants", "thorough", ".venv/.ready"}
    for target in asked:
        done = subprocess.run(["make", "--dry-run", target], cwd=ROOT, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr


def test_what_is_deployed_is_the_folder_that_the_tests_judged():
    steps = PUBLISH["build"]["steps"]
    uses = [step.get("uses", "").split("@")[0] or step["run"] for step in steps]
    upload = uses.index("actions/upload-pages-artifact")
    # Nothing comes between the tests and the upload, and a failure stops it.
    assert uses[upload - 1] == "make test" and "if" not in steps[upload]
    assert steps[upload]["with"]["path"].rstrip("/") == yaml_setting("site_dir")
    assert PUBLISH["deploy"]["needs"] == PUBLISH["notebooks"]["needs"] == "build"
    assert [step["uses"].split("@")[0] for step in PUBLISH["deploy"]["steps"]] == ["actions/deploy-pages"]


def yaml_setting(name):
    return re.search(rf"^{name}: (\S+)", (ROOT / "mkdocs.yml").read_text(encoding="utf-8"), re.MULTILINE)[1]


def test_the_addresses_are_filled_in_under_the_names_that_the_settings_read():
    read_names = set(re.findall(r"!ENV \[(\w+)", (ROOT / "mkdocs.yml").read_text(encoding="utf-8")))
    tests = [step for step in PUBLISH["build"]["steps"] if step.get("run") == "make test"]
    assert [set(step["env"]) for step in tests] == [read_names] == [{"SITE_URL", "REPO_URL"}]


def script(job, word):
    return next(step["run"] for step in JOBS[job]["steps"] if word in step.get("run", ""))


def test_the_notebooks_branch_is_one_commit_with_the_notebooks_of_the_site(tmp_path):
    """The script itself, on a clone of a repository of its own."""
    for name in ("site/index.html", "site/a/b.ipynb", "site/c.ipynb"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)
    with tarfile.open(tmp_path / "artifact.tar", "w") as archive:
        archive.add(tmp_path / "site", ".")
    start = "git init -q --bare origin && git clone -q origin work 2>&1 && cd work && git switch -q -c main && "
    start += "echo x > file && git add . && git -c user.name=x -c user.email=x commit -q -m x && "
    start += "git push -q origin main"
    environment = {"HOME": str(tmp_path), "RUNNER_TEMP": str(tmp_path), "PATH": os.environ["PATH"]}

    def run(command, folder=tmp_path):
        options = {"cwd": folder, "env": environment, "capture_output": True, "text": True}
        done = subprocess.run(["bash", "-e", "-c", command], **options)
        assert done.returncode == 0, done.stderr
        return done.stdout

    run(start)
    for commit in ("abc", "def"):
        environment["GITHUB_SHA"] = commit
        run(script("publish/notebooks", "notebooks"), tmp_path / "work")
        run("git switch -q main && git branch -q -D notebooks", tmp_path / "work")
        assert run("git -C origin ls-tree -r --name-only notebooks").split() == ["a/b.ipynb", "c.ipynb"]
        assert run("git -C origin log --format=%s notebooks") == f"Notebooks of {commit}\n"
    assert run("git -C origin ls-tree -r --name-only main").split() == ["file"]


def test_the_newest_version_is_pinned_once_it_has_come(tmp_path):
    """The two scripts around the installation, with a pip of our own that has installed another version."""
    for newest in (entry["newest"] for entry in JOBS["newest/test"]["strategy"]["matrix"]["include"]):
        assert canonicalize_name(newest) in pins()
        (tmp_path / "constraints.txt").write_text((ROOT / "constraints.txt").read_text(encoding="utf-8"))
        (tmp_path / "Makefile").write_text(f".venv/.ready:\n\t! grep '^{newest}==' constraints.txt\n")
        python = tmp_path / ".venv" / "bin" / "python"
        python.parent.mkdir(parents=True, exist_ok=True)
        python.write_text(f"#!/bin/sh\necho {newest}-not==1\necho {newest}==99.1+cpu\n")
        python.chmod(0o755)
        for word in ("sed", "tee"):
            command = ["bash", "-eo", "pipefail", "-c", script("newest/test", word)]
            subprocess.run(command, cwd=tmp_path, env={"PATH": os.environ["PATH"], "NEWEST": newest}, check=True)
        lines = (tmp_path / "constraints.txt").read_text().splitlines()
        assert [line for line in lines if line.startswith(f"{newest}==")] == [f"{newest}==99.1"]


def test_dependabot_reads_the_pins_and_the_actions_and_makes_one_request_of_each():
    table = yaml.safe_load((ROOT / ".github" / "dependabot.yml").read_text(encoding="utf-8"))
    assert {entry["package-ecosystem"] for entry in table["updates"]} == {"pip", "github-actions"}
    for entry in table["updates"]:
        assert entry["directory"] == "/" and entry["schedule"] == {"interval": "weekly"}
        assert [group["patterns"] for group in entry["groups"].values()] == [["*"]]
    # It takes a .txt for a list of requirements only if all of its lines are.
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    wrong = [line for line in lines if not re.fullmatch(r"#.*|[A-Za-z0-9._-]+==[0-9][\w.]*(\s+#.*)?", line)]
    assert len(lines) > 50 and wrong == []
