"""How soon does the page show a million points, how much is sent for it, and how soon is a search seen?

A Space of a million rows in 200 clusters is saved with a map, served by `nearspace serve` in a process of
its own, and opened in headless Chromium, which draws WebGL in software. Milliseconds are the browser's own,
from the request of the page to the end of the frame that shows the points (mark nearspace:drawn).
Usage: python benchmarks/page.py [--points 1000000] [--runs 5] [--shots FOLDER]
"""

from __future__ import annotations

import argparse
import re
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from playwright.sync_api import Page, sync_playwright

import nearspace as ns
from nearspace.maps.parquet import save_in
from nearspace.results import Map

CHROMIUM = "/usr/bin/chromium"
FLAGS = [
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
    "--ignore-gpu-blocklist",
]

SEEN = """() => new Promise((done) => {
  const marked = () => performance.getEntriesByName("nearspace:drawn")[0];
  const look = () => (marked() ? done(marked().startTime) : requestAnimationFrame(look));
  look();
})"""
WATCH = """(question) => {
  const root = document.getElementById("nearspace").shadowRoot;
  let start = 0;
  const enter = ({ key }) => { if (key === "Enter") start = performance.now(); };
  root.addEventListener("keydown", enter, { capture: true });
  window.seen = new Promise((done) => {
    const look = new MutationObserver(() => {
      if (!start || root.querySelector(".results .query")?.textContent !== question) return;
      look.disconnect();
      root.removeEventListener("keydown", enter, { capture: true });
      requestAnimationFrame(() => setTimeout(() => done(performance.now() - start)));
    });
    look.observe(root, { subtree: true, childList: true, characterData: true });
  });
}"""


def make(folder: Path, points: int) -> None:
    """Save a Space of so many rows, and a map on which each cluster is a blob."""
    random = np.random.default_rng(1)
    group = random.integers(0, 200, points)
    centres = random.standard_normal((200, 16), dtype=np.float32)
    vectors = centres[group] + 0.3 * random.standard_normal((points, 16), dtype=np.float32)
    places = (
        random.uniform(-40, 40, (200, 2))[group]
        + random.standard_normal((points, 2)) * random.uniform(0.5, 3, 200)[group, None]
    )
    keys = ns.Keys(f"row {row}" for row in range(points))
    columns = {
        "group": np.array([f"group {one % 10}" for one in range(200)], dtype=object)[group],
        "size": random.random(points).astype(np.float32),
    }
    ns.save(ns.Space(keys, vectors, columns=columns, name="million"), folder)
    trust = random.random(points).astype(np.float32)
    save_in(folder, Map(keys, places.astype(np.float32), trust, "umap", {}, 10 / points), "umap")


def serve(folder: Path) -> tuple[subprocess.Popen[str], str]:
    command = [sys.executable, "-m", "nearspace.cli", "serve", str(folder), "--port", "0", "--quiet"]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    found = re.search(r"http://\S+", server.stdout.readline())
    return server, found[0]


def first_picture(page: Page, address: str) -> dict[str, Any]:
    """Open the page; give milliseconds to the picture and the bytes that came for it."""
    sizes: dict[str, int] = {}
    page.on(
        "response", lambda answer: sizes.update({answer.url: int(answer.headers.get("content-length", 0))})
    )
    page.goto(address)
    drawn = page.evaluate(SEEN)
    binary = {url: size for url, size in sizes.items() if url.endswith(".bin")}
    return {"first picture, ms": drawn, "binary": binary, "all bytes": sum(sizes.values())}


def search(page: Page, question: str) -> float:
    """Milliseconds from Enter to the end of the frame in which the hits are listed and marked on the map."""
    page.evaluate(WATCH, question)
    page.keyboard.press("/")
    page.keyboard.press("ControlOrMeta+a")
    page.keyboard.type(question)
    page.wait_for_timeout(500)
    page.keyboard.press("Enter")
    took: float = page.evaluate("() => window.seen")
    page.wait_for_timeout(1500)  # the map has flown there
    return took


def frames(page: Page) -> float:
    """Median milliseconds of a frame while the map is dragged and zoomed."""
    box = page.viewport_size
    x, y = box["width"] / 2, box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    times = []
    for step in range(30):
        began = time.perf_counter()
        page.mouse.move(x + 6 * step, y + 3 * step)
        page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
        times.append(1000 * (time.perf_counter() - began))
    page.mouse.up()
    return statistics.median(times) / 2


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--points", type=int, default=1_000_000)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--shots", type=Path)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as play:
        space = Path(folder) / "million.space"
        make(space, given.points)
        server, address = serve(space)
        try:
            pictures, searches, moves = [], [], []
            for number in range(given.runs):
                browser = play.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
                page = browser.new_page(viewport={"width": 1360, "height": 860})
                page.on("console", lambda message: print("console:", message.text))
                pictures.append(first_picture(page, address))
                page.wait_for_timeout(500)
                if given.shots:
                    page.screenshot(path=given.shots / f"page-{number}.png")
                searches += [search(page, f"row {row}") for row in (17, 4711)]
                searches.append(search(page, "row 3 - row 4 + row 5"))
                moves.append(frames(page))
                if given.shots:
                    page.screenshot(path=given.shots / f"searched-{number}.png")
                browser.close()
        finally:
            server.terminate()
            server.wait()
    shown = pictures[0]
    for url, size in shown["binary"].items():
        print(f"{size / given.points:8.2f} bytes a point  {url.split('data/')[-1]}")
    print(
        f"{sum(shown['binary'].values()) / given.points:8.2f} bytes a point in all before the first picture"
    )
    times = [one["first picture, ms"] for one in pictures]
    print(f"first picture: median {statistics.median(times):,.0f} ms, {min(times):,.0f} to {max(times):,.0f}")
    middle = statistics.median(searches)
    print(f"search to highlight: median {middle:,.0f} ms, worst {max(searches):,.0f}, n {len(searches)}")
    print(f"a frame while dragging: median {statistics.median(moves):,.0f} ms")


if __name__ == "__main__":
    main()
