"""What goes wrong in a browser without anybody looking at its console."""

from urllib.parse import urlsplit

from playwright.sync_api import BrowserContext


class Watch:
    """Notes, on every page of the contexts that it is told of, what no reader's browser should have to report."""

    def __init__(self) -> None:
        self.faults: list[str] = []
        self.asked: list[str] = []

    def on(self, context: BrowserContext, origin: str) -> None:
        """Watch a context in which only `origin` may be asked for anything."""
        context.on("console", lambda message: self.console(message.type, message.text))
        context.on("weberror", lambda error: self.faults.append(f"error: {error.error}"))
        context.on("request", lambda request: self.request(request.url, origin))
        context.on("requestfailed", lambda request: self.failed(request.url, request.failure))
        context.on("response", lambda response: self.response(response.url, response.status))

    def console(self, kind: str, text: str) -> None:
        if kind in ("error", "warning"):
            self.faults.append(f"console {kind}: {text}")

    def request(self, url: str, origin: str) -> None:
        self.asked.append(url)
        parts = urlsplit(url)
        if parts.scheme != "data" and f"{parts.scheme}://{parts.netloc}" != origin:
            self.faults.append(f"asked another origin: {url}")

    def failed(self, url: str, why: str) -> None:
        # What is under way when the reader goes on to another page is given up, and that is no fault.
        if why != "net::ERR_ABORTED":
            self.faults.append(f"failed: {url}: {why}")

    def response(self, url: str, status: int) -> None:
        if status >= 400:
            self.faults.append(f"status {status}: {url}")
