import datetime
import json

import numpy as np

import nearspace as ns
from nearspace.server.records import hits, plain, records


def test_values_become_plain_json():
    found = plain(
        {
            "a": float("nan"),
            "b": float("inf"),
            "c": 1 / 3,
            "d": None,
            "e": True,
            "f": b"abc",
            "g": datetime.date(2020, 1, 2),
            "h": [1, float("nan"), "x"],
            "i": "x" * 3000,
            "j": {"deep": 1},
        }
    )
    assert found["a"] is None and found["b"] is None and found["d"] is None and found["e"] is True
    assert (found["c"], found["f"], found["g"], found["h"]) == (
        0.3333333,
        "3 bytes",
        "2020-01-02",
        [1, None, "x"],
    )
    assert len(found["i"]) == 2000 and found["i"].endswith("…")
    assert found["j"] == "{'deep': 1}"
    json.dumps(found, allow_nan=False)


def test_records_have_the_key_of_the_row(space):
    found = records(space, [3, 1])
    assert [one["key"] for one in found] == ["item 3", "item 1"]
    assert found[0]["text"] == "<b>text 3</b> & more"
    assert found[1]["year"] == 1901


def test_hits_name_their_rows(space):
    found = hits(ns.nearest(space, "item 4", k=3))
    assert len(found) == 3
    assert all(one["row"] % 4 == 0 and one["key"] == f"item {one['row']}" for one in found)
    assert np.all(np.diff([one["score"] for one in found]) <= 0)
