"""Rounds: local copies and their merge, and the barrier that keeps threads in step."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from numba import njit

from nearspace.kernels import rounds
from nearspace.kernels.threads import barrier, gate, ticket

STRIDE = 16


def _matrix(rng, rows):
    return rng.normal(size=rows * STRIDE).astype(np.float32)


def test_copies_come_from_their_rows_and_places_are_cleared():
    rng = np.random.default_rng(1)
    matrix, place = _matrix(rng, 10), np.full(10, -1, dtype=np.int32)
    ids = np.array([7, 2, 7, 9, 2], dtype=np.int32)
    rows, local = np.empty(5, np.int32), np.empty(5 * STRIDE, np.float32)
    used = rounds.localise(ids, 5, place, rows, 0)
    assert (used, ids.tolist(), rows[:used].tolist()) == (3, [0, 1, 0, 2, 1], [7, 2, 9])
    rounds.gather(matrix, STRIDE, rows, used, place, local)
    assert np.array_equal(local.reshape(5, STRIDE)[:3], matrix.reshape(10, STRIDE)[[7, 2, 9]])
    assert np.all(place == -1)


@pytest.mark.parametrize("parts", [1, 2, 3])
def test_merge_adds_weighted_changes_whatever_the_parts(parts):
    rng = np.random.default_rng(2)
    matrix, weights = _matrix(rng, 64), rng.random(64).astype(np.float32)
    copies = [np.array([50, 0, 33], dtype=np.int32), np.array([33, 7, 50, 20], dtype=np.int32)]
    locals_ = [_matrix(rng, len(rows)) for rows in copies]
    old = matrix.reshape(64, STRIDE).copy()
    expected = old.copy()
    for rows, local in zip(copies, locals_, strict=True):
        expected[rows] += weights[rows, None] * (local.reshape(-1, STRIDE) - old[rows])
    touched = np.zeros(64, dtype=np.int32)
    for part in range(parts):
        for rows in copies:
            rounds.count_touched(rows, len(rows), touched, part, parts)
        for rows, local in zip(copies, locals_, strict=True):
            rounds.merge(matrix, STRIDE, rows, len(rows), weights, local, touched, part, parts)
    assert np.allclose(matrix.reshape(64, STRIDE), expected, atol=1e-5)
    assert not touched.any()


def test_subword_rows_are_averaged_and_the_change_goes_to_all_of_them():
    rng = np.random.default_rng(3)
    matrix = _matrix(rng, 6)
    starts, grams = np.array([0, 2, 2], dtype=np.int64), np.array([3, 5], dtype=np.int32)
    table = matrix.reshape(6, STRIDE).copy()
    rows, local = np.array([0, 1], dtype=np.int32), np.empty(2 * STRIDE, np.float32)
    place = np.zeros(2, dtype=np.int32)
    origin = np.empty_like(local)
    rounds.gather_means(matrix, STRIDE, rows, 2, place, starts, grams, local, origin)
    means = np.stack([table[[0, 3, 5]].mean(axis=0), table[1]])
    assert np.allclose(local.reshape(2, STRIDE), means, atol=1e-6)
    local += 1
    rounds.subtract(local, origin, 2 * STRIDE)
    assert np.allclose(local, 1, atol=1e-6)
    weights = np.array([1, 1, 1, 0.5, 1, 0.25], dtype=np.float32)
    rounds.merge_grams(matrix, STRIDE, rows, 2, weights, starts, grams, local, 0, 1)
    change = np.array([1, 1, 0, 0.5, 0, 0.25])[:, None]
    assert np.allclose(matrix.reshape(6, STRIDE), table + change, atol=1e-5)


@njit(nogil=True)
def _in_step(shared, threads, turns, marks):
    wrong = 0
    for turn in range(turns):
        item = ticket(shared)
        while item < marks.shape[0]:
            marks[item] += 1
            item = ticket(shared)
        barrier(shared, threads)
        for item in range(marks.shape[0]):
            wrong += marks[item] != turn + 1
        barrier(shared, threads)
    return wrong


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_barrier_keeps_threads_in_step_and_tickets_are_drawn_once(threads):
    shared, marks = gate(), np.zeros(5, dtype=np.int64)
    with ThreadPoolExecutor(threads) as pool:
        wrong = sum(pool.map(lambda _: _in_step(shared, threads, 50, marks), range(threads)))
    assert wrong == 0
    assert marks.tolist() == [50] * 5
