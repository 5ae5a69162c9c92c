"""`nearspace senses`: the senses of a Space of words in context."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

import click

from nearspace.cli.options import json_option, k_option, refuse_given, space_argument
from nearspace.cli.output import Cell, print_json, print_neighbors, print_table
from nearspace.search.nearest import nearest
from nearspace.search.senses import Placement, Sense, sense_of, senses
from nearspace.space import Space
from nearspace.store.folder import open_space


@click.command(
    "senses",
    epilog="""\b
Examples:
  nearspace senses bank.space
  nearspace senses bank.space --word bank --json
  nearspace senses bank.space --of "They moored the boat at the bank."
  nearspace senses bank.space --near bank/2 -k 5
""",
)
@space_argument
@click.option("--word", help="Only of this word.")
@click.option(
    "--of", "sentence", metavar="SENTENCE", help="Which sense has the word here? [[ ]] may mark it."
)
@click.option("--near", metavar="SENSE", help="Show the occurrences nearest to the centre of a sense.")
@k_option
@json_option
def senses_command(
    space: str, word: str | None, sentence: str | None, near: str | None, k: int, as_json: bool
) -> None:
    """Show the senses of words, or that of a word in a sentence.

    SPACE is made by learn contexts. A sense is a hypothesis: its silhouette tells how far it stands
    apart from the others, its stability how surely it comes again in half of the occurrences.
    """
    if near is None:
        refuse_given("k", because="without --near")
    opened = open_space(space)
    if sentence is not None:
        _print(["sense", "name", "score", "share"], sense_of(opened, sentence, word), as_json)
    elif near is not None:
        centre = senses(opened)[near].centre
        print_neighbors(replace(nearest(opened, centre, k=k), queries=(near,)), as_json=as_json)
    else:
        _print_senses(opened, word, as_json)


def _print_senses(space: Space, word: str | None, as_json: bool) -> None:
    header = ["sense", "name", "count", "share", "silhouette", "stability", "typical"]
    _print(header, senses(space, word), as_json)


def _print(header: Sequence[str], found: Iterable[Sense | Placement], as_json: bool) -> None:
    rows = [one.to_json() for one in found]
    if as_json:
        for row in rows:
            print_json(row)
        return
    print_table("", header, [[_cell(row[name]) for name in header] for row in rows])


def _cell(value: Any) -> Cell:
    """Give a value as it is, of several the first."""
    cell: Cell = value[0] if isinstance(value, list) else value
    return cell
