"""The walk beside its twin, on whole numbers, whose sums are the same in any order."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numba import njit

from nearspace.kernels.points import dot, scaled_squares, squares
from nearspace.kernels.walk import (
    DOT,
    EUCLIDEAN,
    SCALED,
    Links,
    Points,
    Room,
    distances_numpy,
    walk,
    walk_numpy,
)

DEGREE, HALF = 6, 3


@njit
def _dot(values, start, query, width, scale):
    return dot(values, start, query, width)


@njit
def _squares(values, start, query, width, scale):
    return squares(values, start, query, width)


@njit
def _scaled(values, start, query, width, scale):
    return scaled_squares(values, start, query, width, scale)


def random_graph(random, count, height):
    """Links at random: what a walk does must not depend on the graph being a good one."""
    base = random.integers(0, count, (count, DEGREE)).astype(np.int32)
    base[random.random(count) < 0.3, 4:] = -1
    levels = np.minimum(height, random.geometric(0.5, count) - 1)
    levels[0] = height
    lists, place = [], np.full(count, -1, np.int32)
    for row in range(count):
        if levels[row]:
            place[row] = len(lists)
        for layer in range(levels[row]):
            others = np.flatnonzero(levels > layer)
            some = np.full(HALF, -1, np.int32)
            some[: min(HALF, len(others))] = random.permutation(others)[:HALF]
            lists.append(some)
    upper = np.array(lists, np.int32).reshape(-1)
    return Links(base.reshape(-1), DEGREE, upper, HALF, place, 0, height)


def random_points(random, count, kind, codes):
    width = 32 if codes else int(random.integers(1, 40))
    values = random.integers(0, 12, (count, width))
    values = values.astype(np.uint8) if codes else values.astype(np.float32)
    scale = random.integers(1, 4, width if kind == SCALED else 0).astype(np.float32)
    return Points(values.reshape(-1), width, kind, scale)


def walked(links, points, queries, effort, count, allowed, seen=None, mark=0):
    """Call the kernel; returns points, share and the last mark."""
    total = len(links.place)
    room = Room(
        np.empty(effort, np.uint64),
        np.empty(count, np.uint64),
        np.empty(2 * DEGREE + 2, np.uint64),
        np.zeros(total, np.uint8) if seen is None else seen,
    )
    out, share = np.empty((len(queries), count), np.int64), np.empty(len(queries))
    return out, share, walk(links, points, queries, room, allowed, 8, mark, out, share)


@pytest.mark.parametrize(("kind", "codes"), [(DOT, False), (EUCLIDEAN, False), (DOT, True), (SCALED, True)])
@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000), effort=st.sampled_from([3, 20, 200]), filtered=st.booleans())
def test_the_kernel_equals_its_twin(kind, codes, seed, effort, filtered):
    random = np.random.default_rng(seed)
    count = int(random.integers(1, 300))
    links = random_graph(random, count, int(random.integers(0, 4)))
    points = random_points(random, count, kind, codes)
    queries = random.integers(-3, 14, (5, points.width)).astype(np.float32)
    allowed = random.random(count) < 0.4 if filtered else np.zeros(0, bool)
    found, share, _ = walked(links, points, queries, effort, 3, allowed)
    for query, row, part in zip(queries, found, share, strict=True):
        pool, hits = walk_numpy(links, points, query, effort, allowed)
        expected = (hits if filtered else pool)[:3]
        assert row.tolist() == expected + [-1] * (3 - len(expected))
        assert part == (np.mean(allowed[pool[:8]]) if filtered else 1)


@pytest.mark.parametrize("width", [1, 15, 16, 17, 32, 50])
def test_distances_are_those_of_the_formula(width):
    random = np.random.default_rng(width)
    values = random.normal(size=(7, width)).astype(np.float32)
    query = random.normal(size=width).astype(np.float32)
    for kind, sign, kernel in ((DOT, -1, _dot), (EUCLIDEAN, 1, _squares)):
        points = Points(values.reshape(-1), width, kind, np.zeros(0, np.float32))
        expected = distances_numpy(points, query, np.arange(7))
        got = [sign * kernel(points.values, row * width, query, width, None) for row in range(7)]
        np.testing.assert_allclose(got, expected, rtol=1e-5, atol=1e-5)


def test_distances_of_codes_are_those_of_the_formula():
    random = np.random.default_rng(0)
    codes = random.integers(0, 256, (7, 48)).astype(np.uint8)
    query = random.normal(size=48).astype(np.float32) * 100
    scale = random.random(48).astype(np.float32)
    points = Points(codes.reshape(-1), 48, SCALED, scale)
    got = [_scaled(points.values, row * 48, query, 48, scale) for row in range(7)]
    np.testing.assert_allclose(got, distances_numpy(points, query, np.arange(7)), rtol=1e-5)


def test_marks_start_anew_after_255_queries():
    random = np.random.default_rng(3)
    links, points = random_graph(random, 100, 2), random_points(random, 100, EUCLIDEAN, False)
    queries = random.integers(0, 12, (300, points.width)).astype(np.float32)
    none = np.zeros(0, bool)
    together, _, mark = walked(links, points, queries, 20, 5, none)
    assert mark == 300 - 255
    alone = [walked(links, points, queries[at : at + 1], 20, 5, none)[0][0] for at in range(300)]
    np.testing.assert_array_equal(together, alone)


def test_near_and_equal_distances_keep_their_order():
    """Distances below zero, zero and above it, and ties by number."""
    values = np.array([-2, 5, 0, -2, 1, 0, 5, -9], np.float32)
    base = ((np.arange(8)[:, None] + 1 + np.arange(DEGREE)) % 8).astype(np.int32)
    links = Links(base.reshape(-1), DEGREE, np.zeros(0, np.int32), HALF, np.full(8, -1, np.int32), 4, 0)
    points = Points(values, 1, DOT, np.zeros(0, np.float32))
    found, _, _ = walked(links, points, np.ones((1, 1), np.float32), 20, 8, np.zeros(0, bool))
    assert found[0].tolist() == [1, 6, 4, 2, 5, 0, 3, 7]
