"""Items that the same users have: counts of pairs, the nearest items by cosine, and scores made of them."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from nearspace.kernels.best import best_of, best_of_numpy

Ints = NDArray[np.int64]
Columns = NDArray[np.int32]
Floats = NDArray[np.float32]


@njit(cache=True, nogil=True)
def count_pairs(by_user, users_items, by_item, items_users, first, last, counts):  # type: ignore[no-untyped-def]
    """Count the users that items `first` to `last` share with every item.

    Args:
        by_user, users_items: starts (U + 1,) and items of each user.
        by_item, items_users: starts (I + 1,) and users of each item.
        counts: (last - first, I) float32, written; an item shares all its users with itself.
    """
    counts[:, :] = 0
    for item in range(first, last):
        row = counts[item - first]
        for entry in range(by_item[item], by_item[item + 1]):
            user = items_users[entry]
            for other in range(by_user[user], by_user[user + 1]):
                row[users_items[other]] += np.float32(1)


def count_pairs_numpy(
    by_user: Ints, users_items: Columns, by_item: Ints, items_users: Columns, first: int, last: int,
    counts: Floats,
) -> None:  # fmt: skip
    """XT X of the matrix X of zeros and ones."""
    dense = np.zeros((len(by_user) - 1, len(by_item) - 1), np.float32)
    dense[np.repeat(np.arange(len(dense)), np.diff(by_user)), users_items] = 1
    counts[:] = (dense.T @ dense)[first:last]


@njit(cache=True, nogil=True)
def near_items(  # type: ignore[no-untyped-def]
    by_user, users_items, by_item, items_users, first, last, shrink, k, counts, places, found
):  # fmt: skip
    """Find the k items nearest to each of items `first` to `last`: pairs / (root of n m + shrink).

    Args:
        by_user, users_items, by_item, items_users, first, last: as `count_pairs` takes them.
        shrink: added below the line, so that few common users are little evidence.
        counts: (1, I) float32, for scratch.
        places, found: (last - first, k), as `best_of` writes them; items without common users are not near.
    """
    for item in range(first, last):
        count_pairs(by_user, users_items, by_item, items_users, item, item + 1, counts)
        own = by_item[item + 1] - by_item[item]
        for other in range(len(by_item) - 1):
            pairs = counts[0, other]
            if pairs > 0 and other != item:
                size = own * (by_item[other + 1] - by_item[other])
                counts[0, other] = np.float32(pairs / (np.sqrt(np.float64(size)) + shrink))
            else:
                counts[0, other] = -np.inf
        at = item - first
        best_of(counts, k, places[at : at + 1], found[at : at + 1])


def near_items_numpy(
    by_user: Ints, users_items: Columns, by_item: Ints, items_users: Columns, first: int, last: int,
    shrink: float, k: int, counts: Floats, places: Ints, found: Floats,
) -> None:  # fmt: skip
    """C / (outer root of sizes + shrink), without the diagonal and zeros."""
    items = len(by_item) - 1
    pairs = np.empty((items, items), np.float32)
    count_pairs_numpy(by_user, users_items, by_item, items_users, 0, items, pairs)
    sizes = np.diff(by_item).astype(np.float64)
    below = np.sqrt(np.outer(sizes, sizes)) + shrink
    near = np.divide(pairs, below, out=np.zeros_like(below), where=pairs > 0)
    np.fill_diagonal(near, 0)
    best_of_numpy(np.where(near > 0, near, -np.inf).astype(np.float32)[first:last], k, places, found)


@njit(cache=True, nogil=True)
def add_near(starts, columns, near_starts, near_columns, near_values, scores):  # type: ignore[no-untyped-def]
    """Add up the values of what the items of each row are near to.

    Args:
        starts, columns: (q + 1,) and the items of each row.
        near_starts, near_columns, near_values: of each item, the items that have it as a near one, and how.
        scores: (q, I) float32, written.
    """
    scores[:, :] = 0
    for row in range(len(starts) - 1):
        for entry in range(starts[row], starts[row + 1]):
            item = columns[entry]
            for near in range(near_starts[item], near_starts[item + 1]):
                scores[row, near_columns[near]] += near_values[near]


def add_near_numpy(
    starts: Ints, columns: Columns, near_starts: Ints, near_columns: Columns, near_values: Floats,
    scores: Floats,
) -> None:  # fmt: skip
    """X S of the matrices that the arguments say."""
    dense = np.zeros((len(near_starts) - 1, scores.shape[1]), np.float32)
    dense[np.repeat(np.arange(len(dense)), np.diff(near_starts)), near_columns] = near_values
    add_rows_numpy(starts, columns, dense, scores)


@njit(cache=True, nogil=True)
def add_rows(starts, columns, weights, scores):  # type: ignore[no-untyped-def]
    """Add up the rows of `weights` (I, J) that each row of a sparse matrix of ones has, into (q, J)."""
    scores[:, :] = 0
    for row in range(len(starts) - 1):
        into = scores[row]
        for entry in range(starts[row], starts[row + 1]):
            line = weights[columns[entry]]
            for column in range(len(into)):
                into[column] += line[column]


def add_rows_numpy(starts: Ints, columns: Columns, weights: Floats, scores: Floats) -> None:
    """X W."""
    for row in range(len(starts) - 1):
        scores[row] = weights[columns[starts[row] : starts[row + 1]]].sum(axis=0)
