"""The API reference is mkdocstrings', fitted to this site: its docstrings are text, and its templates are compiled once."""

from pathlib import Path

from jinja2 import Environment, FileSystemBytecodeCache
from mkdocs.config.defaults import MkDocsConfig

OURS = "pagecode.extension"


def fit(config: MkDocsConfig, compiled: Path) -> None:
    """Fit the plugin to the site, where it is there.

    It renders docstrings with the extensions of the pages. Ours would look in each for fences that ran, at lines of
    the page where they are not, so docstrings are rendered without it; the judge of the built page sees them all the
    same.
    """
    plugin = config.plugins.get("mkdocstrings")
    if plugin:
        handler = plugin.get_handler("python")
        handler.mdx = [extension for extension in handler.mdx if extension != OURS]
        config.extra_css.remove(plugin.css_filename)  # every page would load it; site.css has what is wanted of it
        keep_compiled(handler.env, compiled)


def templates(config: MkDocsConfig) -> list[Path]:
    """The templates that the plugin has from the project."""
    plugin = config.plugins.get("mkdocstrings")
    folder = plugin and plugin.config.custom_templates
    return sorted(Path(folder).rglob("*.jinja")) if folder else []


def keep_compiled(env: Environment, folder: Path) -> None:
    """Let an environment keep what it makes of its templates: compiling those of one build takes a second."""
    folder.mkdir(parents=True, exist_ok=True)
    env.bytecode_cache = FileSystemBytecodeCache(str(folder))
