"""The fields of one line of text: what is a number, where the key ends."""

from __future__ import annotations

import re

NUMBER = re.compile(rb"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\Z|[+-]?(nan|inf|infinity)\Z", re.IGNORECASE)
HEADER = re.compile(rb"(?:\xef\xbb\xbf)?(\d+)[ \t]+(\d+)[ \t]*\r?\Z")


def trailing_numbers(line: bytes) -> int:
    """Count the numbers at the end of a line that follow its key."""
    fields = fields_of(line)
    count = 0
    while count < len(fields) - 1 and NUMBER.match(fields[-1 - count]):
        count += 1
    return count


def fields_of(line: bytes) -> list[bytes]:
    """Cut a line at spaces and tabs; an empty key stays as an empty first field."""
    plain = line.rstrip(b" \t\r").replace(b"\t", b" ")
    first, *rest = plain.split(b" ")
    return [first, *(field for field in rest if field)]


def end_of_key(line: bytes, dim: int) -> int:
    """Where the part of a line before its last `dim` fields ends."""
    plain = line.rstrip(b" \t\r").replace(b"\t", b" ")
    for _ in range(dim):
        plain = plain[: max(plain.rfind(b" "), 0)].rstrip(b" ")
    return len(plain)


def shown(content: bytes) -> str:
    """Show the beginning of some text in a message."""
    text = content[:40].decode("utf-8", "backslashreplace")
    return repr(text + ("..." if len(content) > 40 else ""))
