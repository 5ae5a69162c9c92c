"""Filters: a condition means what it says, in memory and saved; there are always min(k, matching) hits."""

import numpy as np
import pytest

from nearspace.errors import SettingError
from nearspace.keys import Keys
from nearspace.search.filters import matching
from nearspace.search.nearest import nearest, search
from nearspace.space import Space
from nearspace.store.folder import open_space, save

YEARS = np.arange(2000, 2060)
TOPICS = np.array(["sport", "art", None] * 20, dtype=object)


@pytest.fixture(params=["in memory", "saved"])
def space(request, tmp_path):
    vectors = np.random.default_rng(3).normal(size=(60, 5)).astype(np.float32)
    made = Space(Keys(f"k{row}" for row in range(60)), vectors, columns={"year": YEARS, "topic": TOPICS})
    if request.param == "in memory":
        return made
    save(made, tmp_path / "a.space")
    return open_space(tmp_path / "a.space")


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ("year >= 2050", YEARS >= 2050),
        ("topic = 'art' AND year < 2010", (TOPICS == "art") & (YEARS < 2010)),
        ("topic IS NULL", TOPICS == None),  # noqa: E711
        ("topic IN ('art', 'sport') AND NOT year % 2 = 0", (TOPICS != None) & (YEARS % 2 == 1)),  # noqa: E711
        ("key = 'k7' OR key LIKE 'k5_'", np.array([r == 7 or r // 10 == 5 for r in range(60)])),
        ("year > 9999", np.zeros(60, bool)),
    ],
)
def test_a_condition_means_what_it_says(space, where, expected):
    assert matching(space, where).tolist() == expected.tolist()
    wanted = np.flatnonzero(expected)
    for k in (3, 100):
        found = nearest(space, ["k0", "k33"], k=k, where=where)
        for query, rows in zip((0, 33), found.rows, strict=True):
            possible = wanted[wanted != query]
            hits = rows[rows >= 0]
            assert len(hits) == min(k, len(possible))
            assert set(hits.tolist()) <= set(possible.tolist())


def test_hits_are_those_of_a_space_of_the_matching_rows(space):
    rows = np.flatnonzero(matching(space, "year % 3 = 1"))
    part = Space(space.keys.select(rows), space.vectors[rows])
    query = np.ones(5, dtype=np.float32)
    for method in ("3cosadd", "3cosmul"):
        found = search(space, positive=[query], k=7, where="year % 3 = 1", method=method)
        expected = search(part, positive=[query], k=7, method=method)
        assert found.keys == expected.keys
        assert np.array_equal(found.scores, expected.scores)


def test_restrict_and_where_hold_together(space):
    found = nearest(space, "k0", k=50, where="year % 2 = 0", restrict=20)
    assert sorted(found.rows[found.rows >= 0].tolist()) == list(range(2, 20, 2))


def test_masks_are_kept(space):
    assert matching(space, "year > 2030") is matching(space, "year > 2030")
    for year in range(40):
        matching(space, f"year > {2000 + year}")
    assert len(space.cache["filters"]) <= 16


@pytest.mark.parametrize("where", ["yaer > 3", "year >", "year = 'x' +", ""])
def test_what_cannot_be_understood_is_refused_with_the_columns(space, where):
    with pytest.raises(SettingError, match=r"cannot be used: .*\n.*columns: key, year, topic") as caught:
        nearest(space, "k0", where=where)
    assert ".rs:" not in str(caught.value)
