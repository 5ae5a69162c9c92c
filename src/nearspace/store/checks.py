"""Checksums of the files of a saved Space, so that a damaged file is noticed before it gives a wrong answer.

Files never change after they were written, so a file whose size, time and inode are still those that were
seen when its checksum was taken is trusted; any other (copied, restored, written to) is read and compared.
"""

from __future__ import annotations

import json
import os
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from nearspace.errors import InputError
from nearspace.files import new_file

LOG = "checks.jsonl"
_BLOCK = 1 << 22


@dataclass(frozen=True)
class Check:
    """What is known of a file.

    Attributes:
        size: bytes.
        crc32: of its content, as in zlib.
        seen: (modified, inode) when the content had that checksum; the time in nanoseconds.
    """

    size: int
    crc32: int
    seen: tuple[int, int]

    @classmethod
    def of(cls, path: Path) -> Check:
        """Read a file."""
        crc, buffer = 0, bytearray(_BLOCK)
        with path.open("rb", buffering=0) as file:
            while count := file.readinto(buffer):
                crc = zlib.crc32(memoryview(buffer)[:count], crc)
            stat = os.fstat(file.fileno())
        return cls(stat.st_size, crc, (stat.st_mtime_ns, stat.st_ino))

    def trusted(self, path: Path) -> bool:
        """Tell whether the file is untouched since its checksum was taken."""
        stat = path.stat()
        return stat.st_size == self.size and (stat.st_mtime_ns, stat.st_ino) == self.seen

    def same_content(self, other: Check) -> bool:
        """Tell whether two files have the same size and checksum."""
        return (self.size, self.crc32) == (other.size, other.crc32)


def checked(path: Path, known: Check) -> Check:
    """Give `known`, or what is newly known, if the file is whole.

    Raises:
        InputError: it is not, or it is gone.
    """
    try:
        if known.trusted(path):
            return known
        found = Check.of(path)
    except OSError as error:
        raise InputError(f"{str(path)!r} cannot be read: {error.strerror}") from error
    if not found.same_content(known):
        raise InputError(
            f"{str(path)!r} is damaged: it has {found.size:,} bytes and checksum {found.crc32:08x}, "
            f"expected {known.size:,} and {known.crc32:08x}",
            "Restore the file from a copy; what is derived from the table is made anew if it is removed.",
        )
    return found


class CheckLog:
    """checks.jsonl: one line a file of a folder, of which the last counts; torn lines are passed over."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.known = self._read()

    def _read(self) -> dict[str, Check]:
        known: dict[str, Check] = {}
        try:
            lines = (self.folder / LOG).read_bytes().split(b"\n")
        except OSError:
            return known
        for line in lines:
            try:
                name, size, crc32, *seen = json.loads(line)
                known[name] = Check(int(size), int(crc32), (int(seen[0]), int(seen[1])))
            except (ValueError, TypeError, IndexError):
                continue
        return known

    def add(self, names: Iterable[str], *, flush: bool = True) -> None:
        """Take the checksums of files that have none yet; `flush` them to the disk too."""
        lines = []
        for name in names:
            if name not in self.known:
                path = self.folder / name
                if flush:
                    _flush(path)
                self.known[name] = Check.of(path)
                lines.append(_line(name, self.known[name]))
        if lines:
            # a line break first: the last writer may have died in the middle of a line
            with (self.folder / LOG).open("ab") as file:
                file.write(b"\n" + b"".join(lines))

    def verify(self, names: Iterable[str]) -> None:
        """Check files; those without a known checksum pass.

        Raises:
            InputError: one of them is damaged; it is named.
        """
        for name in names:
            known = self.known.get(name)
            if known is not None:
                self.known[name] = checked(self.folder / name, known)

    def keep(self, names: Iterable[str]) -> None:
        """Write the log anew with these files only."""
        kept = set(names)
        self.known = {name: check for name, check in self.known.items() if name in kept}
        with new_file(self.folder / LOG, overwrite=True) as draft:
            draft.write_bytes(b"".join(_line(name, check) for name, check in self.known.items()))


def checks_to_json(checks: Mapping[str, Check]) -> dict[str, list[int]]:
    """Give JSON-able values."""
    return {name: [check.size, check.crc32, *check.seen] for name, check in checks.items()}


def checks_from_json(values: Mapping[str, list[int]]) -> dict[str, Check]:
    """Read what `checks_to_json` gave."""
    return {
        name: Check(size, crc32, (modified, inode)) for name, (size, crc32, modified, inode) in values.items()
    }


def _line(name: str, check: Check) -> bytes:
    return json.dumps([name, check.size, check.crc32, *check.seen]).encode() + b"\n"


def _flush(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
