"""ExactIndex: compares every query with every vector; the truth that other indexes are measured against."""

from __future__ import annotations

import importlib
import sys

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nearspace.errors import DimensionError, InputError, SettingError
from nearspace.index.blockwise import Floats, Rows, top_rows
from nearspace.index.linear import SCORERS, Linear
from nearspace.index.lists import Lists
from nearspace.space import norms_of

ROADS = {
    "fused": ("nearspace.index.fused", "fused_rows")
}  # imported on use: numba takes half a second to load
LARGE = 8e9  # multiply-adds of one search, or of all searches of an index so far, from which loading it pays
PASS = 8  # reading all rows costs numpy as much as so many queries


class ExactIndex:
    """Finds the exact nearest rows of a fixed set of vectors, blockwise, without copying them.

    Scores are computed in float64 and rounded to float32; rows of equal score come in row order. So the
    answer to a query does not depend on the other queries of the batch, on block sizes or on the number of
    threads.

    Args:
        vectors: (n, d) float32; may be a memory map. Rows with NaN or infinity are never found.
        norms: (n,) float32 Euclidean norms of the vectors; computed if not given (one pass over the vectors).
        metric: "cosine" (a zero vector scores 0), "dot" or "euclidean" (the score is the negative distance).

    Raises:
        SettingError: the metric is not one of these.
        DimensionError: the shapes do not fit.
    """

    def __init__(
        self, vectors: NDArray[np.float32], norms: NDArray[np.float32] | None = None, metric: str = "cosine"
    ) -> None:
        if metric not in SCORERS:
            raise SettingError(f"metric is {metric!r}", f"Accepted metrics: {', '.join(SCORERS)}.")
        if vectors.ndim != 2 or (norms is not None and norms.shape != vectors.shape[:1]):
            shapes = f"vectors {vectors.shape}" + ("" if norms is None else f", norms {norms.shape}")
            raise DimensionError(f"an index takes vectors (n, d) and norms (n,), got {shapes}")
        self.vectors = vectors
        self.norms = norms_of(vectors) if norms is None else norms
        self.metric = metric
        self._asked = 0  # multiply-adds of all searches so far

    def __len__(self) -> int:
        return len(self.vectors)

    def search(
        self,
        queries: NDArray[np.float32],
        k: int,
        restrict: int | None = None,
        exclude: ArrayLike | Lists | None = None,
        *,
        allowed: NDArray[np.bool_] | None = None,
        workers: int = 1,
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Find the k nearest rows of each query.

        Args:
            queries: (q, d) finite.
            k: hits a query, at least 1; may exceed n.
            restrict: look only at the first so many rows.
            exclude: (q, e) rows that are no hits of a query, -1 pads; or `Lists` of them.
            allowed: (n,) True for the rows that may be hits of any query; only these are read.
            workers: threads; small searches also use those of BLAS.

        Returns:
            rows (q, k) int64 and scores (q, k) float32, best first, ties by row; -1 and -inf where fewer
            than k rows are left.

        Raises:
            DimensionError: the queries have another dimension.
            InputError: a query has NaN or infinity, or `exclude` or `allowed` has another shape or type.
            SettingError: k or restrict is not a whole number of at least 1.
        """
        wanted = check_count("k", k)
        limit = len(self) if restrict is None else min(len(self), check_count("restrict", restrict))
        asked = check_queries(queries, self.vectors.shape[1])
        banned = None if exclude is None else _lists(exclude, len(asked))
        threads = check_count("workers", workers)
        chosen = None if allowed is None else np.flatnonzero(check_allowed(allowed, len(self))[:limit])
        scorer = SCORERS[self.metric](asked, self.vectors, self.norms, chosen)
        count = limit if chosen is None else len(chosen)
        if not asked.size or not self._is_large(count, asked):
            return _numpy_road(scorer, count, wanted, banned, threads)
        module, name = ROADS["fused"]
        found = getattr(importlib.import_module(module), name)(scorer, count, wanted, banned, threads)
        if found is None:
            return _numpy_road(scorer, count, wanted, banned, threads)
        rows, scores, unsettled = found
        if len(unsettled):
            left = None if banned is None else banned.take(unsettled)
            some = SCORERS[self.metric](asked[unsettled], self.vectors, self.norms, chosen)
            rows[unsettled], scores[unsettled] = _numpy_road(some, count, wanted, left, threads)
        return rows, scores

    def _is_large(self, count: int, queries: Floats) -> bool:
        """Whether the kernels are loaded, or it pays to load them."""
        self._asked += count * queries.shape[1] * (len(queries) + PASS)
        return count > 0 and (self._asked >= LARGE or ROADS["fused"][0] in sys.modules)


def _numpy_road(
    scorer: Linear, count: int, k: int, exclude: Lists | None, workers: int
) -> tuple[Rows, Floats]:
    """Search without kernels; rows and `exclude` number the vectors, also if only some are chosen."""
    queries, chosen = len(scorer.queries), scorer.chosen
    if chosen is None:
        return top_rows(scorer, queries, count, k, exclude=exclude, workers=workers)
    places = None if exclude is None else exclude.placed(chosen)
    rows, scores = top_rows(scorer, queries, count, k, exclude=places, workers=workers)
    return np.append(chosen, -1)[rows], scores


def check_count(name: str, value: int) -> int:
    """Give `value` as an int.

    Raises:
        SettingError: it is not a whole number of at least 1.
    """
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < 1:
        raise SettingError(f"{name} is {value!r}", f"{name} must be a whole number of at least 1.")
    return int(value)


def check_queries(queries: ArrayLike, dim: int) -> NDArray[np.float32]:
    """Give queries as a (q, dim) float32 array.

    Raises:
        DimensionError: they have another shape.
        InputError: one of them has NaN or infinity.
    """
    with np.errstate(over="ignore"):
        asked = np.asarray(queries, dtype=np.float32)
    if asked.ndim != 2 or asked.shape[1] != dim:
        raise DimensionError(
            f"queries have shape {asked.shape}, expected (q, {dim})",
            f"A query must have the {dim} components of the vectors; give one query as shape (1, {dim}).",
        )
    bad = np.flatnonzero(~np.isfinite(asked).all(axis=1))
    if len(bad):
        raise InputError(
            f"query {bad[0]} of {len(asked)} has a component that is NaN or infinite in float32",
            "Leave such vectors out or mend what made them.",
        )
    return asked


def check_exclude(exclude: ArrayLike, count: int) -> NDArray[np.int64]:
    """Give `exclude` as (count, e) int64.

    Raises:
        InputError: it has another shape or no whole numbers.
    """
    rows = np.asarray(exclude)
    if rows.ndim != 2 or len(rows) != count or not (rows.size == 0 or np.issubdtype(rows.dtype, np.integer)):
        raise InputError(
            f"exclude is {rows.dtype} of shape {rows.shape}, expected whole numbers of shape ({count}, e)",
            "Give one list of rows a query, filled up with -1.",
        )
    return rows.astype(np.int64)


def check_allowed(allowed: NDArray[np.bool_], count: int) -> NDArray[np.bool_]:
    """Give `allowed` as (count,) bool.

    Raises:
        InputError: it has another shape or type.
    """
    mask = np.asarray(allowed)
    if mask.shape != (count,) or mask.dtype != np.bool_:
        raise InputError(
            f"allowed is {mask.dtype} of shape {mask.shape}, expected bool of shape ({count},)",
            "Give True or False for each row of the index.",
        )
    return mask


def _lists(exclude: ArrayLike | Lists, count: int) -> Lists:
    if not isinstance(exclude, Lists):
        return Lists.padded(check_exclude(exclude, count))
    if len(exclude.starts) != count + 1:
        raise InputError(
            f"exclude has {len(exclude.starts) - 1:,} lists, expected {count:,}",
            "Give one list of rows a query.",
        )
    return exclude
