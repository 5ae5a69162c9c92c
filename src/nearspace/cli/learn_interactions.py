"""`nearspace learn interactions`: a Space of items and users from what users chose."""

from __future__ import annotations

import time
from typing import Any

import click

from nearspace.cli.interaction_options import interaction_options, interactions_of
from nearspace.cli.options import (
    json_option,
    overwrite_option,
    quiet_option,
    seed_option,
    workers_option,
)
from nearspace.cli.output import print_answer
from nearspace.cli.progress import progress_for
from nearspace.cli.targets import check_space
from nearspace.learners.interactions import METHODS, history_of
from nearspace.learners.interactions import interactions as learn
from nearspace.space import Space
from nearspace.store.folder import open_space, save


@click.command(
    "interactions",
    epilog="""\b
Examples:
  nearspace learn interactions events.csv -o shop.space
  nearspace learn interactions ratings.dat -o films.space --rating rating --min-rating 4 --time time
  nearspace learn interactions log.parquet -o shop.space --item sku --items goods.csv --item-key sku
  nearspace learn interactions today.csv -o newer.space --continue-from shop.space
""",
)
@click.argument("table")
@click.option("-o", "--output", required=True, metavar="OUT.space", help="Folder of the new Space.")
@click.option("--method", type=click.Choice(list(METHODS)), default="als", show_default=True, help="Learner.")
@click.option("--dim", type=int, help="Components of a vector.  [default: that of the method]")
@click.option("--sweeps", type=int, help="als: passes over users and items.")
@click.option("--epochs", type=int, help="bpr, item2vec: passes over the events.")
@click.option("--reg", type=float, help="als, bpr: strength of the regularisation.")
@click.option("--unobserved", type=float, help="als: weight of the pairs that are no events.")
@click.option("--items", metavar="TABLE", help="What is known of the items: title, year, genre.")
@click.option("--item-key", default="item", show_default=True, metavar="COLUMN", help="Its column of ids.")
@click.option(
    "--item-meta", multiple=True, metavar="COLUMN", help="Keep this of it (repeatable).  [default: all]"
)
@click.option("--continue-from", metavar="SPACE", help="TABLE has new events of this Space's users.")
@interaction_options
@seed_option
@workers_option
@overwrite_option
@json_option
@quiet_option
def interactions_command(
    table: str,
    output: str,
    continue_from: str | None,
    item_meta: tuple[str, ...],
    overwrite: bool,
    as_json: bool,
    quiet: bool,
    **settings: Any,
) -> None:
    """Learn a Space of items and users from what users chose.

    TABLE has a row an event: user, item, and what is known of it. It is a .csv, .tsv, .jsonl, .parquet or
    .arrow file, MovieLens' ratings.dat or u.data, RecBole's .inter, or "-" for stdin. Items keep their ids as
    keys, users become user:ID. The same events, settings and seed give the same bytes for any number of
    workers.
    """
    began = time.monotonic()
    target = check_space(output, overwrite=overwrite)
    progress = progress_for(quiet)
    start = None if continue_from is None else open_space(continue_from)
    events = interactions_of(table, settings, progress)
    given = {name: value for name, value in settings.items() if value is not None}
    if start is not None:
        given.pop("seed", None)
    space = learn(events, start=start, item_meta=item_meta or None, progress=progress, **given)
    save(space, target, overwrite=overwrite)
    print_answer(_summary(output, space, len(events), time.monotonic() - began), as_json=as_json)


def _summary(path: str, space: Space, events: int, seconds: float) -> dict[str, Any]:
    """Give what was made, and how many pairs of the table were read and learned a second."""
    history = history_of(space)
    return {
        "space": path,
        "count": len(space),
        "dim": space.dim,
        "items": len(history.items),
        "users": len(history.users),
        "pairs": len(history),
        "seconds": round(seconds, 3),
        "items_per_second": round(events / max(seconds, 1e-9)),
    }
