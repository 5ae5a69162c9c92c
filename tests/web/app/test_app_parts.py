"""The parts of the page beside numpy and by hand: keys, vectors, ranks, colours, expressions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from tests.web.app.app_browser import App, needs_app_browser

pytestmark = needs_app_browser

Make = Callable[..., App]


@pytest.fixture
def page(make_app: Make) -> App:
    return make_app().open(drawn=False)


@pytest.mark.parametrize("metric", ["cosine", "dot", "euclidean"])
def test_nearest_vectors_are_those_of_numpy(page: App, metric: str) -> None:
    rng = np.random.default_rng(5)
    vectors = rng.normal(size=(300, 12)).astype(np.float32)
    vectors[7] = 0
    scales = np.abs(vectors).max(axis=1).clip(1e-9) / 127
    codes = np.rint(vectors / scales[:, None]).astype(np.int8)
    held = codes.astype(np.float32) * scales[:, None].astype(np.float32)
    query = held[3]
    dots = held @ query
    lengths = np.linalg.norm(held, axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        scores = {
            "dot": dots,
            "cosine": dots / lengths / lengths[3],
            "euclidean": -np.linalg.norm(held - query, axis=1),
        }[metric]
    scores[3] = np.nan
    order = np.argsort(-np.nan_to_num(scores, nan=-np.inf), kind="stable")[:20]
    found = page.eval(
        """async ({ codes, scales, metric }) => {
          const { answer, table } = await import("./vector_math.js");
          const buffer = new ArrayBuffer(codes.length + 4 * scales.length);
          new Int8Array(buffer).set(codes);
          new Uint8Array(buffer, codes.length).set(new Uint8Array(Float32Array.from(scales).buffer));
          const held = table({ buffer, count: scales.length, dim: 12, metric });
          return answer(held, { terms: [{ row: 3, sign: 1 }], k: 20 });
        }""",
        {"codes": codes.ravel().tolist(), "scales": scales.tolist(), "metric": metric},
    )
    assert [hit["row"] for hit in found] == order.tolist()
    assert [hit["score"] for hit in found] == pytest.approx(scores[order].tolist(), abs=1e-4)


KEYS = ["king", "King's", "kingdom", "mañana", "ström", "İstanbul", "a👍b", "", "looking"]


def keys(page: App, call: str, *values: Any) -> Any:
    return page.eval(
        f"""async ([keys, ...values]) => {{
          const {{ KeyTable }} = await import("./keys.js");
          const parts = keys.map((key) => new TextEncoder().encode(key));
          const offsets = [0];
          for (const part of parts) offsets.push(offsets.at(-1) + part.length);
          const bytes = Uint8Array.from(parts.flatMap((part) => [...part]));
          return new KeyTable(Uint32Array.from(offsets), bytes).{call}(...values);
        }}""",
        [KEYS, *values],
    )


@pytest.mark.parametrize("row", range(len(KEYS)))
def test_a_key_is_found_by_its_row_and_back(page: App, row: int) -> None:
    assert keys(page, "at", row) == KEYS[row]
    assert keys(page, "rowOf", KEYS[row]) == row


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("king", [0, 1, 2, 8]),
        ("KING'S", [1]),
        ("ANA", [3]),
        ("istan", [5]),
        ("👍", [6]),
        ("dommañ", []),  # the end of one key and the start of the next
        ("", []),
        ("xyz", []),
    ],
)
def test_keys_are_found_by_parts_whole_ones_first(page: App, text: str, rows: list[int]) -> None:
    assert keys(page, "find", text) == rows


def test_the_limit_of_found_keys_is_kept(page: App) -> None:
    assert keys(page, "find", "k", 2) == [0, 1]


@pytest.mark.parametrize(
    ("query", "parts"),
    [
        ("king", [(1, "king")]),
        ("king - man + woman", [(1, "king"), (-1, "man"), (1, "woman")]),
        ("well-known", [(1, "well-known")]),
        ("- new york + paris", [(-1, "new york"), (1, "paris")]),
        ("c++", [(1, "c++")]),
        ("king - ", [(1, "king -")]),
        ("", []),
    ],
)
def test_a_query_is_taken_apart_at_signs_between_blanks(
    page: App, query: str, parts: list[tuple[int, str]]
) -> None:
    found = page.eval("async (query) => (await import('./expression.js')).terms(query)", query)
    assert [(part["sign"], part["text"]) for part in found] == parts


def test_places_on_the_map_are_those_of_numpy(page: App) -> None:
    rng = np.random.default_rng(2)
    points = rng.normal(size=(200, 2)).astype(np.float32)
    points[9] = np.nan
    distances = np.linalg.norm(points - points[0], axis=1)
    distances[0] = np.inf
    others = [5, 50, 17, 199]
    expected = [int(np.nansum(distances < distances[other])) + 1 for other in others]
    found = page.eval(
        """async ({ x, y, others }) => {
          const { MapData } = await import("./map_data.js");
          const places = Float32Array.from([...x, ...y], (value) => value ?? NaN);
          const map = new MapData(null, "", { count: x.length, dim: 2 }, places, null);
          return map.ranks(0, others);
        }""",
        {
            "x": [None if np.isnan(value) else float(value) for value in points[:, 0]],
            "y": [None if np.isnan(value) else float(value) for value in points[:, 1]],
            "others": others,
        },
    )
    assert found == expected


@pytest.mark.parametrize(
    "state",
    [
        {},
        {"map": "a/b&c", "query": "a=b#c + é", "color": "~trust"},
        {"filters": {"a.b": {"low": -1.5, "high": 2e-7}, "c": {"values": ["x|y", '"']}}},
        {"camera": {"center": [1.5, -2, 0], "zoom": -0.25, "rotation": [0.6, 0.35]}, "faded": True},
    ],
)
def test_the_address_gives_back_what_it_got(page: App, state: dict[str, Any]) -> None:
    full = {"filters": {}, "camera": None, "sized": False, "faded": False, **state}
    back = page.eval(
        """async (state) => {
          const { read, write } = await import("./address.js");
          return read(`#${write(state, {})}`);
        }""",
        full,
    )
    assert back == full


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.12345, "0.1235"), (1965, "1965"), (20000, "20,000"), (1e-9, "1.00e-9"), (None, "none"), (3.5, "3.5")],
)
def test_numbers_are_written_for_people(page: App, value: float | None, text: str) -> None:
    assert page.eval("async (value) => (await import('./format.js')).number(value)", value) == text
