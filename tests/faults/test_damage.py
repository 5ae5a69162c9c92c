"""Files of a saved Space that changed are damaged, copied, or cannot be written: never a wrong answer."""

import os
import shutil
import subprocess
import sys
import time

import lance
import pytest
from tests.faults.numbered import right, rows_of

from nearspace.errors import InputError, NearspaceError, OutputError
from nearspace.store.changes import count, delete, history, upsert
from nearspace.store.compacting import compact
from nearspace.store.dataset import data_files
from nearspace.store.folder import open_space, save


def damage(path, how):
    content = bytearray(path.read_bytes())
    if how == "truncated":
        content = content[: len(content) // 2]
    elif how == "flipped":
        content[len(content) // 3] ^= 16
    path.unlink() if how == "missing" else path.write_bytes(content)


HOW = ["truncated", "flipped", "missing"]
TABLE = ["items.lance/data/*.lance", "items.lance/_deletions/*"]


@pytest.mark.parametrize("how", HOW)
@pytest.mark.parametrize("pattern", TABLE)
def test_a_damaged_file_of_the_table_is_named(target, pattern, how):
    names = right(open_space(target))
    used = data_files(lance.dataset(f"{target}/items.lance"))
    paths = [path for path in target.glob(pattern) if str(path.relative_to(target)) in used]
    assert len(paths) == 2
    for path in paths:
        copy = target.with_name("b.space")
        shutil.copytree(target, copy)
        damage(copy / path.relative_to(target), how)
        # the mapped rows are whole, and the table is not read
        assert right(open_space(copy)) == names
        for use in (
            lambda copy=copy: count(copy, "n > 5"),
            lambda copy=copy: open_space(copy).origin.matching("n > 5"),
            lambda copy=copy: upsert(copy, rows_of(["200"])),
            lambda copy=copy: compact(copy),
        ):
            with pytest.raises(InputError, match=path.name.split(".")[0]):
                use()
        shutil.rmtree(copy / "index")
        with pytest.raises(InputError, match=path.name.split(".")[0]):
            open_space(copy)
        shutil.rmtree(copy)


@pytest.mark.parametrize("how", HOW)
def test_a_damaged_mapped_file_is_made_anew(target, how):
    names = right(open_space(target))
    (rows,) = (target / "index").glob("rows-*")
    for name in sorted(os.listdir(rows)):
        copy = target.with_name("b.space")
        shutil.copytree(target, copy)
        damage(copy / "index" / rows.name / name, how)
        space = open_space(copy)
        assert right(space) == names
        assert count(copy) == len(names)
        shutil.rmtree(copy)


@pytest.mark.parametrize("how", HOW)
def test_a_damaged_manifest_is_no_wrong_answer(target, how):
    """The version before it, or an error that names the table."""
    states = {one.version: right(open_space(target, version=one.version)) for one in history(target)}
    newest = min((target / "items.lance" / "_versions").glob("*.manifest"))
    damage(newest, how)
    try:
        assert right(open_space(target)) in states.values()
    except InputError as error:
        assert "items.lance" in str(error)


@pytest.mark.parametrize("how", HOW)
def test_a_damaged_log_of_checksums_is_no_wrong_answer(target, how):
    names = right(open_space(target))
    damage(target / "checks.jsonl", how)
    assert right(open_space(target)) == names
    try:
        assert upsert(target, rows_of(["200"])).added == 1
        assert right(open_space(target)) == [*names, "200"]
    except InputError as error:
        assert "is damaged" in str(error)
        assert right(open_space(target)) == names


@pytest.mark.parametrize("seconds", [-10_000_000, 10_000_000])
def test_a_clock_that_was_set_changes_nothing(target, monkeypatch, seconds):
    names = right(open_space(target))
    then = time.time() + seconds
    for path in target.rglob("*"):
        os.utime(path, (then, then))
    assert right(open_space(target)) == names
    monkeypatch.setattr(time, "time", lambda: then)
    upsert(target, rows_of(["200"]))
    delete(target, ["0"])
    assert right(open_space(target)) == [*names[1:], "200"]
    compact(target)
    assert right(open_space(target)) == [*names[1:], "200"]


def full_disk(size, folder):
    """Mount a small file system; skip where that is not allowed."""
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"no file system may be mounted here: {done.stderr.strip()}")
    return folder


@pytest.fixture
def small_disk(tmp_path):
    if shutil.which("mount") is None:
        pytest.skip("there is no mount")
    folder = full_disk(3_000_000, tmp_path / "disk")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def test_a_full_disk(target, small_disk):
    there = small_disk / "a.space"
    shutil.copytree(target, there)
    names = right(open_space(there))
    batches = 0
    with pytest.raises(NearspaceError, match=r"cannot (write|compact|add)|No space left"):
        for batches in range(1000):
            new = [str(1000 + 500 * batches + row) for row in range(500)]
            upsert(there, rows_of(new))
            names += new
    assert batches > 0
    held = right(open_space(there))
    assert held[: len(names)] == names
    assert len(held) in (len(names), len(names) + 500)
    with pytest.raises(OutputError):
        save(open_space(there), small_disk / "b.space")
    shutil.copytree(there, target.with_name("c.space"))
    again = target.with_name("c.space")
    assert upsert(again, rows_of(new)).added in (0, 500)
    assert right(open_space(again)) == names + new
    compact(again)
    assert right(open_space(again)) == names + new


LIMITED = """
import resource, sys
import numpy as np
from nearspace.errors import OutputError
from nearspace.store.changes import upsert
from nearspace.store.compacting import compact
from nearspace.store.folder import open_space

names = [str(number) for number in range(1000, 9000)]
vectors = np.array([[len(name), int(name), 1] for name in names], dtype=np.float32)
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), int(sys.argv[2])))
try:
    upsert(sys.argv[1], {"key": names, "vector": vectors, "n": [int(name) for name in names]}, batch=2000)
    print("written")
except OutputError as error:
    print(error)
"""


@pytest.mark.parametrize("limit", [1000, 20_000, 60_000])
def test_a_limit_of_the_size_of_files(target, limit):
    names = right(open_space(target))
    command = [sys.executable, "-c", LIMITED, str(target), str(limit)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    assert "cannot" in done.stdout
    held = right(open_space(target))
    assert held[: len(names)] == names
    assert (len(held) - len(names)) % 2000 == 0
    command[-1] = str(1 << 40)
    assert subprocess.run(command, capture_output=True, check=True, timeout=60).stdout == b"written\n"
    assert right(open_space(target)) == names + [str(number) for number in range(1000, 9000)]
