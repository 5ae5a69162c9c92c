"""How positive and negative terms become an order of rows: 3CosAdd and 3CosMul."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nearspace.errors import InputError, SettingError
from nearspace.index.blockwise import top_rows
from nearspace.index.exact import check_count
from nearspace.search.cosmul import Product
from nearspace.search.indexes import index_of
from nearspace.search.terms import units
from nearspace.space import Space

Rows = NDArray[np.int64]
Floats = NDArray[np.float32]

METHODS = ("3cosadd", "3cosmul")


def check_method(method: str) -> str:
    """Give `method` if it is one of `METHODS`.

    Raises:
        SettingError: it is not.
    """
    if method not in METHODS:
        raise SettingError(f"method is {method!r}", f"Accepted methods: {', '.join(METHODS)}.")
    return method


def add(
    space: Space,
    vectors: Floats,
    weights: NDArray[np.float64],
    k: int,
    restrict: int | None,
    exclude: Rows,
    *,
    allowed: NDArray[np.bool_] | None = None,
    index: str = "exact",
    workers: int = 1,
) -> tuple[Rows, Floats]:
    """3CosAdd: the rows nearest to the weighted sum of the terms of each query.

    In a cosine Space the sum is of unit vectors (Mikolov and others 2013). In others it is of the vectors as
    they are, divided by the sum of the weights where that exceeds 1, so that the sum of alike vectors is one
    of them.

    Args:
        space: where to search.
        vectors: (q, t, d) terms of each query.
        weights: (t,) above 0 for positive terms, below for negative ones.
        k: hits a query.
        restrict: only the first so many rows.
        exclude: (q, e) rows that are no hits of a query.
        allowed: (n,) rows that may be hits.
        index: which index answers; see `index_of`.
        workers: threads; see `ExactIndex.search`.

    Raises:
        InputError: the terms of a query cancel each other out, so that no direction is left.
    """
    count, terms, dim = vectors.shape
    if space.metric == "cosine":
        flat = units(vectors.reshape(-1, dim)).reshape(vectors.shape)
        sums = np.einsum("qtd,t->qd", flat, weights)
        empty = np.flatnonzero(np.sqrt(np.einsum("qd,qd->q", sums, sums)) < 1e-7 * np.abs(weights).sum())
        if terms > 1 and len(empty):
            raise InputError(
                f"the terms of query {empty[0]} of {count} cancel each other out",
                "Leave out terms that are both positive and negative.",
            )
    else:
        sums = np.einsum("qtd,t->qd", vectors.astype(np.float64), weights) / max(1.0, float(weights.sum()))
    asked = sums.astype(np.float32)
    return index_of(space, index).search(asked, k, restrict, exclude, allowed=allowed, workers=workers)


def multiply(
    space: Space,
    pool: Floats,
    positive: Rows,
    negative: Rows,
    k: int,
    restrict: int | None,
    exclude: Rows,
    *,
    allowed: NDArray[np.bool_] | None = None,
    workers: int = 1,
) -> tuple[Rows, Floats]:
    """3CosMul: the rows of the largest product of shifted cosines; see `Product`. Always uses cosines.

    Args:
        space: where to search.
        pool: (u, d) vectors of the different terms.
        positive: (q, p) numbers in `pool`, p >= 1.
        negative: (q, m) numbers in `pool`.
        k: hits a query.
        restrict: only the first so many rows.
        exclude: (q, e) rows that are no hits of a query.
        allowed: (n,) rows that may be hits.
        workers: threads; see `ExactIndex.search`.
    """
    wanted = check_count("k", k)
    limit = len(space) if restrict is None else min(len(space), check_count("restrict", restrict))
    threads = check_count("workers", workers)
    if allowed is None:
        scorer = Product(pool, positive, negative, space.vectors, space.norms)
        return top_rows(scorer, len(positive), limit, wanted, exclude=exclude, workers=threads)
    places = np.flatnonzero(allowed[:limit])
    scorer = Product(pool, positive, negative, space.take(places), space.norms[places])
    number = np.full(len(space) + 1, -1, dtype=np.int64)  # the last one stands for no row
    number[places] = np.arange(len(places))
    rows, scores = top_rows(
        scorer, len(positive), len(places), wanted, exclude=number[exclude], workers=threads
    )
    return np.append(places, -1)[rows], scores
