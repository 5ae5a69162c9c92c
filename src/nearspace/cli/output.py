"""How results are printed: tables on a terminal, tab-separated lines in a pipe, JSON when asked."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import click

Cell = str | int | float


def print_json(value: Any) -> None:
    """Print one JSON value on one line."""
    click.echo(json.dumps(value, ensure_ascii=False, allow_nan=False))


def print_table(title: str, header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> None:
    """Print rows: with title and header on a terminal, else tab-separated and without them."""
    if not sys.stdout.isatty():
        for row in rows:
            click.echo("\t".join(_plain(cell) for cell in row))
        return
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(title=Text(title) if title else None, title_justify="left", box=box.SIMPLE_HEAD)
    filled = [list(row) for row in rows]
    for column, name in enumerate(header):
        numeric = all(isinstance(row[column], int | float) for row in filled)
        table.add_column(Text(name), justify="right" if numeric else "left")
    for row in filled:
        table.add_row(*(Text(_human(cell)) for cell in row))
    Console().print(table)


def print_record(values: Mapping[str, Cell]) -> None:
    """Print names and values, one pair a line."""
    if not sys.stdout.isatty():
        for name, value in values.items():
            click.echo(f"{name}\t{_plain(value)}")
        return
    width = max(map(len, values), default=0)
    for name, value in values.items():
        click.echo(f"{click.style(name.ljust(width), bold=True)}  {_human(value)}")


def _plain(cell: Cell) -> str:
    text = f"{cell:.6f}" if isinstance(cell, float) else str(cell)
    return (
        text.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n")
        if "\t" in text or "\n" in text
        else text
    )


def _human(cell: Cell) -> str:
    if isinstance(cell, float):
        return f"{cell:.4f}"
    return f"{cell:,}" if isinstance(cell, int) else cell
