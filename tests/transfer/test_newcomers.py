"""Newcomers: items placed by their texts lie where their events would have put them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import nearspace as ns
from nearspace.data.interactions import Interactions
from nearspace.errors import (
    DimensionError,
    DuplicateKeyError,
    FormatVersionError,
    InputError,
    MissingInputError,
    OutputError,
)
from nearspace.keys import Keys
from nearspace.learners.als import ALS
from nearspace.transfer.newcomers import Newcomers
from nearspace.transfer.ridge import STRENGTHS, fit_ridge

WORDS = ["tea kettle leaf", "rum barrel oak", "milk cow farm", "salt sea mine"]
GROUPS, ITEMS, USERS = 4, 80, 200


def planted(seed=3) -> Interactions:
    """Users choose among the items of their group; the first items of each group are chosen more often."""
    draw = np.random.default_rng(seed)
    likely = 0.7 * (1 - np.arange(ITEMS) / ITEMS) + 0.1
    chosen = draw.random((USERS, ITEMS)) < likely
    chosen &= (np.arange(USERS) % GROUPS)[:, None] == (np.arange(ITEMS) % GROUPS)[None, :]
    rows, columns = (part.astype(np.int32) for part in np.nonzero(chosen))
    names = Keys([f"u{n}" for n in range(USERS)]), Keys([f"i{n}" for n in range(ITEMS)])
    return Interactions.from_pairs(*names, (rows, columns), np.ones(len(rows), np.float32), name="planted")


def described(numbers, seed=5) -> list[dict[str, str]]:
    """Two words of its group and one of its own for each item."""
    draw = np.random.default_rng(seed)
    rows = []
    for number in numbers:
        words = draw.permutation(WORDS[number % GROUPS].split())[:2]
        rows.append({"key": f"i{number}", "title": " ".join(words), "tags": f"own{number}"})
    return rows


@pytest.fixture(scope="module")
def space() -> ns.Space:
    return ALS(dim=8, sweeps=5).fit(planted())


@pytest.fixture(scope="module")
def bridge(space) -> Newcomers:
    return ns.fit_newcomers(space, described(range(ITEMS)), text=["title", "tags"])


def test_new_items_are_liked_by_the_users_of_their_group(space, bridge):
    more = ns.add_items(space, described(range(ITEMS, ITEMS + 20)), newcomers=bridge)
    assert len(more) == len(space) + 20
    new = np.arange(len(space), len(more))
    assert more.columns["kind"][new].tolist() == ["item"] * 20
    assert more.columns["newcomer"][new].all() and not more.columns["newcomer"][: len(space)].any()
    assert more.columns["count"][new].tolist() == [0] * 20
    assert np.array_equal(more.vectors[: len(space)], space.vectors)
    users = np.flatnonzero(more.columns["kind"] == "user")
    own = np.array([int(name.removeprefix("user:u")) % GROUPS for name in more.keys.names(users)])
    group = np.array([int(name[1:]) % GROUPS for name in more.keys.names(new)])
    best = np.argsort(-more.vectors[users] @ more.vectors[new].T, axis=1)[:, :5]
    assert (group[best] == own[:, None]).mean() > 0.95


def test_the_bridge_knows_what_it_is_worth(bridge):
    cosine = bridge.held_out["cosine"]
    assert cosine["low"] <= cosine["value"] <= cosine["high"]
    assert cosine["value"] > 0.8 > cosine["baseline"]["mean item"]
    assert cosine["n"] == ITEMS
    assert bridge.held_out["length_r2"]["value"] < 1


def test_a_bridge_from_noise_says_that_it_is_worth_nothing(space):
    draw = np.random.default_rng(1)
    table = [{"key": f"i{n}", "vector": draw.standard_normal(6).tolist()} for n in range(ITEMS)]
    cosine = ns.fit_newcomers(space, table).held_out["cosine"]
    assert cosine["low"] < cosine["baseline"]["mean item"] + 0.1


def test_vectors_of_any_kind_can_be_given(space):
    draw = np.random.default_rng(2)
    table = [
        {"key": f"i{n}", "vector": (np.eye(GROUPS)[n % GROUPS] + draw.normal(0, 0.1, GROUPS)).tolist()}
        for n in range(ITEMS + 8)
    ]
    more = ns.add_items(space, table)
    group = np.array([int(name[1:]) % GROUPS for name in more.keys.names(np.arange(len(space), len(more)))])
    old = np.flatnonzero(space.columns["kind"] == "item")
    lengths = np.linalg.norm(more.vectors, axis=1)
    cosines = more.vectors[len(space) :] @ space.vectors[old].T / lengths[len(space) :, None] / lengths[old]
    nearest = np.array([int(name[1:]) % GROUPS for name in space.keys.names(old)])[cosines.argmax(axis=1)]
    assert (nearest == group).all()


def test_placing_does_not_depend_on_the_others(bridge):
    texts = ["tea leaf . own3", "rum oak . x", "nothing known"]
    together = bridge.place(texts)
    for number, text in enumerate(texts):
        np.testing.assert_allclose(bridge.place([text])[0], together[number], atol=1e-6)
    assert not together[2].any()
    assert bridge.place([]).shape == (0, 8)


def test_saved_with_the_space_and_opened(space, bridge, tmp_path):
    ns.save(space, tmp_path / "a.space")
    with pytest.raises(MissingInputError, match="has no bridge for newcomers"):
        ns.open_newcomers(tmp_path / "a.space")
    ns.save_newcomers(tmp_path / "a.space", bridge)
    with pytest.raises(OutputError, match="has a bridge for newcomers already"):
        ns.save_newcomers(tmp_path / "a.space", bridge)
    opened = ns.open_newcomers(tmp_path / "a.space")
    assert np.array_equal(opened.place(["tea leaf"]), bridge.place(["tea leaf"]))
    assert opened.text == ("title", "tags")
    assert opened.held_out["cosine"]["value"] == bridge.held_out["cosine"]["value"]
    about = tmp_path / "a.space" / "newcomers" / "newcomers.json"
    known = about.read_text("utf-8")
    about.write_text(known.replace('"format_version": 1', '"format_version": 9'), "utf-8")
    with pytest.raises(FormatVersionError, match=r"has bridge format 9, .* up to 1\nUpgrade with: pip"):
        ns.open_newcomers(tmp_path / "a.space")
    about.write_text(known, "utf-8")
    arrays = tmp_path / "a.space" / "newcomers" / "newcomers.safetensors"
    arrays.write_bytes(arrays.read_bytes()[:50])
    with pytest.raises(InputError, match="is no bridge for newcomers, or is damaged"):
        ns.open_newcomers(tmp_path / "a.space")


def test_what_cannot_be_placed_is_told(space, bridge):
    with pytest.raises(InputError, match="has all 80 items of"):
        ns.add_items(space, described(range(ITEMS)), newcomers=bridge)
    with pytest.raises(InputError, match=r"none of the 1 new items of .* can be placed"):
        ns.add_items(space, [{"key": "x", "title": "", "tags": ""}], newcomers=bridge)
    with pytest.raises(InputError, match="has no column 'name'"):
        ns.fit_newcomers(space, described(range(ITEMS)), text="name")
    with pytest.raises(InputError, match="has no column 'vector'"):
        ns.fit_newcomers(space, described(range(ITEMS)))
    with pytest.raises(InputError, match=r"tells of 3 items .* learned, expected at least 5"):
        ns.fit_newcomers(space, described(range(3)), text="title")
    with pytest.raises(DuplicateKeyError, match="the item 'i1' has more than one row"):
        ns.fit_newcomers(space, described([1, 1]), text="title")
    with pytest.raises(InputError, match="has no columns kind and count"):
        ns.fit_newcomers(replace(space, columns={}), described(range(ITEMS)), text="title")
    with pytest.raises(DimensionError, match=r"features of shape \(2, 3\) came to a bridge that takes"):
        bridge.place(np.ones((2, 3), np.float32))
    with pytest.raises(InputError, match=r"the bridge gives vectors of 8, .* has 3 components"):
        small = replace(space, vectors=space.vectors[:, :3].copy(), encoder=None, stored_norms=None)
        ns.add_items(small, described([ITEMS]), newcomers=bridge)


def test_ridge_is_the_solution_and_its_strength_that_of_leave_one_out():
    draw = np.random.default_rng(8)
    x, shares = draw.standard_normal((30, 5)), draw.uniform(0.2, 2, 30)
    y = x @ draw.standard_normal((5, 2)) + draw.standard_normal((30, 2))
    found = fit_ridge(x, y, shares)
    shares = shares / shares.mean()

    def solved(strength, kept):
        part = shares[kept] / shares.sum()
        center, level = part @ x[kept] / part.sum(), part @ y[kept] / part.sum()
        wide = (x[kept] - center).T * shares[kept]
        weights = np.linalg.solve(wide @ (x[kept] - center) + strength * np.eye(5), wide @ (y[kept] - level))
        return weights, center, level

    weights, _, _ = solved(found.strength, np.ones(30, dtype=bool))
    np.testing.assert_allclose(found.weights, weights, rtol=1e-8)
    errors = []
    for strength in STRENGTHS:
        total = 0.0
        for row in range(30):
            one, center, level = solved(strength, np.arange(30) != row)
            total += shares[row] * ((y[row] - (x[row] - center) @ one - level) ** 2).sum()
        errors.append(total)
    assert found.strength == STRENGTHS[int(np.argmin(errors))]
