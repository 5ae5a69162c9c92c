import errno
import os

import pytest

from nearspace import files
from nearspace.errors import InputError, OutputError
from nearspace.files import exchange, new_file, new_folder, output_error, recover_folder, remove_leftovers


def always(path):
    return True


def fill(draft, content="new"):
    (draft / "part").write_text(content)


def test_a_file_appears_whole(tmp_path):
    with new_file(tmp_path / "a") as draft:
        draft.write_text("one")
        assert not (tmp_path / "a").exists()
    assert (tmp_path / "a").read_text() == "one"
    with new_file(tmp_path / "a", overwrite=True) as draft:
        draft.write_text("two")
        assert (tmp_path / "a").read_text() == "one"
    assert (tmp_path / "a").read_text() == "two"
    assert os.listdir(tmp_path) == ["a"]
    mask = os.umask(0)
    os.umask(mask)
    assert (tmp_path / "a").stat().st_mode & 0o777 == 0o666 & ~mask


def test_an_error_leaves_the_old_file(tmp_path):
    (tmp_path / "a").write_text("old")
    for error in (RuntimeError, KeyboardInterrupt, InputError):
        with pytest.raises(error), new_file(tmp_path / "a", overwrite=True) as draft:
            draft.write_text("half")
            raise error("stop")
    assert (tmp_path / "a").read_text() == "old"
    assert os.listdir(tmp_path) == ["a"]


def test_a_link_keeps_pointing(tmp_path):
    (tmp_path / "real").write_text("old")
    (tmp_path / "link").symlink_to("real")
    with new_file(tmp_path / "link", overwrite=True) as draft:
        draft.write_text("new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_text() == "new"


def test_refused_targets(tmp_path):
    with pytest.raises(OutputError, match="is not a regular file"), new_file(tmp_path, overwrite=True):
        pass
    with pytest.raises(OutputError, match="is no name for an output"), new_file("/"):
        pass
    (tmp_path / "a").write_text("old")
    with (
        pytest.raises(OutputError, match=r"cannot write .*\n.*is not a folder"),
        new_file(tmp_path / "a" / "b"),
    ):
        pass
    no_parent = r"No such file or directory\nCreate the folder '.*missing' first"
    with pytest.raises(OutputError, match=no_parent), new_file(tmp_path / "missing" / "b"):
        pass
    with (
        pytest.raises(OutputError, match=no_parent),
        new_folder(tmp_path / "missing" / "b", replaceable=always),
    ):
        pass


def test_a_target_that_appears_meanwhile_is_kept(tmp_path):
    with pytest.raises(OutputError, match="exists already"), new_file(tmp_path / "a") as draft:
        draft.write_text("mine")
        (tmp_path / "a").write_text("theirs")
    assert (tmp_path / "a").read_text() == "theirs"
    with (
        pytest.raises(OutputError, match="exists already"),
        new_folder(tmp_path / "b", replaceable=always) as draft,
    ):
        fill(draft, "mine")
        (tmp_path / "b").mkdir()
    assert sorted(os.listdir(tmp_path)) == ["a", "b"]


@pytest.mark.parametrize("can_exchange", [True, False])
def test_a_folder_is_replaced(tmp_path, monkeypatch, can_exchange):
    if not can_exchange:
        monkeypatch.setattr(files, "exchange", lambda one, other: False)
    for content in ("one", "two", "three"):
        with new_folder(tmp_path / "a", overwrite=True, replaceable=always) as draft:
            fill(draft, content)
        assert (tmp_path / "a" / "part").read_text() == content
        assert os.listdir(tmp_path) == ["a"]


def test_exchange(tmp_path):
    for name in "ab":
        (tmp_path / name).mkdir()
        fill(tmp_path / name, name)
    if not exchange(tmp_path / "a", tmp_path / "b"):
        pytest.skip("no exchange of folders on this system")
    assert (tmp_path / "a" / "part").read_text() == "b"
    with pytest.raises(FileNotFoundError):
        exchange(tmp_path / "a", tmp_path / "nothing")


def test_the_second_rename_fails(tmp_path, monkeypatch):
    monkeypatch.setattr(files, "exchange", lambda one, other: False)
    with new_folder(tmp_path / "a", replaceable=always) as draft:
        fill(draft, "old")
    rename = files.Path.rename

    def broken(self, target):
        if ".saving-" in self.name:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return rename(self, target)

    monkeypatch.setattr(files.Path, "rename", broken)
    replacing = new_folder(tmp_path / "a", overwrite=True, replaceable=always)
    with pytest.raises(OutputError, match="No space left"), replacing as draft:
        fill(draft)
    assert (tmp_path / "a" / "part").read_text() == "old"
    assert os.listdir(tmp_path) == ["a"]


def test_leftovers_of_the_dead_are_removed_and_of_the_living_kept(tmp_path):
    (tmp_path / ".a.saving-dead").mkdir()
    fill(tmp_path / ".a.saving-dead")
    (tmp_path / ".a.saving-file").write_text("dead")
    (tmp_path / ".b.saving-other").write_text("not ours")
    with new_folder(tmp_path / "a", replaceable=always) as living:
        fill(living)
        remove_leftovers(tmp_path / "a")
        assert sorted(os.listdir(tmp_path)) == sorted([living.name, ".b.saving-other"])
    assert sorted(os.listdir(tmp_path)) == [".b.saving-other", "a"]


def test_a_folder_caught_between_two_renames_comes_back(tmp_path):
    (tmp_path / ".a.old-1234").mkdir()
    fill(tmp_path / ".a.old-1234", "old")
    remove_leftovers(tmp_path / "a")
    recover_folder(tmp_path / "a")
    assert (tmp_path / "a" / "part").read_text() == "old"
    recover_folder(tmp_path / "a")
    recover_folder(tmp_path / "nothing")
    assert os.listdir(tmp_path) == ["a"]


def test_a_backup_that_is_in_use_is_left_alone(tmp_path):
    backup = tmp_path / ".a.old-1234"
    backup.mkdir()
    handle = os.open(backup, os.O_RDONLY)
    try:
        assert files.lock_handle(handle)
        recover_folder(tmp_path / "a", patience=0.1)
        assert not (tmp_path / "a").exists()
    finally:
        os.close(handle)
    recover_folder(tmp_path / "a", patience=0.1)
    assert (tmp_path / "a").exists()


@pytest.mark.parametrize(
    ("code", "hint"),
    [
        (errno.ENOSPC, "No space left on device\nFree space on that disk"),
        (errno.EROFS, "Read-only file system\nThe file system is mounted read-only"),
        (errno.EACCES, "Permission denied\nYou may not write there"),
        (errno.EFBIG, "File too large\nThe file is larger"),
        (errno.EIO, "Input/output error\nNothing was changed"),
    ],
)
def test_system_errors_in_plain_words(tmp_path, code, hint):
    with pytest.raises(OutputError) as caught, new_file(tmp_path / "a"):
        raise OSError(code, os.strerror(code))
    assert f"cannot write {str(tmp_path / 'a')!r}: {hint}" in str(caught.value)
    same = OutputError("x")
    assert output_error(tmp_path, same) is same


@pytest.mark.parametrize("kind", ["file", "folder"])
def test_a_draft_that_is_removed_before_it_is_locked_is_made_again(tmp_path, monkeypatch, kind):
    lock, made = files.lock_handle, []

    def steal_the_first(handle):
        if not made:
            for found in tmp_path.iterdir():  # as another process does that takes it for a leftover
                found.rmdir() if found.is_dir() else found.unlink()
        made.append(handle)
        return lock(handle)

    monkeypatch.setattr(files, "lock_handle", steal_the_first)
    if kind == "file":
        with files.new_file(tmp_path / "a.txt") as draft:
            draft.write_text("new")
        assert (tmp_path / "a.txt").read_text() == "new"
    else:
        with files.new_folder(tmp_path / "a", replaceable=lambda _: True) as draft:
            (draft / "b.txt").write_text("new")
        assert (tmp_path / "a" / "b.txt").read_text() == "new"
    assert len(made) >= 2
