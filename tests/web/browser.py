"""A headless Chromium with software WebGL, and a web server of local folders, for the tests of the page.

    with Site({"/": WEB, "/tests/": TESTS}) as site, opened(browser, site.url + "tests/view.html") as page:
        page.evaluate("...")

Wait for selectors: `wait_for_function` evaluates text in the page, which the policy forbids.
`opened` fails the test where the page wrote to the console, threw, or broke its Content-Security-Policy.
"""

from __future__ import annotations

import contextlib
import functools
import http.server
import importlib.util
import shutil
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

import nearspace

WEB = Path(nearspace.__file__).parent / "web"
TESTS = Path(__file__).parent
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS = (
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
    "--ignore-gpu-blocklist",
)
POLICY = (
    "default-src 'self'; img-src 'self' data: blob:; style-src 'self'; script-src 'self'; worker-src 'self'"
)
TYPES = {".js": "text/javascript", ".html": "text/html", ".css": "text/css", ".json": "application/json"}


def missing() -> str | None:
    """Why no browser can be driven here, or None."""
    if importlib.util.find_spec("playwright") is None:
        return "the page is tested with playwright, which is not installed"
    if CHROMIUM is None:
        return "the page is tested in Chromium, and none is on the PATH"
    return None


needs_browser = [
    pytest.mark.browser,
    pytest.mark.extras,
    pytest.mark.skipif(missing() is not None, reason=missing() or ""),
]


class Handler(http.server.SimpleHTTPRequestHandler):
    """Serves the files of `folders`, from the start of a path to its folder; the longest start wins."""

    def __init__(self, *args: Any, folders: Mapping[str, Path]) -> None:
        self.folders = folders
        super().__init__(*args)

    def translate_path(self, path: str) -> str:
        path = path.partition("?")[0]
        start = max((start for start in self.folders if path.startswith(start)), key=len)
        self.directory = str(self.folders[start])
        return super().translate_path("/" + path[len(start) :])

    def guess_type(self, path: Any) -> str:
        return TYPES.get(Path(path).suffix, "application/octet-stream")

    def end_headers(self) -> None:
        self.send_header("Content-Security-Policy", POLICY)
        self.send_header("Cache-Control", "no-store")
        super().end_headers()

    def log_message(self, *args: Any) -> None:
        pass


class Site:
    """A web server on a free port of this machine, for as long as its `with` lasts."""

    def __init__(self, folders: Mapping[str, Path]) -> None:
        handler = functools.partial(Handler, folders=folders)
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/"

    def __enter__(self) -> Site:
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


@contextlib.contextmanager
def launched() -> Iterator[Any]:
    """A browser of playwright's sync API."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        yield browser
        browser.close()


@contextlib.contextmanager
def opened(browser: Any, url: str, *, size: tuple[int, int] = (900, 600), **context: Any) -> Iterator[Any]:
    """A page in a context of its own; what it writes to the console fails the test at the end."""
    said: list[str] = []
    tab = browser.new_context(viewport={"width": size[0], "height": size[1]}, **context)
    page = tab.new_page()
    page.on("console", lambda message: said.append(f"{message.type}: {message.text}"))
    page.on("pageerror", lambda error: said.append(f"thrown: {error}"))
    try:
        page.goto(url)
        yield page
    finally:
        tab.close()
    said = [line for line in said if not _of_the_driver(line)]
    assert not said, f"the page said: {said}"


def _of_the_driver(line: str) -> bool:
    """Tell what Chromium itself says of a software renderer from what the page says."""
    return "GPU stall due to ReadPixels" in line
