"""Popularity, item-kNN and EASE beside their formulas written with dense matrices."""

from __future__ import annotations

import numpy as np
import pytest

from nearspace.data.interactions import Interactions, Sparse
from nearspace.evaluation.baselines import BASELINES, Popularity, baselines_of
from nearspace.evaluation.ease import EASE
from nearspace.evaluation.item_knn import ItemKNN
from nearspace.keys import Keys


def events(users: int = 40, items: int = 150, seed: int = 0) -> tuple[Interactions, np.ndarray]:
    """Random events, and their matrix in the order of users and items that they have."""
    random = np.random.default_rng(seed)
    rows = np.nonzero(random.random((users, items)) < random.random(items) * 0.4)
    data = Interactions.from_pairs(
        Keys(map(str, range(users))),
        Keys(map(str, range(items))),
        (rows[0].astype(np.int32), rows[1].astype(np.int32)),
        random.random(len(rows[0]), dtype=np.float32) + 1,
    )
    dense = np.zeros((len(data.users), len(data.items)))
    dense[np.repeat(np.arange(len(dense)), data.user_counts), data.by_user.columns] = 1
    return data, dense


def test_popularity_is_the_number_of_users() -> None:
    data, dense = events()
    assert np.array_equal(Popularity().fit(data).scores(data.by_user), np.tile(dense.sum(0), (len(dense), 1)))


@pytest.mark.parametrize("k", [1, 7, 500])
def test_item_knn_adds_up_the_cosines_of_the_k_nearest(k: int) -> None:
    data, dense = events()
    counts = dense.sum(axis=0)
    near = (dense.T @ dense) / (np.sqrt(np.outer(counts, counts)) + 5)
    np.fill_diagonal(near, 0)
    for row in near:
        row[np.argsort(-row, kind="stable")[k:]] = 0
    assert ItemKNN(k, 5.0).fit(data).scores(data.by_user) == pytest.approx(dense @ near.T, abs=1e-5)


@pytest.mark.parametrize("reg", [0.5, 50.0])
def test_ease_is_the_least_squares_solution_without_a_diagonal(reg: float) -> None:
    """Each column is a ridge regression on all other items."""
    data, dense = events(items=30)
    weights = EASE(reg).fit(data).weights
    for item in range(dense.shape[1]):
        others = np.arange(dense.shape[1]) != item
        rest = dense[:, others]
        expected = np.linalg.solve(rest.T @ rest + reg * np.eye(rest.shape[1]), rest.T @ dense[:, item])
        assert weights[others, item] == pytest.approx(expected, abs=1e-4)
        assert weights[item, item] == 0


@pytest.mark.parametrize("name", list(BASELINES))
def test_the_same_bytes_for_any_workers_and_no_items_no_preference(name: str) -> None:
    data, _ = events(seed=2)
    (settings,) = baselines_of([name])
    one, two, four = (settings.fit(data, workers=workers).scores(data.by_user) for workers in (1, 2, 4))
    assert one.tobytes() == two.tobytes() == four.tobytes()
    nothing = Sparse(np.zeros(2, np.int64), np.empty(0, np.int32), np.empty(0, np.float32))
    scores = settings.fit(data).scores(nothing)
    assert scores.shape == (1, len(data.items))
    assert name == "popularity" or not scores.any()


def test_a_name_and_settings_are_one_baseline_each() -> None:
    assert [one.name for one in baselines_of("ease")] == ["ease"]
    assert baselines_of(["popularity", ItemKNN(3)]) == (Popularity(), ItemKNN(3))
