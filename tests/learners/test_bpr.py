"""BPR: planted groups are found, popularity is in the bias, and workers change no byte."""

from __future__ import annotations

import numpy as np
import pytest

import nearspace as ns
from nearspace.data.interactions import Interactions
from nearspace.errors import InputError, SettingError
from nearspace.keys import Keys
from nearspace.learners.bpr import BPR
from nearspace.protocols import Learner


def planted(users=400, items=600, groups=4, share=0.15, seed=3) -> Interactions:
    """Users choose only among the items of their own group, each with a chance of `share`."""
    draw = np.random.default_rng(seed)
    chosen = draw.random((users, items)) < share
    chosen &= (np.arange(users) % groups)[:, None] == (np.arange(items) % groups)[None, :]
    rows, columns = (part.astype(np.int32) for part in np.nonzero(chosen))
    names = Keys([f"u{n}" for n in range(users)]), Keys([f"i{n}" for n in range(items)])
    return Interactions.from_pairs(*names, (rows, columns), np.ones(len(rows), np.float32), name="planted")


def group_of(names) -> np.ndarray:
    return np.array([int(name[1:]) % 4 for name in names])


def test_an_item_that_was_not_chosen_lies_with_those_of_its_group():
    data = planted()
    space = BPR(dim=8, epochs=20).fit(data)
    items = len(data.items)
    scores = space.vectors[items:] @ space.vectors[:items].T
    best = group_of(data.items)[np.argsort(-scores, axis=1)[:, :20]]
    assert (best == group_of(data.users)[:, None]).mean() > 0.99


def test_the_last_component_is_the_bias_and_follows_popularity():
    draw = np.random.default_rng(5)
    chosen = draw.random((500, 260)) < np.linspace(0.5, 0.01, 260)
    pairs = tuple(part.astype(np.int32) for part in np.nonzero(chosen))
    names = Keys([f"u{n}" for n in range(500)]), Keys([f"i{n}" for n in range(260)])
    data = Interactions.from_pairs(*names, pairs, np.ones(len(pairs[0]), np.float32))
    space = BPR(dim=4, epochs=60).fit(data)
    assert space.dim == 5
    assert (space.vectors[len(data.items) :, -1] == 1).all()
    bias = space.vectors[: len(data.items), -1]
    assert np.corrcoef(np.log(data.item_counts), bias)[0, 1] > 0.9


def test_the_same_bytes_for_any_number_of_workers():
    data = planted()
    spaces = [BPR(dim=20, epochs=3).fit(data, workers=workers) for workers in (1, 2, 4)]
    assert spaces[0].vectors.tobytes() == spaces[1].vectors.tobytes() == spaces[2].vectors.tobytes()
    assert BPR(dim=20, epochs=3, seed=2).fit(data).vectors.tobytes() != spaces[0].vectors.tobytes()


def test_rows_recipe_and_saving(tmp_path):
    data = planted(users=60, items=40)
    space = BPR(dim=4, epochs=2).fit(data)
    assert list(space.keys)[: len(data.items)] == list(data.items)
    assert space.keys[len(data.items)] == f"user:{data.users[0]}"
    assert space.metric == "dot"
    assert (space.recipe.learner, space.recipe.seed, space.recipe.data) == ("bpr", 1, data.fingerprint)
    assert isinstance(BPR(), Learner)
    ns.save(space, tmp_path / "b.space")
    opened = ns.open(tmp_path / "b.space")
    assert np.array_equal(opened.vectors, space.vectors)
    assert np.array_equal(opened.encoder.fold_in(data.by_user), space.encoder.fold_in(data.by_user))


def test_a_new_user_is_placed_with_the_own_group():
    data = planted()
    space = BPR(dim=8, epochs=20).fit(data)
    items = list(data.items)
    liked = [[name for name in items if int(name[1:]) % 4 == group][:5] for group in range(4)]
    scores = space.encoder.fold_in(space.encoder.liked(liked)) @ space.vectors[: len(items)].T
    best = group_of(items)[np.argsort(-scores, axis=1)[:, :20]]
    assert (best == np.arange(4)[:, None]).mean() > 0.95


def test_users_who_chose_everything_change_nothing_and_stay_finite():
    chosen = np.nonzero(np.ones((5, 6)))
    names = Keys([f"u{n}" for n in range(5)]), Keys([f"i{n}" for n in range(6)])
    pairs = chosen[0].astype(np.int32), chosen[1].astype(np.int32)
    space = BPR(dim=3, epochs=2).fit(Interactions.from_pairs(*names, pairs, np.ones(30, np.float32)))
    assert np.isfinite(space.vectors).all()


def test_one_item_cannot_be_compared():
    pairs = np.zeros(1, np.int32), np.zeros(1, np.int32)
    data = Interactions.from_pairs(Keys(["ann"]), Keys(["tea"]), pairs, np.ones(1, np.float32))
    with pytest.raises(InputError, match="interactions has 1 item, expected at least 2"):
        BPR().fit(data)


@pytest.mark.parametrize(
    "wrong", [{"dim": 0}, {"epochs": 0}, {"lr": 0.0}, {"reg": -1.0}, {"popularity": -0.5}, {"seed": -1}]
)
def test_settings_out_of_range(wrong):
    with pytest.raises(SettingError, match=f"{next(iter(wrong))} is -?[0-9.]+, expected"):
        BPR(**wrong)
