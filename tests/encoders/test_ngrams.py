import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nearspace.kernels.ngrams import mean_rows, mean_rows_numpy, ngram_rows, ngram_rows_numpy
from nearspace.keys import Keys

ROADS = [ngram_rows, ngram_rows_numpy]


def buffers(*words):
    keys = Keys(words)
    return keys.data, keys.offsets


@pytest.mark.parametrize("road", ROADS)
def test_known_hashes(road):
    # 32-bit FNV-1a of "<a>", written out
    code = 2166136261
    for byte in b"<a>":
        code = ((code ^ byte) * 16777619) % 2**32
    ids, starts = road(*buffers("a"), 3, 3, 2**31 - 1)
    assert ids.tolist() == [code % (2**31 - 1)]
    assert starts.tolist() == [0, 1]


@pytest.mark.parametrize("road", ROADS)
def test_bytes_above_127_are_signed(road):
    code = 2166136261
    for byte in "é".encode():
        code = ((code ^ (byte - 256) % 2**32) * 16777619) % 2**32
    ids, _ = road(*buffers("é"), 1, 1, 1_000_003)
    assert ids.tolist() == [code % 1_000_003]


@pytest.mark.parametrize("road", ROADS)
def test_counts_are_those_of_characters_not_bytes(road):
    for word in ("cat", "日本語", "🐈🐈🐈"):  # "<xyz>": 3 of length 3, 2 of length 4, 1 of length 5
        ids, starts = road(*buffers(word), 3, 6, 1000)
        assert len(ids) == 6
        assert starts.tolist() == [0, 6]


@pytest.mark.parametrize("road", ROADS)
def test_single_boundary_marks_are_not_ngrams(road):
    ids, _ = road(*buffers("ab"), 1, 1, 1000)
    assert len(ids) == 2
    ids, starts = road(*buffers("", "a"), 1, 2, 1000)
    assert starts.tolist() == [0, 1, 4]  # "<>"; then "<a" "a" "a>"


@pytest.mark.parametrize("road", ROADS)
def test_no_ngrams(road):
    ids, starts = road(*buffers("ab", "cd"), 1, 0, 1000)
    assert len(ids) == 0
    assert starts.tolist() == [0, 0, 0]
    ids, starts = road(*buffers(), 3, 6, 1000)
    assert (ids.dtype, starts.tolist()) == (np.int32, [0])


@settings(max_examples=100, deadline=None)
@given(
    words=st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=12), unique=True, max_size=8),
    sizes=st.tuples(st.integers(1, 4), st.integers(0, 7)),
    buckets=st.integers(1, 2**31 - 1),
)
def test_kernel_equals_twin(words, sizes, buckets):
    found = ngram_rows(*buffers(*words), *sizes, buckets)
    expected = ngram_rows_numpy(*buffers(*words), *sizes, buckets)
    for one, other in zip(found, expected, strict=True):
        assert one.dtype == other.dtype
        assert np.array_equal(one, other)


@pytest.mark.parametrize("road", [mean_rows, mean_rows_numpy])
def test_mean_leaves_out_missing_rows(road):
    rows = np.array([[1, 2], [3, 6], [100, 100]], dtype=np.float32)
    ids = np.array([0, -1, 1, -1, 2], dtype=np.int32)
    starts = np.array([0, 3, 4, 4, 5], dtype=np.int64)
    own = np.array([[50, 0]], dtype=np.float32)
    own_ids = np.array([-1, -1, 0, 0])
    assert road(rows, ids, starts, own, own_ids).tolist() == [[2, 4], [0, 0], [50, 0], [75, 50]]


def test_mean_kernel_is_near_its_twin():
    rng = np.random.default_rng(3)
    rows, own = (rng.normal(size=(50, 7)).astype(np.float32) for _ in range(2))
    starts = np.concatenate([[0], np.cumsum(rng.integers(0, 9, 40))])
    ids = rng.integers(-5, 50, starts[-1]).astype(np.int32)
    given_all = (rows, ids, starts, own, rng.integers(-5, 50, 40))
    np.testing.assert_allclose(mean_rows(*given_all), mean_rows_numpy(*given_all), atol=1e-6)
