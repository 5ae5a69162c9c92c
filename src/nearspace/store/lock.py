"""writer.lock: one process at a time changes a saved Space; reading needs no lock."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from nearspace.errors import BusyError, MissingInputError, SettingError
from nearspace.files import lock_handle, output_error
from nearspace.store.description import is_space

NAME = "writer.lock"
_PAUSE = 0.02


@contextmanager
def writing(folder: Path, wait: float | None = 0.0) -> Iterator[None]:
    """Hold the lock of the Space in `folder`; the system lets go of it when the process ends in any way.

    Args:
        folder: of the saved Space.
        wait: seconds to wait for another writer; None: as long as it takes.

    Raises:
        BusyError: another process is writing; says which, and since when.
        OutputError: the folder cannot be written.
    """
    if wait is not None and not wait >= 0:
        raise SettingError(f"wait is {wait!r}", "Give the seconds to wait, 0 or more, or None for no limit.")
    until = None if wait is None else time.monotonic() + wait
    while True:
        handle = _taken(folder)
        if handle is not None:
            break
        if until is not None and time.monotonic() >= until:
            raise BusyError(
                f"{str(folder)!r} is being written by {_holder(folder)}",
                "Wait until it is done, or let this one wait (wait=60, --wait).",
            )
        time.sleep(_PAUSE)
    try:
        yield
    finally:
        os.close(handle)


@contextmanager
def unless_written(folder: Path, wait: float | None = 0.0) -> Iterator[None]:
    """Hold the lock of a Space that is about to be replaced as a whole, if there is one at `folder`.

    Raises:
        BusyError: another process is writing it.
    """
    with ExitStack() as stack:
        if is_space(folder):
            stack.enter_context(writing(folder, wait))
        yield


def _taken(folder: Path) -> int | None:
    """Open and lock the file of a folder that is still in its place; None where another one holds it."""
    path = folder / NAME
    try:
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
    except FileNotFoundError:
        raise MissingInputError(f"{str(folder)!r} does not exist", "Check the path.") from None
    except OSError as error:
        raise output_error(path, error) from error
    if lock_handle(handle) and _is_at(handle, path):
        os.ftruncate(handle, 0)
        note = f"process {os.getpid()} on {socket.gethostname()} since {time.strftime('%Y-%m-%d %H:%M:%S')}"
        os.pwrite(handle, note.encode(), 0)
        return handle
    os.close(handle)
    return None


def _is_at(handle: int, path: Path) -> bool:
    """Tell whether the open file is the one at `path`: the folder may have been replaced meanwhile."""
    try:
        there, ours = path.stat(), os.fstat(handle)
    except FileNotFoundError:
        return False
    return (there.st_dev, there.st_ino) == (ours.st_dev, ours.st_ino)


def _holder(folder: Path) -> str:
    try:
        return (folder / NAME).read_text("utf-8") or "another process"
    except OSError:
        return "another process"
