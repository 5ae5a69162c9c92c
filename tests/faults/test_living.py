"""A writer is killed at random moments: the Space holds a state it went through, and nothing told is lost.

The operations and the states that they go through are in killed_writer.py.
"""

import json
import os
import random
import runpy
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace

import lance
import numpy as np
import pytest

from nearspace.optional import installed
from nearspace.space import norms_of
from nearspace.store.changes import refresh, stale, upsert
from nearspace.store.checks import CheckLog
from nearspace.store.compacting import compact
from nearspace.store.dataset import data_files
from nearspace.store.folder import open_space, save
from nearspace.store.graphs import open_graph
from nearspace.store.table import table_version
from nearspace.store.text_index import index_files

PROGRAM = Path(__file__).with_name("killed_writer.py")
W = SimpleNamespace(**runpy.run_path(str(PROGRAM)))
OPERATIONS = [
    pytest.param(name, marks=[pytest.mark.extras] if name == "graph index" else []) for name in W.OPERATIONS
]
COMPACT_EVERY = 10


class Writer:
    """A process whose children run operations and are killed."""

    def __init__(self):
        self.process = subprocess.Popen([sys.executable, str(PROGRAM)], stdin=-1, stdout=-1, text=True)

    def run(self, operation, target, arguments, delay):
        """Give (status, seconds, the last state that was acknowledged or 0)."""
        request = {"operation": operation, "target": str(target), "arguments": arguments, "delay": delay}
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        acknowledged = 0
        for line in self.process.stdout:
            kind, number, *seconds = line.split()
            if kind == "end":
                return int(number), float(seconds[0]), acknowledged
            acknowledged = int(number)
        raise AssertionError("the writer's parent died")

    def close(self):
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait()


@pytest.fixture(scope="module")
def writers():
    """Two of them."""
    found = [Writer(), Writer()]
    yield found
    for writer in found:
        writer.close()


def same(space, state):
    """Tell whether a Space holds just this state, in its order."""
    return (
        space.keys.names() == list(state)
        and space.columns["text"].tolist() == [one for one, _ in state.values()]
        and np.array_equal(space.vectors, W.ENCODER.encode([made_from for _, made_from in state.values()]))
    )


def graph_fits(space):
    """A graph index that is there knows its rows: what it calls a row has that row's vector."""
    graph = open_graph(space.origin)
    if graph is None:
        return False
    alive = graph.rows >= 0
    assert np.array_equal(graph.vectors[alive], space.vectors[graph.rows[alive]])
    assert np.array_equal(graph.norms[alive], space.norms[graph.rows[alive]])
    return True


def state_after(target, states, acknowledged):
    """Check that a killed writer left one of its states, not before the last acknowledged one; give it."""
    space = open_space(target)
    held = [number for number in range(acknowledged, len(states)) if same(space, states[number])]
    assert held, f"{len(space)} rows are no state from {acknowledged} to {len(states) - 1}"
    found = states[held[0]]
    assert len(set(space.keys)) == len(space)
    assert [space.keys.find(name) for name in found] == list(range(len(found)))
    assert np.array_equal(space.norms, norms_of(space.vectors))
    table = lance.dataset(f"{target}/items.lance").to_table(columns=["key", "text", "vector"])
    assert table.column("key").to_pylist() == list(found)
    assert table.column("text").to_pylist() == [one for one, _ in found.values()]
    assert np.array_equal(np.array(table.column("vector").to_pylist(), np.float32), space.vectors)
    graph_fits(space)
    assert stale(target) == [name for name, (one, made_from) in found.items() if one != made_from]
    return found


def write_again(target, state, step):
    """The lock is free, and the next write works at once."""
    name = W.key(step % W.KEYS)
    row = {"key": name, "text": W.text(name, step)}
    assert upsert(target, [row]).encoded == 1
    after = W.put(state, {name: (row["text"],) * 2})
    assert same(open_space(target), after)
    assert list((target / "index").glob(".*")) == []
    return after


def compacted(target, state):
    """After compact, nothing lies in the folder that the Space does not consist of; give the state."""
    compact(target)
    space = open_space(target)
    assert sorted(space.keys) == sorted(state)
    state = {name: state[name] for name in space.keys}  # Lance moves rows that its text index does not cover
    assert same(space, state)
    assert os.listdir(target.parent) == [target.name]
    assert list(target.rglob(".*")) == []
    table = target / "items.lance"
    dataset = lance.dataset(str(table))
    there = {
        str(path.relative_to(target)) for part in ("data", "_deletions") for path in (table / part).glob("*")
    }
    assert there == set(data_files(dataset))
    assert set(CheckLog(target).known) == there | set(index_files(dataset))
    assert len(list((target / "index").glob("graph-*"))) <= 1
    assert len(list((table / "_versions").glob("*.manifest"))) == 1
    (rows,) = (path.name for path in (target / "index").glob("rows-*"))
    assert int(rows.split("-")[1]) == table_version(target).number
    assert {path.name for path in target.iterdir()} <= {
        *("space.json", "items.lance", "index", "encoder", "checks.jsonl", "writer.lock")
    }
    return state


def new_target(folder):
    state = {W.key(number): (W.text(W.key(number), 0),) * 2 for number in range(W.KEYS)}
    folder.mkdir()
    save(W.space_of(state), folder / "a.space")
    return folder / "a.space", state


def kill_often(writer, folder, operation, kills, seed):
    """Kill one operation so many times, on one Space that goes on living; give how many hit."""
    rng = random.Random(f"{operation} {seed}")
    target, state = new_target(folder)
    plan = W.OPERATIONS[operation][0]
    arguments, states = plan(target, state, 1, rng)
    status, typical, acknowledged = writer.run(operation, target, arguments, None)
    assert (status, acknowledged) == (0, len(states) - 1)
    state = state_after(target, states, acknowledged)
    graph = operation == "graph index" or (operation == "compact" and installed("faiss"))
    if graph:
        assert writer.run("graph index", target, {}, None)[0] == 0
    hit = step = 0
    while hit < kills:
        step += 3
        assert step < 30 * kills, "the kills come too late"
        if any(one != made_from for one, made_from in state.values()):
            assert refresh(target).encoded
            names = [name for name, (one, made_from) in state.items() if one != made_from]
            state = W.put(state, {name: (state[name][0],) * 2 for name in names})
        arguments, states = plan(target, state, step, rng)
        status, _, acknowledged = writer.run(operation, target, arguments, rng.uniform(0, typical))
        assert status in (0, -9)
        hit += status == -9
        state = state_after(target, states, acknowledged)
        fits = graph_fits(open_space(target))
        # a graph that a killed compaction left behind the table is worth nothing, and the next one drops it
        assert fits == graph or operation == "compact"
        if graph and not fits:
            assert writer.run("graph index", target, {}, None)[0] == 0
        state = write_again(target, state, step + 1)
        if step % (3 * COMPACT_EVERY) == 0 or len(state) < W.KEYS // 4:
            state = compacted(target, state)
        if len(state) < W.KEYS // 4:
            save(W.space_of(states[0]), target, overwrite=True)
            state = states[0]
    compacted(target, state)
    return hit


@pytest.mark.parametrize("operation", OPERATIONS)
def test_killed_a_few_times(tmp_path, writers, faults, operation):
    faults[operation] += kill_often(writers[0], tmp_path / "0", operation, 5, seed=1)


@pytest.mark.slow
@pytest.mark.parametrize("operation", OPERATIONS)
def test_killed_many_times(tmp_path, writers, faults, operation):
    with ThreadPoolExecutor(2) as pool:
        jobs = [
            pool.submit(kill_often, writer, tmp_path / str(number), operation, 20, seed=number + 2)
            for number, writer in enumerate(writers)
        ]
        faults[operation] += sum(job.result() for job in jobs)
