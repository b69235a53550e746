"""The process in which a build runs pages."""

import os
import sys
from pathlib import Path


def run_pytest(root: Path, pages: list[str], log: Path) -> None:
    """Run pages with pytest as it runs anywhere, from the project's root; what it says goes into `log`."""
    with open(log, "w", encoding="utf-8") as file:
        for stream in (1, 2):
            os.dup2(file.fileno(), stream)
    sys.stdout, sys.stderr = (open(stream, "w", encoding="utf-8", closefd=False) for stream in (1, 2))
    # Plugins that pages do not need take a second to load.
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    os.chdir(root)

    import pytest

    status = pytest.main(["-q", "-p", "no:cacheprovider", "--rootdir", str(root), *pages])
    sys.stdout.flush()
    sys.exit(int(status))
