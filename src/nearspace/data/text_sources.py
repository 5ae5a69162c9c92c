"""Every source of text as pieces of bytes: paths, standard input, strings, token lists, own tokenizers."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nearspace.data.text_files import PIECE, Piece, file_pieces, find_files, standard_input
from nearspace.errors import EncodingError, InputError
from nearspace.kernels.tokens import LINE_END, TOKEN_END
from nearspace.protocols import Progress

Source = str | Path | Iterable[str] | Iterable[Sequence[str]] | Iterable[Path]
Tokenizer = Callable[[str], Iterable[str]]

_TOKEN_END, _LINE_END = chr(TOKEN_END), chr(LINE_END)
TAGS = ("<doc ", "<doc>", "</doc>")


@dataclass(frozen=True)
class Opened:
    """A source that is ready to be read once.

    Attributes:
        name: what it is, for messages.
        pieces: its bytes.
        total: its size in bytes, or None if unknown.
    """

    name: str
    pieces: Iterator[Piece]
    total: int | None


def open_source(source: Source, tokenizer: Tokenizer | None, errors: str, progress: Progress) -> Opened:
    """Tell what `source` is and open it.

    A string is a path, "-" the standard input. Of an iterable the first item decides: paths, strings (each a
    line or a document), or lists or tuples of ready-made tokens, which no tokenizer touches.

    Raises:
        InputError: it is none of these, or an item is not what the first one was; the message has its number.
    """
    if isinstance(source, str | Path):
        return _open_paths([source], tokenizer, errors, progress)
    if isinstance(source, bytes) or not isinstance(source, Iterable):
        raise InputError(
            f"a corpus cannot be read from {type(source).__name__}",
            "Give a path, or an iterable of strings or of token lists.",
        )
    items = iter(source)
    first = next(items, None)
    if first is None:
        return Opened("the iterable", iter(()), None)
    everything: Iterator[Any] = itertools.chain([first], items)
    if isinstance(first, Path):
        paths = list(everything)
        for number, path in enumerate(paths):
            if not isinstance(path, Path):
                raise _wrong_type(number, path, "a Path")
        return _open_paths(paths, tokenizer, errors, progress)
    if isinstance(first, list | tuple):
        return Opened("the iterable", _token_pieces(everything, errors), None)
    _refuse_file_names(source)
    if tokenizer is None:
        return Opened("the iterable", _string_pieces(everything, errors), None)
    return Opened("the iterable", _token_pieces(_split(_strings(everything), tokenizer), errors), None)


def _open_paths(
    paths: Sequence[str | Path], tokenizer: Tokenizer | None, errors: str, progress: Progress
) -> Opened:
    if list(map(str, paths)) == ["-"]:
        name, pieces, total = "standard input", standard_input(), None
    else:
        files = find_files([Path(path) for path in paths], progress)
        name = str(paths[0]) if len(paths) == 1 else f"{len(paths)} paths"
        pieces = itertools.chain.from_iterable(map(file_pieces, files))
        total = sum(file.stat().st_size for file in files)
    if tokenizer is not None:
        pieces = _token_pieces(_split(lines_of(pieces, errors), tokenizer), errors)
    return Opened(name, pieces, total)


def _refuse_file_names(source: Any) -> None:
    few = source[:3] if isinstance(source, list | tuple) else ()
    if few and all(isinstance(item, str) and _is_file(item) for item in few):
        raise InputError(
            f"the strings are names of files ({few[0]!r}), but strings in a list are text",
            "To read the files, give pathlib.Path objects.",
        )


def _is_file(name: str) -> bool:
    try:
        return Path(name).is_file()
    except OSError:  # no file can have so long a name
        return False


def _wrong_type(number: int, item: object, expected: str) -> InputError:
    hint = "Decode it first." if isinstance(item, bytes) else "All items must be of one kind."
    return InputError(f"item {number:,} of the corpus is {type(item).__name__}, not {expected}", hint)


def _strings(items: Iterable[Any]) -> Iterator[str]:
    for number, item in enumerate(items):
        if not isinstance(item, str):
            raise _wrong_type(number, item, "a string")
        yield from item.replace("\r", "\n").split("\n")


def _string_pieces(items: Iterable[Any], errors: str) -> Iterator[Piece]:
    batch: list[str] = []
    size = first = 0
    for number, item in enumerate(items):
        if not isinstance(item, str):
            raise _wrong_type(number, item, "a string")
        batch.append(item)
        size += len(item)
        if size >= PIECE:
            yield _joined(batch, first, errors)
            batch, size, first = [], 0, number + 1
    if batch:
        yield _joined(batch, first, errors)


def _joined(batch: list[str], first: int, errors: str) -> Piece:
    try:  # one by one: a single wide character would make all of a joined string wide
        data = b"\n".join([item.encode("utf-8", errors) for item in batch])
    except UnicodeEncodeError as error:
        raise _surrogate(error, first + batch.index(error.object)) from error
    if b"\x00" in data:
        number = next(number for number, item in enumerate(batch) if "\x00" in item)
        raise InputError(
            f"item {first + number:,} of the corpus has a NUL character: it is not text",
            "Leave such items out.",
        )
    return Piece(data, True, name="the iterable", progress=len(data))


def _surrogate(error: UnicodeEncodeError, number: int) -> EncodingError:
    return EncodingError(
        f"item {number:,} of the corpus has the lone surrogate {error.object[error.start]!r}, "
        "which is no character",
        "Mend it, or use errors='replace' (--errors=replace).",
    )


def _token_pieces(items: Iterable[Any], errors: str) -> Iterator[Piece]:
    parts: list[str] = []
    size = first = 0
    for number, item in enumerate(items):
        if not isinstance(item, list | tuple):
            raise _wrong_type(number, item, "a list of tokens")
        try:
            line = _TOKEN_END.join(item)
        except TypeError:
            at = next(at for at, token in enumerate(item) if not isinstance(token, str))
            raise InputError(
                f"token {at} of item {number:,} of the corpus is {type(item[at]).__name__}, not a string",
                "Tokens must be strings.",
            ) from None
        if line.count(_TOKEN_END) + 1 != max(len(item), 1) or _LINE_END in line:
            raise InputError(
                f"a token of item {number:,} of the corpus has a control character U+001E or U+001F",
                "Remove it: these two part tokens inside.",
            )
        parts.append(line)
        size += len(line) + 1
        if size >= PIECE:
            yield _tokens(parts, first, errors)
            parts, size, first = [], 0, number + 1
    if parts:
        yield _tokens(parts, first, errors)


def _tokens(lines: list[str], first: int, errors: str) -> Piece:
    try:
        data = _LINE_END.join([*lines, ""]).encode("utf-8", errors)
    except UnicodeEncodeError as error:
        number = error.object.count(_LINE_END, 0, error.start)
        raise _surrogate(error, first + number) from error
    return Piece(data, True, ready=True, name="the iterable", progress=len(data))


def _split(lines: Iterable[str], tokenizer: Tokenizer) -> Iterator[list[str]]:
    for line in lines:
        if not line or line.startswith(TAGS):
            continue
        tokens = tokenizer(line)
        if isinstance(tokens, str):
            raise InputError(
                f"the tokenizer gave the string {tokens[:40]!r}, not tokens", "Let it give a list of strings."
            )
        yield list(tokens)


def lines_of(pieces: Iterable[Piece], errors: str) -> Iterator[str]:
    """Decode text line by line, for those who want strings.

    Raises:
        EncodingError: a line is not UTF-8 and errors is "strict".
        InputError: there is a NUL byte.
    """
    held: list[bytes] = []
    begin = 0
    for piece in pieces:
        held.append(piece.data)
        if not (piece.final or b"\n" in piece.data or b"\r" in piece.data):
            continue  # a line that goes on and on is joined once
        lines = b"".join(held).splitlines(keepends=True)
        held = [lines.pop()] if lines and not piece.final else []
        for line in lines:
            try:
                text = line.decode("utf-8", errors)
            except UnicodeDecodeError as error:
                raise EncodingError(
                    f"{piece.name}: invalid UTF-8 at byte offset {begin + error.start:,}",
                    "Convert the file to UTF-8, or use errors='replace' (--errors=replace).",
                ) from error
            if "\x00" in text:
                raise InputError(
                    f"{piece.name}: NUL byte at offset {begin + line.index(0):,}: this is a binary file",
                    "Give text files.",
                )
            yield text.rstrip("\r\n")
            begin += len(line)
        begin = 0 if piece.final else begin
