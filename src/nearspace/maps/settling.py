"""Points of a UMAP or t-SNE map that move on from where they are: only new ones, or all of them gently."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nearspace.kernels.forces import repel
from nearspace.kernels.fuzzy import FuzzyGraph
from nearspace.kernels.placing import Curve, likelihoods
from nearspace.kernels.settling import PARTS, Turn, settle_umap
from nearspace.maps.knn_graph import KnnGraph
from nearspace.maps.neighbors import threads
from nearspace.maps.umap import UMAP, curve
from nearspace.protocols import Progress

Floats = NDArray[np.float32]

DRAWN = 32  # points that push each point of UMAP in a round
BLOCK, SHARD = 1024, 512  # points that a thread takes at once: of UMAP, of t-SNE


class Joint(NamedTuple):
    """The likelihoods of t-SNE, both directions, in compressed sparse rows; they sum to 1."""

    first: NDArray[np.int64]
    others: NDArray[np.int64]
    values: NDArray[np.float64]


def settle(
    settings: UMAP,
    fuzzy: FuzzyGraph,
    places: Floats,
    first: int,
    rounds: int,
    pace: float,
    workers: int | None,
    progress: Progress,
) -> None:
    """Move points under the forces of UMAP, with steps that shrink to nothing.

    Args:
        settings: of the map.
        fuzzy: the graph of all points.
        places: (n, 3) where they are; is written.
        first: the first point that moves.
        rounds: how often each moves.
        pace: size of the first step, 1 being that of a new map.
        workers: threads; the result does not depend on them.
        progress: shown in rounds.
    """
    n, (a, b), moved = len(places), curve(settings.min_dist), places.copy()
    force = Curve(np.float32(a), np.float32(b), np.float32(settings.pushes))
    with (
        progress.task("moving", total=rounds, unit="rounds") as task,
        ThreadPoolExecutor(threads(workers), thread_name_prefix="settle") as pool,
    ):
        for number in range(rounds):
            alpha = np.float32(pace * (1 - number / rounds))
            for part in range(PARTS):
                turn = Turn(number, alpha, DRAWN, settings.seed, part)
                starts = range(first, n, BLOCK)
                calls = [
                    pool.submit(settle_umap, fuzzy, places, force, turn, at, min(n, at + BLOCK), moved)
                    for at in starts
                ]
                for done in calls:
                    done.result()
                places[part::PARTS] = moved[part::PARTS]
            task.advance(1)


def joint_likelihoods(near: KnnGraph, perplexity: float) -> Joint:
    """Give p_ij = (p_j|i + p_i|j) / 2n over the neighbours of either."""
    n, k = near.rows.shape
    shares = np.empty((n, k), np.float32)
    likelihoods(np.ascontiguousarray(near.distances), perplexity, 0, n, shares)
    one, other = np.repeat(np.arange(n), k), near.rows.ravel().astype(np.int64)
    own, others = np.concatenate([one, other]), np.concatenate([other, one])
    values = np.tile(shares.ravel().astype(np.float64), 2)
    order = np.argsort(own * n + others, kind="stable")
    own, others, values = own[order], others[order], values[order]
    begins = np.flatnonzero(np.diff(own * n + others, prepend=-1))
    summed = np.add.reduceat(values, begins)
    first = np.searchsorted(own[begins], np.arange(n + 1))
    return Joint(first.astype(np.int64), others[begins], summed / summed.sum())


def balance(
    joint: Joint,
    places: Floats,
    first: int,
    rounds: int,
    pace: float,
    workers: int | None,
    progress: Progress,
) -> None:
    """Move points of t-SNE half way, or less, to where their pulls balance their present pushes.

    y <- y + pace / 2 * (sum_j p_ij q_ij (y_j - y) + 1/Z sum_k q_ik^2 (y - y_k)) / sum_j p_ij q_ij

    All points that move do so at once, and all pairs push.

    Args:
        joint: of all points.
        places: (3, n) where they are; is written.
        first: the first point that moves.
        rounds: how often each moves; the steps shrink to nothing in the second half.
        pace: 0 to 1.
        workers: threads; the result does not depend on them.
        progress: shown in rounds.
    """
    n, start = places.shape[1], int(joint.first[first])
    counts, others = np.diff(joint.first[first:]), joint.others[start:]
    own, weights = np.repeat(np.arange(n - first), counts), joint.values[start:]
    away, totals = np.zeros((n, 3)), np.empty(n)

    def push(at: int) -> None:
        repel(places[0], places[1], places[2], at, min(n, at + SHARD), away, totals)

    with (
        progress.task("moving", total=rounds, unit="rounds") as task,
        ThreadPoolExecutor(threads(workers), thread_name_prefix="settle") as pool,
    ):
        for number in range(rounds):
            # the sum over all pairs changes little while only new points move
            list(pool.map(push, range(first if number else 0, n, SHARD)))
            total = float(totals.sum())
            steps = (places[:, others] - places[:, first + own]).astype(np.float64)
            pulls = weights / (1 + (steps**2).sum(axis=0))
            strength = np.maximum(np.bincount(own, pulls, n - first), 1e-300)
            share = 0.5 * pace * min(1.0, 2 * (1 - number / rounds))
            for axis in range(3):
                force = np.bincount(own, pulls * steps[axis], n - first) + away[first:, axis] / total
                places[axis, first:] += (share * force / strength).astype(np.float32)
            task.advance(1)
