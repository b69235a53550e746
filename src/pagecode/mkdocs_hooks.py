"""MkDocs' side, kept thin: run the pages before the build, judge the HTML after it, fail with all that is wrong."""

import logging
import os
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from jinja2 import Environment
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File, Files
from mkdocs.structure.nav import Navigation

from pagecode import build
from pagecode.citations import Sources
from pagecode.ledger import Ledger, Standing
from pagecode.memory import Memory
from pagecode.page import Page
from pagecode.project import Problem, Project, ProjectError
from pagecode.publish import citing, labs, policy
from pagecode.publish.addresses import Addresses
from pagecode.publish.lab_given import apart
from pagecode.publish.lab_pages import LabPages
from pagecode.publish.links import mark_external
from pagecode.publish.notebooks import Origin, address_of, notebooks_of, offered
from pagecode.publish.provenance import commit_of, edit_uri, provenance_of
from pagecode.publish.redirects import redirects
from pagecode.publish.reference import fit, keep_compiled, templates
from pagecode.publish.rendering import index_once, render_once
from pagecode.publish.scripts import lighten
from pagecode.reader import read_page
from pagecode.site import judge

COMPILED = ".pagecode/templates"
log = logging.getLogger("mkdocs.pagecode")
problems: list[Problem] = []
built: dict[Path, Page] = {}
lab_pages = LabPages()
serving = False
memory: Memory
surroundings = ""


def project_of(config: MkDocsConfig) -> Project:
    return Project.load(Path(config.config_file_path).resolve().parent)


def addresses(config: MkDocsConfig) -> tuple[str, str]:
    """Where the site and its repository are published, each empty where that is not known.

    While it serves, MkDocs has put its own address in the place of the site's.
    """
    return "" if serving else config.site_url or "", (config.repo_url or "").rstrip("/").removesuffix(".git")


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
    site_url, repo_url = addresses(config)
    given = {"root": str(root), "problems": problems, "site_url": site_url, "repo_url": repo_url}
    config.mdx_configs.setdefault("pagecode.extension", {}).update(given)
    jupyter = config.plugins.get("mkdocs-jupyter")
    if jupyter:
        # The plugin would look for it where mkdocs was called; and at its end it removes what this build had no use for.
        jupyter.config["cache_dir"] = str(root / jupyter.config["cache_dir"] / apart(repo_url))
    config.edit_uri = edit_uri(repo_url, Path(config.docs_dir).relative_to(root).as_posix())


def on_pre_build(config: MkDocsConfig) -> None:
    global memory
    built.clear()
    if not serving:
        # However this build ends, nobody is to take the last one for its result.
        shutil.rmtree(config.site_dir, ignore_errors=True)
    with plainly():
        project = project_of(config)
        Sources.load(project.sources)
        fit(config, project.root / COMPILED)
        with ThreadPoolExecutor(build.cores()) as pool:
            # A lab takes longest.
            executed = labs.run_stale(project, log.info, pool)
            problems[:] = build.run_stale(project, log.info, pool)
        problems.extend(problem for lab in executed for problem in lab.result())
    # One for each that builds, or what MkDocs has rendered would be shown as the work of its fork.
    memory = Memory(project.cache / f"rendered-{type(config).__module__.partition('.')[0]}.json")
    search = config.plugins.get("material/search")  # the theme's, which MkDocs takes for `search`
    if search:
        index_once(search.search_index, memory)


def on_files(files: Files, config: MkDocsConfig) -> None:
    with plainly():
        project = project_of(config)
        made = build.bundles(project)
        origin = origin_of(project, config)
        at = {file.src_uri: file.url for file in files}
        # What ran badly has outputs that nobody verified, and the build will fail for it.
        made |= {} if problems else notebooks_of(project, origin, at, memory, around(project, config, files))
        citation = citing.with_addresses(citing.load_citation(project.root), *addresses(config))
        moved = Addresses.load(project.root).moved
    failed = {problem.path for problem in problems}
    problems.extend(lab_pages.add(project, files, config, failed, origin))
    if citation:
        made[citing.NAME] = citation
    for address, path in project.served.items():
        files.append(File.generated(config, address, abs_src_path=str(project.root / path)))
    for address, text in made.items():
        files.append(File.generated(config, address, content=text))
    # Last, since a redirect leads to what the site has.
    there = {file.dest_uri for file in files if file.inclusion.is_included()}
    pages, faults = redirects(project, moved, there, config.site_url or "")
    problems.extend(faults)
    for address, text in pages.items():
        files.append(File.generated(config, address, content=text))


def origin_of(project: Project, config: MkDocsConfig) -> Origin:
    """Where the notebooks of this build come from."""
    commit, changed = commit_of(project.root, os.environ)
    return Origin.of(project, config.site_name, *addresses(config), "" if changed else commit)


def around(project: Project, config: MkDocsConfig, files: Files) -> str:
    """A hash of all that the rendering of any page may depend on, but for the page itself and what it has drawn."""
    settings = [Path(config.config_file_path), project.root / "pyproject.toml", project.root / citing.NAME]
    settings += templates(config)
    texts = [file.read_text(encoding="utf-8") for file in settings if file.is_file()]
    there = [f"{file.src_uri} {file.url} {file.inclusion}" for file in files]
    return Standing(project).hash([*texts, *there], [], any_module=True)


def on_nav(nav: Navigation, config: MkDocsConfig, files: Files) -> None:
    global surroundings
    project = project_of(config)
    surroundings = around(project, config, files)
    listed = {page.file.src_uri for page in nav.pages}
    for file in files.documentation_pages():
        if file.src_uri not in listed and not file.inclusion.is_not_in_nav():
            advice = "add it to nav in mkdocs.yml, or to not_in_nav"
            problems.append(Problem(project.name_of(project.docs / file.src_uri), 1, f"no way leads here; {advice}"))


def on_page_markdown(markdown: str, page, config: MkDocsConfig, files: Files) -> str:
    project = project_of(config)
    path = project.docs / page.file.src_uri
    if path.suffix != ".md":  # a lab that did not run is no page to judge
        if page.file.src_uri in lab_pages.ran:
            built[Path(page.file.abs_dest_path)] = lab_pages.ran[page.file.src_uri].page
        return markdown
    config.mdx_configs["pagecode.extension"].update(page=page.file.src_uri)
    built[Path(page.file.abs_dest_path)] = read_page(project, path)
    wanting = [name for name in project.front_matter if not page.meta.get(name)]
    problems.extend(Problem(project.name_of(path), 1, f"the front matter needs a {name}: …") for name in wanting)
    facts = build.facts(project, path, page.meta)
    if address_of(page.file.src_uri) in files.src_uris:
        facts += offered(address_of(page.file.src_uri), addresses(config)[1])
    page.markdown = build.with_facts(markdown, facts)
    source = built[Path(page.file.abs_dest_path)]
    # Of what differs between two addresses a page may have its own BibTeX; the rest is in its facts, or around it.
    named = addresses(config) if citing.MARK in source.text else ()
    depends = [surroundings, source.text, repr(Ledger(project).figures(source)), *named]
    render_once(page, memory, "\0".join(depends), problems)
    return page.markdown


def on_page_content(html: str, page, config: MkDocsConfig, files: Files) -> str:
    return mark_external(lab_pages.mended(html, page, files, problems))


def on_env(env: Environment, config: MkDocsConfig, files: Files) -> None:
    # Every page has been rendered by now, and no template yet.
    keep_compiled(env, project_of(config).root / COMPILED)
    env.globals["provenance"] = provenance_of(project_of(config), built.values(), addresses(config)[1])


def on_post_build(config: MkDocsConfig) -> None:
    lighten(Path(config.docs_dir), Path(config.site_dir), memory)
    if not serving:  # what reloads a served page is a script of its own
        problems.extend(policy.apply(Path(config.site_dir), built, memory))
    problems.extend(judge(project_of(config), Path(config.site_dir), built, config.site_url or "", memory))
    memory.save()
    if not problems:
        return
    found = sorted(set(problems), key=lambda problem: (problem.path, problem.line, problem.message))
    lines = [str(problem) for problem in found]
    if serving:  # an error would leave the browser waiting
        log.error("\n".join(["", *lines]))
        build.show_problems(Path(config.site_dir), lines)
        return
    # Nobody is to publish it by mistake.
    shutil.rmtree(config.site_dir)
    raise PluginError("\n".join(["", *lines, f"problems: {len(lines)}; the site is not built"]))
