"""Saving is cut off at every step: what is there afterwards is the old Space or the new one, whole."""

import contextlib
import os
import resource
import signal
import subprocess
import sys
import textwrap

import numpy as np
import pytest

from nearspace import files
from nearspace.data.formats import read, write
from nearspace.encoders.subwords import SubwordEncoder
from nearspace.errors import OutputError
from nearspace.keys import Keys
from nearspace.space import Space
from nearspace.store import checks, description, encoder, folder, rows, state, table
from nearspace.store.folder import open_space, save

SPACE = """
import numpy as np
from nearspace.encoders.subwords import SubwordEncoder
from nearspace.keys import Keys
from nearspace.space import Space

def space(seed):
    rng = np.random.default_rng(seed)
    keys = Keys(f"{seed}-{row}" for row in range(20))
    made = SubwordEncoder(rng.normal(size=(5, 3)).astype(np.float32), buckets=5)
    vectors = rng.normal(size=(20, 3)).astype(np.float32)
    return Space(keys, vectors, columns={"seed": np.full(20, seed)}, encoder=made, state={"context": vectors})
"""
names: dict = {"SubwordEncoder": SubwordEncoder, "Keys": Keys, "Space": Space, "np": np}
exec(SPACE, names)
space = names["space"]

# a process that, for each line "target n can_exchange", forks one that saves over the target, counts what it
# asks of the file system (Python's audit events) and dies at the n-th; answers with its status or its count
KILLED = SPACE + textwrap.dedent(
    """
    import os, signal, sys
    import lance, pyarrow, nearspace.store.folder, nearspace.files as files
    import nearspace.encoders.table, nearspace.encoders.subwords
    events = set("open os.mkdir os.rename os.remove os.rmdir os.scandir shutil.rmtree ctypes.dlopen".split())
    count, fatal, armed = 0, 0, False
    def watch(event, arguments):
        global count
        if armed and (event in events or event.startswith("fcntl.")):
            count += 1
            if count == fatal:
                os.kill(os.getpid(), signal.SIGKILL)
    sys.addaudithook(watch)
    made = space(2)
    for line in sys.stdin:
        target, number, can_exchange = line.split()
        fatal = int(number)
        child = os.fork()
        if child == 0:
            if can_exchange == "0":
                files.exchange = lambda one, other: False
            armed = True
            nearspace.store.folder.save(made, target, overwrite=True)
            armed = False
            os.write(1, f"{count}\\n".encode())
            os._exit(0)
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        if status:
            print(status, flush=True)
    """
)


@pytest.fixture(scope="module")
def killed_save():
    """Give a function that saves space(2) over a target in a process that dies at a step."""
    with subprocess.Popen([sys.executable, "-c", KILLED], stdin=-1, stdout=-1, text=True) as process:

        def save_and_die(target, fatal, can_exchange=True):
            process.stdin.write(f"{target} {fatal} {int(can_exchange)}\n")
            process.stdin.flush()
            return int(process.stdout.readline())

        yield save_and_die


def content_of(path):
    """Read all of a Space over both roads; give its seed."""
    found = open_space(path)
    seed = int(found.columns["seed"][0])
    expected = space(seed)
    assert found.keys == expected.keys
    assert np.array_equal(found.vectors, expected.vectors)
    assert np.array_equal(found.state["context"], expected.state["context"])
    assert found.encoder.opened.fingerprint == expected.encoder.fingerprint
    return seed


@pytest.mark.slow
@pytest.mark.parametrize("can_exchange", [True, False])
def test_killed_at_any_step(tmp_path, killed_save, can_exchange):
    target = tmp_path / "a.space"
    save(space(1), target)
    steps = killed_save(target, 0, can_exchange)
    assert content_of(target) == 2
    assert steps > 60
    seen = []
    # all of the last steps, in which the folders change places, and a sample of those before
    for fatal in [*range(1, steps - 40, 7), *range(steps - 40, steps + 1)]:
        save(space(1), target, overwrite=True)
        assert killed_save(target, fatal, can_exchange) == -signal.SIGKILL
        seen.append(content_of(target))
        save(space(1), target, overwrite=True)
        assert content_of(target) == 1
        assert os.listdir(tmp_path) == ["a.space"]
    assert seen == sorted(seen)
    assert set(seen) == {1, 2}


def test_killed_while_saving_a_first_time(tmp_path, killed_save):
    target = tmp_path / "a.space"
    assert killed_save(target, 40) == -signal.SIGKILL
    assert not target.exists()
    assert os.listdir(tmp_path) != []
    save(space(1), target)
    assert content_of(target) == 1
    assert os.listdir(tmp_path) == ["a.space"]


STEPS = [
    (folder, "write_table"),
    (folder, "table_version"),
    (folder, "data_files"),
    (checks.Check, "of"),
    (folder, "write_rows"),
    (rows, "_write_blocks"),
    (rows, "write_npy"),
    (rows, "checks_to_json"),
    (folder, "write_encoder"),
    (encoder.Space, "__len__"),
    (folder, "write_state"),
    (state, "write_tensors"),
    (description.json, "dumps"),
    (table, "vector_array"),
    (files, "fsync_tree"),
    (files, "_fsync_path"),
    (files, "_put_in_place"),
    (files, "exchange"),
]


@pytest.mark.parametrize(("place", "name"), STEPS, ids=[name for _, name in STEPS])
@pytest.mark.parametrize(
    "error", [OSError(28, "No space left on device"), MemoryError(), KeyboardInterrupt()], ids=repr
)
def test_an_error_at_any_step(tmp_path, monkeypatch, place, name, error):
    target = tmp_path / "a.space"
    save(space(1), target)
    new = space(2)

    def broken(*arguments, **more):
        raise error

    with monkeypatch.context() as patch:
        patch.setattr(place, name, broken)
        expected = OutputError if isinstance(error, OSError) or name == "vector_array" else type(error)
        with pytest.raises((expected, KeyboardInterrupt) if name == "vector_array" else expected):
            save(new, target, overwrite=True)
    assert content_of(target) == 1
    assert os.listdir(tmp_path) == ["a.space"]


LIMITED = SPACE + textwrap.dedent(
    """
    import resource, sys
    import nearspace.store.folder as folder
    from nearspace.errors import OutputError
    big = np.ones((20_000, 50), dtype=np.float32)
    state = {"context": np.ones((90_000, 50), dtype=np.float32)}
    made = Space(Keys(map(str, range(20_000))), big, state=state)
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), int(sys.argv[2])))
    try:
        folder.save(made, sys.argv[1], overwrite=True)
    except OutputError as error:
        print(error)
    """
)


@pytest.mark.parametrize("limit", [1000, 1_000_000, 4_050_000, 10_000_000])
def test_the_disk_refuses_to_take_more(tmp_path, limit):
    """A limit on the size of files makes the system itself refuse, in the table, the arrays or the state."""
    target = tmp_path / "a.space"
    save(space(1), target)
    command = [sys.executable, "-c", LIMITED, str(target), str(limit)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    assert "cannot write" in done.stdout
    assert str(target) in done.stdout or "items.lance" in done.stdout
    assert content_of(target) == 1
    assert os.listdir(tmp_path) == ["a.space"]


@contextlib.contextmanager
def read_only(path):
    """Make a folder read-only; where that means nothing (to root), skip."""
    path.chmod(0o555)
    try:
        with contextlib.suppress(OSError):
            (path / "probe").write_text("")
            (path / "probe").unlink()
            pytest.skip("this user may write anywhere")
        yield
    finally:
        path.chmod(0o755)


def test_read_only_folder(tmp_path):
    save(space(1), tmp_path / "a.space")
    with read_only(tmp_path):
        with pytest.raises(OutputError, match=r"cannot write .*Permission denied\nYou may not write there"):
            save(space(2), tmp_path / "b.space")
        with pytest.raises(OutputError, match="Permission denied"):
            save(space(2), tmp_path / "a.space", overwrite=True)
        assert content_of(tmp_path / "a.space") == 1


def refuse_to_write(monkeypatch):
    def refused(*arguments, **more):
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(files.Path, "mkdir", refused)
    monkeypatch.setattr(files.os, "open", refused)


def test_read_only_file_system(tmp_path, monkeypatch):
    save(space(1), tmp_path / "a.space")
    write(space(1), tmp_path / "warm.txt")  # its kernels are compiled and cached
    with monkeypatch.context() as patch:
        refuse_to_write(patch)
        for overwrite in (False, True):
            target = tmp_path / ("a.space" if overwrite else "b.space")
            with pytest.raises(
                OutputError, match=r"Read-only file system\nThe file system is mounted read-only"
            ):
                save(space(2), target, overwrite=overwrite)
        with pytest.raises(OutputError, match="Read-only file system"):
            write(space(2), tmp_path / "a.txt")
    assert content_of(tmp_path / "a.space") == 1
    next((tmp_path / "a.space" / "index").glob("*/norms.npy")).unlink()
    with monkeypatch.context() as patch:
        refuse_to_write(patch)
        with pytest.raises(
            OutputError,
            match=r"index' is damaged .*norms\.npy.*, and cannot be made anew: .*\nMake the folder",
        ):
            open_space(tmp_path / "a.space")
    assert content_of(tmp_path / "a.space") == 1


@pytest.mark.parametrize(
    "name", ["a.txt", "a.txt.gz", "a.bin", "a.npy", "a.parquet", "a.arrow", "a.safetensors", "a.projector"]
)
def test_writing_other_formats_is_cut_off(tmp_path, name):
    big = Space(Keys(map(str, range(3000))), np.random.default_rng(1).random((3000, 50), dtype=np.float32))
    target = tmp_path / name
    write(space(1), target)
    before = sorted(os.listdir(tmp_path))
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, hard))
    try:
        with pytest.raises(OutputError, match=r"cannot write '.*a\..*': .*File too large"):
            write(big, target, overwrite=True)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert sorted(os.listdir(tmp_path)) == before
    assert read(target).keys == space(1).keys


@pytest.mark.slow
def test_two_processes_save_at_once(tmp_path):
    target = tmp_path / "a.space"
    save(space(1), target)
    program = SPACE + (
        "import sys\nfrom nearspace.store.folder import save\n"
        "for _ in range(8): save(space(int(sys.argv[2])), sys.argv[1], overwrite=True, wait=60)"
    )
    running = [subprocess.Popen([sys.executable, "-c", program, str(target), str(seed)]) for seed in (1, 2)]
    while any(process.poll() is None for process in running):
        found = open_space(target)
        seed = int(found.keys[0][0])
        assert np.array_equal(found.vectors, space(seed).vectors)
    assert [process.returncode for process in running] == [0, 0]
    assert content_of(target) in (1, 2)
    save(space(1), target, overwrite=True)
    assert os.listdir(tmp_path) == ["a.space"]
