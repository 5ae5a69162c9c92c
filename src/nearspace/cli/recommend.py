"""`nearspace recommend`, `similar` and `because`: asking a Space of users and items."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import click

from nearspace.cli.options import (
    batches,
    json_option,
    k_option,
    overwrite_option,
    quiet_option,
    read_terms,
    space_argument,
    version_option,
    where_option,
    workers_option,
)
from nearspace.cli.output import print_answer, print_because, print_neighbors
from nearspace.cli.progress import progress_for
from nearspace.search.because import because
from nearspace.search.recommend import recommend
from nearspace.search.recommend_all import recommend_all
from nearspace.search.similar import similar
from nearspace.store.folder import open_space

like_option = click.option(
    "--like",
    "liked",
    multiple=True,
    metavar="KEY",
    help="In place of a user: an item that a new user likes (repeatable).",
)


@click.command(
    "recommend",
    epilog="""\b
Examples:
  nearspace recommend films.space 4711
  nearspace recommend films.space 4711 4712 -k 5 --where "year >= 2000" --json
  nearspace recommend films.space --like "Alien" --like "Blade Runner" --diversity 0.3
  cut -f1 users.tsv | nearspace recommend films.space -
  nearspace recommend films.space --all -k 20 -o for-all.parquet
""",
)
@space_argument
@click.argument("users", nargs=-1)
@like_option
@k_option
@where_option
@click.option("--seen", is_flag=True, help="Also what the user has chosen already.")
@click.option(
    "--diversity",
    type=click.FloatRange(0, 1),
    default=0.0,
    show_default=True,
    help="From 0, by score alone, to 1, by difference alone.",
)
@click.option("--skip-unknown", is_flag=True, help="Leave out liked items that were not learned.")
@click.option("--all", "everybody", is_flag=True, help="All users; needs --output.")
@click.option("-o", "--output", metavar="FILE", help="Write a table: .parquet, .csv, .tsv, .jsonl or .arrow.")
@version_option
@workers_option
@overwrite_option
@json_option
@quiet_option
def recommend_command(
    space: str,
    users: tuple[str, ...],
    liked: tuple[str, ...],
    k: int,
    where: str | None,
    seen: bool,
    diversity: float,
    skip_unknown: bool,
    everybody: bool,
    output: str | None,
    version: int | None,
    workers: int | None,
    overwrite: bool,
    as_json: bool,
    quiet: bool,
) -> None:
    """Recommend items to users.

    USERS are named as in the table that SPACE was learned from; "-" reads them from stdin, one a line. What
    they have chosen already is left out. With --output a table of user, rank, item and score is written, in
    bounded memory for any number of users.
    """
    _check(users, liked, everybody, output)
    opened = open_space(space, version=version)
    shared: dict[str, Any] = {"k": k, "where": where, "seen": seen, "diversity": diversity}
    shared["workers"] = workers
    if output is not None:
        named = None if everybody else list(read_terms(users))
        shared |= {"overwrite": overwrite, "progress": progress_for(quiet)}
        print_answer(recommend_all(opened, output, users=named, **shared).to_json(), as_json=as_json)
        return
    for asked in _asked(users, liked, skip_unknown):
        print_neighbors(recommend(opened, **asked, **shared), as_json=as_json)


def _asked(users: tuple[str, ...], liked: tuple[str, ...], skip_unknown: bool) -> Iterator[dict[str, Any]]:
    """Give who is asked for, as `recommend` takes it: new users at once, others in batches."""
    if liked:
        yield {"liked": list(liked), "unknown": "skip" if skip_unknown else "error"}
    for batch in batches(read_terms(users)):
        yield {"users": batch}


def _check(users: tuple[str, ...], liked: tuple[str, ...], everybody: bool, output: str | None) -> None:
    if bool(users) + bool(liked) + everybody != 1:
        raise click.UsageError("Give USERS, or --like, or --all.")
    if everybody and output is None:
        raise click.UsageError("--all needs --output FILE.")
    if liked and output is not None:
        raise click.UsageError("--output takes USERS or --all, not --like.")


@click.command(
    "similar",
    epilog="""\b
Examples:
  nearspace similar films.space "Alien"
  nearspace similar films.space "Alien" user:4711 -k 5 --where "year >= 2000" --json
""",
)
@space_argument
@click.argument("keys", nargs=-1, required=True)
@k_option
@where_option
@version_option
@json_option
def similar_command(
    space: str, keys: tuple[str, ...], k: int, where: str | None, version: int | None, as_json: bool
) -> None:
    """Show items like items, and users like users.

    KEYS are those of rows: items by their names, users as user:NAME; "-" reads them from stdin, one a line.
    The score is the cosine.
    """
    opened = open_space(space, version=version)
    for batch in batches(read_terms(keys)):
        print_neighbors(similar(opened, batch, k=k, where=where), as_json=as_json)


@click.command(
    "because",
    epilog="""\b
Examples:
  nearspace because films.space 4711 "Aliens"
  nearspace because films.space --like "Alien" --like "Blade Runner" "Aliens" --json
""",
)
@space_argument
@click.argument("names", nargs=-1, required=True, metavar="USER ITEM")
@like_option
@k_option
@version_option
@json_option
def because_command(
    space: str, names: tuple[str, ...], liked: tuple[str, ...], k: int, version: int | None, as_json: bool
) -> None:
    """Show which of a user's own events carry a recommendation.

    What the events add sums up to the score. With --like in place of USER it is told for a new user.
    """
    if len(names) != (1 if liked else 2):
        raise click.UsageError("Give USER and ITEM, or --like and ITEM.")
    user = None if liked else names[0]
    found = because(open_space(space, version=version), user, names[-1], liked=list(liked) or None, k=k)
    print_because(found, as_json=as_json)
