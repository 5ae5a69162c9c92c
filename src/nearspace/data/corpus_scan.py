"""One pass over a corpus: pieces of text in, the table of words and the file of their ids out.

The table is bounded. When it is full, the rarest words are dropped so that at most half remain, as in
word2vec: every word that came no more often than some count, and what they had counted is lost. The file
keeps their ids, which would then mean other words, so the map from the ids before each drop to those after it
is written down, and the file is translated at the end, backwards, with one map in memory.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from nearspace.data.corpus_stream import ITEM
from nearspace.data.text_characters import character_table, fill_page
from nearspace.data.text_files import PIECE, Piece
from nearspace.errors import EncodingError, InputError, OutputError
from nearspace.kernels import tokens as kernel
from nearspace.kernels.token_table import FULL, GROW, MARGIN, compact, rebuild
from nearspace.protocols import Progress

MOST_TYPES = (1 << 21) * 2 // 3 - 1  # 12 bytes each in the hash table, 12 more and the name: some 50 MB
_BYTES_A_TYPE = 20
_FIRST_SLOTS = 1 << 16
_CARRY = 4 * kernel.LONGEST


@dataclass(frozen=True, eq=False)
class Encoded:
    """A corpus as ids in a file and the table of its words; the arrays have more room than is in use.

    Attributes:
        path: the file, see `Stream`; an id equal to `types` stands for every word that was dropped.
        length: entries of the file.
        lines: those that are -1.
        tokens: those that are ids.
        names: UTF-8 of the words, side by side.
        starts: (more than types,) int32, where each begins.
        counts: (types or more,) int64, how often each came.
        types: number of words.
        fingerprint: hexadecimal, of tokens and lines.
    """

    path: Path
    length: int
    lines: int
    tokens: int
    names: NDArray[np.uint8]
    starts: NDArray[np.int32]
    counts: NDArray[np.int64]
    types: int
    fingerprint: str

    def name(self, word: int) -> bytes:
        """Give one word as UTF-8."""
        return self.names[self.starts[word] : self.starts[word + 1]].tobytes()


class Scanner:
    """Reads pieces, writes ids to `path`, and makes the table of words."""

    def __init__(
        self,
        path: Path,
        *,
        lowercase: bool,
        errors: str,
        progress: Progress,
        most_types: int = MOST_TYPES,
        piece: int = PIECE,
    ) -> None:
        self.path, self.progress, self.lowercase = path, progress, lowercase
        self.replace = errors == "replace"
        self.chars, self.fast = character_table(lowercase=lowercase)
        # reserved, not used: pages that are never written take no memory
        self.names = np.empty(most_types * _BYTES_A_TYPE + 4 * MARGIN, dtype=np.uint8)
        self.starts = np.zeros(most_types + 1, dtype=np.int32)
        self.counts = np.zeros(most_types, dtype=np.int64)
        self.slots = np.zeros(_FIRST_SLOTS, dtype=np.uint64)
        self.buffer = np.empty(piece + _CARRY, dtype=np.uint8)
        self.out = np.empty(piece + _CARRY + 1, dtype=np.int32)
        self.state = np.zeros(kernel.STATE_SIZE, dtype=np.int64)
        self.state[kernel.FRESH] = 1
        self.piece, self.held, self.written = piece, 0, 0
        self.drops: list[int] = []
        self.digest = hashlib.blake2b(digest_size=16)
        try:
            self.file = path.open("wb", buffering=0)
        except OSError as error:
            raise unwritable(path, error) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        self.file.close()
        if kind is not None:
            self.path.unlink(missing_ok=True)
            for number in range(len(self.drops)):
                self._map_path(number).unlink(missing_ok=True)

    @property
    def _types(self) -> int:
        return int(self.state[kernel.TYPES])

    def feed(self, piece: Piece) -> None:
        """Read a piece; what may be half a word at its end waits for the next one.

        Raises:
            EncodingError: invalid UTF-8. InputError: a NUL byte, or a ready-made token that is too long.
            OutputError: the ids cannot be written.
        """
        data = np.frombuffer(piece.data, dtype=np.uint8)
        for begin in range(0, max(len(data), 1), self.piece):
            part = data[begin : begin + self.piece]
            stop = self.held + len(part)
            self.buffer[self.held : stop] = part
            final = piece.final and begin + self.piece >= len(data)
            self._scan(stop, final, piece, piece.offset + begin - self.held)
            at = int(self.state[kernel.AT])
            self.held = stop - at
            self.buffer[: self.held] = self.buffer[at:stop].copy()

    def _scan(self, stop: int, final: bool, piece: Piece, offset: int) -> None:
        state = self.state
        state[kernel.AT] = state[kernel.WRITTEN] = 0
        while True:
            table = (self.names, self.starts, self.counts, self.slots, self.out, state)
            if piece.ready:
                status = kernel.scan_tokens(self.buffer, stop, *table)
            else:
                status = kernel.scan_text(
                    self.buffer, stop, final, self.replace, self.fast, self.chars, *table
                )
            if status == kernel.DONE:
                break
            if status == GROW:
                self.slots = np.zeros(2 * len(self.slots), dtype=np.uint64)
                rebuild(self.names, self.starts, self._types, self.slots)
            elif status == FULL:
                self._flush()
                self._drop_rare()
            elif status == kernel.PAGE:
                fill_page(self.chars, int(state[kernel.CODE]), lowercase=self.lowercase)
            else:
                self._refuse(int(status), piece, offset, stop)
        self._flush()

    def _refuse(self, status: int, piece: Piece, offset: int, stop: int) -> None:
        at = int(self.state[kernel.AT])
        nul = np.flatnonzero(self.buffer[:stop] == 0)
        if status == kernel.LONG:
            begin = self.buffer[at : at + 40].tobytes().decode("utf-8", "replace")
            raise InputError(
                f"a token of the corpus has more than {kernel.LONGEST:,} bytes; it begins with {begin!r}",
                "Give whole texts as strings, and only tokens in lists.",
            )
        if status == kernel.NUL or len(nul):
            where = at if status == kernel.NUL else int(nul[0])
            raise InputError(
                f"{piece.name}: NUL byte at offset {offset + where:,}: this is a binary file, not text",
                "Give UTF-8 text, if need be compressed with gzip, xz, zstd or bzip2.",
            )
        raise EncodingError(
            f"{piece.name}: invalid UTF-8 at byte offset {offset + at:,}",
            "Convert the file to UTF-8, or use errors='replace' (--errors=replace).",
        )

    def _flush(self) -> None:
        written = int(self.state[kernel.WRITTEN])
        data = self.out[:written].astype(ITEM, copy=False).data.cast("B") if written else memoryview(b"")
        self.digest.update(data)
        try:
            while len(data):
                data = data[self.file.write(data) :]
        except OSError as error:
            raise unwritable(self.path, error) from error
        self.written += written
        self.state[kernel.WRITTEN] = 0

    def _drop_rare(self) -> None:
        """Drop the words of the lowest counts, so that at most half remain, and note what the ids become."""
        types = self._types
        self.digest.update(self.names[: self.starts[types]].data)
        most = _limit(self.counts[:types], types // 2)
        ids = np.empty(types + 1, dtype=np.int32)
        kept = compact(self.names, self.starts, self.counts, types, most, ids)
        _write_array(self._map_path(len(self.drops)), ids)
        self.drops.append(self.written)
        self.state[kernel.TYPES] = kept
        self.slots[:] = 0
        rebuild(self.names, self.starts, kept, self.slots)
        self.progress.note(
            f"the table of {types:,} words was full after {int(self.state[kernel.TOKENS]):,} tokens: "
            f"the words that had come at most {most:,} times were dropped"
        )

    def _map_path(self, number: int) -> Path:
        return self.path.with_name(f"{self.path.name}.map{number}")

    def finish(self) -> Encoded:
        """End the file and make its ids those of the table."""
        self.file.close()
        self.digest.update(self.names[: self.starts[self._types]].data)
        self.slots, self.out = np.empty(0, dtype=np.uint64), np.empty(0, dtype=np.int32)
        if self.drops:
            self._translate()
        tokens = int(self.state[kernel.TOKENS])
        return Encoded(
            self.path,
            self.written,
            self.written - tokens,
            tokens,
            self.names,
            self.starts,
            self.counts,
            self._types,
            self.digest.hexdigest(),
        )

    def _translate(self) -> None:
        now = np.arange(self._types + 1, dtype=np.int32)
        stop = self.drops[-1]
        try:
            with self.path.open("r+b", buffering=0) as file:
                for number in range(len(self.drops) - 1, -1, -1):
                    path = self._map_path(number)
                    then = np.fromfile(path, dtype=np.int32)
                    now = now[then]
                    now[then < 0] = self._types
                    start = self.drops[number - 1] if number else 0
                    for begin in range(start, stop, PIECE):
                        _replace(file, begin, min(begin + PIECE, stop), now)
                    stop = start
                    path.unlink()
        except OSError as error:
            raise unwritable(self.path, error) from error


def _limit(counts: NDArray[np.int64], keep: int) -> int:
    """The smallest count that at most `keep` of `counts` exceed; by halving, for a sorted copy takes room."""
    low, high = 0, int(counts.max())
    while low < high:
        middle = (low + high) // 2
        if np.count_nonzero(counts > middle) <= keep:
            high = middle
        else:
            low = middle + 1
    return low


def _replace(file: Any, begin: int, end: int, ids: NDArray[np.int32]) -> None:
    """Entries begin..end of `file`: x -> ids[x]; -1 stays."""
    entries = np.empty(end - begin, dtype=ITEM)
    file.seek(begin * ITEM.itemsize)
    free = entries.data.cast("B")
    while len(free):
        free = free[file.readinto(free) :]
    changed = np.where(entries < 0, -1, ids[entries]).astype(ITEM).data.cast("B")
    file.seek(begin * ITEM.itemsize)
    while len(changed):
        changed = changed[file.write(changed) :]


def _write_array(path: Path, values: NDArray[np.int32]) -> None:
    try:
        values.tofile(path)
    except OSError as error:
        raise unwritable(path, error) from error


def unwritable(path: Path, error: OSError) -> OutputError:
    """Make the error of a stream file that cannot be written."""
    return OutputError(
        f"{path}: the encoded corpus cannot be written ({error.strerror or error})",
        "It needs 4 bytes for every token: free some space there or choose another folder.",
    )
