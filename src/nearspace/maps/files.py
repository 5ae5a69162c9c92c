"""Writing a file all at once: beside its place first, then moved there."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from pathlib import Path

from nearspace.errors import OutputError


def write_atomically(target: Path, write: Callable[[Path], object]) -> None:
    """Let `write` fill a new file in the folder of `target`, then put it in its place.

    Raises:
        OutputError: the folder is missing, not writable, or full.
    """
    try:
        handle, name = tempfile.mkstemp(prefix=f".{target.name}.", suffix=target.suffix, dir=target.parent)
        os.close(handle)
    except OSError as error:
        raise _refusal(target, error) from error
    partial = Path(name)
    try:
        write(partial)
        with partial.open("rb+") as written:
            os.fsync(written.fileno())
        partial.chmod(0o666 & ~_umask())
        partial.replace(target)
    except OSError as error:
        raise _refusal(target, error) from error
    finally:
        partial.unlink(missing_ok=True)


def _refusal(target: Path, error: OSError) -> OutputError:
    return OutputError(
        f"cannot write {target}: {error.strerror or error}",
        "Check that the folder exists, is writable and has room.",
    )


def _umask() -> int:
    """Give the process's umask (it can only be read by setting it)."""
    mask = os.umask(0o077)
    os.umask(mask)
    return mask
