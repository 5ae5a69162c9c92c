"""The page as users get it: from `nearspace serve`, from an export on a plain file server, in a notebook."""

from __future__ import annotations

import contextlib
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.web.browser import TESTS, Site, needs_browser, opened

import nearspace as ns
from nearspace.maps.parquet import save_in
from nearspace.server.app import App
from nearspace.server.gathering import site_of
from nearspace.server.guards import Guard

pytestmark = [*needs_browser, pytest.mark.slow]
GROUPS = ("red", "green", "blue", "grey")
WAIT = 30_000  # milliseconds, on a machine that does other things too
SHADOW = "document.getElementById('nearspace').shadowRoot"
BOX = f"() => {SHADOW}.querySelector('.stages').getBoundingClientRect().toJSON()"


def planted(folder: Path, name: str, n: int = 400, seed: int = 3) -> Path:
    """A Space of four groups, with a map in two dimensions and one in three."""
    rng = np.random.default_rng(seed)
    group = np.arange(n) % 4
    vectors = (np.eye(4, 8)[group] + rng.normal(scale=0.1, size=(n, 8))).astype(np.float32)
    columns = {
        "group": np.array([GROUPS[one] for one in group], dtype=object),
        "year": np.arange(1600, 1600 + n),
        "text": np.array([f"<img src=x onerror=alert({row})> & {row}" for row in range(n)], dtype=object),
    }
    space = ns.Space(ns.Keys(f"item {row}" for row in range(n)), vectors, columns=columns, name=name)
    path = folder / f"{name}.space"
    ns.save(space, path)
    for dim in (3, 2):
        save_in(path, ns.map(space, method="umap", dim=dim, limit=None), f"umap-{dim}d")
    return path


@contextlib.contextmanager
def serving(*spaces: Path) -> Iterator[str]:
    """The server of the page on a free port, in a thread."""
    uvicorn = pytest.importorskip("uvicorn")
    app = App(lambda: site_of(list(spaces), live=True), Guard("127.0.0.1"))
    server = uvicorn.Server(uvicorn.Config(app.asgi(), port=0, log_level="error", lifespan="off"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}/"
    server.should_exit = True
    thread.join()


@pytest.fixture(scope="module")
def spaces(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("served")
    return [planted(folder, "before"), planted(folder, "after", seed=4)]


def status(page: Any, text: str) -> None:
    page.locator(".status-text", has_text=text).wait_for(timeout=WAIT)


def ask(page: Any, question: str) -> None:
    page.keyboard.press("/")
    page.keyboard.press("ControlOrMeta+a")
    page.keyboard.type(question)
    page.keyboard.press("Enter")


def test_load_search_and_read(browser: Any, spaces: list[Path]) -> None:
    with serving(*spaces) as address, opened(browser, address, size=(1200, 800)) as page:
        status(page, "400 points")
        assert page.title() == "before · nearspace"
        ask(page, "item 4 - item 5 + item 9")
        page.locator(".results .hit-score").first.wait_for(timeout=WAIT)
        keys = page.locator(".results .hit-key").all_text_contents()
        assert len(keys) == 50
        assert all(int(key.split()[1]) % 4 == 0 for key in keys[:10])
        page.locator(".results .hit-key").first.click()
        page.get_by_text("<img src=x onerror=alert(", exact=False).first.wait_for(timeout=WAIT)


def test_a_lasso_is_tagged_and_the_tag_is_a_colour(browser: Any, tmp_path: Path) -> None:
    path = planted(tmp_path, "tagged", 120)
    with serving(path) as address, opened(browser, address, size=(1200, 800)) as page:
        status(page, "120 points")
        box = page.evaluate(BOX)
        page.get_by_role("button", name="Lasso", exact=False).first.click()
        edge = 8
        corners = [(edge, edge), (box["width"] - edge, edge), (box["width"] - edge, box["height"] - edge)]
        page.mouse.move(box["x"] + 300, box["y"] + edge)
        page.mouse.down()
        for x, y in [*corners[1:], (300, box["height"] - edge), (300, edge)]:
            page.mouse.move(box["x"] + x, box["y"] + y, steps=6)
        page.mouse.up()
        page.get_by_role("button", name="Tag").click(timeout=WAIT)
        page.get_by_role("textbox", name="Name of the tag").fill("inside")
        page.get_by_role("button", name="Save", exact=True).click()
        page.get_by_text("saved as inside", exact=False).wait_for(timeout=WAIT)
        page.locator(".legend-name", has_text="inside").wait_for(timeout=WAIT)
        tags = ns.open(path).columns["tag"].tolist()
        assert 0 < tags.count("inside") <= 120


def test_the_link_of_a_view_restores_it(browser: Any, spaces: list[Path]) -> None:
    with serving(*spaces) as address, opened(browser, address, size=(1200, 800)) as page:
        status(page, "400 points")
        ask(page, "item 7")
        page.locator(".results .hit-score").first.wait_for(timeout=WAIT)
        link = page.url
        assert "#" in link
        with opened(browser, link, size=(1200, 800)) as again:
            again.locator(".results .hit-score").first.wait_for(timeout=WAIT)
            assert (
                again.locator(".results .hit-key").all_text_contents()
                == page.locator(".results .hit-key").all_text_contents()
            )


def test_an_export_works_from_any_file_server(browser: Any, spaces: list[Path], tmp_path: Path) -> None:
    ns.export(*spaces, to=tmp_path / "page")
    (tmp_path / "other").mkdir()
    folders = {"/": tmp_path / "other", "/deep/down/": tmp_path / "page"}
    with Site(folders) as site, opened(browser, site.url + "deep/down/", size=(1200, 800)) as page:
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        status(page, "400 points")
        ask(page, "item 4 - item 5 + item 9")
        page.locator(".results .hit-score").first.wait_for(timeout=WAIT)
        keys = page.locator(".results .hit-key").all_text_contents()
        space = ns.open(spaces[0])
        exact = ns.search(space, positive=["item 4", "item 9"], negative=["item 5"], k=50).keys[0]
        assert len(set(keys[:10]) & set(exact[:10])) >= 9  # int8 in the page
        assert all(url.startswith((site.url, "blob:", "data:")) for url in asked)


def test_a_notebook_shows_the_same_page(browser: Any, spaces: list[Path]) -> None:
    """The widget's own module, whose kernel is here a server: what it asks for goes over HTTP instead."""
    with serving(spaces[0]) as address, Site({"/": TESTS}) as site:

        def through(route: Any) -> None:
            """Pass on what the pretended kernel is asked, from the page's own origin."""
            url = address + route.request.url.split("/kernel/", 1)[1]
            body = route.request.post_data
            asked = urllib.request.Request(url, None if body is None else body.encode())
            asked.add_header("content-type", "application/json")
            try:
                with urllib.request.urlopen(asked) as answer:
                    route.fulfill(
                        body=answer.read(), headers={"content-type": answer.headers["content-type"]}
                    )
            except urllib.error.HTTPError as error:
                route.fulfill(status=error.code, body=error.read())

        tab = browser.new_context(viewport={"width": 1000, "height": 700}, bypass_csp=True)
        page = tab.new_page()
        said: list[str] = []
        page.on("pageerror", lambda error: said.append(str(error)))
        page.route("**/kernel/**", through)
        page.goto(site.url + "notebook.html")
        status(page, "400 points")
        page.locator(".search input, input[type=search]").first.fill("item 8")
        page.keyboard.press("Enter")
        page.locator(".results .hit-score").first.wait_for(timeout=WAIT)
        tab.close()
        assert said == []


def test_markup_and_broken_coordinates_do_no_harm(browser: Any, tmp_path: Path) -> None:
    keys = ["<script>alert(1)</script>", "<b>bold</b>", "nan", "fine"]
    vectors = np.eye(4, dtype=np.float32)
    space = ns.Space(
        ns.Keys(keys), vectors, columns={"<i>c</i>": np.array(["<u>x</u>"] * 4, dtype=object)}, name="odd"
    )
    path = tmp_path / "odd.space"
    ns.save(space, path)
    laid_out = ns.map(space, method="pca", limit=None)
    laid_out.coordinates[2] = np.nan
    save_in(path, laid_out, "pca")
    with serving(path) as address, opened(browser, address, size=(1200, 800)) as page:
        status(page, "points")
        ask(page, "<b>bold</b>")
        page.locator(".results .hit-key").first.wait_for(timeout=WAIT)
        shadow = "document.getElementById('nearspace').shadowRoot"
        assert (
            page.evaluate(f"() => {shadow}.querySelectorAll('script, b, i:not([class]), u, img').length") == 0
        )


@pytest.mark.parametrize("n", [1, 2])
def test_a_space_too_small_for_a_map_says_so(browser: Any, tmp_path: Path, n: int) -> None:
    path = tmp_path / "tiny.space"
    ns.save(ns.Space(ns.Keys(["one", "two"][:n]), np.eye(n, 2, dtype=np.float32)), path)
    with serving(path) as address, opened(browser, address, size=(1200, 800)) as page:
        page.locator("main, .whole").first.wait_for(timeout=WAIT)
        page.wait_for_timeout(500)
        assert "map" in page.evaluate(f"() => {SHADOW}.querySelector('.app').innerText").lower()
