"""GloVe's update against its twin and against the formula."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from nearspace.kernels.glove import train_block, train_block_numpy

DIM, WIDTH, ROWS = 20, 32, 7


def problem(seed: int = 3, entries: int = 200) -> dict[str, Any]:
    generator = np.random.default_rng(seed)
    matrices = np.zeros((2, ROWS, WIDTH), dtype=np.float32)
    matrices[:, :, :DIM] = generator.normal(size=(2, ROWS, DIM)) / 4
    codes = generator.integers(0, ROWS, (2, entries)).astype(np.uint32)
    sums = generator.uniform(0.1, 1, (2, ROWS, 3)).astype(np.float32)
    return {
        "codes": codes[0] << np.uint32(16) | codes[1],
        "logs": generator.normal(size=entries).astype(np.float32),
        "weights": generator.uniform(0.1, 1, entries).astype(np.float32),
        "words": matrices[0].ravel(),
        "contexts": matrices[1].ravel(),
        "word_sums": sums[0],
        "context_sums": sums[1],
        "width": WIDTH,
        "dim": DIM,
    }


def test_kernel_equals_twin() -> None:
    fast, slow = problem(), problem()
    loss = train_block(**fast, rate=0.1)
    assert loss == pytest.approx(train_block_numpy(**slow, rate=0.1), rel=1e-4)
    for name in ("words", "contexts", "word_sums", "context_sums"):
        np.testing.assert_allclose(fast[name], slow[name], rtol=2e-3, atol=2e-4, err_msg=name)
    assert not np.array_equal(fast["words"], problem()["words"])
    assert not fast["words"].reshape(ROWS, WIDTH)[:, DIM:].any()


@pytest.mark.parametrize("train", [train_block, train_block_numpy])
def test_loss_is_the_objective(train: Any) -> None:
    still = problem()
    rows, columns = still["codes"] >> np.uint32(16), still["codes"] & np.uint32(0xFFFF)
    words, contexts = still["words"].reshape(ROWS, WIDTH), still["contexts"].reshape(ROWS, WIDTH)
    fitted = np.einsum("nd,nd->n", words[rows], contexts[columns], dtype=np.float64)
    fitted += still["word_sums"][rows, 0] + still["context_sums"][columns, 0]
    expected = 0.5 * (still["weights"] * (fitted - still["logs"]) ** 2).sum()
    before = {name: still[name].copy() for name in ("words", "contexts")}
    assert train(**still, rate=0.0) == pytest.approx(expected, rel=1e-5)
    for name, values in before.items():
        np.testing.assert_array_equal(still[name], values)


@pytest.mark.parametrize("train", [train_block, train_block_numpy])
def test_step_is_the_gradient_scaled_by_adagrad(train: Any) -> None:
    one, rate, shift = problem(entries=1), 1e-3, 1e-3
    row, column = int(one["codes"][0] >> 16), int(one["codes"][0] & 0xFFFF)

    def objective(words: np.ndarray) -> float:
        miss = words[row, :DIM].astype(np.float64) @ one["contexts"].reshape(ROWS, WIDTH)[column, :DIM]
        miss += (
            float(one["word_sums"][row, 0]) + float(one["context_sums"][column, 0]) - float(one["logs"][0])
        )
        return 0.5 * float(one["weights"][0]) * miss**2

    words = one["words"].reshape(ROWS, WIDTH).astype(np.float64)
    gradient = np.zeros(DIM)
    for component in range(DIM):
        up, down = words.copy(), words.copy()
        up[row, component] += shift
        down[row, component] -= shift
        gradient[component] = (objective(up) - objective(down)) / (2 * shift)
    expected = -rate * gradient / np.sqrt(one["word_sums"][row, 2] + (gradient**2).sum() / DIM)
    train(**one, rate=rate)
    moved = one["words"].reshape(ROWS, WIDTH)[row, :DIM] - words[row, :DIM]
    np.testing.assert_allclose(moved, expected, rtol=1e-2, atol=1e-7)
