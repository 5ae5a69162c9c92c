"""recommend: planted groups, seen items, filters, new users, ties, exactness, and every bad question."""

import dataclasses
import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.tastes import DIM, ITEMS, USERS, group_of, grown, seen_by, tastes

import nearspace as ns
from nearspace.data.interactions import Interactions, Sparse
from nearspace.encoders.recommender import RecommenderEncoder
from nearspace.errors import DimensionError, InputError, SettingError, UnknownKeyError
from nearspace.index.exact import ExactIndex
from nearspace.keys import Keys
from nearspace.search.recommend import top_items
from nearspace.space import Space

SPACE = tastes()
NAMES = list(SPACE.encoder.history.users)
SAVED_COLUMNS = ("kind", "count")


def changed(space, vectors=None, **columns):
    """The same Space with other vectors or more columns."""
    held = space.vectors if vectors is None else vectors
    return Space(space.keys, held, space.metric, {**space.columns, **columns}, space.encoder, space.recipe)


def test_users_get_items_of_their_group_that_they_have_not_chosen():
    found = ns.recommend(SPACE, NAMES, k=4)
    assert found.queries == tuple(NAMES) and found.rows.shape == (USERS, 4)
    for user, keys in zip(NAMES, found.keys, strict=True):
        assert {group_of(key) for key in keys} == {group_of(user)}
        assert not seen_by(SPACE, user) & set(keys)


def test_seen_items_may_be_let_in_and_metadata_comes_with_the_hits():
    hits = ns.recommend(SPACE, 101, k=ITEMS, seen=True).hits()
    assert {hit.key for hit in hits} == set(SPACE.encoder.history.items)
    assert {hit.columns["kind"] for hit in hits} == {"item"}
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)


@pytest.mark.parametrize("users", [101, "101", "user:101", np.int64(101), [101], np.array([101]), ("101",)])
def test_a_user_may_be_named_in_many_ways(users):
    found = ns.recommend(SPACE, users, k=3)
    assert found.queries == ("101",)
    np.testing.assert_array_equal(found.rows, ns.recommend(SPACE, NAMES, k=3).rows[[NAMES.index("101")]])


def test_one_user_may_be_asked_for_twice():
    assert ns.recommend(SPACE, ["103", 102, 103]).queries == ("103", "102", "103")


def test_a_new_user_is_placed_by_what_the_user_likes():
    found = ns.recommend(SPACE, liked=["item 3", "item 5"], k=5)
    assert {group_of(key) for key in found.keys[0]} == {1}
    assert not {"item 3", "item 5"} & set(found.keys[0])
    assert "item 3" in ns.recommend(SPACE, liked=["item 3", "item 5"], k=ITEMS, seen=True).keys[0]


def test_a_new_user_with_the_events_of_an_old_one_gets_the_same():
    weighted = tastes(weights=True)
    history = weighted.encoder.history
    starts, columns, weights = history.by_user
    for row in (0, 7):
        part = slice(starts[row], starts[row + 1])
        liked = list(zip(history.items.names(columns[part]), weights[part].tolist(), strict=True))
        old, new = ns.recommend(weighted, history.users[row]), ns.recommend(weighted, liked=liked)
        np.testing.assert_array_equal(old.rows, new.rows)
        np.testing.assert_array_equal(old.scores, new.scores)


def test_several_new_users_are_lists_of_lists_and_weights_pull():
    found = ns.recommend(SPACE, liked=[["item 3"], [("item 2", 9.0), ("item 3", 0.1)]], k=3)
    assert found.queries == ("item 3", "item 2 + item 3")
    assert [{group_of(key) for key in keys} for keys in found.keys] == [{1}, {0}]
    many = ns.recommend(SPACE, liked=[f"item {2 * at}" for at in range(5)])
    assert many.queries == ("item 0 + item 2 + item 4 + 2 more",)


def test_an_item_liked_twice_adds_up():
    double = ns.recommend(SPACE, liked=["item 3", "item 3", "item 4"])
    scale = SPACE.encoder.fold.scale
    heavy = ns.recommend(SPACE, liked=[("item 3", 2 * scale), "item 4"])
    np.testing.assert_array_equal(double.scores, heavy.scores)


def test_unknown_liked_items_may_be_skipped():
    skipped = ns.recommend(SPACE, liked=["item 3", "nonsense"], unknown="skip")
    np.testing.assert_array_equal(skipped.rows, ns.recommend(SPACE, liked=["item 3"]).rows)


def test_a_filter_costs_no_hits_and_one_that_matches_nothing_gives_none():
    year = np.arange(len(SPACE.keys)) % 10
    space = changed(SPACE, year=year)
    found = ns.recommend(space, [100, 101], k=ITEMS, where="year = 3", seen=True)
    right = {key for row, key in enumerate(space.keys) if year[row] == 3 and key.startswith("item")}
    assert all(set(keys) == right for keys in found.keys)
    assert ns.recommend(space, [100, 101], where="year = 99").keys == [[], []]
    assert ns.recommend(space, 100, where="kind = 'user'").keys == [[]], "users are never recommended"


def test_k_may_exceed_the_items():
    found = ns.recommend(SPACE, 101, k=500)
    assert found.rows.shape == (1, 500)
    assert set(found.keys[0]) == set(SPACE.encoder.history.items) - seen_by(SPACE, 101)


def test_equal_scores_come_by_popularity():
    flat = changed(SPACE, np.zeros_like(SPACE.vectors))
    rows = ns.recommend(flat, 101, k=6, seen=True).rows[0]
    assert rows.tolist() == list(range(6))
    counts = SPACE.columns["count"][rows]
    assert (np.diff(counts) <= 0).all()


def test_items_added_after_the_learning_are_recommended():
    loud = np.zeros((2, DIM))
    loud[0, 1], loud[1, 0] = 50, 50
    space = grown(SPACE, ["fresh 1", "fresh 0"], loud)
    assert [keys[0] for keys in ns.recommend(space, [101, 100], k=1).keys] == ["fresh 1", "fresh 0"]
    rest = ns.recommend(space, NAMES, k=6, where="key NOT LIKE 'fresh%'")
    np.testing.assert_array_equal(rest.rows, ns.recommend(SPACE, NAMES, k=6).rows)
    with pytest.raises(UnknownKeyError, match="'fresh 1' is not a learned item") as caught:
        ns.recommend(space, liked=["fresh 1"])
    assert "came after the learning" in caught.value.hint


def test_rows_may_lie_in_any_order():
    order = np.random.default_rng(3).permutation(len(SPACE.keys))
    mixed = Space(
        SPACE.keys.select(order), SPACE.vectors[order], SPACE.metric,
        {name: SPACE.columns[name][order] for name in SAVED_COLUMNS}, SPACE.encoder,
    )  # fmt: skip
    assert ns.recommend(mixed, NAMES, k=5).keys == ns.recommend(SPACE, NAMES, k=5).keys


def test_deleted_items_are_no_hits():
    kept = np.flatnonzero(np.array(list(SPACE.keys)) != "item 7")
    fewer = Space(
        SPACE.keys.select(kept), SPACE.vectors[kept], SPACE.metric,
        {name: SPACE.columns[name][kept] for name in SAVED_COLUMNS}, SPACE.encoder,
    )  # fmt: skip
    found = ns.recommend(fewer, 101, k=ITEMS, seen=True)
    assert set(found.keys[0]) == set(SPACE.encoder.history.items) - {"item 7"}
    again = ns.recommend(fewer, NAMES, k=ITEMS)
    for user, keys in zip(NAMES, again.keys, strict=True):
        assert set(keys) == set(SPACE.encoder.history.items) - seen_by(SPACE, user) - {"item 7"}


@pytest.mark.parametrize("diversity", [0.0, 0.4])
def test_saved_and_opened_it_recommends_the_same(tmp_path, diversity):
    ns.save(SPACE, tmp_path / "tastes.space")
    opened = ns.open(tmp_path / "tastes.space")
    for asked in ({"users": NAMES}, {"liked": ["item 3", "item 8"]}):
        one = ns.recommend(SPACE, k=7, diversity=diversity, **asked)
        other = ns.recommend(opened, k=7, diversity=diversity, **asked)
        np.testing.assert_array_equal(one.rows, other.rows)
        assert one.scores.tobytes() == other.scores.tobytes()


@pytest.mark.parametrize("workers", [2, 4])
@pytest.mark.parametrize("diversity", [0.0, 0.5])
def test_the_number_of_workers_changes_nothing(workers, diversity):
    one = ns.recommend(SPACE, NAMES, k=5, diversity=diversity, workers=1)
    other = ns.recommend(SPACE, NAMES, k=5, diversity=diversity, workers=workers)
    np.testing.assert_array_equal(one.rows, other.rows)
    assert one.scores.tobytes() == other.scores.tobytes()


def test_diversity_goes_from_score_to_difference():
    plain = ns.recommend(SPACE, 101, k=5, seen=True)
    np.testing.assert_array_equal(plain.rows, ns.recommend(SPACE, 101, k=5, seen=True, diversity=0).rows)
    units = SPACE.vectors / SPACE.norms[:, None]

    def likeness(diversity):
        rows = ns.recommend(SPACE, NAMES, k=5, seen=True, diversity=diversity).rows
        cosines = np.einsum("qid,qjd->qij", units[rows], units[rows])
        return (cosines.sum() - 5 * len(rows)) / (20 * len(rows))

    assert likeness(0.0) > likeness(0.3) > likeness(0.6) > likeness(1.0)
    first = ns.recommend(SPACE, NAMES, k=5, diversity=0.6)
    best = ns.recommend(SPACE, NAMES, k=1)
    np.testing.assert_array_equal(first.rows[:, :1], best.rows)
    for row, (_, hits) in enumerate(first):
        expected = SPACE[f"user:{first.queries[row]}"] @ np.array([SPACE[hit.key] for hit in hits]).T
        np.testing.assert_allclose([hit.score for hit in hits], expected, atol=1e-5)


@st.composite
def crowds(draw):
    random = np.random.default_rng(draw(st.integers(0, 10**6)))
    users, items, dim = draw(st.integers(1, 70)), draw(st.integers(1, 400)), draw(st.integers(1, 40))
    own, others = random.normal(size=(users, dim)), random.normal(size=(items, dim))
    if draw(st.booleans()):
        own, others = np.round(own), np.round(others)  # many ties
    chosen = [np.flatnonzero(random.random(items) < random.random() ** 3) for _ in range(users)]
    allowed = random.random(items) < 0.5 if draw(st.booleans()) else None
    k = draw(st.integers(1, 50))
    return own.astype(np.float32), others.astype(np.float32), chosen, allowed, k, draw(st.integers(1, 3))


@pytest.mark.parametrize("large", [False, True], ids=["numpy", "kernels"])
@pytest.mark.parametrize("metric", ["dot", "cosine"])
@given(crowd=crowds())
@settings(deadline=None, max_examples=40)
def test_the_best_items_are_those_of_a_plain_sort(metric, large, crowd):
    own, others, chosen, allowed, k, workers = crowd
    space = made_of(own, others, metric)
    lists = Sparse(
        np.concatenate(([0], np.cumsum([len(one) for one in chosen]))).astype(np.int64),
        np.concatenate(chosen).astype(np.int32), np.ones(sum(map(len, chosen)), np.float32),
    )  # fmt: skip
    mask = None if allowed is None else np.concatenate([allowed, np.zeros(len(own), bool)])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ExactIndex, "_is_large", lambda _, count, __: large and count > 0)
        rows, scores = top_items(space, own, lists, k, allowed=mask, workers=workers)
    for query in range(len(own)):
        exact = ExactIndex(others, None, metric).search(own[query : query + 1], len(others))
        truth = [
            (row, score)
            for row, score in zip(exact[0][0], exact[1][0], strict=True)
            if row not in set(chosen[query]) and (allowed is None or allowed[row])
        ][:k]
        np.testing.assert_array_equal(rows[query, : len(truth)], [row for row, _ in truth])
        np.testing.assert_array_equal(scores[query, : len(truth)], [score for _, score in truth])
        assert (rows[query, len(truth) :] == -1).all()
        wide = own[query].astype(np.float64) @ others.T.astype(np.float64)
        if metric == "dot" and len(truth):
            np.testing.assert_allclose(
                scores[query, : len(truth)], wide[rows[query, : len(truth)]], atol=1e-5
            )


def made_of(own, others, metric):
    """A Space of given vectors; its history is one event each, which `top_items` does not read."""
    users, items = Keys(f"u{at}" for at in range(len(own))), Keys(f"i{at}" for at in range(len(others)))
    count = max(len(own), len(others))
    pairs = np.arange(count, dtype=np.int32)
    history = history_of(users, items, pairs % len(own), pairs % len(others))
    encoder = RecommenderEncoder(history, others)
    keys = Keys([*(f"i{at}" for at in range(len(others))), *(f"user:u{at}" for at in range(len(own)))])
    kinds = np.repeat(["item", "user"], [len(others), len(own)])
    return Space(keys, np.concatenate([others, own]), metric, {"kind": kinds}, encoder)


def history_of(users, items, user, item):
    matrix = np.zeros((len(users), len(items)), bool)
    matrix[user, item] = True
    starts = np.concatenate(([0], np.cumsum(matrix.sum(axis=1)))).astype(np.int64)
    columns = np.nonzero(matrix)[1].astype(np.int32)
    return Interactions(users, items, Sparse(starts, columns, np.ones(len(columns), np.float32)))


def test_top_items_refuse_lists_of_other_queries():
    with pytest.raises(DimensionError, match="2 vectors came with"):
        top_items(SPACE, SPACE.vectors[:2], SPACE.encoder.history.by_user, 3)


@pytest.mark.parametrize(
    ("asked", "message", "hint"),
    [
        ({"users": "1011"}, "'1011' is not a user", "Did you mean: 101"),
        ({"users": "nobody"}, "'nobody' is not a user", "For a new user give the items"),
        ({"users": "item 3"}, "'item 3' is not a user", r"It is an item: give liked=\['item 3'\]"),
        ({"liked": ["itm 3"]}, "'itm 3' is not an item", "Did you mean: item 3"),
        ({"liked": ["101"]}, "'101' is not an item", "'101' is a user: ask with users="),
        ({"liked": ["user:101"]}, "'user:101' is not an item", "'101' is a user"),
        ({"liked": ["x", "y"], "unknown": "skip"}, "'x' is not an item", ""),
        ({"liked": [["item 3"], ["y"]], "unknown": "skip"}, "'y' is not an item", ""),
    ],
)
def test_unknown_names_come_with_advice(asked, message, hint):
    with pytest.raises(UnknownKeyError, match=message) as caught:
        ns.recommend(SPACE, **asked)
    assert re.search(hint, caught.value.hint)


@pytest.mark.parametrize(
    ("asked", "kind", "message"),
    [
        ({}, InputError, "nobody was asked for"),
        ({"users": 101, "liked": ["item 3"]}, InputError, "users and liked were both given"),
        ({"users": []}, InputError, "no user was given"),
        ({"users": 101.0}, InputError, "user 101.0 is of type float, expected text or a whole number"),
        ({"users": True}, InputError, "user True is of type bool"),
        ({"users": [None]}, InputError, "user None is of type NoneType"),
        ({"liked": []}, InputError, "nothing is liked"),
        ({"liked": [["item 3"], []]}, InputError, "nothing is liked"),
        ({"liked": ["item 3", ["item 4"]]}, InputError, "liked mixes items and lists"),
        ({"liked": 1.5}, InputError, "liked is 1.5"),
        ({"liked": [2.5]}, InputError, "item 2.5 is of type float"),
        ({"liked": [("item 3", 0)]}, SettingError, "has no weight above 0"),
        ({"liked": [("item 3", float("nan"))]}, SettingError, "has no weight above 0"),
        ({"liked": [("item 3", "item 4")]}, SettingError, "has no weight above 0"),
        ({"liked": ["item 3"], "unknown": "drop"}, SettingError, "unknown is 'drop'"),
        ({"users": 101, "k": 0}, SettingError, "k is 0"),
        ({"users": 101, "diversity": 1.5}, SettingError, "diversity is 1.5"),
        ({"users": 101, "diversity": "much"}, SettingError, "diversity is 'much'"),
        ({"users": 101, "where": "size > 3"}, SettingError, "size"),
        ({"users": 101, "workers": 0}, SettingError, "workers is 0"),
    ],
)
def test_bad_questions_are_refused(asked, kind, message):
    with pytest.raises(kind, match=message):
        ns.recommend(SPACE, **asked)


def test_a_space_of_other_things_is_refused():
    words = Space(Keys(["a", "b"]), np.eye(2, dtype=np.float32))
    with pytest.raises(InputError, match="has no encoder: it does not know who chose what"):
        ns.recommend(words, "a")
    with pytest.raises(InputError, match="has no column 'kind'"):
        ns.similar(words, "a")
    bare = dataclasses.replace(SPACE, columns={})
    with pytest.raises(InputError, match="has no column 'kind'"):
        ns.recommend(bare, 101)


def test_a_user_without_events_gets_the_most_popular_items():
    columns = {
        name: np.append(SPACE.columns[name], value) for name, value in (("kind", "user"), ("count", 0))
    }
    space = Space(
        Keys([*SPACE.keys, "user:new"]), np.concatenate([SPACE.vectors, np.zeros((1, DIM), np.float32)]),
        SPACE.metric, columns, SPACE.encoder,
    )  # fmt: skip
    assert ns.recommend(space, "new", k=3).rows.tolist() == [[0, 1, 2]]
