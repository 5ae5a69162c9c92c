"""similar: items like items, users like users, never across."""

import numpy as np
import pytest
from tests.tastes import group_of, tastes

import nearspace as ns
from nearspace.errors import InputError, SettingError, UnknownKeyError

SPACE = tastes()


@pytest.mark.parametrize("metric", ["dot", "cosine"])
def test_kinds_are_not_mixed_and_groups_are_found(metric):
    space = tastes(metric=metric)
    found = ns.similar(space, ["item 3", "user:104", "item 8"], k=6)
    assert found.queries == ("item 3", "user:104", "item 8")
    for query, keys in zip(found.queries, found.keys, strict=True):
        assert query not in keys and len(keys) == 6
        assert {key.startswith("user:") for key in keys} == {query.startswith("user:")}
        assert {group_of(key) for key in keys} == {group_of(query)}


def test_scores_are_cosines_whatever_the_metric():
    hit = ns.similar(SPACE, "item 3", k=1).hits()[0]
    one, other = SPACE["item 3"], SPACE[hit.key]
    assert hit.score == pytest.approx(one @ other / np.linalg.norm(one) / np.linalg.norm(other), abs=1e-6)


def test_a_filter_and_a_large_k():
    found = ns.similar(SPACE, ["item 3", "user:101"], k=99, where="key LIKE '%1'")
    assert all(key.endswith("1") for keys in found.keys for key in keys)
    assert len(ns.similar(SPACE, "item 3", k=99).keys[0]) == len(SPACE.encoder.items) - 1


def test_unknown_keys_come_with_advice():
    with pytest.raises(UnknownKeyError, match="'101' is not a key") as caught:
        ns.similar(SPACE, 101)
    assert "ask for 'user:101'" in caught.value.hint
    with pytest.raises(UnknownKeyError) as caught:
        ns.similar(SPACE, "itm 3")
    assert "Did you mean: item 3" in caught.value.hint
    with pytest.raises(InputError, match="nothing was asked"):
        ns.similar(SPACE, [])
    with pytest.raises(SettingError, match="k is 0"):
        ns.similar(SPACE, "item 3", k=0)
