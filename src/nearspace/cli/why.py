"""`nearspace why`: what the tokens of two texts add to their score."""

from __future__ import annotations

import sys

import click

from nearspace.cli.options import json_option, space_argument
from nearspace.cli.output import print_json, print_table
from nearspace.search.why import Side, Why, why
from nearspace.store.folder import open_space

_STEPS = ((0.5, "bold reverse"), (0.2, "bold underline"), (0.05, "underline"))  # share of the score, style


@click.command(
    "why",
    epilog="""\b
Examples:
  nearspace why news.space "storm at sea" n17
  nearspace why news.space "storm at sea" n17 --content body --json
""",
)
@space_argument
@click.argument("query")
@click.argument("key")
@click.option("--content", metavar="COLUMN", help='Column of the texts; without it "text", or the key.')
@json_option
def why_command(space: str, query: str, key: str, content: str | None, as_json: bool) -> None:
    """Show what each token adds to a score.

    The vectors of the Space must be sums over tokens; the parts then add up to the score.
    """
    found = why(open_space(space), query, key, content=content)
    if as_json:
        print_json(found.to_json())
    elif sys.stdout.isatty():
        _print_marked(found)
    else:
        header = ["side", "token", "start", "end", "share"]
        print_table("", header, [*_rows("query", found.query), *_rows("hit", found.hit)])


def _rows(name: str, side: Side) -> list[list[str | int | float | None]]:
    spans = zip(side.pieces, side.spans.tolist(), side.shares.tolist(), strict=True)
    return [[name, piece, start, end, share] for piece, (start, end), share in spans]


def _print_marked(found: Why) -> None:
    from rich.console import Console
    from rich.text import Text

    console = Console(highlight=False)
    for side in (found.query, found.hit):
        text = Text(side.text)
        for (start, end), share in zip(side.spans.tolist(), side.shares.tolist(), strict=True):
            part = share / found.score if found.score > 0 else 0.0
            style = next((style for least, style in _STEPS if part >= least), None)
            if style:
                text.stylize(style, start, end)
        console.print(text)
    console.print(f"score {found.score:.4f}; marked: 5, 20, 50 % of it or more")
