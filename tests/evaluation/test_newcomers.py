"""measure.newcomers: a bridge from texts that tell the group beats its baselines, one from noise does not."""

from __future__ import annotations

import numpy as np
import pytest

import nearspace as ns
from nearspace.data.interactions import Interactions
from nearspace.errors import InputError, SettingError
from nearspace.keys import Keys
from nearspace.learners.als import ALS

GROUPS, ITEMS, USERS = 4, 120, 240


def planted() -> Interactions:
    """Each group has items that are chosen often and others that are chosen rarely."""
    draw = np.random.default_rng(3)
    chosen = draw.random((USERS, ITEMS)) < np.linspace(0.7, 0.1, ITEMS)
    chosen &= (np.arange(USERS) % GROUPS)[:, None] == (np.arange(ITEMS) % GROUPS)[None, :]
    rows, columns = (part.astype(np.int32) for part in np.nonzero(chosen))
    names = Keys([f"u{n}" for n in range(USERS)]), Keys([f"i{n}" for n in range(ITEMS)])
    return Interactions.from_pairs(*names, (rows, columns), np.ones(len(rows), np.float32), name="planted")


def items(told: bool) -> list[dict[str, object]]:
    draw = np.random.default_rng(4)
    place = np.arange(ITEMS) if told else draw.permutation(ITEMS)
    return [
        {"key": f"i{n}", "vector": [*np.eye(GROUPS)[place[n] % GROUPS].tolist(), 0.01 * int(place[n]) + 0.1]}
        for n in range(ITEMS)
    ]


def measured(told: bool) -> ns.Report:
    return ns.measure.newcomers(
        planted(), items(told), learner=ALS(dim=8, sweeps=4), share=0.3, k=5, samples=200
    )


def test_what_the_features_tell_reaches_the_users():
    report = measured(told=True)
    assert [one.name for one in report] == [
        "newcomers.recall@5",
        "newcomers.ndcg@5",
        "all.recall@5",
        "all.ndcg@5",
    ]
    ndcg = report["newcomers.ndcg@5"]
    assert set(ndcg.baseline) == {"chance", "nearest popular", "content"}
    assert ndcg.low > 2 * ndcg.baseline["chance"]
    assert ndcg.low > ndcg.baseline["nearest popular"]
    assert report["all.ndcg@5"].low > report["all.ndcg@5"].baseline["mean item"]
    again = measured(told=True)
    assert again.to_json() == report.to_json()


def test_features_that_tell_nothing_do_not():
    ndcg = measured(told=False)["newcomers.ndcg@5"]
    assert ndcg.value < 2 * ndcg.baseline["chance"]


def test_wrong_settings_and_tables():
    with pytest.raises(SettingError, match=r"share is 1\.5"):
        ns.measure.newcomers(planted(), items(True), share=1.5)
    with pytest.raises(SettingError, match="k is 400, and 18 items were held out"):
        ns.measure.newcomers(planted(), items(True), k=400, learner=ALS(dim=2, sweeps=1))
    with pytest.raises(InputError, match="the table has 0 items of planted, too few to hold out 15%"):
        ns.measure.newcomers(planted(), [{"key": "x", "vector": [1.0, 2.0]}])
