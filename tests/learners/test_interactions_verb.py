"""learn.interactions: tables become a Space, with columns of items, and training goes on with new events."""

from __future__ import annotations

import numpy as np
import pytest
from tests.learners.test_als import planted

import nearspace as ns
from nearspace.data.interactions import Interactions
from nearspace.errors import InputError, SettingError

GOODS = {"id": [f"i{n}" for n in range(50)], "year": list(range(50)), "kind_of": ["a", "b"] * 25}


def table(data: Interactions) -> dict[str, list[str]]:
    users = np.repeat(np.arange(len(data.users)), data.user_counts)
    return {
        "user": [data.users[user] for user in users.tolist()],
        "item": [data.items[item] for item in data.by_user.columns.tolist()],
    }


def test_a_table_and_its_interactions_give_the_same_bytes():
    data = planted()
    read = ns.learn.interactions(table(data), dim=4, sweeps=1)
    given = ns.learn.interactions(ns.read_interactions(table(data)), dim=4, sweeps=1)
    assert read.vectors.tobytes() == given.vectors.tobytes()
    assert read.keys == given.keys


def test_items_have_columns_and_users_none():
    space = ns.learn.interactions(planted(), dim=4, sweeps=1, items=GOODS, item_key="id", item_meta=["year"])
    assert space.columns["year"][space.keys.row("i7")] == 7
    assert space.columns["year"][space.keys.row("i55")] is None
    assert space.columns["year"][space.keys.row("user:u3")] is None
    assert "kind_of" not in space.columns
    hits = ns.recommend(space, "u3", k=5, where="year < 30").hits()
    assert len(hits) == 5 and all(hit.columns["year"] < 30 for hit in hits)


def test_new_events_are_added_and_old_rows_kept(tmp_path):
    data = planted()
    ns.save(ns.learn.interactions(data, dim=4, items=GOODS, item_key="id"), tmp_path / "a.space")
    old = ns.open(tmp_path / "a.space")
    new = {"user": ["u0", "new", "new", "new"], "item": ["fresh", "i0", "i4", "i8"]}
    more = ns.learn.interactions(new, start=old)
    items = len(data.items)
    assert list(more.keys)[:items] == list(old.keys)[:items]
    assert more.keys[items] == "fresh"
    assert list(more.keys)[items + 1 : -1] == list(old.keys)[items:]
    assert more.keys[len(more) - 1] == "user:new"
    assert more.columns["year"][more.keys.row("i7")] == 7
    assert len(more.encoder.history) == len(data) + 4
    assert more.recipe.settings["sweeps"] == 2 and more.recipe.history[0].learner == "als"
    group = {int(key[1:]) % 4 for key in ns.recommend(more, "new", k=5).keys[0] if key != "fresh"}
    assert group == {0}
    whole = ns.learn.interactions(old.encoder.history.joined(ns.read_interactions(new)), dim=4)
    same = [
        set(one) & set(other)
        for one, other in zip(*(ns.recommend(s, ["u1", "u2"], k=5).keys for s in (more, whole)), strict=True)
    ]
    assert all(len(common) >= 4 for common in same)


def test_what_is_refused():
    data = planted(users=20, items=8)
    with pytest.raises(SettingError, match=r"method is 'svd'\nAccepted methods: als, bpr, item2vec"):
        ns.learn.interactions(data, method="svd")
    with pytest.raises(SettingError, match=r"'als' has no setting 'factors'\nIts settings: dim, "):
        ns.learn.interactions(data, factors=3)
    with pytest.raises(SettingError, match="min_user: the events are read already"):
        ns.learn.interactions(data, min_user=3)
    with pytest.raises(InputError, match="column 'count', which learning makes"):
        ns.learn.interactions(data, dim=2, items={"item": ["i0"], "count": [1]})
    space = ns.learn.interactions(data, dim=2)
    with pytest.raises(SettingError, match="dim is 3, the Space has 2"):
        ns.learn.interactions(data, start=space, dim=3)
    with pytest.raises(SettingError, match="'bpr' does not continue"):
        ns.learn.interactions(data, start=space, method="bpr")
    words = ns.Space(ns.Keys(["a"]), np.ones((1, 2), np.float32))
    with pytest.raises(InputError, match="was not learned from interactions"):
        ns.learn.interactions(data, start=words)
