from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from nearspace.kernels.layout_forces import mixed_numpy
from nearspace.kernels.threads import gate
from nearspace.kernels.umap_layout import (
    LEAP,
    PARTS,
    Edges,
    Plan,
    Round,
    move,
    move_numpy,
    move_rounds,
    new_room,
)


def edges_of(random, n, most):
    counts = random.integers(0, most, n)
    first = np.concatenate([[0], np.cumsum(counts)])
    others = random.integers(0, n, first[-1]).astype(np.int32)
    return Edges(first, others, random.integers(0, 2**32, first[-1]).astype(np.uint32))


def turn(number=3, part=0):
    return Round(number, np.float32(0.7), np.float32(1.577), np.float32(0.895), 5, 7, part)


def moved(edges, places, start, stop, among, number=3, plane=False):
    out = np.full_like(places, 9)
    for part in range(PARTS):
        move(edges, turn(number, part), places, out, start, stop, among, plane, new_room())
    return out


@pytest.mark.parametrize("axes", [2, 3])
@pytest.mark.parametrize("most", [12, 400, 4000])  # more pulls than fit into the room at once
def test_the_kernel_equals_its_twin(axes, most):
    random = np.random.default_rng(axes)
    edges, places = edges_of(random, 60, most), np.zeros((60, 4), np.float32)
    places[:, :axes] = random.normal(size=(60, axes)) * 3
    places[5] = places[6]
    found, expected = moved(edges, places, 4, 50, 40, plane=axes == 2), np.full_like(places, 9)
    for part in range(PARTS):
        move_numpy(edges, turn(part=part), places, expected, 4, 50, 40)
    np.testing.assert_allclose(found[:, :3], expected[:, :3], rtol=2e-3, atol=2e-3)
    assert (found[:4] == 9).all() and (found[50:] == 9).all()
    if axes == 2:
        assert (found[4:50, 2] == 0).all()


def test_a_point_is_moved_alike_in_any_part():
    random = np.random.default_rng(5)
    edges, places = edges_of(random, 300, 60), np.zeros((300, 4), np.float32)
    places[:, :2] = random.normal(size=(300, 2))
    whole = moved(edges, places, 0, 300, 300)
    parts = [moved(edges, places, start, start + 50, 300)[start : start + 50] for start in range(0, 300, 50)]
    assert np.concatenate(parts)[:, :3].tobytes() == whole[:, :3].tobytes()


def test_an_edge_counts_as_often_as_its_rate_says():
    edges = Edges(np.array([0, 1, 1]), np.array([1], np.int32), np.array([0.3 * 2**32 + 1], np.uint32))
    places = np.array([[0, 0, 0, 0], [1, 0, 0, 0]], np.float32)
    acted = sum(moved(edges, places, 0, 1, 2, number)[0, 0] != 0 for number in range(100))
    assert acted == 30


def test_the_plane_is_space_without_depth():
    random = np.random.default_rng(6)
    edges, places = edges_of(random, 200, 60), np.zeros((200, 4), np.float32)
    places[:, :2] = random.normal(size=(200, 2))
    flat, deep = (moved(edges, places, 0, 200, 200, plane=plane)[:, :3] for plane in (True, False))
    assert flat.tobytes() == deep.tobytes()


@pytest.mark.parametrize("exponent", [0.79, 0.895, 1.334])
def test_one_pull_is_the_formula_to_four_digits(exponent):
    edges = Edges(np.array([0, 1, 1]), np.array([1], np.int32), np.array([2**32 - 1], np.uint32))
    for distance in np.geomspace(1e-4, 1e3, 200):
        places = np.array([[0, 0, 0, 0], [distance, 0, 0, 0]], np.float32)
        one = Round(3, np.float32(1), np.float32(1.577), np.float32(exponent), 0, 7, 0)
        out = np.zeros_like(places)
        move(edges, one, places, out, 0, 1, 2, True, new_room())
        power = float(places[1, 0]) ** (2 * exponent)
        pull = 4 * 1.577 * exponent * power / ((1 + 1.577 * power) * float(places[1, 0]) ** 2)
        assert out[0, 0] == pytest.approx(pull / (1 + pull / 2) * places[1, 0], rel=2e-4)


def test_draws_are_even():
    draws = mixed_numpy(np.arange(1 << 16, dtype=np.uint32) + np.uint32(12345)) >> np.uint32(26)
    counts = np.bincount(draws, minlength=64)
    assert abs(counts - 1024).max() < 150


@pytest.mark.parametrize("crew", [1, 2, 4])
@pytest.mark.parametrize(
    ("share", "still", "pace"), [(7, 0, 1.0), (64, 101, 0.3), (300, 0, 0.5), (300, 240, 1.0)]
)
def test_rounds_move_one_part_after_the_other_whoever_moves_them(crew, share, still, pace):
    random = np.random.default_rng(8)
    edges, places = edges_of(random, 250, 30), np.zeros((250, 4), np.float32)
    places[:, :2] = random.normal(size=(250, 2))
    expected = places.copy()
    for number in (2, 3, 4):
        for part in range(PARTS):
            alpha = np.float32(pace * (1 - number / 9))
            one = Round(number, alpha, np.float32(1.577), np.float32(0.895), 5, 7, part)
            after = expected.copy()
            move(edges, one, expected, after, still, 250, 250, True, new_room())
            expected[part::PARTS] = after[part::PARTS]
    plan = Plan(9, np.float32(1.577), np.float32(0.895), 5, 7, share, still, pace)
    found, after, shared = places.copy(), places.copy(), gate()
    with ThreadPoolExecutor(crew) as pool:
        for done in [
            pool.submit(move_rounds, edges, plan, 2, 5, found, after, True, new_room(), shared, crew)
            for _ in range(crew)
        ]:
            done.result()
    assert found.tobytes() == expected.tobytes()
    assert found[:still].tobytes() == places[:still].tobytes()
    assert (found[still:, :2] != places[still:, :2]).any()


def test_no_step_flings_a_point_out_of_the_map():
    """Points that lie nearly upon each other push each other all at once."""
    n, k = 400, 12
    places = np.zeros((n, 4), np.float32)
    places[:, :2] = np.random.default_rng(0).normal(scale=0.05, size=(n, 2))
    others = ((np.arange(n)[:, None] + 1 + np.arange(k)) % n).astype(np.int32).ravel()
    edges = Edges(np.arange(0, k * n + 1, k), others, np.full(k * n, 2**32 - 1, np.uint32))
    out, expected = moved(edges, places, 0, n, n, plane=True), places.copy()
    for part in range(PARTS):
        move_numpy(edges, turn(part=part), places, expected, 0, n, n)
    for found in (out, expected):
        leaps = np.abs(found - places)[:, :2].max(axis=1)
        assert np.isclose(leaps.max(), LEAP) and (leaps <= LEAP + 1e-5).all()
