"""Reading a small text file as a list of lines, compressed or not, with messages that name the place."""

from __future__ import annotations

import bz2
import gzip
import lzma
import zlib
from pathlib import Path
from typing import IO, Any

from nearspace.errors import EncodingError, InputError, MissingInputError

_OPENERS: dict[str, Any] = {".gz": gzip.open, ".xz": lzma.open, ".bz2": bz2.open}
_LIMIT = 256 * 1024 * 1024


def stem(path: Path) -> str:
    """Give the lower-case name without its endings: "SimLex-999.txt.gz" is "simlex-999"."""
    name = path.name
    if Path(name).suffix.lower() in _OPENERS:
        name = name[: -len(Path(name).suffix)]
    return Path(name).stem.lower()


def lines(path: Path) -> list[str]:
    """Read all lines of a UTF-8 file, without their ends; .gz, .xz and .bz2 are unpacked.

    Raises:
        MissingInputError: there is no such file.
        InputError: it is a folder, empty, binary, damaged, unreadable or larger than 256 MiB.
        EncodingError: it is not UTF-8.
    """
    if not path.exists():
        raise MissingInputError(f"{path}: no such file", "Check the path of the test set.")
    if path.is_dir():
        raise InputError(f"{path} is a folder, expected a file", "Name the file of the test set.")
    opener = _OPENERS.get(path.suffix.lower())
    try:
        stream: IO[bytes]
        with opener(path, "rb") if opener else path.open("rb") as stream:
            raw = stream.read(_LIMIT + 1)
    except (OSError, EOFError, lzma.LZMAError, zlib.error) as error:
        raise InputError(f"{path} cannot be read: {error}", "Check the file and its permissions.") from error
    if len(raw) > _LIMIT:
        raise InputError(f"{path} is larger than {_LIMIT >> 20} MiB", "That is no test set of words.")
    if not raw.strip():
        raise InputError(f"{path} is empty", "Name the file of the test set.")
    at = raw.find(b"\0")
    if at >= 0:
        raise InputError(f"{path} is binary: byte {at:,} is zero", "A test set is a UTF-8 text file.")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise EncodingError(
            f"{path} is not UTF-8: byte {error.start:,} is 0x{raw[error.start]:02x}",
            "Convert it, for example with: iconv -f latin1 -t utf-8.",
        ) from error
    return [line.removesuffix("\r") for line in text.removesuffix("\n").split("\n")]
