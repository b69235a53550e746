"""A built site, served as a host of static files serves it."""

import functools
import gzip
import json
import re
import threading
from dataclasses import dataclass
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urlsplit

from pagecode.project import Project

ROOT = Path(__file__).parents[2]
OURS = Project.load(ROOT)
BUILT = ROOT / "site"
PACKED = (".woff2", ".png", ".jpg", ".gz")  # what no host compresses again


@dataclass(frozen=True)
class Site:
    """A folder with a built site, the name of the host that serves it, and the path it is served below."""

    folder: Path
    host: str

    @functools.cached_property
    def base(self) -> str:
        """Where the site expects to lie: the one page that may be asked for at any address says it."""
        text = (self.folder / "404.html").read_text(encoding="utf-8")
        config = re.search(r'<script id="__config" type="application/json">(.*?)</script>', text, re.DOTALL)[1]
        return json.loads(config)["base"].rstrip("/") + "/"

    @property
    def origin(self) -> str:
        return f"http://{self.host}"

    def url(self, address: str) -> str:
        return f"{self.origin}{self.base}{address}"

    def file(self, path: str) -> Path | None:
        """The file behind the path of a request, if there is one."""
        path = unquote(urlsplit(path).path)
        if not path.startswith(self.base):
            return None
        file = (self.folder / path.removeprefix(self.base)).resolve()
        file = file / "index.html" if file.is_dir() else file
        return file if file.is_file() and file.is_relative_to(self.folder.resolve()) else None

    def weight(self, url: str) -> int:
        """How many bytes of a file travel, compressed as hosts do it."""
        file = self.file(url)
        content = file.read_bytes()
        return len(content) if file.suffix in PACKED else len(gzip.compress(content, 6))


class Server(ThreadingHTTPServer):
    """Serves several sites on one port, each to those who ask for its host."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.sites: dict[str, Site] = {}

    def __enter__(self) -> "Server":
        self.thread = threading.Thread(target=self.serve_forever, daemon=True)
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.shutdown()
        self.thread.join()
        self.server_close()

    def add(self, folder: Path, host: str) -> Site:
        self.sites[host] = Site(folder, host)
        return self.sites[host]

    def handle_error(self, request: object, client_address: object) -> None:
        """A browser may hang up whenever it likes."""


class Handler(SimpleHTTPRequestHandler):
    """Answers with the site's own page where there is nothing, as hosts of static files do."""

    protocol_version = "HTTP/1.1"
    extensions_map = {
        **SimpleHTTPRequestHandler.extensions_map,
        ".mjs": "text/javascript",
        ".woff2": "font/woff2",
        ".ipynb": "application/json",
    }

    def do_GET(self) -> None:
        site = self.server.sites[self.headers["Host"]]
        file = site.file(self.path)
        content = (file or site.folder / "404.html").read_bytes()
        self.send_response(200 if file else 404)
        self.send_header("Content-Type", self.guess_type(str(file or "404.html")))
        self.send_header("Content-Length", str(len(content)))
        # As long as one context lives, what it has loaded it need not load again.
        self.send_header("Cache-Control", "max-age=600")
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """The tests look at what the browser asked for instead."""


def addresses() -> list[str]:
    """Where the pages of the built site lie, the one for what is not there included; without a site, one that fails."""
    found = [file.relative_to(BUILT).as_posix().removesuffix("index.html") for file in BUILT.rglob("*.html")]
    return sorted(found) or [""]


def source_of(address: str) -> Path | None:
    """The Markdown of a page, where it has one."""
    name = address.rstrip("/")
    files = [OURS.docs / f"{name}.md", OURS.docs / name / "index.md"]
    return next((file for file in files if file.is_file()), None)


def fault() -> str | None:
    """Why the built site is not what the pages say now, in one line."""
    if not (BUILT / "index.html").is_file():
        return "there is no site/ to test; run: make site"
    built = (BUILT / "index.html").stat().st_mtime
    ran = max((file.stat().st_mtime for file in (OURS.cache / "ledger").rglob("*.json")), default=0)
    return "site/ is older than the last run of its pages; run: make site" if ran > built else None
