"""Text files as pieces of bytes: which files a path means, and what is in them when they are compressed."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import sys
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from nearspace.errors import InputError, MissingInputError
from nearspace.protocols import Progress

PIECE = 1 << 18
_SNIFF = 4096
_COMPRESSED = {b"\x1f\x8b": "gzip", b"\xfd7zXZ\x00": "xz", b"BZh": "bzip2", b"\x28\xb5\x2f\xfd": "zstd"}
_SUFFIXES = (".gz", ".xz", ".bz2", ".zst")
_FOREIGN = {
    b"PK\x03\x04": ("a zip archive", "Unpack it first."),
    b"%PDF": ("a PDF document", "Extract its text first."),
    b"\xff\xfe": ("UTF-16 text", "Convert it to UTF-8 first, for example with iconv."),
    b"\xfe\xff": ("UTF-16 text", "Convert it to UTF-8 first, for example with iconv."),
}


@dataclass(frozen=True)
class Piece:
    """Some bytes of a corpus.

    Attributes:
        data: UTF-8.
        final: the text ends here, and with it the last line.
        ready: tokens that the user made, each ended by a separator, and not text.
        name: the file or the kind of source, for messages.
        offset: position of `data` in the unpacked file.
        progress: how much of the source this is, in the unit of the progress display.
    """

    data: bytes
    final: bool
    ready: bool = False
    name: str = ""
    offset: int = 0
    progress: int = 0


def find_files(paths: list[Path], progress: Progress) -> list[Path]:
    """Give the files that `paths` mean: folders give their text files, sorted, hidden ones left out.

    A file of a folder is passed over, and noted, where a NUL byte among its first 4,096 shows that it is no
    text.

    Raises:
        MissingInputError: a path does not exist.
        InputError: a folder has no text file, or cannot be listed.
    """
    files: list[Path] = []
    for path in paths:
        if path.is_dir():
            inside = [file for file in _walk(path) if _is_text(file, progress)]
            if not inside:
                raise InputError(f"{path}: the folder has no text files", "Name a folder that has some.")
            files.extend(inside)
        elif path.exists():
            files.append(path)
        else:
            raise MissingInputError(
                f"{path}: there is no such file or folder",
                "Check the path. Text itself goes in as a list of strings.",
            )
    return files


def _walk(folder: Path) -> Iterator[Path]:
    def refuse(error: OSError) -> None:
        raise _unreadable(Path(error.filename or folder), error) from error

    found = []
    for root, folders, names in os.walk(folder, onerror=refuse):
        folders[:] = [name for name in folders if not name.startswith(".")]
        found += [Path(root, name) for name in names if not name.startswith(".")]
    return iter(sorted(found, key=lambda file: file.relative_to(folder).parts))


def _is_text(file: Path, progress: Progress) -> bool:
    if not file.is_file():
        return False
    if file.suffix in _SUFFIXES and not file.stem.endswith(".tar"):
        return True
    with _open(file) as raw:
        text = b"\x00" not in raw.read(_SNIFF)
    if not text:
        progress.note(f"{file} is not text: passed over")
    return text


def file_pieces(file: Path) -> Iterator[Piece]:
    """Give the text of one file, unpacked if its first bytes say that it is compressed.

    Raises:
        InputError: it cannot be read, is damaged, or is a zip, PDF or UTF-16 file.
    """
    with _open(file) as raw:
        yield from stream_pieces(raw, str(file))


def standard_input() -> Iterator[Piece]:
    """Give the text of the standard input."""
    yield from stream_pieces(sys.stdin.buffer, "standard input")


def stream_pieces(raw: IO[bytes], name: str) -> Iterator[Piece]:
    """Give the text of an open binary file; see `file_pieces`."""
    buffered: Any = raw if hasattr(raw, "peek") else io.BufferedReader(raw)  # type: ignore[type-var]
    offset = passed = 0
    try:
        for data in _blocks(buffered, name):
            reached = _position(buffered, offset + len(data))
            yield Piece(data, False, name=name, offset=offset, progress=reached - passed)
            offset, passed = offset + len(data), reached
    except EOFError as error:
        raise _damaged(name, offset, "breaks off", error) from error
    except (OSError, lzma.LZMAError, zlib.error) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise _unreadable(Path(name), error) from error
        cut_off = "Truncated" in str(error)
        raise _damaged(name, offset, "breaks off" if cut_off else "is damaged", error) from error
    yield Piece(b"", True, name=name, offset=offset)


def _position(file: Any, otherwise: int) -> int:
    try:
        return int(file.tell())
    except OSError:
        return otherwise


def _blocks(raw: Any, name: str) -> Iterator[bytes]:
    first = raw.peek(8)[:8]
    for magic, (what, hint) in _FOREIGN.items():
        if first.startswith(magic):
            raise InputError(f"{name}: this is {what}, not UTF-8 text", hint)
    kind = next((kind for magic, kind in _COMPRESSED.items() if first.startswith(magic)), "")
    opened = _UNPACKERS[kind](raw) if kind else raw
    while data := opened.read(PIECE):
        yield data


def _zstd(raw: Any) -> Any:
    import pyarrow  # reads frame after frame, in pieces, and sees when the last one is cut off

    return pyarrow.CompressedInputStream(pyarrow.PythonFile(raw, mode="r"), "zstd")


_UNPACKERS: dict[str, Callable[[Any], Any]] = {
    "gzip": lambda raw: gzip.GzipFile(fileobj=raw),
    "xz": lzma.LZMAFile,
    "bzip2": bz2.BZ2File,
    "zstd": _zstd,
}


def _open(file: Path) -> Any:
    try:
        return file.open("rb")
    except OSError as error:
        raise _unreadable(file, error) from error


def _damaged(name: str, offset: int, what: str, error: Exception) -> InputError:
    return InputError(
        f"{name}: the compressed data {what} after {offset:,} bytes of text ({error})",
        "Copy or download it again.",
    )


def _unreadable(file: Path, error: OSError) -> InputError:
    return InputError(
        f"{file}: cannot be read ({error.strerror or error})", "Check its permissions and the disk."
    )
