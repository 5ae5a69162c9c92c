"""because: contributions add up to the score, and the events that carry it are those of the group."""

import json

import numpy as np
import pytest
from tests.tastes import group_of, grown, seen_by, tastes

import nearspace as ns
from nearspace.errors import InputError, SettingError, UnknownKeyError


def folded_score(space, user, item):
    history = space.encoder.history
    row = history.users.row(str(user))
    vector = space.encoder.fold_in(history.by_user)[row].astype(np.float64)
    other = space[item].astype(np.float64)
    length = np.linalg.norm(vector) * np.linalg.norm(other) if space.metric == "cosine" else 1
    return vector @ other / length


@pytest.mark.parametrize("method", ["least-squares", "mean"])
@pytest.mark.parametrize("metric", ["dot", "cosine"])
@pytest.mark.parametrize("user", [101, 112])
def test_contributions_add_up_to_the_score_of_the_user_who_is_folded_in(method, metric, user):
    space = tastes(method, metric, weights=True)
    for hit in ns.recommend(space, user, k=4).hits():
        told = ns.because(space, user, hit.key, k=1000)
        assert told.count == len(told.events) and {event.key for event in told.events} == seen_by(space, user)
        assert sum(event.contribution for event in told.events) == pytest.approx(told.score, abs=1e-12)
        assert told.score == pytest.approx(folded_score(space, user, hit.key), abs=1e-6)
        assert told.learned == pytest.approx(hit.score, abs=1e-6)
        assert sum(event.share for event in told.events) == pytest.approx(1)


def test_few_events_are_the_largest_and_the_rest_is_told():
    space = tastes(weights=True)
    item = ns.recommend(space, 101, k=1).keys[0][0]
    whole, told = ns.because(space, 101, item, k=1000), ns.because(space, 101, item, k=2)
    assert told.events == whole.events[:2] and told.count == whole.count
    parts = [event.contribution for event in whole.events]
    assert parts == sorted(parts, reverse=True)
    assert told.rest == pytest.approx(sum(parts[2:])) and whole.rest == 0


def test_without_an_event_the_score_falls_by_about_its_contribution():
    space = tastes()
    liked = ["item 3", "item 5", "item 2"]
    told = ns.because(space, item="item 7", liked=liked)
    assert told.learned is None and told.user == "item 3 + item 5 + item 2"
    assert {group_of(event.key) for event in told.events[:2]} == {1}
    assert told.events[2].key == "item 2" and told.events[2].contribution < told.events[1].contribution / 4
    without = ns.because(space, item="item 7", liked=liked[2:])
    assert without.score < told.score / 3


def test_an_item_that_came_later_can_be_explained():
    space = tastes()
    later = grown(space, ["fresh"], space["item 5"][None])
    assert ns.because(later, 101, "fresh").score == pytest.approx(ns.because(space, 101, "item 5").score)


def test_it_is_one_json_object(tmp_path):
    space = tastes()
    ns.save(space, tmp_path / "tastes.space")
    opened = ns.open(tmp_path / "tastes.space")
    told = ns.because(opened, 101, "item 5", k=2).to_json()
    assert json.loads(json.dumps(told)) == told == ns.because(space, 101, "item 5", k=2).to_json()
    assert list(told) == ["query", "item", "score", "learned", "events", "count", "rest"]
    assert list(told["events"][0]) == ["key", "weight", "contribution", "share"]


@pytest.mark.parametrize(
    ("asked", "kind", "message"),
    [
        ({"user": 101}, InputError, "takes an item, and a user or liked"),
        ({"item": "item 5"}, InputError, "takes an item, and a user or liked"),
        ({"user": 101, "item": "item 5", "liked": ["item 3"]}, InputError, "a user or liked"),
        ({"user": [101, 102], "item": "item 5"}, InputError, "2 users were given, expected one"),
        ({"user": 101, "item": ["item 5", "item 3"]}, InputError, "2 items were given, expected one"),
        ({"user": 101, "item": "itm 5"}, UnknownKeyError, "'itm 5' is not an item"),
        ({"user": 101, "item": "user:102"}, UnknownKeyError, "'user:102' is not an item"),
        ({"user": "item 5", "item": 101}, UnknownKeyError, "'item 5' is not a user"),
        ({"user": 101, "item": "item 5", "k": 0}, SettingError, "k is 0"),
    ],
)
def test_bad_questions_are_refused(asked, kind, message):
    with pytest.raises(kind, match=message):
        ns.because(tastes(), **asked)


def test_a_distance_has_no_such_parts():
    with pytest.raises(SettingError, match="the metric is 'euclidean'"):
        ns.because(tastes(metric="euclidean"), 101, "item 5")
