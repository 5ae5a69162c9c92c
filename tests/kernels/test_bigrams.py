"""Pairs of ids: counted and joined as the twins say, wherever the stream is cut."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from nearspace.kernels import bigrams

STREAMS = st.lists(st.integers(-1, 5), max_size=40)
CUTS = st.integers(0, 40)


@given(STREAMS, CUTS, st.lists(st.booleans(), min_size=6, max_size=6))
@settings(deadline=None)
def test_counting_agrees_with_its_twin(stream: list[int], cut: int, chosen: list[bool]) -> None:
    eligible = np.array(chosen)
    entries = np.array(stream, np.int32)
    keys, values, state = np.zeros(2, np.int64), np.zeros(2, np.int32), np.array([-1, 0])
    for part in (entries[:cut], entries[cut:]):
        at = 0
        while (at := bigrams.count_pairs(part, at, eligible, keys, values, state)) < len(part):
            more = np.zeros(2 * len(keys), np.int64), np.zeros(2 * len(keys), np.int32)
            bigrams.put_pairs(keys, values, *more)
            keys, values = more
    found = dict(zip(keys[keys != 0].tolist(), values[keys != 0].tolist(), strict=True))
    assert found == bigrams.count_pairs_numpy(entries, eligible)
    assert state[1] == len(found)


@given(
    STREAMS,
    CUTS,
    st.dictionaries(st.tuples(st.integers(0, 4), st.integers(0, 4)), st.integers(0, 9), max_size=8),
)
@settings(deadline=None)
def test_joining_agrees_with_its_twin(
    stream: list[int], cut: int, phrases: dict[tuple[int, int], int]
) -> None:
    entries = np.array([*stream, -1], np.int32)
    pairs = np.array([(a << 32) + b + 1 for a, b in phrases], np.int64)
    keys, values = np.zeros(32, np.int64), np.zeros(32, np.int32)
    bigrams.put_pairs(pairs, np.array(list(phrases.values()), np.int32), keys, values)
    counts, state, joined = np.zeros(11, np.int64), np.array([-1]), []
    for part in (entries[:cut], entries[cut:]):
        out = np.empty(len(part) + 1, np.int32)
        written = bigrams.join_pairs(part, keys, values, 5, 10, counts, out, state)  # 5: the dropped words
        joined += out[:written].tolist()
    assert joined == bigrams.join_pairs_numpy(
        [10 if entry == 5 else entry for entry in stream] + [-1], phrases
    )
    expected = np.bincount([entry for entry in joined if 0 <= entry < 10], minlength=11)
    assert counts.tolist() == expected.tolist()
