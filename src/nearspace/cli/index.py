"""`nearspace index`: what makes searches in a saved Space faster, and finds words in its texts."""

from __future__ import annotations

from typing import Any

import click

from nearspace.cli.options import json_option, quiet_option, space_argument, wait_option, workers_option
from nearspace.cli.output import print_done
from nearspace.cli.progress import progress_for
from nearspace.index.graph import QUANTIZE, Graph
from nearspace.search.indexing import KINDS, build_index
from nearspace.store.text_index import index_text


@click.command(
    "index",
    epilog="""\b
Examples:
  nearspace index news.space
  nearspace index news.space --kind graph --quantize none
  nearspace index news.space --text title
""",
)
@space_argument
@click.option(
    "--kind", type=click.Choice(KINDS), default="auto", show_default=True, help="Of the index of vectors."
)
@click.option("--quantize", type=click.Choice(QUANTIZE), help="Codes of one byte that a graph walks over.")
@click.option("--text", metavar="COLUMN", help="Index the words of this column instead.")
@click.option("--if-stale", is_flag=True, help="Only if it is missing, or lacks too many rows.")
@workers_option
@wait_option
@json_option
@quiet_option
def index_command(
    space: str,
    kind: str,
    quantize: str | None,
    text: str | None,
    if_stale: bool,
    workers: int | None,
    wait: float,
    as_json: bool,
    quiet: bool,
) -> None:
    """Build the index of a Space anew.

    auto builds a graph if the SPACE is large enough for it to pay, and says what it chose; exact removes
    the graph. Rows that come later are found all the same, and those that go are not. With --text, the
    words of a column are indexed, for search --text and --hybrid.
    """
    settings = _graph(kind, quantize)
    shared: dict[str, Any] = {"wait": wait, "progress": progress_for(quiet)}
    if text is None:
        built = build_index(space, kind=kind, settings=settings, if_stale=if_stale, workers=workers, **shared)
        print_done(space, built, as_json=as_json)
    elif settings is not None or if_stale or kind != "auto":
        raise click.UsageError("--text stands alone: an index of words has no kind and is never stale.")
    else:
        print_done(space, index_text(space, text, **shared), as_json=as_json)


def _graph(kind: str, quantize: str | None) -> Graph | None:
    """Give the settings of a graph, if there are any."""
    if quantize and kind not in ("auto", "graph"):
        raise click.UsageError(f"--quantize is for a graph, and --kind is {kind}.")
    return Graph(quantize=quantize) if quantize else None
