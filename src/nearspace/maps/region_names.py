"""Names of regions: the words, categories or keys that tell a region from the rest of the map.

Grootendorst, BERTopic: neural topic modeling with a class-based TF-IDF procedure (2022): a term weighs
tf_c log(1 + A / tf) in region c, where tf_c and tf count the points that have it, in the region and in all of
the map, and A is the mean number of terms a region. Only terms that are more than twice as common in the
region as outside are taken, which leaves out the stop words of any language; if there are none, the most so.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import log
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from nearspace.errors import SettingError
from nearspace.results import Map
from nearspace.space import Space, norms_of

MANY = 10  # terms of a region that are kept
SHOWN = 3  # terms of a name, at most
WORTH = 0.4  # of the weight of the first term: what a further one of a name has at least
COMMONER = 2.0  # times that a term is as common in its region as outside
TEXT = 4  # words of a value, on average: a column of texts
FEW = 0.2  # different values a point, at most: a column of categories
FREQUENT = 3  # keys: one of so many, the most frequent, may name a region
LETTERS = 40  # of a term in a name

_WORD = re.compile(r"[^\W\d_](?:[^\W_]|['’-](?=[^\W_]))*")
_TAGS = re.compile(r"\s*[;|,]\s*")

Rows = NDArray[np.int64]
Numbers = NDArray[np.int32]
Named = tuple[tuple[str, ...], tuple[tuple[str, ...], ...]]


class Labeller(Protocol):
    """Names regions.

    Attributes:
        source: what names come from: a column, or "key".
    """

    @property
    def source(self) -> str:
        """What names come from."""

    def names(self, rows: Rows, labels: Numbers) -> Named:
        """Give name and terms of each region of points `rows` (m,) of the map, with `labels` (m,)."""


def labeller(laid_out: Map, space: Space | None, rows: Rows | None, column: str | None) -> Labeller:
    """Give what names the regions of a map: the column, or the best one there is, or its keys.

    Raises:
        SettingError: there is no such column.
    """
    columns = laid_out.columns
    check_names(columns, column)
    chosen = _best(columns) if column is None else column
    if chosen is not None and chosen != "key":
        return Terms(chosen, np.asarray(columns[chosen]), _is_text(np.asarray(columns[chosen])))
    return Typical(laid_out, space, rows)


def check_names(columns: Iterable[str], column: str | None) -> None:
    """Refuse a column that names should come from and that there is not.

    Raises:
        SettingError: it is neither one of `columns` nor "key".
    """
    accepted = ["key", *columns]
    if column is not None and column not in accepted:
        raise SettingError(
            f"names is {column!r}, which is no column of the map", f"Accepted: {', '.join(accepted)}."
        )


@dataclass(frozen=True, eq=False)
class Terms:
    """Names by the terms of a column: the words of texts, or categories and tags as they are.

    Attributes:
        source: the column.
        values: (n,) its values.
        text: they are texts.
    """

    source: str
    values: NDArray[Any]
    text: bool

    def names(self, rows: Rows, labels: Numbers) -> Named:
        """See `Labeller`."""
        split = words_of if self.text else tags_of
        inside = [Counter[str]() for _ in range(labels.max(initial=-1) + 1)]
        outside, sizes = Counter[str](), np.bincount(labels[labels >= 0], minlength=len(inside))
        for value, label in zip(self.values[rows].tolist(), labels.tolist(), strict=True):
            (inside[label] if label >= 0 else outside).update(set(split(value)))
        return distinct([*_weighed(inside, outside, sizes.tolist(), len(rows))])


@dataclass(frozen=True, eq=False)
class Typical:
    """Names by keys: of the frequent ones in a region those nearest to its centre.

    The centre is the mean of the region's vectors, less the mean of all; without a Space, that on the map.
    Frequent are the third with the largest `count`, or without that column those that come first.

    Attributes:
        laid_out: the map.
        space: where vectors are, or None.
        places: (n,) row in the Space of each point, or None.
    """

    laid_out: Map
    space: Space | None
    places: Rows | None
    source: str = "key"

    def names(self, rows: Rows, labels: Numbers) -> Named:
        """See `Labeller`."""
        points = self._points(rows)
        order = np.arange(len(rows))
        counts = self.laid_out.columns.get("count")
        if counts is not None and np.asarray(counts).dtype.kind in "iuf":
            order = np.argsort(-np.asarray(counts, dtype=np.float64)[rows], kind="stable")
        place = np.empty(len(rows), dtype=np.int64)
        place[order] = np.arange(len(rows))
        found = []
        for region in range(labels.max(initial=-1) + 1):
            members = np.flatnonzero(labels == region)
            frequent = members[np.argsort(place[members])][: max(MANY, len(members) // FREQUENT)]
            apart = np.linalg.norm(points[frequent] - points[members].mean(axis=0), axis=1)
            nearest = frequent[np.argsort(apart, kind="stable")][: 3 * MANY]
            keys = self.laid_out.keys.names(rows[nearest])
            found.append(_varied([(key, 1.0) for key in keys])[:MANY])
        return distinct(found)

    def _points(self, rows: Rows) -> NDArray[np.float64]:
        if self.space is None or self.places is None:
            return self.laid_out.coordinates[rows].astype(np.float64)
        vectors = np.asarray(self.space.take(self.places[rows]), dtype=np.float32)
        norms = norms_of(vectors)
        unit = vectors.astype(np.float64) / np.where(norms > 0, norms, 1)[:, None]
        unit -= unit.mean(axis=0)
        lengths = np.linalg.norm(unit, axis=1, keepdims=True)
        return np.asarray(unit / np.where(lengths > 0, lengths, 1))


def words_of(text: Any) -> Iterable[str]:
    """Give the words of a text in lower case: letters and digits from a letter on, two at least."""
    return (word for word in _WORD.findall("" if _empty(text) else str(text).lower()) if len(word) > 1)


def tags_of(value: Any) -> Iterable[str]:
    """Give the categories of a value: the items of a list, or what stands between ; | and , of a text."""
    if isinstance(value, (list, tuple, set, np.ndarray)):
        return (str(item).strip() for item in value if not _empty(item) and str(item).strip())
    return (tag for tag in _TAGS.split("" if _empty(value) else str(value).strip()) if tag)


def distinct(found: Sequence[Sequence[tuple[str, float]]]) -> Named:
    """Make names of weighed terms, best first, so that no two of a level are the same."""
    terms = tuple(tuple(term for term, _ in listed) for listed in found)
    names: list[str] = []
    for listed, own in zip(found, terms, strict=True):
        worth = [weight >= WORTH * listed[0][1] for _, weight in listed[:SHOWN]]
        count = max(1, sum(worth))
        tries = [_joined(own[:more]) for more in range(count, max(count, len(own)) + 1)]
        free = next((name for name in tries if name not in names and name), None)
        names.append(free if free is not None else _numbered(tries[0] or "region", names))
    return tuple(names), terms


def _weighed(
    inside: Sequence[Counter[str]], outside: Counter[str], sizes: Sequence[int], points: int
) -> Iterable[list[tuple[str, float]]]:
    """Give the terms of each region with their weights, best first, ties by the alphabet."""
    everywhere = Counter[str]()
    for counts in (*inside, outside):
        everywhere.update(counts)
    mean = sum(counts.total() for counts in inside) / max(1, len(inside))
    for counts, size in zip(inside, sizes, strict=True):
        ranked, others = [], []
        for term, count in counts.items():
            elsewhere = (everywhere[term] - count + 0.5) / (points - size + 1)
            commoner = count / size / elsewhere
            if commoner > COMMONER and count > 1:
                ranked.append((term, count * log(1 + mean / everywhere[term]) * log(commoner)))
            elif commoner > 1 and count * MANY >= size:
                others.append((term, commoner))
        ranked = ranked or others
        ranked.sort(key=lambda one: (-one[1], one[0]))
        yield _varied(ranked)[:MANY]


def _varied(ranked: Sequence[tuple[str, float]]) -> list[tuple[str, float]]:
    """Leave out terms that only lengthen a better one by up to two letters, or shorten it: plurals mostly."""
    kept: list[tuple[str, float]] = []
    for term, weight in ranked:
        if len(kept) == MANY:
            break
        if not any(_variant(term.casefold(), other.casefold()) for other, _ in kept):
            kept.append((term, weight))
    return kept


def _variant(one: str, other: str) -> bool:
    short, long = sorted((one, other), key=len)
    return len(short) > 2 and len(long) - len(short) <= 2 and long.startswith(short) and short.isalpha()


def _joined(terms: Iterable[str]) -> str:
    return ", ".join(term if len(term) <= LETTERS else term[: LETTERS - 1] + "…" for term in terms)


def _numbered(name: str, taken: Sequence[str]) -> str:
    """Give the name with the first number, from 2, that makes it a new one."""
    if name not in taken:
        return name
    return next(new for number in range(2, len(taken) + 3) if (new := f"{name} ({number})") not in taken)


def _best(columns: Any) -> str | None:
    """Give the column with the longest texts, else the first of categories; None without either."""
    texts, categories = [], []
    for name, values in columns.items():
        held = np.asarray(values)
        if held.dtype.kind not in "OUS":
            continue
        length, different = _shape(held)
        if length >= TEXT:
            texts.append((length, name))
        elif different <= FEW:
            categories.append(name)
    if texts:
        return str(max(texts, key=lambda one: one[0])[1])
    return str(categories[0]) if categories else None


def _shape(values: NDArray[Any]) -> tuple[float, float]:
    """Give words a value, and different terms a value, of up to 1,000 values spread over a column."""
    some = values[:: max(1, len(values) // 1000)].tolist()
    if any(isinstance(value, (list, tuple, np.ndarray)) for value in some):
        tags = [tag for value in some for tag in tags_of(value)]
        return 0.0, len(set(tags)) / max(1, len(tags))
    words = [len(str(value).split()) for value in some if not _empty(value)]
    different = len({str(value) for value in some if not _empty(value)})
    return sum(words) / max(1, len(words)), different / len(some) if words else 1.0


def _is_text(values: NDArray[Any]) -> bool:
    length, different = _shape(values) if len(values) else (0.0, 0.0)
    return length >= TEXT and different > FEW


def _empty(value: Any) -> bool:
    return value is None or value == "" or (isinstance(value, float) and value != value)
