"""Lines of a key and numbers: word2vec text and fastText .vec (with a header), GloVe (without).

A line is the key, then the components, separated by spaces or tabs; the header is "count dim". Keys of GloVe
files may hold spaces: the last d fields are the vector then.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from nearspace.data.formats.reading import (
    BLOCK,
    Loaded,
    Names,
    Places,
    Rows,
    checked_dim,
    checked_keys,
    not_as_said,
    opened,
)
from nearspace.data.formats.text_fields import HEADER, NUMBER, end_of_key, fields_of, shown, trailing_numbers
from nearspace.errors import InputError
from nearspace.kernels.vector_text import BLANK, FULL, HARD, gather, parse_rows

_LONGEST_LINE = 1 << 26


def read_word2vec(path: Path, limit: int | None) -> Loaded:
    """Read the text format of word2vec, or of fastText (.vec): a header, then a line a key.

    Raises:
        InputError: a line is not what it should be; the message names it.
    """
    with opened(path) as file:
        lines = _Lines(path, file)
        first = lines.peek()
        header = HEADER.match(first)
        if header is None:
            raise not_as_said(
                path,
                f"line 1 is {shown(first)}, expected a header of two numbers, count and dim",
                "A file without a header is read with format='glove'.",
            )
        lines.drop(len(first) + 1)
        count, dim = int(header[1]), checked_dim(int(header[2]), path)
        wanted = count if limit is None else min(limit, count)
        reader = _Reader(Places(path, 2), dim, wanted)
        if lines.more():
            reader.check_first(lines.peek())
        ended = reader.read(lines)
        if reader.rows.count < wanted:
            raise not_as_said(
                path, f"the header says {count:,} vectors, and the file ends after {reader.rows.count:,}"
            )
        if wanted == count and not ended:
            raise not_as_said(
                path,
                f"the header says {count:,} vectors, and line {count + 2:,} is one more",
                "Correct the header, or pass limit= to read the first vectors only.",
            )
    return reader.loaded()


def read_glove(path: Path, limit: int | None) -> Loaded:
    """Read the text format of GloVe: a line a key, no header.

    Raises:
        InputError: a line is not what it should be; the message names it.
    """
    with opened(path) as file:
        lines = _Lines(path, file)
        dim = trailing_numbers(lines.peek())
        if not dim:
            raise not_as_said(
                path,
                f"line 1 is {shown(lines.peek())}, expected a key and numbers",
                "Check that it is the right file and format.",
            )
        reader = _Reader(Places(path, 1), checked_dim(dim, path), limit)
        reader.read(lines)
    return reader.loaded()


def read_numbers(path: Path, limit: int | None) -> NDArray[np.float32]:
    """Read lines of numbers without keys, (n, d) float32.

    Raises:
        InputError: a line is not what it should be; the message names it.
    """
    with opened(path) as file:
        lines = _Lines(path, file)
        dim = len(fields_of(lines.peek()))
        reader = _Reader(Places(path, 1), checked_dim(dim, path), limit, has_key=False)
        reader.read(lines)
    return reader.rows.joined()


class _Lines:
    """The whole lines of a file, some megabytes at a time."""

    def __init__(self, path: Path, file: BinaryIO) -> None:
        self.path = path
        self._file = file
        self._text = self._rest = b""
        self._begin = 0

    def more(self) -> bool:
        """Tell whether a line comes next."""
        return self._begin < len(self._text) or self._fill()

    def peek(self) -> bytes:
        """Give the line that comes next, without its newline.

        Raises:
            InputError: the file is empty.
        """
        if not self.more():
            raise not_as_said(self.path, "the file is empty", "Check that it is the right file.")
        return self._text[self._begin : self._text.index(b"\n", self._begin)]

    def drop(self, size: int) -> None:
        """Go `size` bytes forward, within the lines that are here."""
        self._begin += size

    def __iter__(self) -> Iterator[tuple[bytes, int]]:
        """Give blocks of whole lines, and where to begin in each."""
        while self.more():
            text, begin = self._text, self._begin
            self._begin = len(text)
            yield text, begin

    def _fill(self) -> bool:
        """Read the next block up to its last newline; a newline is added to a last line without one."""
        parts = [self._rest] if self._rest else []
        while True:
            block = self._file.read(BLOCK)
            end = block.rfind(b"\n") + 1
            if end or not block:
                break
            parts.append(block)
            if sum(map(len, parts)) > _LONGEST_LINE:
                raise not_as_said(
                    self.path,
                    f"a line is longer than {_LONGEST_LINE:,} bytes",
                    "Check that it is a text file of vectors.",
                )
        self._rest = block[end:]
        self._text = b"".join([*parts, block[:end]])
        if not block and self._text:
            self._text += b"\n"
        self._begin = 0
        return bool(self._text)


@dataclass
class _Reader:
    """Lines to rows: most of them by the kernel, those that it cannot decide one by one."""

    places: Places
    dim: int
    wanted: int | None
    has_key: bool = True

    def __post_init__(self) -> None:
        self.rows = Rows(self.dim)
        self.names = Names()

    def check_first(self, line: bytes) -> None:
        """Refuse a header whose dim is not that of the first line, before memory is taken for it."""
        if len(fields_of(line)) <= self.dim:
            self._decide(line, 0)

    def read(self, lines: _Lines) -> bool:
        """Read until as many rows as wanted are there; tell whether nothing but blank lines follows."""
        for block, begin in lines:
            text = np.frombuffer(block, dtype=np.uint8)
            at = begin
            while at < len(text):
                if self.rows.count == self.wanted:
                    return self._only_blank(block, at, lines)
                at, why = self._read_some(text, block, at)
                if why == BLANK:
                    if not self._only_blank(block, at, lines):
                        raise InputError(
                            f"{self.places.of(self.rows.count)}: the line is empty, and others follow it",
                            "Remove the empty line.",
                        )
                    return True
        return True

    def _read_some(self, text: NDArray[np.uint8], block: bytes, at: int) -> tuple[int, int]:
        room = self.rows.room()
        if self.wanted is not None:
            room = room[: self.wanted - self.rows.count]
        spans = np.empty((min(len(room), (len(text) - at) // (2 * self.dim) + 1), 2), dtype=np.int64)
        done, at, why = parse_rows(text, at, self.has_key, room[: len(spans)], spans)
        if why == HARD:
            end = block.index(b"\n", at)
            key, row = self._decide(block[at:end], self.rows.count + done)
            room[done] = row
            spans[done] = at, at + len(key)
            done, at, why = done + 1, end + 1, FULL
        if self.has_key:
            self.names.add(gather(text, spans[:done]), spans[:done, 1] - spans[:done, 0])
        self.rows.filled(done)
        return at, why

    def _decide(self, line: bytes, row: int) -> tuple[bytes, NDArray[np.float32]]:
        """Read one line with care: its key may hold spaces, its numbers any digits."""
        fields = fields_of(line)
        if self.has_key and not fields[0]:
            raise self._bad(row, "the line begins with a space, expected a key")
        extra = len(fields) - self.dim
        spaced = extra > 1 and self.has_key and not NUMBER.match(fields[extra - 1])
        if extra != int(self.has_key) and not spaced:
            raise self._bad(row, f"{len(fields) - self.has_key:,} numbers, expected {self.dim:,}")
        key = line[: end_of_key(line, self.dim)] if self.has_key else b""
        numbers = fields[extra:]
        for place, number in enumerate(numbers):
            if not NUMBER.match(number):
                raise self._bad(row, f"component {place + 1} is {shown(number)}, expected a number")
        with np.errstate(over="ignore"):
            found = np.array([float(number) for number in numbers]).astype(np.float32)
        if not np.isfinite(found).all():
            place = int(np.flatnonzero(~np.isfinite(found))[0])
            raise self._bad(row, f"component {place + 1} is {shown(numbers[place])}, not a finite float32")
        return key, found

    def _bad(self, row: int, reason: str) -> InputError:
        return InputError(f"{self.places.of(row)}: {reason}", "Correct or remove the line.")

    def _only_blank(self, block: bytes, at: int, lines: _Lines) -> bool:
        return not block[at:].strip() and all(not text[begin:].strip() for text, begin in lines)

    def loaded(self) -> Loaded:
        """Give the keys and vectors that were read."""
        data, offsets = self.names.joined()
        return Loaded(checked_keys(data, offsets, self.places), self.rows.joined())
