"""Where the factors of a recommender begin: the right singular vectors of its matrix."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from nearspace.data.interactions import Sparse
from nearspace.data.svd import truncated_svd
from nearspace.kernels.sparse import sparse_product

ITERATIONS = 2
_BLOCK = 1024  # rows that a thread multiplies at once


def spectral_start(
    by_user: Sparse, by_item: Sparse, dim: int, seed: int, pool: ThreadPoolExecutor
) -> NDArray[np.float32]:
    """Give the items V sqrt(S) of the truncated singular value decomposition U S VT, (I, dim).

    Cremonesi, Koren and Turrin 2010 recommend by these alone (PureSVD). Directions beyond the rank of the
    matrix are zeros. The same bits for any pool.
    """

    def product(matrix: Sparse, dense: NDArray[np.float32]) -> NDArray[np.float32]:
        out = np.empty((len(matrix.starts) - 1, dense.shape[1]), dtype=np.float32)
        dense = np.ascontiguousarray(dense)

        def part(start: int) -> None:
            own = matrix.starts[start : start + _BLOCK + 1]
            sparse_product(own, matrix.columns, matrix.weights, dense, out[start : start + _BLOCK])

        list(pool.map(part, range(0, len(out), _BLOCK)))
        return out

    users, items = len(by_user.starts) - 1, len(by_item.starts) - 1
    found = np.zeros((items, dim), np.float32)
    size = min(dim, users, items)
    by_left, by_right = (by_user, by_item) if users < items else (by_item, by_user)
    factors = truncated_svd(  # what is made orthonormal each time is the side with fewer rows
        lambda dense: product(by_left, dense),
        lambda dense: product(by_right, dense),
        max(users, items),
        size,
        iterations=ITERATIONS,
        seed=seed,
        pool=pool,
    )
    vectors = factors.right if users < items else factors.left
    found[:, :size] = vectors * np.sqrt(factors.values).astype(np.float32)
    return found
