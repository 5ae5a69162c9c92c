"""A saved Space under any changes, ours and Lance's own, is what a dict says, at every version."""

import shutil

import lance
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nearspace.keys import Keys
from nearspace.space import Space, norms_of
from nearspace.store import opening
from nearspace.store.changes import count, delete, history, upsert
from nearspace.store.compacting import compact
from nearspace.store.folder import open_space, save

NAMES = st.sampled_from(["a", "b", "cc", "d", "é", "ff", "g", ""]).filter(bool)
VECTORS = st.tuples(*[st.sampled_from([0.0, 1.0, -2.5])] * 2)
NUMBERS = st.none() | st.integers(0, 5)
TEXTS = st.none() | st.sampled_from(["", "x", "ü"])
ROWS = st.dictionaries(NAMES, st.tuples(VECTORS, NUMBERS, TEXTS), min_size=1, max_size=5)
STEPS = st.one_of(
    st.tuples(st.just("upsert"), ROWS, st.sampled_from([1, 2, 10])),
    st.tuples(st.just("upsert without n"), ROWS, st.just(10)),
    st.tuples(st.just("delete"), st.sets(NAMES, min_size=1, max_size=4)),
    st.tuples(st.just("delete where"), st.integers(0, 5)),
    st.tuples(st.just("lance append"), ROWS),
    st.tuples(st.just("lance delete"), st.integers(0, 5)),
    st.tuples(st.just("lance update"), st.integers(0, 5)),
    st.tuples(st.just("lance compaction")),
)


def arrow(rows, columns=("vector", "n", "s")):
    values = {
        "vector": pa.FixedSizeListArray.from_arrays(
            pa.array([x for (vector, _, _) in rows.values() for x in vector], pa.float32()), 2
        ),
        "n": pa.array([n for _, n, _ in rows.values()], pa.int64()),
        "s": pa.array([s for _, _, s in rows.values()], pa.string()),
    }
    return pa.table({"key": pa.array(list(rows)), **{name: values[name] for name in columns}})


def last(model, rows):
    """Give the rows of a model with some of them put in: what is the same stays, the others come last."""
    fresh = {key: row for key, row in rows.items() if model.get(key) != row}
    return {key: row for key, row in model.items() if key not in fresh} | fresh


def change(target, model, step):
    """Do one step; give the model afterwards."""
    kind, *more = step
    table = f"{target}/items.lance"
    if kind.startswith("upsert"):
        rows, batch = more
        if kind.endswith("without n"):
            rows = {key: (v, model[key][1] if key in model else None, s) for key, (v, _, s) in rows.items()}
            done = upsert(target, arrow(rows, ("vector", "s")), batch=batch)
        else:
            done = upsert(target, arrow(rows), batch=batch)
        same = sum(model.get(key) == row for key, row in rows.items())
        known = sum(key in model for key in rows)
        assert (done.added, done.replaced, done.unchanged) == (len(rows) - known, known - same, same)
        return last(model, rows)
    if kind == "delete":
        assert delete(target, more[0]).deleted == len(more[0] & set(model))
        return {key: row for key, row in model.items() if key not in more[0]}
    if kind in ("delete where", "lance delete"):
        (limit,) = more
        gone = {key for key, (_, n, _) in model.items() if n is not None and n >= limit}
        if kind == "delete where":
            assert count(target, f"n >= {limit}") == len(gone)
            assert delete(target, where=f"n >= {limit}").deleted == len(gone)
        else:
            lance.dataset(table).delete(f"n >= {limit}")
        return {key: row for key, row in model.items() if key not in gone}
    if kind == "lance append":
        rows = {key: row for key, row in more[0].items() if key not in model}
        if rows:
            given_rows, schema = arrow(rows), lance.dataset(table).schema
            for field in list(schema)[4:]:
                given_rows = given_rows.append_column(field, pa.nulls(len(rows), field.type))
            lance.write_dataset(given_rows.cast(schema), table, mode="append")
        return model | rows
    if kind == "lance update":
        (limit,) = more
        found = {key: (v, n + 1, s) for key, (v, n, s) in model.items() if n is not None and n <= limit}
        lance.dataset(table).update({"n": "n + 1"}, f"n <= {limit}")
        return {key: row for key, row in model.items() if key not in found} | found
    lance.dataset(table).optimize.compact_files()
    return model


def compare(space, model):
    """A Space is a model, over every road that leads to its values."""
    vectors = np.array([vector for vector, _, _ in model.values()], np.float32).reshape(-1, 2)
    assert space.keys.names() == list(model)
    assert len(space) == len(model)
    assert [space.keys.find(key) for key in model] == list(range(len(model)))
    assert all(space.keys.find(key) is None for key in ("zz", "") if key not in model)
    order = np.random.default_rng(len(model)).permutation(len(model))
    assert np.array_equal(space.take(order), vectors[order])
    assert np.array_equal(space.norms, norms_of(vectors))
    numbers, texts = [n for _, n, _ in model.values()], [s for _, _, s in model.values()]
    assert space.columns.arrow("n").to_pylist() == numbers
    assert space.columns.arrow("s").to_pylist() == texts
    assert space.columns.records(order) == [{"n": numbers[row], "s": texts[row]} for row in order]
    assert space.columns.arrow("s", order).to_pylist() == [texts[row] for row in order]
    taken = space.columns.take(order)["s"].tolist()
    assert taken == space.columns["s"][order].tolist()
    mask = space.origin.matching("n >= 2")
    assert mask.tolist() == [n is not None and n >= 2 for n in numbers]
    assert np.array_equal(space.vectors, vectors)
    assert all(np.array_equal(space[key], vectors[row]) for row, key in enumerate(model))


@pytest.fixture(params=["written anew", "mapped and changed"])
def road(request, monkeypatch):
    """Which rows serve a version: a set of its own, or one of an older version and what has changed since."""
    if request.param == "mapped and changed":
        monkeypatch.setattr(opening, "SMALL", 0)
        monkeypatch.setattr(opening, "SHARE", 10.0)
    return request.param


def begin(target, rows):
    vectors = np.array([vector for vector, _, _ in rows.values()], np.float32).reshape(-1, 2)
    columns = {
        "n": np.array([n for _, n, _ in rows.values()]),
        "s": np.array([s for *_, s in rows.values()], object),
    }
    save(Space(Keys(rows), vectors, columns=columns), target, overwrite=True)


FIRST = {key: ((float(row), 1.0), row, "x" * row) for row, key in enumerate(["a", "b", "cc", "d"])}


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(steps=st.lists(STEPS, min_size=1, max_size=5))
def test_any_changes_of_a_space(tmp_path, road, steps):
    target = tmp_path / "a.space"
    begin(target, FIRST)
    model, states = FIRST, {1: FIRST}
    for step in steps:
        model = change(target, model, step)
        space = open_space(target)
        compare(space, model)
        assert count(target) == len(model)
        states[space.origin.version.number] = model
    listed = {version.version: version.rows for version in history(target)}
    assert {number: listed[number] for number in states} == {n: len(state) for n, state in states.items()}
    for number, state in states.items():
        compare(open_space(target, version=number), state)
    compact(target)
    compare(open_space(target), model)


def test_old_versions_stay_as_they_were_opened(tmp_path, road):
    target = tmp_path / "a.space"
    begin(target, FIRST)
    old = open_space(target)
    model = change(target, FIRST, ("upsert", {"e": ((1.0, 2.0), 7, "e"), "a": ((9.0, 9.0), 1, None)}, 10))
    middle = open_space(target)
    again = change(target, model, ("delete", {"b", "e"}))
    compare(old, FIRST)
    compare(middle, model)
    compare(open_space(target), again)
    if road == "mapped and changed":
        assert middle.origin.slots is not None
        assert middle.origin.base.version.number == 1


def test_a_copy_opens_and_is_checked(tmp_path, road):
    target = tmp_path / "a.space"
    begin(target, FIRST)
    model = change(target, FIRST, ("upsert", {"a": ((9.0, 9.0), 1, None)}, 10))
    shutil.copytree(target, tmp_path / "b.space")
    compare(open_space(tmp_path / "b.space"), model)
    model = change(tmp_path / "b.space", model, ("delete", {"d"}))
    compare(open_space(tmp_path / "b.space"), model)
    shutil.rmtree(target)
    compare(open_space(tmp_path / "b.space"), model)


def test_a_table_that_lance_overwrites(tmp_path, road):
    target = tmp_path / "a.space"
    begin(target, FIRST)
    rows = {"x": ((1.0, 1.0), 3, "s"), "a": ((2.0, 2.0), 4, None)}
    given_rows, schema = arrow(rows), lance.dataset(f"{target}/items.lance").schema
    for field in list(schema)[4:]:
        given_rows = given_rows.append_column(field, pa.nulls(2, field.type))
    lance.write_dataset(given_rows.cast(schema), f"{target}/items.lance", mode="overwrite")
    compare(open_space(target), rows)
    model = change(target, rows, ("upsert", {"a": ((5.0, 2.0), 4, None)}, 10))
    compare(open_space(target), model)
