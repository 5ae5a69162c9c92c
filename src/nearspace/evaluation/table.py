"""Tables of cells in text files: tabs, semicolons, commas or blanks; comments; an optional header."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite
from pathlib import Path

from nearspace.errors import InputError
from nearspace.evaluation.textfile import lines


@dataclass(frozen=True)
class Row:
    """The cells of a line and its number, from 1."""

    line: int
    cells: tuple[str, ...]


def rows(path: Path) -> list[Row]:
    """Read the rows of a file; empty lines and lines that begin with "#" are left out.

    The first row decides what separates cells: a tab, else a semicolon, else a comma, else blanks.

    Raises:
        InputError: nothing but comments; also what `textfile.lines` raises.
    """
    kept = [
        (number, line)
        for number, line in enumerate(lines(path), 1)
        if line.strip() and not line.lstrip().startswith("#")
    ]
    if not kept:
        raise InputError(f"{path} holds nothing but comments", "Name the file of the test set.")
    mark = next((mark for mark in "\t;," if mark in kept[0][1]), None)
    return [Row(number, _cells(line, mark)) for number, line in kept]


def _cells(line: str, mark: str | None) -> tuple[str, ...]:
    if mark is None:
        return tuple(line.split())
    if mark == "\t":
        return tuple(cell.strip() for cell in line.split("\t"))
    return tuple(cell.strip() for cell in next(csv.reader([line], delimiter=mark)))


def plain(name: str) -> str:
    """A column's name in lower case without blanks and underscores."""
    return "".join(name.lower().replace("_", "").split())


def column(header: Sequence[str], names: Sequence[str]) -> int | None:
    """Give the first column of `header` that is called one of `names`, in the order of `names`."""
    called = [plain(cell) for cell in header]
    return next((called.index(name) for name in names if name in called), None)


def number(cell: str) -> float | None:
    """Read a finite number, or None."""
    try:
        value = float(cell)
    except ValueError:
        return None
    return value if isfinite(value) else None


def malformed(path: Path, row: Row, expected: str) -> InputError:
    """The error for a line that is not what it should be."""
    shown = " | ".join(row.cells)
    shown = shown if len(shown) <= 60 else shown[:57] + "..."
    return InputError(
        f"{path}, line {row.line:,}: expected {expected}, got {len(row.cells)} columns: {shown}",
        "Correct the line, or begin it with '#' to leave it out.",
    )
