"""BPR's kernels against their twins and against the formula."""

from __future__ import annotations

import numpy as np
import pytest

from nearspace.kernels import bpr
from nearspace.kernels.sampling import alias_table
from nearspace.kernels.simd import LANES

USERS, ITEMS, PARTS, STRIDE = 40, 30, 3, 32


def problem(seed=3):
    """Events of many users, among them one with more than a chunk, and random rows."""
    draw = np.random.default_rng(seed)
    chosen = draw.random((USERS, ITEMS)) < 0.2
    chosen[7, :25] = True
    chosen[9] = False
    rows, columns = np.nonzero(chosen)
    starts = np.concatenate(([0], np.cumsum(chosen.sum(axis=1)))).astype(np.int64)
    order = draw.permutation(ITEMS)
    place = np.empty(ITEMS, np.int32)
    place[order] = np.arange(ITEMS)
    part = (place // (ITEMS // PARTS)).astype(np.int16)
    tables = [alias_table(draw.random(ITEMS // PARTS) + 0.05) for _ in range(PARTS)]
    accept, alias = (np.concatenate(side) for side in zip(*tables, strict=True))
    deal = bpr.Deal(place, part, np.arange(PARTS + 1) * (ITEMS // PARTS), accept, alias)
    bounds = np.zeros((PARTS, PARTS + 1), np.int64)
    bounds[1:, 0] = np.cumsum([(rows % PARTS == p).sum() for p in range(PARTS - 1)])
    pairs = bpr.Pairs(np.zeros(len(rows), np.int32), np.zeros(len(rows), np.int32), bounds)
    floats = [draw.standard_normal(size).astype(np.float32) / 4 for size in (USERS * STRIDE, ITEMS * STRIDE)]
    model = bpr.Rows(*floats, draw.standard_normal(ITEMS).astype(np.float32), STRIDE)
    return starts, columns.astype(np.int32), pairs, deal, model


def dealt():
    starts, columns, pairs, deal, model = problem()
    for part in range(PARTS):
        bpr.deal_part(starts, columns, deal, part, PARTS, pairs, np.empty(PARTS, np.int64))
    return pairs, deal, model


def test_events_are_dealt_as_by_the_twin():
    pairs = dealt()[0]
    starts, columns, slow, deal, _ = problem()
    for part in range(PARTS):
        bpr.deal_part_numpy(starts, columns, deal, part, PARTS, slow)
    for fast, expected in zip(pairs, slow, strict=True):
        assert np.array_equal(fast, expected)
    told = sorted(zip(pairs.users.tolist(), pairs.items.tolist(), strict=True))
    rows = np.repeat(np.arange(USERS), np.diff(starts))
    assert told == sorted(zip(rows.tolist(), deal.place[columns].tolist(), strict=True))


@pytest.mark.parametrize("block", [(0, 0), (1, 2), (2, 1)])
def test_a_block_is_trained_as_by_the_twin(block):
    pace = bpr.Pace(0.1, 0.02, 5, 1)
    pairs, deal, fast = dealt()
    slow = bpr.Rows(fast.users.copy(), fast.items.copy(), fast.biases.copy(), STRIDE)
    scratch = (
        np.empty(ITEMS, np.int32),
        np.empty((2, bpr.CHUNK), np.int32),
        np.empty(LANES + STRIDE, np.float32),
    )
    wins, trained = bpr.train_block(pairs, deal, fast, pace, *block, *scratch)
    expected = bpr.train_block_numpy(pairs, deal, slow, pace, *block)
    assert (wins, trained) == (pytest.approx(expected[0], rel=1e-4), expected[1])
    assert trained > 20
    for name in ("users", "items", "biases"):
        np.testing.assert_allclose(
            getattr(fast, name), getattr(slow, name), rtol=1e-3, atol=2e-5, err_msg=name
        )
    touched = np.flatnonzero((fast.items != problem()[4].items).reshape(ITEMS, STRIDE).any(axis=1))
    assert set(touched // (ITEMS // PARTS)) == {block[1]}


@pytest.mark.parametrize("twin", [False, True])
def test_one_step_is_the_gradient_of_the_log_probability(twin):
    rate, reg, shift = 1e-3, 0.3, 1e-4
    model = problem()[4]
    pair = np.array([4], np.int32), np.array([11], np.int32)
    before = np.concatenate([model.users[:STRIDE], model.items, model.biases]).astype(np.float64)

    def objective(values):
        x, y, b = values[:STRIDE], values[STRIDE:-ITEMS].reshape(ITEMS, STRIDE), values[-ITEMS:]
        gap = x @ (y[4] - y[11]) + b[4] - b[11]
        rows = x @ x + (y[[4, 11]] ** 2).sum() + (b[[4, 11]] ** 2).sum()
        return -np.log1p(np.exp(-gap)) - reg / 2 * rows

    gradient = np.zeros(len(before))
    for at in range(len(before)):
        step = np.zeros(len(before))
        step[at] = shift
        gradient[at] = (objective(before + step) - objective(before - step)) / (2 * shift)
    pace = bpr.Pace(rate, reg, 1, 0)
    if twin:
        bpr.update_numpy(model, 0, *pair, pace)
    else:
        bpr.update(model, 0, *pair, 1, pace, np.empty(LANES + STRIDE, np.float32))
    after = np.concatenate([model.users[:STRIDE], model.items, model.biases])
    np.testing.assert_allclose((after - before) / rate, gradient, atol=2e-3)


def test_negatives_follow_the_table_and_are_never_marked():
    weights = np.array([1.0, 5.0, 2.0, 0.5])
    deal = bpr.Deal(None, None, None, *alias_table(weights))
    marks, state = np.array([0, 0, 9, 0], np.int32), np.uint64(7)
    counts = np.zeros(4)
    for _ in range(4000):
        slot, state = bpr.draw_negative(deal, 0, 4, marks, 9, np.uint64(state))
        counts[slot] += 1
    np.testing.assert_allclose(counts / 4000, np.array([1, 5, 0, 0.5]) / 6.5, atol=0.03)
    assert bpr.draw_negative(deal, 0, 4, np.full(4, 9, np.int32), 9, np.uint64(1))[0] == -1
