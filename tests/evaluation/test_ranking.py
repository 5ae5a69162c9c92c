"""measure.ranking: figures counted by hand, planted groups, what is judged and what is refused."""

from __future__ import annotations

from dataclasses import replace
from math import log2
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.planted_events import groups, interactions, space_of

import nearspace as ns
from nearspace.encoders.recommender import FoldIn
from nearspace.errors import InputError, MissingInputError, SettingError
from nearspace.evaluation.ease import EASE
from nearspace.evaluation.item_knn import ItemKNN

# items by their number of users: tea 3, milk 2, rum 2, ale 1, gin 1
TRAIN = interactions(
    [("ann", "tea"), ("ann", "milk"), ("bob", "tea"), ("bob", "rum"), ("cem", "tea"), ("cem", "rum"),
     ("cem", "milk"), ("dan", "ale"), ("dan", "gin")]
)  # fmt: skip
VECTORS = {"tea": [9, 0], "milk": [1, 0], "rum": [2, 0], "ale": [3, 0], "gin": [4, 0]}
USERS = {"ann": [1, 0], "bob": [1, 0], "cem": [-1, 0], "dan": [1, 0]}
SPACE = space_of(TRAIN, VECTORS, USERS)
# lists of 2: ann gin ale, bob gin ale, cem ale gin, dan tea rum
HELD = interactions(
    [("ann", "ale"), ("ann", "rum"), ("bob", "milk"), ("cem", "ale"), ("dan", "milk")], "held"
)


def value(report: ns.Report, name: str) -> float:
    return report[f"held.{name}"].value


def test_every_figure_is_what_one_counts_by_hand() -> None:
    report = ns.measure.ranking(SPACE, HELD, k=2, samples=100)
    # ann: 1 of 2 at place 2; bob: none; cem: 1 of 1 at place 1; dan: none
    second = 1 / log2(3)
    assert value(report, "recall@2") == pytest.approx((1 / 2 + 0 + 1 + 0) / 4)
    assert value(report, "ndcg@2") == pytest.approx((second / (1 + second) + 1) / 4)
    assert value(report, "map@2") == pytest.approx((1 / 2 / 2 + 1) / 4)
    assert value(report, "mrr@2") == pytest.approx((1 / 2 + 1) / 4)
    assert value(report, "coverage@2") == pytest.approx(4 / 5)  # milk is in no list
    surprise = {item: -log2(count / 4) for item, count in zip(VECTORS, (3, 2, 2, 1, 1), strict=True)}
    rare, common = surprise["gin"], (surprise["tea"] + surprise["rum"]) / 2
    assert value(report, "novelty@2") == pytest.approx((3 * rare + common) / 4)
    popular, chosen = (3 * 1 + 2.5) / 4, (1.5 + 2 + 1 + 2) / 4
    assert value(report, "popularity_lift@2") == pytest.approx(popular / chosen - 1)
    assert {(one.n, one.coverage) for one in report} == {(4, 1.0)}


def test_popularity_recommends_what_most_have_and_nobody_had() -> None:
    """Lists: ann rum ale, bob milk ale, cem ale gin, dan tea milk; ties by the order of the items."""
    report = ns.measure.ranking(SPACE, HELD, k=2, samples=100, baselines=["popularity"])
    assert list(TRAIN.items) == ["tea", "milk", "rum", "ale", "gin"]
    assert report["held.recall@2"].baseline == {"popularity": pytest.approx(1.0)}
    assert report["held.mrr@2"].baseline == {"popularity": pytest.approx((1 + 1 + 1 + 1 / 2) / 4)}


def test_recall_reaches_1_where_more_is_held_out_than_listed() -> None:
    held = interactions([("ann", "gin"), ("ann", "ale"), ("ann", "rum")], "held")
    report = ns.measure.ranking(SPACE, held, k=2, samples=100)
    assert all(value(report, f"{name}@2") == 1 for name in ("recall", "ndcg", "map", "mrr"))


def test_a_space_that_knows_the_groups_beats_popularity() -> None:
    _, held, space = groups()
    report = ns.measure.ranking(space, held, k=8, baselines=["popularity", "item-knn", "ease"], samples=200)
    recall = report["held.recall@8"]
    assert recall.value == 1 and recall.low > 0.95  # 15 items a group, 8 of them known
    assert recall.baseline["popularity"] < 0.4 < 0.9 < recall.baseline["item-knn"]
    assert recall.baseline["ease"] > 0.9
    assert report["held.ndcg@8"].low > report["held.ndcg@8"].baseline["popularity"]


def test_any_number_of_workers_gives_the_same_report() -> None:
    _, held, space = groups(seed=3)
    one, two, four = (
        ns.measure.ranking(space, held, baselines=["item-knn", "ease"], samples=100, workers=workers)
        for workers in (1, 2, 4)
    )
    assert one == two == four


class Notes:
    """A Progress that keeps its notes."""

    def __init__(self) -> None:
        self.notes: list[str] = []

    def task(self, description: str, *, total: float | None = None, unit: str = "") -> Any:
        return ns.protocols.Quiet().task(description)

    def note(self, message: str) -> None:
        self.notes.append(message)


def test_what_cannot_be_judged_is_told_and_lowers_the_coverage() -> None:
    held = interactions(
        [("ann", "ale"), ("eve", "ale"), ("ann", "tea"), ("ann", "cocoa"), ("eve", "cocoa")], "held"
    )
    notes = Notes()
    report = ns.measure.ranking(SPACE, held, k=2, samples=100, progress=notes)
    assert report["held.recall@2"].n == 1
    assert report["held.recall@2"].coverage == pytest.approx(1 / 5)
    assert [note.split(": ")[1][:35] for note in notes.notes] == [
        "2 events are of users that are not ", "1 events are of items that are not ",
        "1 events are not new to their users",
    ]  # fmt: skip


def test_new_users_are_placed_by_their_known_events_and_not_given_them_again() -> None:
    fold = FoldIn("mean")
    space = space_of(TRAIN, VECTORS, USERS, fold)
    held = interactions([("eve", "ale"), ("fay", "ale")], "held")
    known = interactions([("eve", "gin"), ("eve", "tea"), ("fay", "cocoa"), ("ann", "gin")])
    report = ns.measure.ranking(space, held, known=known, k=1, samples=100)
    assert value(report, "recall@1") == 1  # gin and tea, which would come first, are known
    assert report["held.recall@1"].n == 1 and report["held.recall@1"].coverage == 0.5
    seen = interactions([("ann", "ale")], "held")
    before = ns.measure.ranking(space, seen, k=1, samples=100)
    after = ns.measure.ranking(space, seen, known=known, k=1, samples=100)
    assert (value(before, "recall@1"), value(after, "recall@1")) == (0, 1)


def test_items_added_later_can_be_recommended_and_deleted_ones_cannot() -> None:
    keys = ns.Keys([*SPACE.keys, "cocoa"])
    vectors = np.concatenate([SPACE.vectors, np.array([[5, 0]], np.float32)])
    kinds = np.append(np.asarray(SPACE.columns["kind"]), "item")
    more = replace(SPACE, keys=keys, vectors=vectors, columns={"kind": kinds})
    held = interactions([("ann", "cocoa"), ("ann", "gin")], "held")
    report = ns.measure.ranking(more, held, k=2, samples=100)
    assert value(report, "recall@2") == 1
    assert report["held.recall@2"].baseline["popularity"] == 0  # it knows no new item
    assert value(report, "novelty@2") == pytest.approx(2)  # both as rare as an item of one user
    rows = np.array([row for row, key in enumerate(keys) if key != "gin"])
    fewer = replace(more, keys=keys.select(rows), vectors=vectors[rows], columns={"kind": kinds[rows]})
    report = ns.measure.ranking(fewer, held, k=2, samples=100)
    assert report["held.recall@2"].coverage == 0.5 and value(report, "recall@2") == 1
    assert value(report, "coverage@2") == pytest.approx(2 / 5)


@pytest.mark.parametrize(("metric", "first"), [("dot", "tea"), ("cosine", "rum"), ("euclidean", "ale")])
def test_the_metric_of_the_space_ranks(metric: str, first: str) -> None:
    history = interactions([("u", "x"), ("v", "tea"), ("v", "rum"), ("v", "ale")])
    vectors = {"x": [0, 0], "tea": [9, 9], "rum": [3, 0], "ale": [1, 0.5]}
    space = space_of(history, vectors, {"u": [1, 0], "v": [0, 0]}, metric=metric)
    report = ns.measure.ranking(space, interactions([("u", first)], "held"), k=1, samples=100)
    assert value(report, "recall@1") == 1


def test_tables_and_files_are_read_as_well(tmp_path: Path) -> None:
    rows = [("ann", "ale"), ("ann", "rum"), ("bob", "milk"), ("cem", "ale"), ("dan", "milk")]
    table = {"who": [row[0] for row in rows], "film": [row[1] for row in rows]}
    path = tmp_path / "held.csv"
    path.write_text("who,film\n" + "".join(f"{user},{item}\n" for user, item in rows), "utf-8")
    expected = ns.measure.ranking(SPACE, HELD, k=2, samples=100)
    assert ns.measure.ranking(SPACE, path, user="who", item="film", k=2, samples=100) == expected
    found = ns.measure.ranking(SPACE, table, user="who", item="film", k=2, samples=100)
    assert [one.value for one in found] == [one.value for one in expected]
    with pytest.raises(InputError, match="user"):
        ns.measure.ranking(SPACE, path)
    with pytest.raises(MissingInputError):
        ns.measure.ranking(SPACE, tmp_path / "no.csv")


@pytest.mark.parametrize(
    ("held", "hint"),
    [
        ([("eve", "tea")], "None of its users is known: give earlier events"),
        ([("ann", "cocoa")], "None of its items is known"),
        ([("ann", "tea")], "trained on these very events"),
        ([("tea", "ann")], "swap the two columns"),
    ],
)
def test_events_of_which_none_can_be_judged_are_refused(held: list[tuple[str, str]], hint: str) -> None:
    with pytest.raises(InputError, match=f"none of 1 events can be judged.*\n.*{hint}"):
        ns.measure.ranking(SPACE, interactions(held), k=2)


def test_settings_out_of_range_are_refused() -> None:
    for k in (0, 5, 7, True):
        with pytest.raises(SettingError, match=r"^k is"):
            ns.measure.ranking(SPACE, HELD, k=k)
    with pytest.raises(
        SettingError, match=r"baseline is 'svd'\nAccepted baselines: popularity, item-knn, ease"
    ):
        ns.measure.ranking(SPACE, HELD, k=2, baselines=["svd"])
    with pytest.raises(SettingError, match="no baseline"):
        ns.measure.ranking(SPACE, HELD, k=2, baselines=[])
    with pytest.raises(SettingError, match="Give each once"):
        ns.measure.ranking(SPACE, HELD, k=2, baselines=["ease", EASE(reg=3)])
    with pytest.raises(SettingError, match=r"ease would need .* GB for the 5 items of events"):
        ns.measure.ranking(SPACE, HELD, k=2, baselines=[EASE(most_items=4)])
    for wrong in ({"reg": 0}, {"reg": float("nan")}):
        with pytest.raises(SettingError, match=r"^reg is"):
            EASE(**wrong)
    for wrong in ({"k": 0}, {"shrink": -1}):
        with pytest.raises(SettingError, match="expected"):
            ItemKNN(**wrong)
    words = ns.Space(ns.Keys(["a"]), np.ones((1, 2), np.float32))
    with pytest.raises(InputError, match=r"does not know who chose what\n.*nearspace learn interactions"):
        ns.measure.ranking(words, HELD)


names = st.permutations([f"name{number}" for number in range(9)])
events = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 8)), min_size=12, max_size=30, unique=True)


@given(events, names, st.integers(0, 9), st.integers(1, 4))
@settings(max_examples=40, deadline=None)
def test_figures_are_shares_and_do_not_depend_on_names(
    pairs: list[tuple[int, int]], renamed: list[str], seed: int, k: int
) -> None:
    random = np.random.default_rng(seed)
    factors, users = random.standard_normal((9, 3)), random.standard_normal((5, 3))
    train, held = pairs[:-6], pairs[-6:]

    def judged(items: list[str]) -> ns.Report | None:
        history = interactions([(f"u{user}", items[item]) for user, item in train])
        vectors = {name: factors[at] for at, name in enumerate(items)}
        space = space_of(history, vectors, {f"u{user}": users[user] for user in range(5)})
        try:
            events = interactions([(f"u{user}", items[item]) for user, item in held], "held")
            return ns.measure.ranking(space, events, k=k, samples=100)
        except (InputError, SettingError):
            return None

    one, other = judged([f"i{item}" for item in range(9)]), judged(renamed)
    assert one == other
    for measure in one or ():
        assert measure.low <= measure.value <= measure.high
        if measure.name.split("@")[0].split(".")[1] not in ("novelty", "popularity_lift"):
            assert measure.low >= 0 and measure.high <= 1
            assert all(0 <= figure <= 1 for figure in measure.baseline.values())
