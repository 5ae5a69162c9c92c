"""GraphIndex: searches a graph where that is cheaper than comparing, and rescores what it finds exactly."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nearspace.index.chunks import each_chunk
from nearspace.index.exact import ExactIndex, check_allowed, check_count, check_exclude, check_queries
from nearspace.index.graph_file import Parts, open_parts, save_parts
from nearspace.kernels.rescoring import METRICS, rescore

Floats = NDArray[np.float32]
Rows = NDArray[np.int64]
Mask = NDArray[np.bool_]

SMALL, LARGE = 1e-15, 1e15  # norms between which float32 distances can be trusted
CALIBRATED_K = 10  # hits a query that the stored effort was measured for
_SLOPE = 1.5  # more effort for each further row that must be found before the last hit
_SPARE = 6  # hits that a filtered search must find beyond k to be believed
_LOOK = 32  # nearest points of any kind that show how a filter lies around the query
_WIDEN = 2  # int8 codes: candidates for each hit
# nanoseconds of one thread to compare a row, and to look at a neighbour (docs/decisions/graph-index.md)
_ROW, _ROW_COMPONENT = 1.0, 0.05
_STEP, _STEP_COMPONENT = 15.0, 0.1
_CHUNK = 256  # queries that are rescored at once by a thread


@dataclass(frozen=True)
class Question:
    """One search of the graph: points that may be hits (None: all), their count, points asked for, effort."""

    points: Mask | None
    count: int
    wide: int
    effort: int


class GraphIndex:
    """Finds nearly all of the nearest rows, fast, with true scores; made by `Graph.build`.

    Every answer has min(k, rows that may be hits) hits, scored as `ExactIndex` scores them. Where few rows
    may be hits, or a filtered search of the graph comes back short, rows are compared one by one instead.
    Which way is taken depends on the question alone, never on the batch, the workers or a clock.
    """

    def __init__(self, vectors: Floats, norms: Floats, metric: str, parts: Parts) -> None:
        self.exact = ExactIndex(vectors, norms, metric)
        self.vectors, self.norms, self.metric = vectors, norms, metric
        self.parts = parts
        regular = np.isfinite(norms) & (norms <= LARGE)
        self._zero = (norms == 0) if metric == "cosine" else np.zeros(len(norms), dtype=bool)
        loose = ~(regular & (norms >= SMALL)) if metric == "cosine" else ~regular
        self._loose: Mask | None = loose if loose.any() else None
        longest = norms.max(initial=0, where=regular)
        self._longest = np.float32(1 if metric == "cosine" or longest == 0 else longest)

    def __len__(self) -> int:
        return len(self.vectors)

    @property
    def description(self) -> dict[str, Any]:
        """Settings, calibrated effort, the recall measured with it, counts, library and version."""
        return self.parts.description

    @property
    def effort(self) -> int:
        """The calibrated effort, for 10 hits and no filter."""
        return int(self.description["effort"])

    def save(self, folder: str | Path) -> None:
        """Write the index, without the vectors, into `folder`, which is made.

        Raises:
            OutputError: it cannot be written.
        """
        save_parts(Path(folder), self.parts, self.vectors)

    @classmethod
    def open(cls, folder: str | Path, vectors: Floats, norms: Floats, metric: str) -> Self:
        """Open a saved index over the same vectors; links and points are memory-mapped.

        Raises:
            MissingInputError: a file is not there.
            InputError: a file is damaged, or the index was built from other vectors or for another metric.
        """
        return cls(vectors, norms, metric, open_parts(Path(folder), vectors, metric))

    def search(
        self,
        queries: Floats,
        k: int,
        restrict: int | None = None,
        exclude: ArrayLike | None = None,
        *,
        allowed: Mask | None = None,
        effort: int | None = None,
        workers: int = 1,
    ) -> tuple[Rows, Floats]:
        """Find the k nearest rows of each query, nearly always.

        Args:
            queries: (q, d) finite.
            k: hits a query, at least 1; may exceed n.
            restrict: look only at the first so many rows.
            exclude: (q, e) rows that are no hits of a query; -1 pads.
            allowed: (n,) True for the rows that may be hits of any query.
            effort: candidates that the graph search keeps for 10 hits without a filter; the calibrated one if
                not given. If given, the graph is searched even where comparing rows would be cheaper.
            workers: threads; changes no bit of the result.

        Returns:
            rows (q, k) int64 and scores (q, k) float32, best first, ties by row; -1 and -inf where fewer
            than k rows may be hits.

        Raises:
            DimensionError, InputError, SettingError: as `ExactIndex.search`.
        """
        wanted, threads = check_count("k", k), check_count("workers", workers)
        asked = check_queries(queries, self.vectors.shape[1])
        banned = (
            np.empty((len(asked), 0), np.int64) if exclude is None else check_exclude(exclude, len(asked))
        )
        mask = self._mask(restrict, allowed)
        base = self.effort if effort is None else check_count("effort", effort)
        question = self._question(wanted, banned.shape[1], mask, base)
        if self.parts.graph is None or question.count < 2 * question.wide:
            return self._compare(asked, wanted, banned, mask, threads)
        if effort is None and self._comparing_is_cheaper(question):
            return self._compare(asked, wanted, banned, mask, threads)
        return self._walk(asked, wanted, banned, mask, question, threads)

    def _mask(self, restrict: int | None, allowed: Mask | None) -> Mask | None:
        """(n,) rows that may be hits, or None for all."""
        mask = None if allowed is None else check_allowed(allowed, len(self))
        if restrict is not None and check_count("restrict", restrict) < len(self):
            first = np.arange(len(self)) < restrict
            mask = first if mask is None else mask & first
        return mask

    def _question(self, k: int, banned: int, mask: Mask | None, base: int) -> Question:
        """Say how many points may be hits, how many to ask for, and with what effort."""
        members = self.parts.members
        points = None if mask is None else (mask if members is None else mask[members])
        total = len(self) if members is None else len(members)
        count = total if points is None else int(np.count_nonzero(points))
        if count == total:
            points = None
        graph = self.parts.graph
        exact = graph is None or graph.ranges is None
        # codes: as many again are scored from the vectors, if the walk keeps so many
        usual = CALIBRATED_K if exact else max(CALIBRATED_K, min(_WIDEN * CALIBRATED_K, base))
        hits = k + banned if exact else max(k + banned, min(max(_WIDEN * k, k + CALIBRATED_K) + banned, base))
        wide = hits if points is None else hits + max(_SPARE, k // 4)
        beyond = wide * total / max(1, count) - usual
        return Question(points, count, wide, max(wide, int(base + _SLOPE * max(0.0, beyond))))

    def _comparing_is_cheaper(self, question: Question) -> bool:
        dim, degree = self.vectors.shape[1], self.description["settings"]["degree"]
        comparing = question.count * (_ROW + _ROW_COMPONENT * dim)
        walking = question.effort * 2 * degree * (_STEP + _STEP_COMPONENT * dim)
        return bool(comparing < walking)

    def _compare(
        self, asked: Floats, k: int, banned: Rows, mask: Mask | None, workers: int
    ) -> tuple[Rows, Floats]:
        exclude = banned if banned.shape[1] else None
        return self.exact.search(asked, k, exclude=exclude, allowed=mask, workers=workers)

    def _walk(
        self, asked: Floats, k: int, banned: Rows, mask: Mask | None, question: Question, workers: int
    ) -> tuple[Rows, Floats]:
        """Search the graph; queries that come back short, or that float32 cannot judge, are compared."""
        assert self.parts.graph is not None
        with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
            lengths = np.sqrt(np.einsum("qd,qd->q", asked, asked))
            odd = ~(lengths <= LARGE) | (lengths < SMALL)
            # no scale changes the order, and float32 distances keep most of it among vectors of like lengths
            scaled = asked if self.metric == "euclidean" else asked * (self._longest / lengths)[:, None]
        if odd.any():
            scaled = np.where(odd[:, None], np.float32(0), scaled)
        found, share = self.parts.graph.search(
            scaled, question.wide, question.effort, question.points, _LOOK, workers
        )
        short = (found < 0).any(axis=1)
        if question.points is not None:
            # a walk for points that are rarer near the query than elsewhere stops before it comes to them
            short |= share < question.count / len(question.points) / 2
        if self.parts.members is not None:
            found = np.where(found < 0, -1, self.parts.members[found])
        rows, scores = self._rescored(asked, k, banned, found, workers)
        if self._loose is not None:
            rows, scores = self._with_loose(asked, k, banned, mask, (rows, scores), workers)
        again = np.flatnonzero(short | odd)
        if len(again):
            rows[again], scores[again] = self._compare(asked[again], k, banned[again], mask, workers)
        return rows, scores

    def _rescored(
        self, asked: Floats, k: int, banned: Rows, found: Rows, workers: int
    ) -> tuple[Rows, Floats]:
        rows = np.empty((len(asked), k), dtype=np.int64)
        scores = np.empty((len(asked), k), dtype=np.float32)
        vectors, metric = np.asarray(self.vectors), METRICS[self.metric]

        def one(part: slice) -> None:
            rescore(asked[part], vectors, found[part], banned[part], metric, rows[part], scores[part])

        each_chunk(one, len(asked), _CHUNK, workers)
        return rows, scores

    def _with_loose(
        self, asked: Floats, k: int, banned: Rows, mask: Mask | None, hits: tuple[Rows, Floats], workers: int
    ) -> tuple[Rows, Floats]:
        """Merge hits with the rows in no graph; of zero vectors, which all score alike, the first."""
        assert self._loose is not None
        rest = self._loose if mask is None else self._loose & mask
        zeros = np.flatnonzero(rest & self._zero)[k + banned.shape[1] :]
        if len(zeros):
            rest = rest.copy()
            rest[zeros] = False
        more = self._compare(asked, k, banned, rest, workers)
        rows, scores = np.hstack([hits[0], more[0]]), np.hstack([hits[1], more[1]])
        order = np.lexsort((np.where(rows < 0, np.iinfo(np.int64).max, rows), -scores), axis=1)[:, :k]
        return np.take_along_axis(rows, order, axis=1), np.take_along_axis(scores, order, axis=1)
