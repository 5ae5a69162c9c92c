"""Two processes that write one saved Space, and readers meanwhile."""

import os
import shutil
import subprocess
import sys
import textwrap
import time

import pytest
from tests.faults.numbered import right, rows_of

from nearspace.errors import BusyError
from nearspace.store import opening
from nearspace.store.changes import delete, upsert
from nearspace.store.compacting import compact
from nearspace.store.folder import open_space, save
from nearspace.store.lock import writing

HOLDER = textwrap.dedent(
    """
    import sys
    from pathlib import Path
    from nearspace.store.lock import writing
    with writing(Path(sys.argv[1])):
        print("held", flush=True)
        sys.stdin.readline()
    """
)


def test_a_second_writer_is_told_who_writes(target):
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(target)], stdin=-1, stdout=-1, text=True
    ) as holder:
        assert holder.stdout.readline() == "held\n"
        for use in (
            lambda: upsert(target, rows_of(["200"])),
            lambda: delete(target, "0"),
            lambda: compact(target),
            lambda: save(open_space(target), target, overwrite=True),
        ):
            with pytest.raises(BusyError, match=f"is being written by process {holder.pid} on .* since 20"):
                use()
        assert len(right(open_space(target))) == 60
        began = time.monotonic()
        with pytest.raises(BusyError):
            upsert(target, rows_of(["200"]), wait=0.3)
        assert time.monotonic() - began >= 0.3
        holder.stdin.write("\n")
        holder.stdin.flush()
        assert upsert(target, rows_of(["200"]), wait=30).added == 1
    with writing(target):
        pass


APPENDER = """
import sys
import numpy as np
from nearspace.store import opening
from nearspace.store.changes import upsert, delete
target, first = sys.argv[1], int(sys.argv[2])
for turn in range(8):
    names = [str(first + 10 * turn + row) for row in range(10)]
    vectors = np.array([[len(name), int(name), 1] for name in names], dtype=np.float32)
    upsert(target, {"key": names, "vector": vectors, "n": [int(name) for name in names]}, wait=60)
    if turn % 2:
        delete(target, names[:5], wait=60)
"""


def test_two_writers_and_readers_at_once(target):
    names = set(right(open_space(target)))
    running = [
        subprocess.Popen([sys.executable, "-c", APPENDER, str(target), str(first)]) for first in (1000, 5000)
    ]
    seen, last = set(), 0
    while any(process.poll() is None for process in running):
        space = open_space(target)
        found = right(space)
        new = [int(name) for name in found if int(name) >= 1000]
        for first in (1000, 5000):
            mine = [number for number in new if first <= number < first + 1000]
            assert len(mine) % 5 == 0, "half a batch"
        assert space.origin.version.number >= last
        last = space.origin.version.number
        seen.add(last)
    assert [process.returncode for process in running] == [0, 0]
    assert len(seen) > 2
    expected = names | {
        str(first + 10 * turn + row)
        for first in (1000, 5000)
        for turn in range(8)
        for row in range(5 * (turn % 2), 10)
    }
    assert set(right(open_space(target))) == expected
    assert os.listdir(target.parent) == ["a.space"]


@pytest.mark.parametrize("newest", [True, False])
def test_rows_that_another_process_replaces_before_they_are_mapped(target, monkeypatch, newest):
    """Two processes write the rows of one version at once, and one removes those of the other."""
    version = None if newest else 1
    expected = right(open_space(target, version=version))
    shutil.rmtree(target / "index")
    real, calls = opening.write_rows, []

    def write_twice(*arguments):
        mine = real(*arguments)
        calls.append(mine)
        if len(calls) < 3:
            shutil.rmtree(mine)
        return mine

    monkeypatch.setattr(opening, "write_rows", write_twice)
    assert right(open_space(target, version=version)) == expected
    assert len(calls) == 3
    shutil.rmtree(target / "index")
    calls.clear()
    assert upsert(target, rows_of(["200"])).added == 1
