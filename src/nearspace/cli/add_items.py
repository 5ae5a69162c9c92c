"""`nearspace add-items`: items that nobody has chosen yet, placed by their texts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from nearspace.cli.options import (
    format_option,
    json_option,
    key_option,
    overwrite_option,
    quiet_option,
    seed_option,
    space_argument,
)
from nearspace.cli.output import print_answer
from nearspace.cli.progress import progress_for
from nearspace.cli.rows import read_rows
from nearspace.cli.targets import check_space
from nearspace.space import Space
from nearspace.store.changes import upsert
from nearspace.store.folder import open_space, save
from nearspace.transfer.adding import add_items, fit_newcomers, read_described, rows_after
from nearspace.transfer.newcomers import Newcomers
from nearspace.transfer.stored_newcomers import has_newcomers, open_newcomers, save_newcomers


@click.command(
    "add-items",
    epilog="""\b
Examples:
  nearspace add-items shop.space items.csv --key sku --text title --text tags
  nearspace add-items shop.space new.csv --key sku
  nearspace add-items shop.space items.parquet --key sku -o more.space
""",
)
@space_argument
@click.argument("items", metavar="ITEMS")
@key_option
@click.option(
    "--text", multiple=True, metavar="COLUMN", help="Texts or tags (repeatable).  [default: vector]"
)
@click.option("--encoder", metavar="MODEL", help="lsa, tfidf, a Space or a model.  [default: lsa]")
@click.option("-o", "--output", metavar="SPACE", help="Write a new Space.  [default: add to the SPACE]")
@seed_option
@format_option
@overwrite_option
@json_option
@quiet_option
def add_items_command(
    space: str,
    items: str,
    key: str,
    text: tuple[str, ...],
    encoder: str | None,
    output: str | None,
    seed: int,
    form: str | None,
    overwrite: bool,
    as_json: bool,
    quiet: bool,
) -> None:
    """Add items that nobody has chosen yet.

    ITEMS is a table of old items, which teach a bridge from texts to vectors, and of new ones, which it
    places. The bridge is kept with the Space: a later table needs only new items, and no --text.
    """
    target = None if output is None else check_space(output, overwrite=overwrite)
    opened, progress = open_space(space), progress_for(quiet)
    bridge = open_newcomers(space) if has_newcomers(space) and not text and encoder is None else None
    columns = text or (bridge.text if bridge is not None else ())
    table = read_described(read_rows(items, key, form=form), key, columns)
    if bridge is None:
        bridge = fit_newcomers(
            opened, table, text=columns, encoder=encoder or "lsa", seed=seed, progress=progress
        )
    more = add_items(opened, table, newcomers=bridge, progress=progress)
    _write(more, opened, bridge, target, space, overwrite)
    print_answer(_summary(more, opened, bridge, output or space, as_json), as_json=as_json)


def _write(
    more: Space, old: Space, bridge: Newcomers, target: Path | None, space: str, overwrite: bool
) -> None:
    """Write a new Space, or the new rows into the old one; the bridge goes with it."""
    if target is not None:
        save(more, target, overwrite=overwrite)
        save_newcomers(target, bridge, overwrite=True)
        return
    upsert(space, rows_after(more, len(old)), encoder=old.encoder, new_columns=True)
    save_newcomers(space, bridge, overwrite=True)


def _summary(more: Space, old: Space, bridge: Newcomers, path: str, as_json: bool) -> dict[str, Any]:
    """Say what was added, and what the bridge was worth on items that it had not seen."""
    summary: dict[str, Any] = {"space": path, "added": len(more) - len(old), "count": len(more)}
    if as_json:
        return {**summary, "held_out": dict(bridge.held_out)}
    for figure, values in bridge.held_out.items():
        interval = f"{values['low']:.3f} to {values['high']:.3f}, n {values['n']:,}"
        summary[f"held-out {figure.replace('_', ' ')}"] = f"{values['value']:.3f} [{interval}]"
    return summary
