"""A page with nothing but a map, and questions to it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import numpy as np
from tests.web.browser import Site, opened

POINTS = """([x, y, z]) => map.setPoints({n: x.length, dim: z ? 3 : 2, x: Float32Array.from(x),
    y: Float32Array.from(y), z: z ? Float32Array.from(z) : null})"""


@contextlib.contextmanager
def map_page(browser: Any, site: Site, query: str = "", **context: Any) -> Iterator[Any]:
    with opened(browser, f"{site.url}tests/view.html{query}", **context) as page:
        page.wait_for_selector("[data-ready]")
        yield page


def place(page: Any, x: list, y: list, z: list | None = None) -> None:
    """Set points; None is NaN."""
    nan = [[np.nan if value is None else value for value in axis] for axis in (x, y)]
    page.evaluate(POINTS, [*nan, z])
    page.evaluate("rest()")


def screen_of(page: Any, n: int) -> np.ndarray:
    found = page.evaluate("n => Array.from({length: n}, (_, i) => map.screenOf(i)).map(p => [p.x, p.y])", n)
    return np.array(found, dtype=float)


def drag(page: Any, path: list[tuple[float, float]]) -> None:
    page.mouse.move(*path[0])
    page.mouse.down()
    for at in path[1:]:
        page.mouse.move(*at)
    page.mouse.up()
