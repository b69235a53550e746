"""Where a built site comes from, as its footer says it, and where a reader reports an error or edits a page."""

import os
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from urllib.parse import urlencode, urlsplit

from pagecode.ledger import Ledger, Standing
from pagecode.page import Page
from pagecode.project import Project

# How continuous integration names the commit that it has checked out: GitHub and Forgejo; GitLab.
COMMIT_VARIABLES = ("GITHUB_SHA", "CI_COMMIT_SHA")
BRANCH = "main"


@dataclass(frozen=True)
class Provenance:
    """What a site was built from.

    Attributes:
        commit: the full name of the commit, or "" where nobody can say it
        changed: True when the working tree held something else than that commit
        torch: the version of torch that ran the pages
        programs: how many programs the build holds proofs of; see `programs_ran`
        repository: the address of the repository, or "" where none is known
    """

    commit: str
    changed: bool
    torch: str
    programs: int
    repository: str

    @property
    def short(self) -> str:
        """The commit as people write it."""
        return self.commit[:7]

    @property
    def commit_url(self) -> str:
        """The page of the commit, where it has one."""
        known = self.commit and on_github(self.repository)
        return f"{self.repository}/commit/{self.commit}" if known else ""

    def report_url(self, page) -> str:
        """Where to report an error: a form that names the page and the commit, else the repository, else nothing.

        `page` is MkDocs' page, or None on a page that is no page, such as 404.html.
        """
        if not on_github(self.repository):
            return self.repository
        name = page.title if page else "page not found"
        missing = "(the address that you followed, and from where)"
        where = (page.canonical_url or page.file.src_uri) if page else missing
        built_from = self.commit + (" and changes not in it" if self.changed else "") if self.commit else "unknown"
        questions = "What the page says:\n\nWhat it should say, and why:\n"
        body = f"Page: {where}\nBuilt from commit: {built_from}\n\n{questions}"
        return f"{self.repository}/issues/new?" + urlencode({"title": f"Error on: {name}", "body": body})


def on_github(repository: str) -> bool:
    """True for a repository whose addresses we know how to write."""
    return urlsplit(repository).hostname == "github.com"


def edit_uri(repository: str, docs: str) -> str | None:
    """What MkDocs puts between the repository and the name of a page; None where we cannot know."""
    return f"edit/{BRANCH}/{docs}/" if on_github(repository) else None


def provenance_of(project: Project, pages: Iterable[Page], repository: str) -> Provenance:
    """The provenance of a site made of these pages."""
    commit, changed = commit_of(project.root, os.environ)
    return Provenance(
        commit=commit,
        changed=changed,
        torch=version("torch"),
        programs=programs_ran(project, pages),
        repository=repository,
    )


def programs_ran(project: Project, pages: Iterable[Page]) -> int:
    """How many programs of these pages ran, and printed what the page shows.

    A program is the Python of one section (of what stands above the first `##` heading too), with the imports and the
    embedded source that it needs: what the last copy button of the section gives. Commands, the runnable files of the
    stages and notebooks are not counted; neither is a page whose entry in the ledger holds a problem or is out of date.
    """
    ledger, standing = Ledger(project), Standing(project)
    entries = [ledger.current(page, standing) for page in pages]
    return sum(len(entry["programs"]) for entry in entries if entry and not entry["problems"])


def commit_of(root: Path, environment: Mapping[str, str]) -> tuple[str, bool]:
    """The commit in `root`, and whether anything there differs from it; ("", False) where nobody can say.

    git is asked first, then the environment. A `root` that merely lies inside some other repository is not that
    repository's commit.
    """
    top, commit = git(root, "rev-parse", "--show-toplevel"), git(root, "rev-parse", "HEAD")
    if top and commit and Path(top).resolve() == root.resolve():
        return commit, bool(git(root, "status", "--porcelain"))
    return next((environment[name] for name in COMMIT_VARIABLES if environment.get(name)), ""), False


def git(root: Path, *arguments: str) -> str:
    """What git says, or "" where there is no git, no repository, or no answer."""
    # A site that is only built has no reason to wait for, or to take, the lock of the index.
    command = ["git", "--no-optional-locks", "-C", str(root), *arguments]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True, timeout=20).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return ""
