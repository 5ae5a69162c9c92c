"""Logistic regression: its gradient, its optimum and its bytes."""

from __future__ import annotations

import numpy as np
import pytest
from tests.transfer.planted import clusters

from nearspace.transfer import softmax
from nearspace.transfer.softmax import Linear, fit_softmax, log_softmax, objective


def numbered(each: int, **settings: float) -> tuple[np.ndarray, np.ndarray]:
    points, labels = clusters(each, **settings)
    return points, np.unique(labels, return_inverse=True)[1].astype(np.int64)


def test_the_gradient_is_that_of_the_objective() -> None:
    points, codes = numbered(3, classes=4, dim=5)
    random = np.random.default_rng(2)
    linear = Linear(random.normal(size=(4, 5)), random.normal(size=4))
    _, slope = objective(linear, points, codes, 3.0)
    for at in range(0, len(slope), 3):
        step = np.zeros_like(slope)
        step[at] = 1e-2
        after = objective(linear.like(linear.flat + step), points, codes, 3.0)[0]
        before = objective(linear.like(linear.flat - step), points, codes, 3.0)[0]
        assert slope[at] == pytest.approx((after - before) / 2e-2, rel=1e-2, abs=2e-3)


def test_no_other_weights_are_better() -> None:
    points, codes = numbered(8, noise=0.6)
    found = fit_softmax(points, codes, 6, 10.0, tolerance=1e-4)
    least = objective(found, points, codes, 10.0)[0]
    random = np.random.default_rng(3)
    for size in (1e-2, 1e-1, 1.0):
        other = found.like(found.flat + size * random.normal(size=found.flat.shape))
        assert objective(other, points, codes, 10.0)[0] > least
    zero = objective(Linear.zeros(6, 24), points, codes, 10.0)[1]
    assert np.linalg.norm(objective(found, points, codes, 10.0)[1]) < 1e-3 * np.linalg.norm(zero)


@pytest.mark.extras
def test_it_finds_what_scikit_learn_finds() -> None:
    linear_model = pytest.importorskip("sklearn.linear_model")
    points, codes = numbered(10, noise=0.5)
    ours = fit_softmax(points, codes, 6, 10.0, tolerance=1e-5)
    theirs = linear_model.LogisticRegression(C=10.0, max_iter=2000, tol=1e-8).fit(points, codes)
    asked, _ = numbered(20, noise=0.5, draw=1)
    mine = np.exp(log_softmax(ours(asked)))
    assert np.abs(mine - theirs.predict_proba(asked)).max() < 0.01


def test_the_blocks_change_nothing_but_the_rounding(monkeypatch: pytest.MonkeyPatch) -> None:
    points, codes = numbered(8, noise=0.5)
    whole = fit_softmax(points, codes, 6, 10.0)
    assert whole.flat.tobytes() == fit_softmax(points, codes, 6, 10.0).flat.tobytes()
    monkeypatch.setattr(softmax, "_BLOCK", 7)
    parts = fit_softmax(points, codes, 6, 10.0)
    assert np.abs(whole.weights - parts.weights).max() < 0.02 * np.abs(whole.weights).max()


def test_a_start_near_by_leads_to_the_same_place() -> None:
    points, codes = numbered(8, noise=0.5)
    near = fit_softmax(points, codes, 6, 1.0)
    cold = fit_softmax(points, codes, 6, 10.0, tolerance=1e-4)
    warm = fit_softmax(points, codes, 6, 10.0, start=near, tolerance=1e-4)
    assert np.abs(cold.weights - warm.weights).max() < 0.01 * np.abs(cold.weights).max()


def test_probabilities_of_huge_scores_are_finite() -> None:
    chances = log_softmax(np.array([[1e6, 0.0], [-1e30, 1e30]], dtype=np.float32))
    assert np.isfinite(np.exp(chances)).all()
    assert np.exp(chances).sum(axis=1) == pytest.approx([1, 1])
