"""The text of a table file as a stream of checked UTF-8, for parsers that want to read from a file."""

from __future__ import annotations

import codecs
from collections.abc import Iterable, Iterator
from typing import Any

from nearspace.data.text_files import Piece
from nearspace.errors import EncodingError, InputError

_MARK = b"\xef\xbb\xbf"


class CheckedText:
    """A readable binary file over pieces of text: valid UTF-8, no NUL byte, no byte-order mark.

    Raises (on reading):
        EncodingError: invalid UTF-8; the message has its byte offset and line in the unpacked file.
        InputError: a NUL byte, or what the pieces themselves raise.
    """

    closed = False

    def __init__(self, pieces: Iterable[Piece], name: str) -> None:
        self.name = name
        self._pieces: Iterator[Piece] = iter(pieces)
        self._decoder: Any = codecs.getincrementaldecoder("utf-8")()
        self._held = b""
        self._passed = 0
        self._lines = 1
        self._ended = False
        start = self.read(len(_MARK))
        self.unread(start.removeprefix(_MARK))

    def read(self, size: int = -1) -> bytes:
        """Give `size` bytes, fewer only at the end; -1: all that is left."""
        parts, found = [self._held], len(self._held)
        while not self._ended and (size < 0 or found < size):
            data = self._next()
            parts.append(data)
            found += len(data)
        whole = b"".join(parts) if len(parts) > 1 else parts[0]
        if size < 0 or len(whole) <= size:
            self._held = b""
            return whole
        self._held = whole[size:]
        return whole[:size]

    def unread(self, data: bytes) -> None:
        """Put `data` back in front."""
        self._held = data + self._held

    @property
    def ended(self) -> bool:
        """Whether nothing is left."""
        if not self._held and not self._ended:
            self.unread(self.read(1))
        return not self._held and self._ended

    def close(self) -> None:
        """Forget what is left; open files close with their pieces."""
        self.closed = True
        self._ended, self._held, self._pieces = True, b"", iter(())

    def _next(self) -> bytes:
        piece = next(self._pieces, None)
        data = b"" if piece is None else piece.data
        pending = len(self._decoder.getstate()[0])
        try:
            self._decoder.decode(data, piece is None)
        except UnicodeDecodeError as error:
            line = self._lines + data[: max(error.start - pending, 0)].count(b"\n")
            raise EncodingError(
                f"{self.name}: invalid UTF-8 at byte offset {self._passed - pending + error.start:,}, "
                f"line {line:,}",
                "Convert the file to UTF-8, for example with iconv.",
            ) from None
        if b"\x00" in data:
            raise InputError(
                f"{self.name}: NUL byte at offset {self._passed + data.index(0):,}: this is no text table",
                "Check the file, or name its format with format= (--format).",
            )
        self._passed += len(data)
        self._lines += data.count(b"\n")
        self._ended = piece is None
        return data
