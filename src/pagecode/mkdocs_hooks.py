"""MkDocs' side, kept thin: run the pages before the build, judge the HTML after it, fail with all that is wrong."""

import logging
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File, Files
from mkdocs.structure.nav import Navigation

from pagecode import build
from pagecode.citations import Sources
from pagecode.page import Page
from pagecode.project import Problem, Project, ProjectError
from pagecode.publish import policy
from pagecode.reader import read_page
from pagecode.site import judge

log = logging.getLogger("mkdocs.pagecode")
problems: list[Problem] = []
built: dict[Path, Page] = {}
serving = False
BRANCH = "main"


def project_of(config: MkDocsConfig) -> Project:
    return Project.load(Path(config.config_file_path).parent)


@contextmanager
def plainly() -> Iterator[None]:
    """What is wrong with the project ends the build with one line and no traceback."""
    try:
        yield
    except ProjectError as error:
        raise PluginError(str(error)) from None


def on_startup(command: str, dirty: bool) -> None:
    global serving
    serving = command == "serve"


def on_config(config: MkDocsConfig) -> None:
    with plainly():
        root = project_of(config).root
    config.mdx_configs.setdefault("pagecode.extension", {}).update(root=str(root), problems=problems)
    if config.repo_url:
        config.edit_uri = f"edit/{BRANCH}/{Path(config.docs_dir).relative_to(root).as_posix()}/"


def on_pre_build(config: MkDocsConfig) -> None:
    built.clear()
    if not serving:
        # However this build ends, nobody is to take the last one for its result.
        shutil.rmtree(config.site_dir, ignore_errors=True)
    with plainly():
        project = project_of(config)
        Sources.load(project.sources)
        problems[:] = build.run_stale(project, log.info)


def on_files(files: Files, config: MkDocsConfig) -> None:
    with plainly():
        made = build.bundles(project_of(config))
    for address, text in made.items():
        files.append(File.generated(config, address, content=text))


def on_nav(nav: Navigation, config: MkDocsConfig, files: Files) -> None:
    project = project_of(config)
    listed = {page.file.src_uri for page in nav.pages}
    for file in files.documentation_pages():
        if file.src_uri not in listed and not file.inclusion.is_not_in_nav():
            advice = "add it to nav in mkdocs.yml, or to not_in_nav"
            problems.append(Problem(project.name_of(project.docs / file.src_uri), 1, f"no way leads here; {advice}"))


def on_page_markdown(markdown: str, page, config: MkDocsConfig, files: Files) -> str:
    project = project_of(config)
    path = project.docs / page.file.src_uri
    built[Path(page.file.abs_dest_path)] = read_page(project, path)
    config.mdx_configs["pagecode.extension"]["page"] = page.file.src_uri
    return build.with_facts(project, path, markdown, page.meta)


def on_post_build(config: MkDocsConfig) -> None:
    if not serving:  # what reloads a served page is a script of its own
        problems.extend(policy.apply(Path(config.site_dir), built))
    base = urlsplit(config.site_url or "").path.strip("/")
    problems.extend(judge(project_of(config), Path(config.site_dir), built, f"/{base}/" if base else "/"))
    if problems:
        # Nobody is to publish it by mistake.
        shutil.rmtree(config.site_dir)
        found = sorted(set(problems), key=lambda problem: (problem.path, problem.line, problem.message))
        lines = [str(problem) for problem in found]
        raise PluginError("\n".join(["", *lines, f"problems: {len(lines)}; the site is not built"]))
