"""word2vec's binary format: a line "count dim", then records of key, space, dim float32 (little-endian)."""

from __future__ import annotations

import re
from pathlib import Path
from typing import BinaryIO

import numpy as np

from nearspace.data.formats.reading import (
    BLOCK,
    Loaded,
    Names,
    Places,
    Rows,
    check_finite,
    checked_dim,
    checked_keys,
    not_as_said,
    opened,
)
from nearspace.data.formats.text_writing import packed, refuse_keys_with
from nearspace.errors import InputError
from nearspace.files import new_file
from nearspace.kernels.vector_binary import NEWLINE, SPACE, parse_records
from nearspace.kernels.vector_text import gather
from nearspace.space import Space

_HEADER = re.compile(rb"(\d+) +(\d+) *\r?\n\Z")
_LONGEST_HEADER = 100
_LONGEST_KEY = 1 << 16


def read(path: Path, limit: int | None) -> Loaded:
    """Read word2vec's binary format.

    Raises:
        InputError: the header or a record is not what it should be; the message names the byte.
    """
    with opened(path) as file:
        line = file.readline(_LONGEST_HEADER)
        header = _HEADER.match(line)
        if not line:
            raise not_as_said(path, "the file is empty", "Check that it is the right file.")
        if header is None:
            raise not_as_said(
                path, "it does not begin with a line of two numbers, count and dim", "Check the format."
            )
        count, dim = int(header[1]), checked_dim(int(header[2]), path)
        reader = _Reader(path, dim, count if limit is None else min(limit, count), len(line))
        reader.read(file)
        rest = (reader.rest + file.read(BLOCK)).strip(b"\n")
        if reader.rows.count == count and rest:
            raise not_as_said(
                path,
                f"the header says {count:,} vectors of {dim:,}, and more follows byte {reader.position:,}",
                "Correct the header, or pass limit= to read the first vectors only.",
            )
    data, offsets = reader.names.joined()
    keys = checked_keys(data, offsets, Places(path, 1, "record"))
    return Loaded(keys, reader.rows.joined())


class _Reader:
    def __init__(self, path: Path, dim: int, wanted: int, position: int) -> None:
        self.path, self.dim, self.wanted = path, dim, wanted
        self.rows, self.names = Rows(dim), Names()
        self.position = position
        self.rest = b""

    def read(self, file: BinaryIO) -> None:
        """Read records until as many as wanted are there."""
        while self.rows.count < self.wanted:
            self._cut()
            if self.rows.count < self.wanted:
                more = file.read(BLOCK)
                if not more:
                    raise self._truncated()
                self.rest += more

    def _cut(self) -> None:
        """Take the whole records out of `rest`."""
        while self.rows.count < self.wanted:
            room = self.rows.room()[: self.wanted - self.rows.count]
            spans = np.empty((min(len(room), len(self.rest) // (4 * self.dim + 1) + 1), 2), dtype=np.int64)
            block = np.frombuffer(self.rest, dtype=np.uint8)
            rows = room[: len(spans)]
            done, at = parse_records(block, rows.view(np.uint8), spans)
            lengths = spans[:done, 1] - spans[:done, 0]
            if done and int(lengths.max()) > _LONGEST_KEY:
                raise self._no_key()
            check_finite(rows[:done], self.rows.count, Places(self.path, 1, "record"))
            self.names.add(gather(block, spans[:done]), lengths)
            self.rows.filled(done)
            self.rest = self.rest[at:]
            self.position += at
            if not done:
                break
        if len(self.rest) > 4 * self.dim + _LONGEST_KEY + BLOCK:
            raise self._no_key()

    def _no_key(self) -> InputError:
        return not_as_said(
            self.path,
            f"no key ends within {_LONGEST_KEY:,} bytes after byte {self.position:,}",
            "Check that it is in word2vec's binary format.",
        )

    def _truncated(self) -> InputError:
        return not_as_said(
            self.path,
            f"the file ends at byte {self.position + len(self.rest):,}, "
            f"within record {self.rows.count + 1:,} of the {self.wanted:,} to read",
        )


def write(space: Space, path: Path, overwrite: bool) -> None:
    """Write word2vec's binary format; a path that ends in .gz is compressed.

    Raises:
        OutputError: a key is empty or holds a space or line break; or the file cannot be written.
    """
    refuse_keys_with(space, path, (SPACE, NEWLINE))
    step = max(1, BLOCK // (4 * space.dim))
    with new_file(path, overwrite=overwrite) as draft, packed(draft, path) as file:
        file.write(f"{len(space)} {space.dim}\n".encode())
        for start in range(0, len(space), step):
            rows = np.ascontiguousarray(space.vectors[start : start + step], dtype="<f4")
            for key, row in zip(space.keys.names(range(start, start + len(rows))), rows, strict=True):
                file.write(key.encode() + b" " + row.tobytes() + b"\n")
