"""The map view of the page with many points, in headless Chromium with software WebGL.

Usage: python benchmarks/page_view.py [--points N] [--json]
Milliseconds from setPoints to the first picture, medians and 90 % quantiles of the time between pictures
while a map is panned, zoomed and (3-D) turned by mouse, of hover and lasso, and the memory of the page. The
GPU is the processor here, so this is the worst case.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.web.browser import TESTS, WEB, Site, launched, missing, opened

FIRST = """async ([n, dim]) => {
  const { points, codes } = clusters(n, { dim });
  window.data = { points, codes };
  const palette = colors.categorical("light", 12);
  const pixel = new Uint8Array(4);
  const drawn = nextDrawn();
  const start = performance.now();
  map.setPoints(points);
  const indexed = performance.now() - start;
  map.setColors({ codes, palette, missing: [128, 128, 128] });
  await drawn;
  const { gl } = map.painter;
  gl.readPixels(0, 0, 1, 1, gl.RGBA, gl.UNSIGNED_BYTE, pixel); // waits until it is on the canvas
  return { "index ms": indexed, "first picture ms": performance.now() - start };
}"""

START_FRAMES = """() => {
  window.frames = [];
  let last = performance.now();
  window.tick = () => {
    const now = performance.now();
    frames.push(now - last);
    last = now;
  };
  map.addEventListener("drawn", tick);
}"""

END_FRAMES = """() => {
  map.removeEventListener("drawn", tick);
  const sorted = frames.slice(2).sort((a, b) => a - b);
  return [sorted[Math.floor(sorted.length * 0.5)], sorted[Math.floor(sorted.length * 0.9)]];
}"""

QUERIES = """() => {
  const times = [];
  for (let i = 0; i < 200; i++) {
    const start = performance.now();
    map.nearestAt(100 + (i * 37) % 1000, 100 + (i * 53) % 600);
    times.push(performance.now() - start);
  }
  times.sort((a, b) => a - b);
  return { "hover ms, median": times[100], "hover ms, largest": times[199] };
}"""

FILTER = """() => {
  const mask = data.codes.map((code) => code % 2);
  const start = performance.now();
  map.setVisible(mask);
  const filtered = performance.now() - start;
  map.setVisible(null);
  return filtered;
}"""


def measured(page: Any, n: int, dim: int) -> dict[str, float]:
    """All figures of one map."""
    figures: dict[str, float] = page.evaluate(FIRST, [n, dim])
    page.evaluate("rest()")
    for name, act in {"pan": pan, "zoom": zoom, **({"turn": pan} if dim == 3 else {})}.items():
        if name == "pan" and dim == 3:
            page.keyboard.down("Shift")
        page.evaluate(START_FRAMES)
        act(page)
        middle, slow = page.evaluate(END_FRAMES)
        page.keyboard.up("Shift")
        figures |= {f"{name} ms a picture": middle, f"{name} ms, 90 %": slow}
        page.evaluate("map.setView({...map.view(), zoom: 0, center: map.camera.middle})")
        page.evaluate("rest()")
    figures |= page.evaluate(QUERIES)
    figures["filter ms"] = page.evaluate(FILTER)
    figures["lasso ms"] = lasso(page)
    figures["heap MB"] = page.evaluate("performance.memory.usedJSHeapSize / 1e6")
    return figures


def pan(page: Any) -> None:
    page.mouse.move(600, 400)
    page.mouse.down()
    for step in range(60):
        page.mouse.move(600 + (step % 20) * 8, 400 + (step % 15) * 6)
        page.wait_for_timeout(16)
    page.mouse.up()


def zoom(page: Any) -> None:
    page.mouse.move(500, 350)
    for step in range(60):
        page.mouse.wheel(0, -60 if step < 30 else 60)
        page.wait_for_timeout(16)


def lasso(page: Any) -> float:
    """Milliseconds of a lasso around most points."""
    script = """() => { const path = Array.from({length: 200}, (_, i) => i / 200 * 2 * Math.PI)
        .map((a) => [600 + 420 * Math.cos(a) + 30 * Math.cos(9 * a), 400 + 320 * Math.sin(a)]);
      const start = performance.now();
      map.screen.inside(new Polygon(path));
      return performance.now() - start; }"""
    page.evaluate("import('/view/lasso.js').then(({ Polygon }) => { window.Polygon = Polygon; })")
    return float(page.evaluate(script))


def main() -> None:
    """Print one table, points and dimensions across."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--points", type=int, action="append")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    if missing():
        raise SystemExit(missing())
    figures: dict[str, dict[str, float]] = {}
    with Site({"/": WEB, "/tests/": TESTS}) as site, launched() as browser:
        for n in options.points or [1_000_000]:
            for dim in (2, 3):
                with opened(browser, f"{site.url}tests/view.html", size=(1200, 800)) as page:
                    page.wait_for_selector("[data-ready]")
                    figures[f"{n:,} in {dim}-D"] = measured(page, n, dim)
    if options.json:
        print(json.dumps(figures))
        return
    names = list(dict.fromkeys(name for column in figures.values() for name in column))
    print("| | " + " | ".join(figures) + " |\n|---|" + "---|" * len(figures))
    for name in names:
        print(
            f"| {name} | "
            + " | ".join(f"{column.get(name, float('nan')):.1f}" for column in figures.values())
            + " |"
        )


if __name__ == "__main__":
    main()
