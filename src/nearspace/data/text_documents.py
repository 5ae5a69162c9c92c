"""Documents in files of plain text: a file, a line or a `<doc>` each."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from nearspace.data.text_files import Piece, file_pieces, find_files, standard_input
from nearspace.errors import EncodingError, InputError, MissingInputError
from nearspace.protocols import Progress

SUFFIXES = (".txt", ".text", ".md")
_PACKED = (".gz", ".xz", ".bz2", ".zst")
_ATTRIBUTE = re.compile(r'(\w+)="([^"]*)"')
_MARK = "\ufeff"


@dataclass(frozen=True)
class TextDocument:
    """A document of a text file.

    Attributes:
        key: path in its folder, number of its line, or what its `<doc>` tag says.
        text: all of it.
        title: what its tag says.
    """

    key: str
    text: str
    title: str = field(default="")


def is_text_file(path: Path) -> bool:
    """Tell by its suffix whether a file is plain text; compressed ones too."""
    suffixes = [suffix.lower() for suffix in path.suffixes]
    if suffixes and suffixes[-1] in _PACKED:
        suffixes.pop()
    return bool(suffixes) and suffixes[-1] in SUFFIXES


def folder_documents(folder: Path, errors: str, progress: Progress) -> Iterator[TextDocument]:
    """Give each text file below a folder as a document, its key the path within, in order of the paths.

    Raises (on reading):
        MissingInputError: there is none.
        EncodingError, InputError: a file is no text; the message has its name and line.
    """
    files = [file for file in find_files([folder], progress) if is_text_file(file)]
    if not files:
        raise MissingInputError(
            f"{folder}: no text file is in it", f"Read are {', '.join(SUFFIXES)}, also gz, xz, bz2 and zst."
        )
    for file in files:
        yield TextDocument(file.relative_to(folder).as_posix(), _whole(file, errors))


def _whole(file: Path, errors: str) -> str:
    data = b"".join([piece.data for piece in file_pieces(file)])
    try:
        if b"\x00" not in data:
            return data.decode("utf-8", errors).removeprefix(_MARK)
    except UnicodeDecodeError:
        pass
    return "".join(text_lines(file_pieces(file), errors))  # says where it is no text


def line_documents(source: Path | None, errors: str) -> Iterator[TextDocument]:
    """Give the documents of one file (None: standard input): its lines, or what is between `<doc>` tags.

    A `<doc>` ends with `</doc>`, with the next one or with the file. Empty lines are no documents; the key of
    a line is its number, that of a `<doc>` its id, else its title.

    Raises (on reading):
        MissingInputError: there is no such file.
        EncodingError, InputError: it is no text.
    """
    if source is not None and not source.exists():
        raise MissingInputError(f"{source}: there is no such file or folder", "Check the path.")
    pieces = standard_input() if source is None else file_pieces(source)
    tagged: _Tagged | None = None
    for number, line in enumerate(text_lines(pieces, errors), 1):
        opens = line.startswith("<doc") and line[4:5] in (" ", ">")
        if tagged is not None and (opens or line.startswith("</doc>")):
            yield tagged.document()
            tagged = None
        if opens:
            tagged = _Tagged(line, number)
        elif tagged is not None:
            tagged.lines.append(line)
        elif line.strip() and not line.startswith("</doc>"):
            yield TextDocument(str(number), line.rstrip("\r\n"))
    if tagged is not None:
        yield tagged.document()


class _Tagged:
    """A `<doc>` that is being read."""

    def __init__(self, tag: str, number: int) -> None:
        about = {key: html.unescape(value) for key, value in _ATTRIBUTE.findall(tag)}
        self.title = about.get("title", "")
        self.key = about.get("id") or self.title or str(number)
        self.lines: list[str] = []

    def document(self) -> TextDocument:
        """Give all of it."""
        return TextDocument(self.key, "".join(self.lines).strip("\r\n"), self.title)


def text_lines(pieces: Iterable[Piece], errors: str) -> Iterator[str]:
    """Decode text line by line, each with its end.

    Raises (on reading):
        EncodingError: invalid UTF-8, unless `errors` is "replace"; the message has the file and the line.
        InputError: a NUL byte; also what the pieces themselves raise.
    """
    held: list[bytes] = []
    number = 1
    for piece in pieces:
        held.append(piece.data)
        if not piece.final and b"\n" not in piece.data:
            continue  # a line that goes on and on is joined once
        lines = b"".join(held).split(b"\n")
        held = [lines.pop()]
        for line in lines:
            yield _decoded(line, errors, piece.name, number) + "\n"
            number += 1
        if piece.final and held[0]:
            yield _decoded(held[0], errors, piece.name, number)
        held = [] if piece.final else held


def _decoded(line: bytes, errors: str, name: str, number: int) -> str:
    if b"\x00" in line:
        raise InputError(
            f"{name}, line {number:,}: a NUL byte: this is a binary file",
            "Give text files, or name the format of a table with format= (--format).",
        )
    try:
        text = line.decode("utf-8", errors)
    except UnicodeDecodeError as error:
        raise EncodingError(
            f"{name}, line {number:,}: invalid UTF-8 at byte {error.start + 1:,} of the line",
            "Convert the file to UTF-8, or use errors='replace' (--errors replace).",
        ) from None
    return text.removeprefix(_MARK) if number == 1 else text
