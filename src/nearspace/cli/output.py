"""How results are printed: tables on a terminal, tab-separated lines in a pipe, JSON when asked."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

import click

from nearspace.results import Hit, Measure, Neighbors, Report
from nearspace.space import Recipe, Space
from nearspace.store.snapshot import Snapshot

if TYPE_CHECKING:
    from rich.table import Table

    from nearspace.search.because import Because
    from nearspace.search.compare import OddOneOut
    from nearspace.search.inventory import HeldIndex

Cell = str | int | float | None
_LONGEST = 80  # characters of a cell on a terminal


class Done(Protocol):
    """What a change gives back: its figures, with "seconds" among them."""

    def to_json(self) -> dict[str, Any]:
        """Give a JSON-able dict."""


def print_json(value: Any) -> None:
    """Print one JSON value on one line; NaN and infinity, which JSON has not, become null."""
    click.echo(json.dumps(_jsonable(value), ensure_ascii=False, allow_nan=False, default=str))


def print_neighbors(found: Neighbors, *, as_json: bool) -> None:
    """Print the hits of every query: one JSON object, or one table, a query."""
    if as_json:
        for answer in found.to_json():
            print_json(answer)
        return
    header = ["query", "key", "score", *found.columns]
    if sys.stdout.isatty():
        for query, hits in found:
            print_table(query, header[1:], [_cells(hit) for hit in hits])
    else:
        print_table("", header, [[query, *_cells(hit)] for query, hits in found for hit in hits])


def print_similarity(a: str, b: str, score: float, *, as_json: bool) -> None:
    """Print how similar two items are."""
    if as_json:
        print_json({"query": [a, b], "score": round(score, 6)})
    else:
        print_table("", ["a", "b", "score"], [[a, b, score]])


def print_odd_one_out(found: OddOneOut, *, as_json: bool) -> None:
    """Print how well each key fits, worst first."""
    if as_json:
        print_json({"query": list(found.keys), **found.to_json()})
    else:
        rows = sorted(zip(found.keys, found.scores, strict=True), key=lambda row: row[1])
        print_table(f"does not match: {found.key}", ["key", "score"], rows)


def print_because(found: Because, *, as_json: bool) -> None:
    """Print what the events of a user add to the score of an item."""
    if as_json:
        print_json(found.to_json())
        return
    rows: list[list[Cell]] = [
        [event.key, event.weight, event.contribution, event.share] for event in found.events
    ]
    title = f"{found.item} for {found.user}: score {found.score:.3f} by {found.count:,} events"
    print_table(title, ["key", "weight", "contribution", "share"], rows)


def print_report(report: Report, *, as_json: bool) -> None:
    """Print measures with interval, baselines, n and coverage."""
    if as_json:
        print_json(report.to_json())
        return
    header = ["measure", "value", "low", "high", "baseline", "n", "coverage"]
    print_table(report.space, header, [measure_cells(measure) for measure in report])


def print_done(space: str, done: Done, *, as_json: bool) -> None:
    """Print what a change to a Space did."""
    values = done.to_json()
    print_answer({"space": space, **values, "seconds": round(values["seconds"], 3)}, as_json=as_json)


def print_answer(values: Mapping[str, Any], *, as_json: bool) -> None:
    """Print one record: a JSON object, or its names and values, one pair a line."""
    if as_json:
        print_json(values)
        return
    width = max(map(len, values), default=0)
    for name, value in values.items():
        if isinstance(value, list | tuple):
            value = ", ".join(map(str, value))
        value = "none" if value in (None, "") else value
        if sys.stdout.isatty():
            click.echo(f"{click.style(name.ljust(width), bold=True)}  {_human(value)}")
        else:
            click.echo(f"{name}\t{_plain(str(value))}")


def print_info(path: str, space: Space, indexes: Sequence[HeldIndex], size: int, *, as_json: bool) -> None:
    """Print the size, the parts, the indexes and the recipe of a Space."""
    values = {
        "space": path,
        "count": len(space),
        "dim": space.dim,
        "metric": space.metric,
        "columns": list(space.columns),
        "encoder": space.encoder.kind if space.encoder else None,
        "content": space.content,
        "version": space.origin.version.number if isinstance(space.origin, Snapshot) else None,
        "indexes": [index.to_json() for index in indexes],
        "bytes": size,
        "recipe": space.recipe.to_json(),
    }
    if not as_json:
        values.pop("recipe")
        values["indexes"] = [
            f"{index.kind} of column {index.column!r}: {index.rows:,} of {len(space):,} rows"
            for index in indexes
        ]
        for number, recipe in enumerate((*space.recipe.history, space.recipe), start=1):
            values.update(_recipe_lines(recipe, f"step {number} " if space.recipe.history else ""))
    print_answer(values, as_json=as_json)


def print_table(title: str, header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> None:
    """Print rows: with title and header on a terminal, else tab-separated and without them."""
    if not sys.stdout.isatty():
        for row in rows:
            click.echo("\t".join(_plain(cell) for cell in row))
        return
    from rich.console import Console

    Console().print(make_table(title, header, rows))


def make_table(title: str, header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> Table:
    """Lay rows out for a terminal: numbers to the right, thousands apart, scores with three decimals."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    filled = [list(row) for row in rows]
    heading = Text(printable(title), style="bold") if title else None
    table = Table(title=heading, title_justify="left", box=box.SIMPLE_HEAD)
    for column, name in enumerate(header):
        numeric = all(isinstance(row[column], int | float) for row in filled)
        table.add_column(Text(name), justify="right" if numeric else "left")
    for row in filled:
        table.add_row(*(Text(_human(cell)) for cell in row))
    return table


def printable(text: str) -> str:
    """Escape what would steer a terminal; keys may come from anybody's file."""
    return "".join(sign if sign.isprintable() else ascii(sign)[1:-1] for sign in text)


def _jsonable(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {name: _jsonable(part) for name, part in value.items()}
    return [_jsonable(part) for part in value] if isinstance(value, list | tuple) else value


def _cells(hit: Hit) -> list[Cell]:
    """Give key, score and metadata; of a searched text the piece that matched."""
    shown = dict(hit.columns)
    if hit.match is not None and hit.match.column in shown:
        shown[hit.match.column] = hit.match.snippet
    return [hit.key, hit.score, *shown.values()]


def measure_cells(measure: Measure) -> list[Cell]:
    """Give name, value, both ends of the interval, baselines, n and coverage."""
    baseline = ", ".join(f"{name} {value:.3f}" for name, value in measure.baseline.items())
    return [measure.name, measure.value, measure.low, measure.high, baseline, measure.n, measure.coverage]


def _recipe_lines(recipe: Recipe, step: str) -> dict[str, Cell]:
    settings = " ".join(f"{name}={value}" for name, value in recipe.settings.items())
    versions = " ".join(f"{name}={value}" for name, value in recipe.versions.items())
    return {
        f"{step}learner": recipe.learner,
        f"{step}settings": settings,
        f"{step}seed": "none" if recipe.seed is None else str(recipe.seed),
        f"{step}data": recipe.data or "unknown",
        f"{step}versions": versions,
        f"{step}seconds": round(recipe.seconds, 1),
    }


def _plain(cell: Cell) -> str:
    """One cell of a tab-separated line, where no cell may hold a tab or a line end; empty for no value."""
    if cell is None:
        return ""
    if isinstance(cell, float):
        return f"{cell:.6f}"
    return str(cell).replace("\t", "\\t").replace("\n", "\\n").replace("\r", "\\r")


def _human(cell: Cell) -> str:
    if cell is None:
        return ""
    if isinstance(cell, float):
        return f"{cell:.3f}"
    if isinstance(cell, int) and not isinstance(cell, bool):
        return f"{cell:,}"
    text = printable(str(cell))
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
