from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from nearspace.kernels.threads import gate
from nearspace.kernels.umap_layout import (
    PARTS,
    Edges,
    Plan,
    Round,
    _power,
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


def moved(edges, places, start, stop, among, number=3):
    out = np.full_like(places, 9)
    for part in range(PARTS):
        move(edges, turn(number, part), places, out, start, stop, among, new_room(stop - start))
    return out


@pytest.mark.parametrize("axes", [2, 3])
@pytest.mark.parametrize("most", [12, 400])  # more pulls than fit into the room at once
def test_the_kernel_equals_its_twin(axes, most):
    random = np.random.default_rng(axes)
    edges, places = edges_of(random, 60, most), np.zeros((60, 4), np.float32)
    places[:, :axes] = random.normal(size=(60, axes)) * 3
    places[5] = places[6]
    found, expected = moved(edges, places, 4, 50, 40), np.full_like(places, 9)
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


def test_powers_are_good_to_four_digits():
    values = np.geomspace(1e-12, 1e8, 4000).astype(np.float32)
    for exponent in (0.79, 0.895, 1.334):
        found = np.array([_power(value, np.float32(exponent)) for value in values])
        np.testing.assert_allclose(found, values.astype(np.float64) ** exponent, rtol=2e-4)


@pytest.mark.parametrize("crew", [1, 2, 4])
@pytest.mark.parametrize("share", [7, 64, 300])
def test_rounds_move_one_part_after_the_other_whoever_moves_them(crew, share):
    random = np.random.default_rng(8)
    edges, places = edges_of(random, 250, 30), np.zeros((250, 4), np.float32)
    places[:, :2] = random.normal(size=(250, 2))
    expected = places.copy()
    for number in (2, 3, 4):
        for part in range(PARTS):
            alpha = np.float32(1 - number / 9)
            one = Round(number, alpha, np.float32(1.577), np.float32(0.895), 5, 7, part)
            after = expected.copy()
            move(edges, one, expected, after, 0, 250, 250, new_room(250))
            expected[part::PARTS] = after[part::PARTS]
    plan = Plan(9, np.float32(1.577), np.float32(0.895), 5, 7, share)
    found, after, shared = places.copy(), places.copy(), gate()
    with ThreadPoolExecutor(crew) as pool:
        for done in [
            pool.submit(move_rounds, edges, plan, 2, 5, found, after, new_room(share), shared, crew)
            for _ in range(crew)
        ]:
            done.result()
    assert found.tobytes() == expected.tobytes()
