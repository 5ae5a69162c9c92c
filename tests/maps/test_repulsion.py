"""Pushes by a grid against those of all pairs."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from nearspace.maps.convolution import Convolution, good_size
from nearspace.maps.repulsion import ExactRepulsion, GridRepulsion, each


def _layout(d, n=1500, span=40.0, seed=0):
    """Clumps of several densities, and a few points alone."""
    rng = np.random.default_rng(seed)
    points = rng.normal(size=(12, d))[rng.integers(0, 12, n)] * 2
    points += rng.normal(size=(n, d)) * rng.choice([0.05, 0.2, 0.6], size=(n, 1))
    return points * (span / np.ptp(points, axis=0).max())


@pytest.fixture
def pool():
    with ThreadPoolExecutor(2) as threads:
        yield threads


@pytest.mark.parametrize("span", [1e-6, 1e-3, 1.0, 10.0, 40.0])
def test_a_grid_is_within_a_hundredth_of_all_pairs(pool, span):
    points = _layout(2, span=span)
    exact, sum_q = ExactRepulsion(pool)(points - points.mean(axis=0))
    grid, grid_sum = GridRepulsion(pool)(points)
    assert grid_sum == pytest.approx(sum_q, rel=5e-4)
    assert np.sqrt(((grid - exact) ** 2).mean()) < 0.01 * np.sqrt((exact**2).mean())


def test_finer_cells_come_nearer(pool):
    points = _layout(2, span=50)
    exact = ExactRepulsion(pool)(points)[0]
    errors = [np.abs(GridRepulsion(pool, width)(points)[0] - exact).max() for width in (1, 2 / 3, 0.4)]
    assert errors[0] > 2 * errors[1] > 4 * errors[2]


@pytest.mark.parametrize(("kind", "d"), [(ExactRepulsion, 2), (ExactRepulsion, 3), (GridRepulsion, 2)])
def test_any_number_of_workers_gives_the_same_bytes(kind, d):
    points = _layout(d, n=9000, span=25)
    found = []
    for workers in (1, 2, 4):
        with ThreadPoolExecutor(workers) as pool:
            away, sum_q = kind(pool)(points)
            found.append((away.tobytes(), sum_q))
    assert found[0] == found[1] == found[2]


def test_a_grid_that_was_used_before_changes_nothing(pool):
    wide, narrow = _layout(2, span=40), _layout(2, span=5, seed=1)
    used = GridRepulsion(pool)
    for points in (wide, narrow, wide, wide):
        assert used(points)[0].tobytes() == GridRepulsion(pool)(points)[0].tobytes()


def test_a_far_point_costs_no_more_than_the_largest_grid(pool, monkeypatch):
    monkeypatch.setattr("nearspace.maps.repulsion.MOST_CELLS", 200)
    points = _layout(2, span=40)
    points[7] = 1e4
    away, sum_q = GridRepulsion(pool)(points)
    assert np.isfinite(away).all()
    assert sum_q > 0


def test_equal_points_do_not_push(pool):
    away, sum_q = GridRepulsion(pool)(np.full((100, 2), 3.0))
    np.testing.assert_allclose(away, 0, atol=1e-5)
    assert sum_q == pytest.approx(100 * 99)


def test_a_convolution_undoes_the_splines_and_goes_round_no_edge(pool):
    charges = np.zeros((27, 27))
    charges[5, 5] = 2.0
    potential = Convolution(27, 0.5, pool)(charges)
    # what the splines smooth twice is the kernel itself, at every node
    for _ in range(4):
        potential = (potential[:-2] + 4 * potential[1:-1] + potential[2:]).T / 6
    step = (np.arange(2, 25) - 5) * 0.5
    np.testing.assert_allclose(potential, 2 / (1 + step[:, None] ** 2 + step**2), atol=2e-5)


def test_sizes_are_products_of_small_primes():
    assert [good_size(least) for least in (1, 7, 11, 13, 61, 129, 601)] == [1, 8, 12, 15, 64, 135, 625]


def test_what_fails_in_a_thread_is_raised(pool):
    with pytest.raises(ZeroDivisionError):
        each(pool, lambda start: 1 // start, range(3))
