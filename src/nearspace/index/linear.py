"""The metrics as matrix products with a proven rounding bound: cosine, dot product, Euclidean distance."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nearspace.index.blockwise import Floats, Rows
from nearspace.kernels.sums import sums_in_order

Doubles = NDArray[np.float64]

UNIT = 2.0**-24  # half the distance from 1 to the next float32
TINY = 1e-15  # of a norm; below, squares of components may have underflowed in float32
HUGE = 1e18  # of a norm; above, squares may overflow float32
UNDERFLOW = 1e-37  # more than a float32 product can lose by underflow
_NARROW = 64  # up to so many queries it costs less to scale the scores than the vectors


@dataclass(frozen=True)
class Block:
    """Rows that wait to be scored: score = queries @ vectors.T * scale - half.

    Attributes:
        vectors: (b, d).
        scale: (b,) or None for 1.
        half: (b,) or None for 0.
        odd: (b,) rows that float32 cannot judge, or None if there are none.
        longest: the largest norm of the other rows.
    """

    vectors: Floats
    scale: Floats | None
    half: Floats | None
    odd: NDArray[np.bool_] | None
    longest: float


@dataclass(frozen=True)
class LinearPart:
    """Float32 scores of a tile of queries against a block, and how far they can be trusted."""

    scorer: Linear
    scores: Floats
    norms: Doubles
    longest: float

    def ranks(self) -> Floats:
        """(t, b) float32 scores."""
        return self.scores

    def reaching(self, floor: Floats) -> NDArray[np.bool_]:
        """(t, b) where the exact score may reach `floor` (t, 1)."""
        wide = floor.astype(np.float64)
        with np.errstate(over="ignore", invalid="ignore"):
            bound = self.scorer.bound(wide, self.norms, self.longest)
            bound[~np.isfinite(wide)] = wide[~np.isfinite(wide)]
            return np.greater_equal(self.scores, bound.astype(np.float32))


class Linear:
    """Scores queries against vectors; subclasses say by which formula.

    Args:
        queries: (q, d) float32, finite.
        vectors: (n, d) float32; may be a memory map; rows with NaN or infinity are never hits.
        norms: (n,) float32 Euclidean norms of the vectors.
        chosen: (m,) ascending row numbers; then only these rows are read, and row i stands for chosen[i].

    A float32 dot product of d terms, summed in any order, is off by at most d u |q||v| / (1 - d u) with
    u = 2^-24 (Higham, Accuracy and Stability of Numerical Algorithms, 2nd ed., 3.1). Twice that also covers
    rounded norms and scaling.
    """

    def __init__(self, queries: Floats, vectors: Floats, norms: Floats, chosen: Rows | None = None) -> None:
        self.queries = queries
        self.wide_queries = queries.astype(np.float64)
        self.lengths = np.sqrt(np.einsum("qd,qd->q", self.wide_queries, self.wide_queries))[:, None]
        self.vectors = vectors
        self.chosen = chosen
        self.all_norms = norms
        self.norms = norms if chosen is None else norms[chosen]
        self.slack = UNIT * (2 * queries.shape[1] + 16)

    @property
    def width(self) -> int:
        """Components of a vector."""
        return int(self.vectors.shape[1])

    def open(self, start: int, stop: int) -> Block:
        """Prepare rows start..stop."""
        vectors = np.asarray(self.vectors[self.place(slice(start, stop))])
        norms = self.norms[start:stop]
        longest, limit, odd = float(norms.max(initial=0)), self.limit(), None
        if not longest <= limit:  # also if it is NaN
            odd = ~(norms <= limit)
            longest = float(norms.max(initial=0, where=~odd))
        return self.prepare(vectors, norms, odd, longest)

    def part(self, first: int, last: int, block: Block) -> LinearPart:
        """Score queries first..last against a block."""
        scores = self.scores(slice(first, last), block)
        return LinearPart(self, scores, self.lengths[first:last], block.longest)

    def scores(self, queries: slice | Rows, block: Block) -> Floats:
        """(t, b) float32 scores of some queries, +inf for the odd rows."""
        with np.errstate(over="ignore", invalid="ignore", under="ignore"):
            scores: Floats = self.queries[queries] @ block.vectors.T
            if block.scale is not None:
                scores *= block.scale
            if block.half is not None:
                scores -= block.half
        if block.odd is not None:
            scores[:, block.odd] = np.inf
        return scores

    def exact(self, queries: Rows, rows: Rows) -> Floats:
        """(m,) scores of pairs in float64, rounded to float32."""
        with np.errstate(over="ignore", under="ignore"):
            return self.wide(queries, rows).astype(np.float32) + np.float32(0)  # -0 becomes 0

    def wide(self, queries: Rows, rows: Rows) -> Doubles:
        """(m,) scores of pairs in float64; NaN for a vector with NaN or infinity."""
        # (d, m), which the sums run over in order
        vectors = np.ascontiguousarray(self.vectors[self.place(rows)].T, dtype=np.float64)
        with np.errstate(invalid="ignore"):
            scores = self.judge(queries, vectors)
            scores[~np.isfinite(vectors.sum(axis=0))] = np.nan
        return scores

    def place(self, rows: slice | Rows) -> slice | Rows:
        """Where these rows lie in the vectors."""
        return rows if self.chosen is None else self.chosen[rows]

    def limit(self) -> float:
        """Give the largest norm that surely does not overflow with these queries."""
        return min(HUGE, 1e37 / max(1.0, float(self.lengths.max(initial=0.0))))

    def prepare(self, vectors: Floats, norms: Floats, odd: NDArray[np.bool_] | None, longest: float) -> Block:
        """Bring a block into the form of the matrix product."""
        raise NotImplementedError

    def bound(self, floor: Doubles, norms: Doubles, longest: float) -> Doubles:
        """(t, 1) the float32 score below which the exact score surely lies under `floor`."""
        raise NotImplementedError

    def judge(self, queries: Rows, vectors: Doubles) -> Doubles:
        """(m,) scores of pairs of a query number and a vector, a column of (d, m) float64."""
        raise NotImplementedError


class Cosine(Linear):
    """q.v / (|q||v|); 0 where either is the zero vector."""

    def __init__(self, queries: Floats, vectors: Floats, norms: Floats, chosen: Rows | None = None) -> None:
        super().__init__(queries, vectors, norms, chosen)
        self.queries = np.divide(
            self.wide_queries, self.lengths, out=np.zeros_like(self.wide_queries), where=self.lengths > 0
        ).astype(np.float32)

    def limit(self) -> float:
        """Give the largest norm of which the square does not overflow; queries have length one."""
        return HUGE

    def prepare(self, vectors: Floats, norms: Floats, odd: NDArray[np.bool_] | None, longest: float) -> Block:
        """Scale the vectors to length one, or for a few queries the scores."""
        with np.errstate(divide="ignore", over="ignore"):
            scale = np.float32(1) / norms
        if not norms.min(initial=1) >= TINY:
            small = np.flatnonzero(norms < TINY)
            scale[small] = 0
            odd = np.zeros(len(norms), dtype=bool) if odd is None else odd
            odd[small] = np.asarray(vectors[small]).any(axis=1)
        if len(self.queries) <= _NARROW:
            return Block(vectors, scale, None, odd, 1.0)
        with np.errstate(invalid="ignore", over="ignore", under="ignore"):  # odd rows may hold anything
            return Block(vectors * scale[:, None], None, None, odd, 1.0)

    def bound(self, floor: Doubles, norms: Doubles, longest: float) -> Doubles:
        """Float32 is off by at most the slack, and not at all for a zero query."""
        return np.asarray(floor - self.slack * (norms > 0))

    def judge(self, queries: Rows, vectors: Doubles) -> Doubles:
        """Give the cosine of each pair."""
        lengths = np.sqrt(sums_in_order(vectors * vectors)) * self.lengths[queries, 0]
        products = sums_in_order(self.wide_queries[queries].T * vectors)
        cosines: Doubles = np.divide(products, lengths, out=products, where=lengths != 0)
        np.clip(cosines, -1.0, 1.0, out=cosines)
        return cosines


class Dot(Linear):
    """q.v"""

    def prepare(self, vectors: Floats, norms: Floats, odd: NDArray[np.bool_] | None, longest: float) -> Block:
        """Take the vectors as they are."""
        return Block(vectors, None, None, odd, longest)

    def bound(self, floor: Doubles, norms: Doubles, longest: float) -> Doubles:
        """Float32 is off in proportion to both norms, and not at all for a zero query."""
        slack = self.slack * (np.abs(floor) + norms * longest) + UNDERFLOW * self.width
        return np.asarray(floor - slack * (norms > 0))

    def judge(self, queries: Rows, vectors: Doubles) -> Doubles:
        """Give the dot product of each pair."""
        return sums_in_order(self.wide_queries[queries].T * vectors)


class Euclidean(Linear):
    """-|q - v|, the negative distance, so that larger is nearer."""

    def prepare(self, vectors: Floats, norms: Floats, odd: NDArray[np.bool_] | None, longest: float) -> Block:
        """Half the squared norm goes off the dot product: q.v - |v|^2 / 2 = (|q|^2 - |q - v|^2) / 2."""
        with np.errstate(over="ignore", invalid="ignore"):
            return Block(vectors, None, norms * norms * np.float32(0.5), odd, longest)

    def bound(self, floor: Doubles, norms: Doubles, longest: float) -> Doubles:
        """|q - v| <= -floor where q.v - |v|^2 / 2 >= (|q|^2 - floor^2) / 2."""
        slack = self.slack * ((norms + longest) ** 2 + floor**2) + UNDERFLOW * self.width
        return np.asarray((norms**2 - floor**2) / 2 - slack)

    def judge(self, queries: Rows, vectors: Doubles) -> Doubles:
        """Give the negative distance of each pair."""
        apart = self.wide_queries[queries].T - vectors
        return np.asarray(-np.sqrt(sums_in_order(apart * apart)))


SCORERS: dict[str, type[Linear]] = {"cosine": Cosine, "dot": Dot, "euclidean": Euclidean}
