"""Item2Vec: items of a group lie together, order counts where there are times, workers change no byte."""

from __future__ import annotations

import numpy as np
import pytest

import nearspace as ns
from nearspace.data.interactions import Interactions
from nearspace.errors import InputError, SettingError
from nearspace.keys import Keys
from nearspace.learners.item2vec import Item2Vec
from nearspace.protocols import Learner


def planted(users=300, items=80, groups=4, share=0.4, seed=3) -> Interactions:
    """Users choose only among the items of their own group, each with a chance of `share`."""
    draw = np.random.default_rng(seed)
    chosen = draw.random((users, items)) < share
    chosen &= (np.arange(users) % groups)[:, None] == (np.arange(items) % groups)[None, :]
    rows, columns = (part.astype(np.int32) for part in np.nonzero(chosen))
    names = Keys([f"u{n}" for n in range(users)]), Keys([f"i{n}" for n in range(items)])
    return Interactions.from_pairs(*names, (rows, columns), np.ones(len(rows), np.float32), name="planted")


def unit(rows) -> np.ndarray:
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def test_items_lie_with_their_group_and_users_too():
    data = planted()
    space = Item2Vec(dim=16, epochs=30, sample=0).fit(data)
    count = len(data.items)
    rows = unit(space.vectors)
    group = np.array([int(name[1:]) % 4 for name in data.items])
    own = np.array([int(name[1:]) % 4 for name in data.users])
    near = np.argsort(-rows[:count] @ rows[:count].T, axis=1)[:, 1:11]
    assert (group[near] == group[:, None]).mean() > 0.95
    best = np.argsort(-rows[count:] @ rows[:count].T, axis=1)[:, :10]
    assert (group[best] == own[:, None]).mean() > 0.95


def test_times_make_neighbours_in_time_neighbours_in_space():
    """Every user walks the same circle of items from another place: a window sees what comes next."""
    items, users = 60, 400
    begins = np.random.default_rng(2).integers(0, items, users)
    columns = (begins[:, None] + np.arange(30)) % items
    pairs = np.repeat(np.arange(users), 30).astype(np.int32), columns.ravel().astype(np.int32)
    times = np.tile(np.arange(30), users).astype(np.int64)
    names = Keys([f"u{n}" for n in range(users)]), Keys([f"i{n}" for n in range(items)])
    data = Interactions.from_pairs(*names, pairs, np.ones(len(times), np.float32), times)
    space = Item2Vec(dim=16, window=2, epochs=30, sample=0).fit(data)
    place = np.array([int(name[1:]) for name in data.items])
    rows = unit(space.vectors[:items])
    near = np.argsort(-rows @ rows.T, axis=1)[:, 1:5]
    gap = np.abs(place[near] - place[:, None])
    assert np.minimum(gap, items - gap).mean() < 4  # of strangers it would be 15


def test_the_same_bytes_for_any_number_of_workers():
    data = planted(users=3000)
    settings = Item2Vec(dim=16, epochs=12)
    spaces = [settings.fit(data, workers=workers) for workers in (1, 2, 4)]
    assert spaces[0].vectors.tobytes() == spaces[1].vectors.tobytes() == spaces[2].vectors.tobytes()
    assert Item2Vec(dim=16, epochs=12, seed=2).fit(data).vectors.tobytes() != spaces[0].vectors.tobytes()


def test_rows_recipe_and_new_users(tmp_path):
    data = planted()
    space = Item2Vec(dim=8, epochs=2).fit(data)
    assert list(space.keys)[: len(data.items)] == list(data.items)
    assert space.keys[len(data.items)] == f"user:{data.users[0]}"
    assert (space.metric, space.recipe.learner, space.recipe.seed) == ("cosine", "item2vec", 1)
    assert isinstance(Item2Vec(), Learner)
    ns.save(space, tmp_path / "i.space")
    opened = ns.open(tmp_path / "i.space")
    placed = opened.encoder.fold_in(opened.encoder.liked([["i0", "i4"]]))[0]
    np.testing.assert_allclose(placed, (opened["i0"] + opened["i4"]) / 2, rtol=1e-5)


def test_users_with_one_item_teach_nothing():
    pairs = np.arange(3, dtype=np.int32), np.arange(3, dtype=np.int32)
    names = Keys(["a", "b", "c"]), Keys(["x", "y", "z"])
    data = Interactions.from_pairs(*names, pairs, np.ones(3, np.float32), name="events")
    with pytest.raises(InputError, match="events: no user has two items"):
        Item2Vec().fit(data)


@pytest.mark.parametrize(
    "wrong",
    [{"dim": 0}, {"window": 0}, {"negative": 0}, {"epochs": 0}, {"lr": 0.0}, {"sample": 2.0}, {"noise": 3.0},
     {"seed": -1}],
)  # fmt: skip
def test_settings_out_of_range(wrong):
    with pytest.raises(SettingError, match=f"{next(iter(wrong))} is -?[0-9.]+, expected"):
        Item2Vec(**wrong)
