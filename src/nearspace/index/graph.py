"""Graph: settings of an approximate graph index, and the build that measures what effort its recall takes."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nearspace.errors import SettingError
from nearspace.index.exact import ExactIndex, check_count
from nearspace.index.graph_file import Parts
from nearspace.index.graph_index import CALIBRATED_K, LARGE, SMALL, GraphIndex
from nearspace.index.hnsw import Hnsw, coded
from nearspace.index.linking import Linker
from nearspace.optional import versions
from nearspace.protocols import Progress, Quiet

Floats = NDArray[np.float32]

ERRORS = 2.0  # standard errors that the measured recall must lie above the target
_UNIT = 1e-5  # how far norms may be from 1 for the vectors themselves to be the points under cosine
_ANCHORS, _PER_ANCHOR = 2048, 200  # points that others are ordered by, and the least points each
_UNMEASURED = 100  # effort where there are too few rows to measure it
_WORSE = 1.5  # times the effort over float32 that int8 codes may need under "auto"
QUANTIZE = ("auto", "int8", "none")
_MOST = 4096  # the calibrated effort ends here, whatever the recall


@dataclass(frozen=True)
class Graph:
    """Settings of a graph index (HNSW); the defaults reach recall@10 of .95 on new queries.

    Attributes:
        degree: links of a row in the upper layers, twice that in the lowest; 4 to 64. More: better recall at
            the same effort in high dimensions, more memory (8 bytes a row each).
        effort_build: candidates that are kept when a row is linked; the build takes time in proportion.
        quantize: "int8" walks over codes of one byte a component, faster and in a quarter of the memory; hits
            are still scored from the vectors. "none" walks over float32. "auto" takes int8, unless that needs
            half as much effort again for the recall (components with a few very large values).
        seed: of the layers that rows are drawn into, and of the sample.
        target_recall: recall@10 that the effort of a search is calibrated for.
        sample: rows that are asked to calibrate, before they are linked themselves; at most a tenth.
    """

    degree: int = 16
    effort_build: int = 200
    quantize: str = "auto"
    seed: int = 0
    target_recall: float = 0.95
    sample: int = 1000

    def __post_init__(self) -> None:
        check_count("effort_build", self.effort_build)
        check_count("sample", self.sample)
        if not 4 <= check_count("degree", self.degree) <= 64:
            raise SettingError(f"degree is {self.degree}", "degree must be 4 to 64.")
        if self.quantize not in QUANTIZE:
            raise SettingError(f"quantize is {self.quantize!r}", f"Accepted: {', '.join(QUANTIZE)}.")
        if not 0 < self.target_recall < 1:
            raise SettingError(f"target_recall is {self.target_recall!r}", "It must lie between 0 and 1.")
        if isinstance(self.seed, bool) or not isinstance(self.seed, int) or self.seed < 0:
            raise SettingError(f"seed is {self.seed!r}", "seed must be a whole number of at least 0.")

    def build(
        self,
        vectors: Floats,
        norms: Floats,
        metric: str,
        *,
        workers: int = 1,
        progress: Progress = Quiet(),  # noqa: B008
    ) -> GraphIndex:
        """Link the rows and calibrate the effort; the same index, bit for bit, on any number of workers.

        Args:
            vectors: (n, d) float32; may be a memory map.
            norms: (n,) float32 Euclidean norms of the vectors.
            metric: "cosine", "dot" or "euclidean".
            workers: threads.
            progress: where the work is shown.

        Raises:
            MissingExtraError: faiss is not installed.
            SettingError: the metric is not one of these.
            DimensionError: the shapes do not fit.
        """
        ExactIndex(vectors, norms, metric)  # checks the arguments
        threads = check_count("workers", workers)
        points, members = _points(vectors, norms, metric, self, threads)
        # points of more components than the vectors are those of the dot product
        measure = "euclidean" if points.shape[1] > vectors.shape[1] else metric
        description: dict[str, Any] = {
            "kind": "graph",
            "settings": asdict(self),
            "metric": metric,
            "count": len(vectors),
            "dim": int(vectors.shape[1]),
            "points": len(points),
            "points_are_vectors": True,
            "quantized": "none",
            "points_metric": measure,
            "effort": _UNMEASURED,
            "recall": None,
            "recall_queries": 0,
            "library": "faiss HNSW",
            "versions": versions("faiss-cpu", "numpy"),
            "reproducible": "the same bytes on any number of workers, with this version of the library",
        }
        if not len(points):
            return GraphIndex(vectors, norms, metric, Parts(None, members, description))
        drawn = np.random.default_rng(self.seed).permutation(len(points))
        held = np.sort(drawn[: min(self.sample, len(points) // 10)])
        order = np.concatenate([np.delete(np.arange(len(points)), held), held])
        rows = order if members is None else members[order]
        first = len(points) - len(held)
        with progress.task("Linking the graph", total=len(points), unit="rows") as task:
            linker = Linker(
                points[order[:first]], measure, self.degree, self.effort_build, self.seed, threads
            )
            task.advance(first)
            codes = self.quantize != "none"
            if len(held):
                trial = GraphIndex(vectors, norms, metric, Parts(None, rows[:first], description))
                codes, found = _calibrated(trial, linker, measure, rows[first:], self, threads)
                description |= found
                linker.add(points[order[first:]], threads)
                task.advance(len(held))
        if members is None and not codes:
            linker.reorder(np.argsort(order))
            return GraphIndex(
                vectors, norms, metric, Parts(Hnsw(linker.links(), vectors, None, measure), None, description)
            )
        graph = _copied(linker, measure, codes, threads)
        description |= {"points_are_vectors": False, "quantized": "int8" if codes else "none"}
        return GraphIndex(vectors, norms, metric, Parts(graph, rows, description))


def _copied(linker: Linker, metric: str, codes: bool, workers: int) -> Hnsw:
    """Give a graph that needs nothing of faiss, which takes its points with it when it goes."""
    if codes:
        return coded(linker.links(), linker.points, metric, workers)
    return Hnsw(linker.links(), linker.points.copy(), None, metric)


def _points(
    vectors: Floats, norms: Floats, metric: str, settings: Graph, workers: int
) -> tuple[Floats, NDArray[np.int64] | None]:
    """Give what the graph links and the row of each point; the vectors and None where these are the points.

    Cosine links unit vectors. The dot product links (v, sqrt(L^2 - |v|^2)), L the largest norm, whose
    Euclidean neighbours are those of largest dot product (Bachrach et al., 2014): under the dot product
    itself short vectors are nobody's neighbours and cannot be reached.
    """
    regular = np.isfinite(norms) & (norms <= LARGE)
    if metric == "cosine":
        regular &= norms >= SMALL
    members = np.flatnonzero(regular)
    lengths = norms[members]
    longest = float(lengths.max(initial=0))
    even = metric == "euclidean" or bool((np.abs(lengths - 1) <= _UNIT).all())
    if len(members) == len(vectors) and even and settings.quantize == "none":
        return vectors, None
    points = np.array(vectors[members], dtype=np.float32)
    order = _neighbourly(points, metric, settings.seed, workers)
    points, members, lengths = points[order], members[order], lengths[order]
    if metric == "cosine":
        points /= lengths[:, None]
    elif metric == "dot":
        rest = np.sqrt(np.maximum(0.0, longest**2 - lengths.astype(np.float64) ** 2))
        points = np.column_stack([points, rest.astype(np.float32)])
    return points, members


def _neighbourly(points: Floats, metric: str, seed: int, workers: int) -> NDArray[np.int64]:
    """Order points by the nearest of a few drawn ones: what is looked at together then lies together."""
    anchors = min(_ANCHORS, len(points) // _PER_ANCHOR)
    if anchors < 2:
        return np.arange(len(points))
    drawn = np.sort(np.random.default_rng(seed).permutation(len(points))[:anchors])
    nearest = ExactIndex(points[drawn], None, metric).search(points, 1, workers=workers)[0][:, 0]
    return np.argsort(nearest, kind="stable")


def _calibrated(
    index: GraphIndex, linker: Linker, metric: str, rows: NDArray[np.int64], settings: Graph, workers: int
) -> tuple[bool, dict[str, Any]]:
    """Find the smallest effort that reaches the target for rows not linked yet, over int8 codes or float32.

    Rows that are in the graph are found with far less effort than new queries (GloVe: 36 instead of 90).
    """
    asked = np.asarray(index.vectors[rows], dtype=np.float32)
    others = np.ones(len(index), dtype=bool)
    others[rows] = False
    truth = index.exact.search(asked, CALIBRATED_K, allowed=others, workers=workers)[1]
    found, links, points = {}, linker.links(), linker.points
    for codes in {"auto": (True, False), "int8": (True,), "none": (False,)}[settings.quantize]:
        graph = coded(links, points, metric, workers) if codes else Hnsw(links, points, None, metric)
        parts = replace(index.parts, graph=graph)
        trial = GraphIndex(index.vectors, index.norms, index.metric, parts)
        found[codes] = _least_effort(trial, asked, rows, truth, settings.target_recall, workers)
    codes = True in found
    if len(found) == 2 and found[True]["effort"] > _WORSE * found[False]["effort"]:
        codes = False
    return codes, {**found[codes], "recall_queries": len(rows)}


def _least_effort(
    index: GraphIndex, asked: Floats, rows: NDArray[np.int64], truth: Floats, target: float, workers: int
) -> dict[str, Any]:
    """Bisect for the smallest effort whose recall lies `ERRORS` standard errors above the target."""
    some = truth > -np.inf
    worst = np.where(some, truth, np.inf).min(axis=1, keepdims=True)

    def recall(effort: int) -> tuple[float, bool]:
        scores = index.search(asked, CALIBRATED_K, exclude=rows[:, None], effort=effort, workers=workers)[1]
        # by score, not by row: of rows that are equally near any will do
        right = np.minimum((scores >= worst).sum(axis=1), some.sum(axis=1)) / np.maximum(1, some.sum(axis=1))
        mean, error = float(right.mean()), float(right.std() / len(right) ** 0.5)
        return mean, mean - ERRORS * error >= target

    low, high = CALIBRATED_K, 2 * CALIBRATED_K  # with less, the own row, which is no hit, would count
    reached, enough = recall(high)
    while not enough and high < _MOST:
        low, high = high, 2 * high
        reached, enough = recall(high)
    while high - low > max(1, low // 32):
        middle = (low + high) // 2
        now, enough = recall(middle)
        if enough:
            high, reached = middle, now
        else:
            low = middle
    return {"effort": high, "recall": round(reached, 4)}
