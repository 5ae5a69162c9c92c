"""Lists of excluded rows: the same answers as padded ones."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nearspace.errors import InputError
from nearspace.index.exact import ExactIndex
from nearspace.index.lists import Lists


@st.composite
def some_lists(draw):
    rows = draw(st.lists(st.lists(st.integers(0, 30), unique=True, max_size=9), min_size=1, max_size=8))
    return [sorted(one) for one in rows]


def joined(lists):
    starts = np.concatenate(([0], np.cumsum([len(one) for one in lists]))).astype(np.int64)
    return Lists(starts, np.array([row for one in lists for row in one], np.int64))


@given(lists=some_lists(), seed=st.integers(0, 1000))
def test_lists_can_be_cut_asked_and_renumbered(lists, seed):
    random = np.random.default_rng(seed)
    ours = joined(lists)

    def back(some):
        return [some.rows[a:b].tolist() for a, b in zip(some.starts[:-1], some.starts[1:], strict=True)]

    assert back(ours) == lists
    cut = random.integers(0, len(lists) + 1, 2)
    assert back(ours.part(cut.min(), cut.max())) == lists[cut.min() : cut.max()]
    some = random.integers(0, len(lists), 5)
    assert back(ours.take(some)) == [lists[at] for at in some]
    chosen = np.flatnonzero(random.random(31) < 0.5)
    places = {int(row): at for at, row in enumerate(chosen)}
    assert back(ours.placed(chosen)) == [[places[row] for row in one if row in places] for one in lists]
    queries, rows = random.integers(0, len(lists), 40), random.integers(0, 40, 40)
    expected = [row in lists[query] for query, row in zip(queries, rows, strict=True)]
    assert ours.holds(queries, rows).tolist() == expected


def test_padded_lists_are_sorted_and_keep_their_fill():
    padded = Lists.padded(np.array([[5, -1, 3], [-1, -1, -1]]))
    assert padded.rows.tolist() == [-1, 3, 5, -1, -1, -1] and padded.starts.tolist() == [0, 3, 6]
    assert not padded.holds(np.array([1]), np.array([0]))[0]


@pytest.mark.parametrize("large", [False, True], ids=["numpy", "kernels"])
@given(lists=some_lists(), k=st.integers(1, 40), seed=st.integers(0, 1000))
@settings(deadline=None, max_examples=30)
def test_a_search_takes_either_form(large, lists, k, seed):
    random = np.random.default_rng(seed)
    vectors = np.round(random.normal(size=(31, 5))).astype(np.float32)
    queries = random.normal(size=(len(lists), 5)).astype(np.float32)
    padded = np.full((len(lists), 9), -1)
    for at, one in enumerate(lists):
        padded[at, : len(one)] = random.permutation(one)
    allowed = random.random(31) < 0.7 if seed % 2 else None
    index = ExactIndex(vectors, None, "dot")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ExactIndex, "_is_large", lambda _, count, __: large and count > 0)
        one = index.search(queries, k, None, padded, allowed=allowed)
        other = index.search(queries, k, None, joined(lists), allowed=allowed)
    np.testing.assert_array_equal(one[0], other[0])
    np.testing.assert_array_equal(one[1], other[1])


def test_one_list_a_query_is_needed():
    index = ExactIndex(np.eye(3, dtype=np.float32))
    with pytest.raises(InputError, match="exclude has 1 lists, expected 2"):
        index.search(np.eye(3, dtype=np.float32)[:2], 1, None, joined([[0]]))
