"""The page in a real Chromium, over folders of files and a pretended server, for the tests of the app."""

from __future__ import annotations

import contextlib
import functools
import http.server
import json
import shutil
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from tests.web.app import samples
from tests.web.app.fixture_data import FixtureSpace, write
from tests.web.browser import WEB, needs_browser

START = """import { mount } from "./app.js";
window.app = await mount(document.getElementById("nearspace"), { address: window });
"""
DRAWN = "() => window.app?.workspace?.ctx.main.shown !== undefined"
PATIENCE = 30.0  # seconds, on a machine that does other things too


needs_app_browser = needs_browser


def site(folder: Path, spaces: Sequence[FixtureSpace], *, live: bool = False) -> Path:
    """The page and its data in one folder; test.html is the page with its app in `window.app`."""
    shutil.copytree(WEB, folder)
    index = (folder / "index.html").read_text("utf-8")
    (folder / "test.html").write_text(index.replace("main.js", "test_main.js"), "utf-8")
    (folder / "test_main.js").write_text(START, "utf-8")
    write(folder, spaces, live=live)
    return folder


class Handler(http.server.SimpleHTTPRequestHandler):
    """Files as any server has them."""

    extensions_map = {**http.server.SimpleHTTPRequestHandler.extensions_map, ".js": "text/javascript"}  # noqa: RUF012

    def log_message(self, *_: Any) -> None:
        pass

    def handle(self) -> None:
        with contextlib.suppress(ConnectionError):  # a page that was closed while it loaded
            super().handle()


def serve(folder: Path) -> tuple[http.server.ThreadingHTTPServer, str]:
    """Serve a folder on a free port of this machine."""
    server = http.server.ThreadingHTTPServer(
        ("127.0.0.1", 0), functools.partial(Handler, directory=str(folder))
    )
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server, f"http://127.0.0.1:{server.server_port}/"


@dataclass
class App:
    """One page with the app, and what it said and asked for."""

    page: Any
    base: str
    said: list[str] = field(default_factory=list)
    hosts: set[str] = field(default_factory=set)
    posts: list[tuple[str, Any]] = field(default_factory=list)

    def open(self, path: str = "", *, page: str = "test.html", drawn: bool = True) -> App:
        self.page.goto("about:blank")
        self.page.goto(f"{self.base}{page}{path}")
        if drawn:
            self.until(DRAWN)
        return self

    def eval(self, script: str, value: Any = None) -> Any:
        return self.page.evaluate(script, value)

    def state(self, name: str) -> Any:
        return self.eval("(name) => window.app.store.state[name]", name)

    def until(self, test: str, value: Any = None) -> None:
        """Wait until a function of the page gives true (playwright's own waiting needs eval in the page)."""
        end = time.monotonic() + PATIENCE
        while not self.page.evaluate(test, value):
            assert time.monotonic() < end, f"in vain: {test} ({self.said})"
            self.page.wait_for_timeout(30)

    def wait(self, condition: str, value: Any = None) -> None:
        """Wait until a condition on the state `s` holds."""
        self.until(f"(value) => {{ const s = window.app.store.state; return {condition}; }}", value)

    def place(self, row: int) -> tuple[float, float]:
        """Where a row is, in pixels of the window."""
        self.rest()
        x, y = self.eval(
            """(row) => {
              const { view, element, pointOf } = window.app.workspace.ctx.main;
              const place = view.screenOf(window.app.workspace.ctx.main.pointOf(row));
              const box = element.getBoundingClientRect();
              return [place.x + box.left, place.y + box.top];
            }""",
            row,
        )
        return x, y

    def rest(self) -> None:
        """Wait until the map has stopped moving."""
        self.until(
            """async () => {
              const view = () => JSON.stringify(window.app.workspace.ctx.main.view.view());
              const before = view();
              await new Promise((done) => setTimeout(done, 200));
              return view() === before;
            }"""
        )

    def search(self, text: str) -> None:
        self.page.locator(".search input").first.fill(text)
        self.page.keyboard.press("Enter")
        self.wait("s.results?.query === value", text)

    def keys(self) -> list[str]:
        """Keys of the listed results."""
        return self.page.locator(".results .hit-key").all_text_contents()

    def shown(self) -> int:
        """How many points the map shows."""
        return self.eval("window.app.workspace.ctx.main.shown.count")


def answer(app: App, replies: dict[str, Callable[[Any], Any]]) -> None:
    """Answer POSTs as the server would: path -> function of the body, which gives JSON, or bytes."""

    def reply(route: Any) -> None:
        request = route.request
        name = urlsplit(request.url).path.rsplit("/", 1)[-1]
        if request.method != "POST" or name not in replies:
            route.continue_()
            return
        kind = request.headers.get("content-type", "")
        body = request.post_data_buffer if kind.startswith("image/") else json.loads(request.post_data)
        app.posts.append((name, body))
        given = replies[name](body)
        if isinstance(given, bytes):
            route.fulfill(status=200, body=given, content_type="application/octet-stream")
        else:
            status = 400 if isinstance(given, dict) and "error" in given else 200
            route.fulfill(status=status, body=json.dumps(given), content_type="application/json")

    app.page.route("**/*", reply)


@pytest.fixture(scope="session")
def app_browser(browser: Any) -> Any:
    """The one Chromium of all tests of the page."""
    return browser


@pytest.fixture(scope="session")
def app_sites(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """static/, odd/ and live/ below one address."""
    root = tmp_path_factory.mktemp("sites")
    clusters, other = samples.clusters(), samples.clusters(300, name="more words", seed=3)
    site(root / "static", [clusters, other, samples.analogies()])
    site(root / "odd", [samples.awkward(), samples.single(), samples.unmapped()])
    clusters.search, clusters.save = ("key", "analogy", "image"), ("table", "tag", "space")
    site(root / "live", [clusters], live=True)
    server, base = serve(root)
    yield base
    server.shutdown()
    server.server_close()


@pytest.fixture
def make_app(app_browser: Any, app_sites: str) -> Iterator[Callable[..., App]]:
    """Opens the page of one site; at the end it must have been silent and have asked this machine only."""
    made: list[tuple[App, bool]] = []

    def make(
        folder: str = "static", *, size: tuple[int, int] = (1280, 800), loud: bool = False, **context: Any
    ) -> App:
        tab = app_browser.new_context(
            viewport={"width": size[0], "height": size[1]}, **{"reduced_motion": "reduce", **context}
        )
        app = App(tab.new_page(), f"{app_sites}{folder}/")
        app.page.on("console", lambda message: app.said.append(f"{message.type}: {message.text}"))
        app.page.on("pageerror", lambda error: app.said.append(f"thrown: {error}"))
        app.page.on("request", lambda request: app.hosts.add(urlsplit(request.url).netloc))
        made.append((app, loud))
        return app

    yield make
    for app, loud in made:
        app.page.context.close()
        allowed = ("GPU stall", "Failed to load resource") if loud else ("GPU stall",)
        said = [line for line in app.said if not any(part in line for part in allowed)]
        assert not said, f"the page said: {said}"
        assert app.hosts - {""} <= {urlsplit(app.base).netloc}, f"asked elsewhere: {app.hosts}"
