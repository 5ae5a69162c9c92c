"""Frozen records that verbs return: Neighbors, Map, Report."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from itertools import islice
from math import isfinite
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nearspace.columns import Columns
from nearspace.keys import Keys


@dataclass(frozen=True)
class Match:
    """How a row answers a question in words.

    Attributes:
        column: whose text was searched.
        highlights: (start, end) in characters of each word of the text that was asked for, in order.
        snippet: the piece of the text with most of them, these marked «so».
        ranks: place of the row, from 1, in each list that found it: "text", "vector".
    """

    column: str
    highlights: tuple[tuple[int, int], ...]
    snippet: str
    ranks: Mapping[str, int]

    def to_json(self) -> dict[str, Any]:
        """Give {"highlights", "snippet", "ranks"}."""
        return {
            "highlights": [list(span) for span in self.highlights],
            "snippet": self.snippet,
            "ranks": dict(self.ranks),
        }


@dataclass(frozen=True)
class Hit:
    """One found row: its key, its score (larger is nearer), its metadata, and what matched a text search."""

    key: str
    score: float
    columns: Mapping[str, Any] = field(default_factory=dict)
    match: Match | None = None

    def to_json(self) -> dict[str, Any]:
        """Give {"key", "score", the metadata, and of a text search what matched}."""
        matched = {} if self.match is None else self.match.to_json()
        return {"key": self.key, "score": round(self.score, 6), **self.columns, **matched}


@dataclass(frozen=True, eq=False)
class Neighbors:
    """The k nearest rows of each of q queries; always two-dimensional.

    Attributes:
        queries: (q,) what was asked, as text.
        rows: (q, k) int64 row numbers, best first; -1 where fewer than k exist.
        scores: (q, k) float32, larger is nearer (cosine, dot or negative distance); -inf where row is -1.
        names: the Keys that `rows` belong to.
        columns: name -> (n,) metadata of all rows, shown with the hits.
        matches: (q,) of one Match a hit, if the search was one for text; else empty.
    """

    queries: tuple[str, ...]
    rows: NDArray[np.int64]
    scores: NDArray[np.float32]
    names: Keys
    columns: Columns = field(default_factory=lambda: Columns({}))
    matches: tuple[tuple[Match, ...], ...] = ()

    @property
    def keys(self) -> list[list[str]]:
        """(q, up to k) the names of the rows."""
        hits = self.rows >= 0
        names = iter(self.names.names(self.rows[hits]))
        return [list(islice(names, count)) for count in hits.sum(axis=1).tolist()]

    def hits(self, query: int = 0) -> list[Hit]:
        """Give the hits of one query, best first."""
        rows = self.rows[query]
        rows = rows[rows >= 0].tolist()
        records = self.columns.records(rows)
        scores = self.scores[query].tolist()
        matches = self.matches[query] if self.matches else [None] * len(rows)
        return [
            Hit(self.names[row], score, record, match)
            for row, score, record, match in zip(rows, scores, records, matches, strict=False)
        ]

    def __len__(self) -> int:
        return len(self.queries)

    def __iter__(self) -> Iterator[tuple[str, list[Hit]]]:
        return ((query, self.hits(number)) for number, query in enumerate(self.queries))

    def to_json(self) -> list[dict[str, Any]]:
        """Give one {"query", "hits"} a query."""
        return [{"query": query, "hits": [hit.to_json() for hit in hits]} for query, hits in self]


@dataclass(frozen=True, eq=False)
class Regions:
    """The regions of a Map at one zoom level.

    Attributes:
        labels: (n,) int32 number of the region of each point, -1 for none.
        names: of each region, for people.
        terms: of each region: what tells it from the others, best first.
    """

    labels: NDArray[np.int32]
    names: tuple[str, ...]
    terms: tuple[tuple[str, ...], ...]

    def __len__(self) -> int:
        return len(self.names)


@dataclass(frozen=True, eq=False)
class Map:
    """A Space laid out in 2 or 3 dimensions, with the trust of each point.

    Attributes:
        keys: names of the n points, in row order of the map.
        coordinates: (n, 2 or 3) float32.
        trust: (n,) float32 in 0..1: share of a point's nearest neighbours in the map that are also its
            nearest neighbours in the Space.
        method: "pca", "tsne", ...
        settings: the settings of the projector, JSON values.
        chance: the trust that random coordinates would have, k / (n - 1).
        columns: name -> (n,) metadata of the points, for example "count".
        details: name -> (n,) float32 in 0..1: more about the trust of each point, for example "torn".
        regions: by zoom level, the largest regions first.
    """

    keys: Keys
    coordinates: NDArray[np.float32]
    trust: NDArray[np.float32]
    method: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    chance: float = 0.0
    columns: Mapping[str, NDArray[Any]] = field(default_factory=dict)
    details: Mapping[str, NDArray[np.float32]] = field(default_factory=dict)
    regions: tuple[Regions, ...] = ()

    def __len__(self) -> int:
        return len(self.keys)


@dataclass(frozen=True)
class Measure:
    """One named figure with what is needed to believe it.

    Attributes:
        name: for example "wordsim353.spearman".
        value: the figure.
        low: lower end of the 95 % interval.
        high: upper end.
        baseline: what a user would have without us (random, character overlap, ...): name -> value.
        n: how many cases it rests on.
        coverage: share of the cases that could be judged, 0..1.

    Raises:
        ValueError: it lacks an interval, a baseline or cases, or a figure is not finite.
    """

    name: str
    value: float
    low: float
    high: float
    baseline: Mapping[str, float]
    n: int
    coverage: float = 1.0

    def __post_init__(self) -> None:
        figures = (self.value, self.low, self.high, self.coverage, *self.baseline.values())
        if not all(isfinite(figure) for figure in figures):
            raise ValueError(f"measure {self.name!r} has a figure that is not finite")
        if self.low > self.high:
            raise ValueError(f"measure {self.name!r} has an interval from {self.low} to {self.high}")
        if not self.baseline or self.n < 1 or not 0 <= self.coverage <= 1:
            raise ValueError(f"measure {self.name!r} lacks a baseline or cases")


@dataclass(frozen=True)
class Report:
    """Measures of one Space."""

    space: str
    measures: tuple[Measure, ...]

    def __getitem__(self, name: str) -> Measure:
        for measure in self.measures:
            if measure.name == name:
                return measure
        raise KeyError(f"{name!r}; there are: {', '.join(measure.name for measure in self.measures)}")

    def __iter__(self) -> Iterator[Measure]:
        return iter(self.measures)

    def to_json(self) -> dict[str, Any]:
        """Give {"space", "measures": [...]}."""
        return {"space": self.space, "measures": [asdict(measure) for measure in self.measures]}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Report:
        """Read what `to_json` gave."""
        return cls(values["space"], tuple(Measure(**measure) for measure in values["measures"]))

    @classmethod
    def join(cls, reports: Sequence[Report]) -> Report:
        """Put the measures of several reports of one Space into one."""
        return cls(reports[0].space, tuple(measure for report in reports for measure in report.measures))


@dataclass(frozen=True, eq=False)
class Labels:
    """What a head says of n items.

    Attributes:
        items: (n,) what was asked, as text.
        classes: the K labels, in order.
        probabilities: (n, K) float32 that sum to 1 in each row.
        codes: (n,) int64 number of the label that was given, -1 for "unknown".
        fits: (n,) float32, larger: more like what the head has seen; below its threshold an item is unknown.
    """

    items: tuple[str, ...]
    classes: tuple[str, ...]
    probabilities: NDArray[np.float32]
    codes: NDArray[np.int64]
    fits: NDArray[np.float32]

    @property
    def labels(self) -> list[str | None]:
        """(n,) the labels that were given; None for "unknown"."""
        return [self.classes[code] if code >= 0 else None for code in self.codes.tolist()]

    def __len__(self) -> int:
        return len(self.items)

    def best(self, k: int = 3) -> list[list[tuple[str, float]]]:
        """(n, min(k, K)) the most probable labels with their probabilities, also of unknown items."""
        order = np.argsort(-self.probabilities, axis=1, kind="stable")[:, :k]
        chances = np.take_along_axis(self.probabilities, order, axis=1)
        return [
            [(self.classes[code], chance) for code, chance in zip(*row, strict=True)]
            for row in zip(order.tolist(), chances.tolist(), strict=True)
        ]

    def to_json(self, k: int = 3) -> list[dict[str, Any]]:
        """Give one {"item", "label", "probability", "fit", "best"} an item; an unknown one has label null."""
        return [
            {
                "item": item,
                "label": label,
                "probability": round(best[0][1], 6),
                "fit": round(fit, 6) if isfinite(fit) else None,
                "best": [{"label": name, "probability": round(chance, 6)} for name, chance in best],
            }
            for item, label, fit, best in zip(
                self.items, self.labels, self.fits.tolist(), self.best(k), strict=True
            )
        ]
