"""ALS: planted groups are found, users are their own fold-in, and workers change no byte."""

from __future__ import annotations

import numpy as np
import pytest

import nearspace as ns
from nearspace.data.interactions import Interactions
from nearspace.errors import SettingError
from nearspace.keys import Keys
from nearspace.learners.als import ALS
from nearspace.protocols import Learner


def planted(users=120, items=60, groups=4, share=0.5, seed=3) -> Interactions:
    """Users choose only among the items of their own group, each with a chance of `share`."""
    draw = np.random.default_rng(seed)
    chosen = draw.random((users, items)) < share
    chosen &= (np.arange(users) % groups)[:, None] == (np.arange(items) % groups)[None, :]
    chosen[np.arange(users), np.arange(users) % groups] = True
    rows, columns = (part.astype(np.int32) for part in np.nonzero(chosen))
    names = Keys([f"u{n}" for n in range(users)]), Keys([f"i{n}" for n in range(items)])
    return Interactions.from_pairs(*names, (rows, columns), np.ones(len(rows), np.float32), name="planted")


def test_an_item_that_was_not_chosen_lies_with_those_of_its_group():
    data = planted()
    space = ALS(dim=8, sweeps=5).fit(data)
    items = len(data.items)
    scores = space.vectors[items:] @ space.vectors[:items].T
    group = np.array([int(name[1:]) % 4 for name in data.items])
    own = np.array([int(name[1:]) % 4 for name in data.users])
    best = group[np.argsort(-scores, axis=1)[:, :10]]
    assert (best == own[:, None]).mean() > 0.99


def test_rows_are_items_and_then_users():
    data = planted()
    space = ALS(dim=4, sweeps=1).fit(data)
    assert list(space.keys)[: len(data.items)] == list(data.items)
    assert space.keys[len(data.items)] == f"user:{data.users[0]}"
    assert space.columns["kind"][[0, -1]].tolist() == ["item", "user"]
    assert space.columns["count"][0] == data.item_counts[0]
    assert space.metric == "dot"
    assert space.recipe.data == data.fingerprint
    assert isinstance(ALS(), Learner)


@pytest.mark.parametrize("dim", [5, 32])
def test_the_same_bytes_for_any_number_of_workers(dim):
    data = planted(users=700, items=90)
    spaces = [ALS(dim=dim, sweeps=2).fit(data, workers=workers) for workers in (1, 2, 4)]
    assert spaces[0].vectors.tobytes() == spaces[1].vectors.tobytes() == spaces[2].vectors.tobytes()
    assert ALS(dim=dim, sweeps=2, seed=2).fit(data).vectors.tobytes() != spaces[0].vectors.tobytes()


@pytest.mark.parametrize("activity", [0.0, 1.0])
def test_users_are_the_fold_in_of_their_events(tmp_path, activity):
    data = planted()
    ns.save(ALS(dim=6, sweeps=3, activity=activity).fit(data), tmp_path / "a.space")
    space = ns.open(tmp_path / "a.space")
    encoder = space.encoder
    users = space.vectors[len(data.items) :]
    np.testing.assert_allclose(encoder.fold_in(data.by_user), users, atol=1e-4 * np.abs(users).max())
    liked = [list(data.items)[:3], ["nothing"]]
    placed = encoder.fold_in(encoder.liked(liked))
    assert not placed[1].any()
    assert np.array_equal(
        encoder.encode(['["i0", "i4"]', "i0"])[1], encoder.fold_in(encoder.liked([["i0"]]))[0]
    )
    assert np.array_equal(np.asarray(encoder.history.by_item.columns), data.by_item.columns)


def test_weights_count_in_proportion_to_their_mean():
    data = planted()
    heavier = Interactions(data.users, data.items, data.by_user._replace(weights=7 * data.by_user.weights))
    spaces = [ALS(dim=4, sweeps=1).fit(one) for one in (data, heavier)]
    assert spaces[0].vectors.tobytes() == spaces[1].vectors.tobytes()


def test_more_components_than_items():
    space = ALS(dim=40, sweeps=1).fit(planted(users=20, items=8))
    assert np.isfinite(space.vectors).all()


@pytest.mark.parametrize(
    "wrong", [{"dim": 0}, {"sweeps": 0}, {"steps": 0}, {"reg": -1.0}, {"unobserved": -0.1}]
)
def test_settings_out_of_range(wrong):
    with pytest.raises(SettingError, match=f"{next(iter(wrong))} is -?[0-9.]+, expected"):
        ALS(**wrong)
