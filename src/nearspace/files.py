"""Files and folders that appear whole or not at all, and operating-system errors said in plain words.

A new file or folder is written beside its target under a temporary name (".NAME.saving-TOKEN"), flushed to
the disk, and put in place by one rename; on Linux two folders are exchanged in one step. A crash at any
instant leaves the old or the new one. What it leaves beside them is removed by the next write.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from nearspace.errors import OutputError

try:
    import fcntl
except ImportError:  # pragma: no cover - not on Windows
    fcntl = None  # type: ignore[assignment]

_AT_FDCWD = -100
_RENAME_EXCHANGE = 2
_ATTEMPTS = 100
_UNSUPPORTED = {errno.ENOSYS, errno.EINVAL, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EPERM}


def output_error(path: Path, error: OSError) -> OutputError:
    """Say why `path` could not be written, and what helps."""
    if isinstance(error, OutputError):
        return error
    reason = error.strerror or str(error) or type(error).__name__
    hints = {
        errno.ENOSPC: "Free space on that disk, or choose an output on another one.",
        errno.EDQUOT: "Free space within your quota, or choose another output.",
        errno.EFBIG: "The file is larger than this system or user may write; choose another output.",
        errno.EROFS: "The file system is mounted read-only; choose another output.",
        errno.EACCES: "You may not write there; change its permissions or choose another output.",
        errno.EPERM: "You may not write there; change its permissions or choose another output.",
        errno.ENOENT: f"Create the folder {str(path.parent)!r} first.",
        errno.ENOTDIR: f"{str(path.parent)!r} is not a folder; choose another output.",
    }
    return OutputError(
        f"cannot write {str(path)!r}: {reason}",
        hints.get(error.errno or 0, "Nothing was changed; choose another output."),
    )


@contextmanager
def new_file(path: str | Path, *, overwrite: bool = False) -> Iterator[Path]:
    """Give a temporary path to write; when the block ends without an error, that file becomes `path`.

    Raises:
        OutputError: `path` exists and `overwrite` is false, is no regular file, or cannot be written.
    """
    target = _resolved(path)
    if target.exists() and not target.is_file():
        raise OutputError(f"{str(path)!r} is not a regular file", "Choose another output.")
    _refuse_existing(target, overwrite)
    try:
        remove_leftovers(target)
        draft, handle = _new_draft(target, _create_file)
        try:
            yield draft
            _fsync_path(draft)
            _refuse_existing(target, overwrite)
            draft.replace(target)
            _fsync_path(target.parent)
        finally:
            os.close(handle)
            draft.unlink(missing_ok=True)
    except OSError as error:
        raise output_error(Path(path), error) from error


@contextmanager
def new_folder(
    path: str | Path, *, overwrite: bool = False, replaceable: Callable[[Path], bool]
) -> Iterator[Path]:
    """Give a temporary empty folder to fill; when the block ends without an error, it becomes `path`.

    Raises:
        OutputError: `path` exists and `overwrite` or `replaceable(path)` is false; or it cannot be written.
    """
    target = _resolved(path)
    try:
        recover_folder(target)
        _refuse_unreplaceable(target, overwrite, replaceable)
        remove_leftovers(target)
        draft, handle = _new_draft(target, _create_folder)
        try:
            yield draft
            fsync_tree(draft)
            _refuse_unreplaceable(target, overwrite, replaceable)
            _put_in_place(draft, target)
            _fsync_path(target.parent)
        finally:
            _close(handle)
            shutil.rmtree(draft, ignore_errors=True)
            remove_leftovers(target)
    except OSError as error:
        raise output_error(Path(path), error) from error


def recover_folder(path: Path, patience: float = 5.0) -> None:
    """Bring back a folder that a crash caught between two renames; without effect where `path` exists.

    Another process that is between its two renames right now is given `patience` seconds.
    """
    until = time.monotonic() + patience
    while not os.path.lexists(path):
        backups = [found for found in _leftovers(path) if ".old-" in found.name]
        if not backups:
            return
        newest = max(backups, key=lambda found: found.stat().st_mtime_ns)
        handle = _open_folder(newest)
        try:
            if lock_handle(handle) and not os.path.lexists(path):
                newest.rename(path)
                return
        finally:
            _close(handle)
        if time.monotonic() > until:
            return
        time.sleep(0.02)


def remove_leftovers(path: Path) -> None:
    """Remove what crashed writes of `path` left beside it; what a living process is writing stays."""
    for found in _leftovers(path):
        if ".old-" in found.name and not os.path.lexists(path):
            continue
        with contextlib.suppress(OSError):
            handle = _open_folder(found) if found.is_dir() else os.open(found, os.O_RDONLY)
            try:
                if lock_handle(handle):
                    if found.is_dir():
                        shutil.rmtree(found, ignore_errors=True)
                    else:
                        found.unlink(missing_ok=True)
            finally:
                _close(handle)


def share_file(source: Path, target: Path) -> None:
    """Give a file that never changes a second name, or copy it where that cannot be."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)


def remove_drafts(folder: Path) -> None:
    """Remove all drafts that crashed writes left in `folder`; what a living process is writing stays."""
    with contextlib.suppress(OSError):
        names = {entry.name for entry in os.scandir(folder) if entry.name.startswith(".")}
        for name in {found[1:].rsplit(".saving-", 1)[0] for found in names if ".saving-" in found}:
            remove_leftovers(folder / name)


def fsync_tree(folder: Path) -> None:
    """Flush every file and folder below `folder`, and itself, to the disk."""
    for base, _, names in os.walk(folder, topdown=False):
        for name in names:
            _fsync_path(Path(base) / name)
        _fsync_path(Path(base))


def exchange(one: Path, other: Path) -> bool:
    """Swap two folders in one step (renameat2); false where the system cannot."""
    try:
        renameat2 = ctypes.CDLL(None, use_errno=True).renameat2
    except (AttributeError, OSError, TypeError):
        return False
    if renameat2(_AT_FDCWD, os.fsencode(one), _AT_FDCWD, os.fsencode(other), _RENAME_EXCHANGE) == 0:
        return True
    code = ctypes.get_errno()
    if code in _UNSUPPORTED:
        return False
    raise OSError(code, os.strerror(code), str(other))


def _new_draft(target: Path, create: Callable[[Path], int | None]) -> tuple[Path, int]:
    """Make a draft of `target`, locked: what is not locked is a leftover, which any process may remove.

    One that another process removes before it is locked is made again, under another name.
    """
    for _ in range(_ATTEMPTS):
        draft = target.with_name(f".{target.name}.saving-{os.urandom(4).hex()}")
        handle = create(draft)
        if handle is None:
            continue
        if lock_handle(handle) and os.path.lexists(draft):
            return draft, handle
        _close(handle)
    raise OSError(errno.EBUSY, "other processes write it all the time", str(target))


def _create_file(draft: Path) -> int:
    return os.open(draft, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o666)


def _create_folder(draft: Path) -> int | None:
    draft.mkdir()
    try:
        return _open_folder(draft)
    except FileNotFoundError:
        return None


def _put_in_place(draft: Path, target: Path) -> None:
    if not os.path.lexists(target):
        draft.rename(target)
        return
    if exchange(draft, target):
        return
    backup = target.with_name(f".{target.name}.old-{os.urandom(4).hex()}")
    handle = _open_folder(target)
    try:
        lock_handle(handle)
        target.rename(backup)
        try:
            draft.rename(target)
        except OSError:
            backup.rename(target)
            raise
    finally:
        _close(handle)


def _resolved(path: str | Path) -> Path:
    target = Path(os.path.realpath(path))
    if not target.name:
        raise OutputError(f"{str(path)!r} is no name for an output", "Name a file or a folder.")
    return target


def _refuse_existing(target: Path, overwrite: bool) -> None:
    if os.path.lexists(target) and not overwrite:
        raise OutputError(
            f"{str(target)!r} exists already", "Pass overwrite=True (--overwrite) to replace it."
        )


def _refuse_unreplaceable(target: Path, overwrite: bool, replaceable: Callable[[Path], bool]) -> None:
    _refuse_existing(target, overwrite)
    if os.path.lexists(target) and not replaceable(target):
        raise OutputError(
            f"{str(target)!r} exists and is not what would be written there; it is never replaced",
            "Choose another output, or remove it yourself.",
        )


def _leftovers(path: Path) -> list[Path]:
    starts = (f".{path.name}.saving-", f".{path.name}.old-")
    try:
        with os.scandir(path.parent) as entries:
            return sorted(Path(entry.path) for entry in entries if entry.name.startswith(starts))
    except OSError:
        return []


def _open_folder(folder: Path) -> int:
    if fcntl is None:  # pragma: no cover - Windows cannot open folders
        return -1
    return os.open(folder, os.O_RDONLY | getattr(os, "O_DIRECTORY", 0))


def lock_handle(handle: int) -> bool:
    """Lock an open file or folder until it is closed; false where a living process holds the lock."""
    if fcntl is None:  # pragma: no cover
        return True
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # a file system without locks
        return True
    return True


def _close(handle: int) -> None:
    if handle >= 0:
        os.close(handle)


def _fsync_path(path: Path) -> None:
    if fcntl is None and path.is_dir():  # pragma: no cover
        return
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno != errno.EINVAL:  # some network file systems refuse to flush folders
            raise
    finally:
        os.close(handle)
