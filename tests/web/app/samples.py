"""Spaces whose answers are known by construction, for the tests of the page."""

from __future__ import annotations

import numpy as np
from tests.web.app.fixture_data import FixtureMap, FixtureSpace

CLASSES = ("animals", "cities", "rivers", "tools", "planets")
SIDE = 12.0
MEASURES = (
    {
        "name": "wordsim353.spearman",
        "value": 0.643,
        "low": 0.571,
        "high": 0.702,
        "baseline": {"random": 0.004, "characters": 0.12},
        "n": 334,
        "coverage": 0.946,
    },
    {
        "name": "google.accuracy",
        "value": 0.359,
        "low": 0.331,
        "high": 0.388,
        "baseline": {"random": 0.00003, "only_c": 0.041},
        "n": 15412,
        "coverage": 0.789,
    },
    {
        "name": "google.semantic.accuracy",
        "value": 0.402,
        "low": 0.351,
        "high": 0.457,
        "baseline": {"random": 0.00003, "only_c": 0.022},
        "n": 7018,
        "coverage": 0.791,
    },
    {
        "name": "nouns100.purity",
        "value": 0.71,
        "low": 0.62,
        "high": 0.79,
        "baseline": {"random": 0.21, "characters": 0.24},
        "n": 97,
        "coverage": 0.97,
    },
)
MAP_MEASURES = (
    {
        "name": "map.trust",
        "value": 0.61,
        "low": 0.6,
        "high": 0.62,
        "baseline": {"chance": 0.01},
        "n": 600,
        "coverage": 1.0,
    },
)


def clusters(n: int = 600, *, name: str = "words", seed: int = 1) -> FixtureSpace:
    """Planted clusters: row r is of class r % 5, its key is CLASS-NUMBER, its point with its class.

    Row 0 is torn away: its vector is in the middle of its class, its point in a far corner.
    """
    rng = np.random.default_rng(seed)
    label = np.arange(n) % len(CLASSES)
    centers = np.eye(len(CLASSES), 16)
    vectors = (centers[label] + rng.normal(scale=0.12, size=(n, 16))).astype(np.float32)
    angle = label * 2 * np.pi / len(CLASSES)
    places = np.stack([np.cos(angle), np.sin(angle)], axis=1) * 6 + rng.normal(scale=1.1, size=(n, 2))
    places[0] = (SIDE, SIDE)
    trust = np.clip(1 - np.abs(places - 0).max(axis=1) / 14 + rng.normal(scale=0.1, size=n), 0, 1)
    trust[0] = 0.0
    names = [CLASSES[at] for at in label]
    fine = (label * 2 + (places[:, 0] > places[:, 0].mean())).astype(np.uint16)
    third = np.concatenate([places, rng.normal(size=(n, 1))], axis=1).astype(np.float32)
    details = {"trust": trust, "torn": 1 - trust, "false": trust * 0.5, "stability": np.sqrt(trust)}
    regions = [
        (label.astype(np.uint16), CLASSES),
        (fine, [f"{one} {side}" for one in CLASSES for side in ("west", "east")]),
    ]
    return FixtureSpace(
        name=name,
        keys=[f"{one}-{row}" for row, one in enumerate(names)],
        vectors=vectors,
        columns={
            "class": names,
            "year": [1900 + row % 120 for row in range(n)],
            "count": [float(10 ** (row % 6)) if row % 7 else float("nan") for row in range(n)],
            "text": [f"The text of row {row}, which is about {one}." for row, one in enumerate(names)],
        },
        kinds={"text": "text"},
        maps=[
            FixtureMap("umap", places.astype(np.float32), details, regions=regions, report=MAP_MEASURES),
            FixtureMap("umap-3d", third, {"trust": trust}),
            FixtureMap(
                "pca",
                vectors[: n // 2, :2],
                {"trust": trust[: n // 2]},
                rows=np.arange(n // 2, dtype=np.uint32),
                method="pca",
            ),
        ],
        measures=MEASURES,
        recipe={
            "learner": "skipgram",
            "settings": {"dim": 16, "window": 5, "negative": 5},
            "seed": 1,
            "data": {"files": "wiki.txt", "tokens": 20_000_000},
            "versions": {"nearspace": "0.1.0", "numpy": "2.4"},
            "seconds": 41.2,
            "history": [],
            "command": "nearspace learn words wiki.txt -o words.space --method skipgram --dim 16",
        },
        history=[
            {"version": 1, "time": "2026-03-01T10:00:00Z", "rows": n - 10, "change": "created"},
            {"version": 2, "time": "2026-03-02T09:30:00Z", "rows": n, "change": "upsert of 10 rows"},
        ],
    )


def analogies() -> FixtureSpace:
    """Four words whose arithmetic comes out exactly: king - man + woman = queen; and a few others."""
    vectors = {
        "king": (1, 1, 0, 0),
        "man": (0, 1, 0, 0),
        "woman": (0, 0, 1, 0),
        "queen": (1, 0, 1, 0),
        "prince": (0.9, 0.9, 0.1, 0.3),
        "Ångström": (0, 0, 0, 1),
        "well-known": (0, 0.2, 0.1, 1),
    }
    table = np.array(list(vectors.values()), dtype=np.float32)
    return FixtureSpace(
        name="royal",
        keys=list(vectors),
        vectors=table,
        neighbors=3,
        maps=[
            FixtureMap("pca", table[:, :2] + table[:, 2:], {"trust": np.full(len(table), 0.5)}, method="pca")
        ],
    )


def awkward() -> FixtureSpace:
    """Identical vectors, NaN coordinates, markup in keys, texts, classes and names, an empty cell."""
    evil = '<img src=x onerror="window.hurt=1">'
    places = np.array([[0, 0], [np.nan, 1], [2, 2], [1, np.inf], [1, 1]], dtype=np.float32)
    return FixtureSpace(
        name="<b>awkward</b>",
        keys=[evil, "<script>window.hurt=1</script>", "plain", "&amp;", "=1+1"],
        vectors=np.ones((5, 4), dtype=np.float32),
        columns={
            "<i>kind</i>": ["<b>bold</b>", "x", "x", None, "x"],
            "number": [1.0, float("nan"), 1.0, 1.0, 1.0],
            "text": [evil, "", "a", "b", "c"],
        },
        kinds={"text": "text", "<i>kind</i>": "category"},
        maps=[FixtureMap("odd", places, {"trust": np.full(5, 0.2)}, regions=[(np.zeros(5), [evil])])],
    )


def single() -> FixtureSpace:
    """One row, no columns, no map but one of one point."""
    return FixtureSpace(
        name="one",
        keys=["alone"],
        vectors=np.ones((1, 3), dtype=np.float32),
        maps=[FixtureMap("pca", np.zeros((1, 2), dtype=np.float32), {"trust": np.zeros(1)}, method="pca")],
    )


def unmapped() -> FixtureSpace:
    """A Space without any map, report or column."""
    return FixtureSpace(name="bare", keys=["a", "b"], vectors=np.eye(2, 3, dtype=np.float32), neighbors=1)
