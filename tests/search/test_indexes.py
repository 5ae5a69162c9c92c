"""Whatever index answers, and however a saved Space has changed since it was built, the answer is right."""

import importlib.util
import shutil

import numpy as np
import pytest

import nearspace as ns
from nearspace.errors import InputError, SettingError
from nearspace.index.exact import ExactIndex
from nearspace.index.layered import LayeredIndex, Part
from nearspace.search import indexing
from nearspace.search.filters import matching
from nearspace.search.indexes import chosen, index_of
from nearspace.store import compacting, graphs, opening

needs_graph = pytest.mark.skipif(
    importlib.util.find_spec("faiss") is None, reason="the extra 'graph' is not installed"
)
EVERY_KIND = ["exact", pytest.param("graph", marks=[needs_graph, pytest.mark.extras]), "disk"]


def vectors_of(count, seed):
    rng = np.random.default_rng(seed)
    centres = np.random.default_rng(99).normal(size=(30, 16)) * 2
    return (centres[rng.integers(0, 30, count)] + rng.normal(size=(count, 16))).astype(np.float32)


def made(count=2000, seed=0):
    return ns.Space(
        ns.Keys(f"a{row}" for row in range(count)),
        vectors_of(count, seed),
        columns={"number": np.arange(count), "group": np.arange(count) % 10},
    )


@pytest.fixture
def lazy(monkeypatch):
    """Mapped rows are not written anew, however much has changed."""
    monkeypatch.setattr(opening, "SMALL", 0)
    monkeypatch.setattr(opening, "SHARE", 1e9)


def changed(path):
    """Delete a third, replace some, add some."""
    ns.delete(path, where="number % 3 = 0")
    keys = [f"a{row}" for row in range(1, 200, 3)] + [f"new{row}" for row in range(300)]
    rows = {"key": keys, "vector": list(vectors_of(len(keys), 5)), "number": list(range(len(keys)))}
    ns.upsert(path, {**rows, "group": [3] * len(keys)})


def truth(space):
    return ns.Space(space.keys, space.origin.whole(), space.metric)


def recall(found, expected):
    pairs = zip(found.rows, expected.rows, strict=True)
    shares = [(len(np.intersect1d(a[a >= 0], b[b >= 0])), (b >= 0).sum()) for a, b in pairs]
    return np.mean([right / real if real else 1.0 for right, real in shares])


@pytest.mark.parametrize("kind", EVERY_KIND)
@pytest.mark.parametrize("compacted", [False, True])
def test_an_index_is_never_stale(tmp_path, lazy, kind, compacted):
    path = tmp_path / "a.space"
    ns.save(made(), path)
    state = ns.build_index(path, kind=kind)
    assert (state.kind, state.covered) == (kind, 1.0)
    changed(path)
    if compacted:
        ns.compact(path)
    space = ns.open(path)
    assert len(space) == 2000 - 667 + 300
    keys = space.keys.names(range(0, len(space), 7))
    expected = ns.nearest(truth(space), keys, k=10)
    found = ns.nearest(space, keys, k=10, index=kind)
    assert recall(found, expected) >= (1.0 if kind == "exact" else 0.95)
    assert "a0" not in {key for keys in found.keys for key in keys}
    # what is new is found, what was replaced is found where it is now
    for key in ("new7", "a4"):
        assert ns.nearest(space, space[key], k=1, index=kind).keys == [[key]]
    for where, least in (
        ("group = 3", 0.95),
        ("number < 5", 0.95),
        ("key = 'new9'", 1.0),
        ("number < 0", 1.0),
    ):
        mask = matching(space, where)
        some = ns.nearest(space, keys, k=10, where=where, index=kind)
        exact = ns.nearest(space, keys, k=10, where=where, index="exact")
        assert ((some.rows >= 0).sum(axis=1) == (exact.rows >= 0).sum(axis=1)).all()
        assert mask[some.rows[some.rows >= 0]].all()
        assert recall(some, exact) >= least


@pytest.mark.parametrize("metric", ["cosine", "dot", "euclidean"])
def test_a_changed_space_answers_with_the_bytes_of_a_fresh_one(tmp_path, lazy, metric):
    path = tmp_path / "a.space"
    base = made()
    ns.save(ns.Space(base.keys, base.vectors, metric, base.columns), path)
    changed(path)
    space = ns.open(path)
    assert space.origin.slots is not None
    queries = vectors_of(20, 7)
    for options in ({}, {"restrict": 500}, {"where": "group = 3"}):
        found = ns.nearest(space, queries, k=25, **options)
        fresh = ns.Space(space.keys, space.origin.whole(), metric, dict(space.columns))
        expected = ns.nearest(fresh, queries, k=25, **options)
        assert found.rows.tobytes() == expected.rows.tobytes()
        assert found.scores.tobytes() == expected.scores.tobytes()
    assert not isinstance(space.held, np.ndarray)  # nothing was put together to search


@needs_graph
@pytest.mark.extras
def test_auto_takes_the_graph_that_is_there(tmp_path, monkeypatch):
    path = tmp_path / "a.space"
    ns.save(made(), path)
    assert ns.build_index(path).kind == "exact"
    assert chosen(ns.open(path), "auto") == "exact"
    monkeypatch.setattr(indexing, "GRAPH_FROM", 1000)
    state = ns.build_index(path)
    assert state.kind == "graph"
    assert "2,000" in state.reason
    assert chosen(ns.open(path), "auto") == "graph"
    assert not ns.build_index(path, if_stale=True).built
    ns.delete(path, where="number % 2 = 0")
    assert ns.build_index(path, if_stale=True).built
    assert ns.build_index(path, kind="exact").kind == "exact"
    assert chosen(ns.open(path), "auto") == "exact"


@needs_graph
@pytest.mark.extras
def test_a_damaged_graph_is_not_used_and_a_worthless_one_is_dropped(tmp_path):
    path = tmp_path / "a.space"
    ns.save(made(), path)
    ns.build_index(path, kind="graph")
    (folder,) = graphs._graphs(path)
    (folder / "addresses.npy").write_bytes(b"nothing")
    space = ns.open(path)
    assert chosen(space, "auto") == "exact"
    with pytest.raises(SettingError, match="has no graph index"):
        ns.nearest(space, "a1", index="graph")
    ns.build_index(path, kind="graph")
    ns.delete(path, where="number % 2 = 0")
    ns.compact(path)
    assert not graphs.has_graph(path)
    assert len(list((path / "index").iterdir())) == 1


@needs_graph
@pytest.mark.extras
def test_a_graph_in_memory_and_in_a_copied_folder(tmp_path):
    space = made()
    assert recall(ns.nearest(space, "a5", index="graph"), ns.nearest(space, "a5")) >= 0.9
    ns.save(space, tmp_path / "a.space")
    ns.build_index(tmp_path / "a.space", kind="graph")
    shutil.copytree(tmp_path / "a.space", tmp_path / "b.space")
    copied = ns.open(tmp_path / "b.space")
    assert chosen(copied, "auto") == "graph"
    assert (
        ns.nearest(copied, "a5").rows.tolist()
        == ns.nearest(ns.open(tmp_path / "a.space"), "a5").rows.tolist()
    )


def test_what_cannot_be_is_refused(tmp_path):
    space = made(100)
    with pytest.raises(SettingError, match="Accepted indexes: auto, exact, graph, disk"):
        ns.nearest(space, "a1", index="tree")
    with pytest.raises(SettingError, match="in memory has no disk index"):
        index_of(space, "disk")
    ns.save(space, tmp_path / "a.space")
    with pytest.raises(SettingError, match="Accepted kinds"):
        ns.build_index(tmp_path / "a.space", kind="tree")
    with pytest.raises(SettingError, match="100 rows are too few for a disk index"):
        ns.build_index(tmp_path / "a.space", kind="disk")
    with pytest.raises(SettingError, match="has no disk index"):
        ns.nearest(ns.open(tmp_path / "a.space"), "a1", index="disk")


@pytest.mark.parametrize("seed", range(5))
def test_parts_answer_as_one(seed):
    rng = np.random.default_rng(seed)
    vectors = rng.integers(-2, 3, size=(300, 3)).astype(np.float32)  # many ties
    whole = ExactIndex(vectors)
    order = rng.permutation(300)
    gone = vectors[rng.integers(0, 300, 40)]
    parts = []
    for some in np.split(order, [90, 200]):
        own = np.sort(some)
        rows = np.concatenate([own, np.full(40, -1)])
        parts.append(Part(ExactIndex(np.concatenate([vectors[own], gone])), rows))
    layered = LayeredIndex(parts, 300)
    queries = rng.normal(size=(9, 3)).astype(np.float32)
    banned = rng.integers(-1, 300, size=(9, 4))
    mask = rng.random(300) < 0.5
    for options in ({}, {"restrict": 120}, {"exclude": banned}, {"allowed": mask, "exclude": banned}):
        for k in (1, 10, 400):
            for got, expected in zip(
                layered.search(queries, k, **options), whole.search(queries, k, **options), strict=True
            ):
                assert got.tobytes() == expected.tobytes()


def test_a_disk_index_leaves_the_rows_mapped_and_a_damaged_one_is_refused(tmp_path, lazy):
    path = tmp_path / "a.space"
    ns.save(made(), path)
    ns.build_index(path, kind="disk")
    space = ns.open(path)
    assert space.origin.slots is None
    assert ns.nearest(space, "a5", index="disk").rows.tolist() == ns.nearest(space, "a5").rows.tolist()
    for victim in (path / "items.lance" / "_indices").glob("*/auxiliary.idx"):
        content = victim.read_bytes()
        victim.write_bytes(content[:200] + bytes([content[200] ^ 1]) + content[201:])
    with pytest.raises(InputError, match="is damaged"):
        ns.nearest(ns.open(path), "a5", index="disk")


@needs_graph
@pytest.mark.extras
def test_a_graph_is_built_on_the_rows_of_its_own_version(tmp_path, lazy):
    """A set of rows of another Space lies beside ours, with the same version number."""
    path, other = tmp_path / "a.space", tmp_path / "b.space"
    ns.save(made(), path)
    ns.save(made(seed=4), other)
    for found in (other / "index").iterdir():
        shutil.copytree(found, path / "index" / "rows-00000001-00000000")
        shutil.copytree(found, path / "index" / "rows-00000001-zzzzzzzz")
    ns.build_index(path, kind="graph")
    space = ns.open(path)
    assert np.array_equal(graphs.open_graph(space.origin).vectors, space.vectors)


def test_compacting_writes_the_rows_once(tmp_path, monkeypatch):
    path = tmp_path / "a.space"
    ns.save(made(), path)
    ns.delete(path, "a7")
    written = []
    for module in (compacting, opening):
        real = module.write_rows
        monkeypatch.setattr(
            module, "write_rows", lambda *given, real=real, **more: written.append(1) or real(*given, **more)
        )
    ns.compact(path)
    assert len(written) == 1
    assert len(ns.open(path)) == 1999
