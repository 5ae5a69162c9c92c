"""Files of text whose invalid UTF-8 is replaced, for parsers that want to read from a file."""

from __future__ import annotations

import codecs
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from nearspace.data.text_files import Piece, file_pieces, standard_input


def repaired(path: Path | None) -> Any:
    """Open a text file (None: standard input), unpacked, with U+FFFD in place of what is no UTF-8."""
    pieces = standard_input() if path is None else file_pieces(path)
    return io.BufferedReader(_Pieces(pieces, "standard input" if path is None else str(path)), 1 << 16)


class _Pieces(io.RawIOBase):
    """Decodes pieces, and gives them as UTF-8 again."""

    def __init__(self, pieces: Iterator[Piece], name: str) -> None:
        self.name = name
        self._pieces = pieces
        self._decoder: Any = codecs.getincrementaldecoder("utf-8")("replace")
        self._held = b""

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill a buffer; 0 at the end."""
        while not self._held:
            piece = next(self._pieces, None)
            if piece is None:
                return 0
            self._held = self._decoder.decode(piece.data, piece.final).encode("utf-8")
        count = min(len(buffer), len(self._held))
        buffer[:count], self._held = self._held[:count], self._held[count:]
        return count
