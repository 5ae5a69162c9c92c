import numpy as np
import pytest

from nearspace.kernels.rescoring import METRICS, rescore, rescore_numpy


@pytest.mark.parametrize("metric", METRICS)
def test_the_kernel_equals_its_twin(metric):
    random = np.random.default_rng(0)
    vectors = random.normal(size=(60, 7)).astype(np.float32)
    vectors[3], vectors[10:14] = 0, vectors[20]  # a zero vector and ties
    queries = random.normal(size=(9, 7)).astype(np.float32)
    queries[0] = 0
    candidates = np.array([random.permutation(60)[:20] for _ in queries])
    candidates[1, 4:] = -1
    banned = np.column_stack([candidates[:, 0], np.full(9, -1)])
    answers = []
    for way in (rescore, rescore_numpy):
        rows, scores = np.empty((9, 8), np.int64), np.empty((9, 8), np.float32)
        way(queries, vectors, candidates, banned, METRICS[metric], rows, scores)
        answers.append((rows, scores))
    np.testing.assert_array_equal(answers[0][0], answers[1][0])
    np.testing.assert_array_equal(answers[0][1], answers[1][1])
    assert not (answers[0][0] == banned[:, :1]).any()
    assert (answers[0][0][1, 3:] == -1).all()
