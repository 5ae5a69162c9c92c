"""`nearspace measure`: how good a Space is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from nearspace.cli.fit_head import table_key_option, text_option
from nearspace.cli.options import (
    json_option,
    method_option,
    quiet_option,
    seed_option,
    space_argument,
    version_option,
    where_option,
)
from nearspace.cli.output import print_report
from nearspace.cli.progress import progress_for
from nearspace.cli.queries import read_queries
from nearspace.cli.rows import read_items
from nearspace.evaluation import verb
from nearspace.maps.parquet import find_map, open_map
from nearspace.results import Report
from nearspace.search.indexes import KINDS
from nearspace.space import Space
from nearspace.store.folder import open_space
from nearspace.store.reports import keep_report


@click.command(
    "measure",
    epilog="""\b
Examples:
  nearspace measure wiki.space
  nearspace measure wiki.space --save
  nearspace measure wiki.space --words wordsim353 --words my-pairs.tsv
  nearspace measure wiki.space --analogies questions-words.txt --restrict 0 --json
  nearspace measure news.space --index auto --queries asked.txt -k 10
  nearspace measure wiki.space --map map.parquet --labels topic
  nearspace measure news.space --head topic --labelled test.csv
  nearspace measure bank.space --word-in-context contexts60
""",
)
@space_argument
@click.option("--words", multiple=True, metavar="FILE", help="Word pairs with similarities (repeatable).")
@click.option("--analogies", multiple=True, metavar="FILE", help="Analogy questions (repeatable).")
@click.option("--categories", multiple=True, metavar="FILE", help="Words with categories (repeatable).")
@click.option("--outliers", multiple=True, metavar="FILE", help="Groups with outliers (repeatable).")
@click.option(
    "--restrict",
    type=click.IntRange(min=0),
    metavar="N",
    default=30_000,
    show_default=True,
    help="Ask analogies among the first N rows; 0: among all.",
)
@method_option
@click.option("--oov", is_flag=True, help="Let the encoder place words that are no keys.")
@seed_option
@click.option(
    "--samples", type=int, default=1000, show_default=True, help="Bootstrap samples of an interval."
)
@click.option("--index", type=click.Choice(KINDS), help="Measure this index instead, against exact search.")
@click.option("--queries", metavar="FILE", help="Ask the index these, one a line, or vectors (.npy).")
@click.option("--map", "map_", metavar="NAME", help="Measure this map instead: a .parquet, or by its name.")
@click.option(
    "--word-in-context",
    "contexts",
    metavar="FILE",
    help="Measure words in context instead: pairs of sentences.",
)
@click.option("--head", metavar="NAME", help="Measure this head of the SPACE instead, on labelled rows.")
@click.option("--labelled", metavar="TABLE", help="Rows for --head.  [default: those of the SPACE]")
@text_option
@table_key_option
@click.option("--labels", metavar="COLUMN", help="Labels for --head, or that neighbours on the map vote for.")
@click.option(
    "-k", type=click.IntRange(min=1), default=10, show_default=True, help="Hits of the index, or neighbours."
)
@where_option
@version_option
@click.option("--save", "keep", is_flag=True, help="Keep the report with the SPACE, for its page.")
@json_option
@quiet_option
def measure_command(
    space: str,
    words: tuple[str, ...],
    analogies: tuple[str, ...],
    categories: tuple[str, ...],
    outliers: tuple[str, ...],
    restrict: int,
    method: str,
    oov: bool,
    seed: int,
    samples: int,
    index: str | None,
    queries: str | None,
    map_: str | None,
    head: str | None,
    labelled: str | None,
    text: str | None,
    key: str | None,
    contexts: str | None,
    labels: str | None,
    k: int,
    where: str | None,
    version: int | None,
    keep: bool,
    as_json: bool,
    quiet: bool,
) -> None:
    """Measure how good a Space is.

    Each FILE is the path of a test set in a public format, or the name of a packaged one: wordsim353,
    google, nouns100, groups25. With none named, the packaged sets are used. Every figure comes with
    its 95 % interval, its baselines, the number of cases and the share of them that could be judged.

    With --index: how many of the exact k nearest rows it finds, and how fast; asked with rows of the
    SPACE, or with your own queries, keys or texts.

    With --map: how well it keeps neighbours and distances, beside PCA and random coordinates.

    With --head: how often its labels are right, how far its probabilities can be believed, and how well it
    tells what is of none of them.

    With --word-in-context: whether words lie nearer where they have the same sense; FILE is contexts60,
    or of the format of WiC or SuperGLUE.
    """
    sets = {"similarity": words, "analogies": analogies, "categories": categories, "outliers": outliers}
    shared: dict[str, Any] = {"seed": seed, "samples": samples, "progress": progress_for(quiet)}
    others = {"--index": index, "--map": map_, "--head": head, "--word-in-context": contexts}
    _check(sets, others, {"--queries": queries, "--where": where}, (labelled, text, key), labels)
    opened = open_space(space, version=version)
    if index is not None:
        report = verb.index(opened, queries and read_queries(queries), kind=index, k=k, where=where, **shared)
    elif map_ is not None:
        report = verb.map(open_map(find_map(space, map_)), opened, k=k, labels=labels, **shared)
    elif head is not None:
        report = _of_head(opened, head, labels, labelled, text, key, **shared)
    else:
        report = _of_sets(opened, contexts, sets, restrict, method=method, oov=oov, **shared)
    _keep(report, space, others, keep)
    print_report(report, as_json=as_json)


def _keep(report: Report, space: str, others: dict[str, str | None], wanted: bool) -> None:
    if wanted:
        keep_report(space, _name(others), report)


def _of_sets(
    space: Space,
    contexts: str | None,
    sets: dict[str, tuple[str, ...]],
    restrict: int,
    *,
    method: str,
    oov: bool,
    **shared: Any,
) -> Report:
    if contexts is not None:
        return verb.word_in_context(space, contexts, **shared)
    chosen: dict[str, Any] = {name: files or None for name, files in sets.items()}
    return verb.words(space, **chosen, restrict=restrict or None, method=method, oov=oov, **shared)


def _of_head(
    space: Space,
    head: str,
    labels: str | None,
    labelled: str | None,
    text: str | None,
    key: str | None,
    **shared: Any,
) -> Report:
    rows = None if labelled is None else read_items(labelled, text or key, None)
    return verb.head(space, head, labels, rows, text=text, key=key, **shared)


def _check(
    sets: dict[str, tuple[str, ...]],
    others: dict[str, str | None],
    of_index: dict[str, str | None],
    of_head: tuple[str | None, ...],
    labels: str | None,
) -> None:
    """Refuse options that do not go together."""
    alone = [name for name, value in others.items() if value is not None]
    if len(alone) + any(sets.values()) > 1:
        raise click.UsageError(f"{alone[0]} stands alone: measure anything else with a second call.")
    if others["--index"] is None and any(value is not None for value in of_index.values()):
        raise click.UsageError(f"{' and '.join(of_index)} are for --index.")
    if others["--head"] is None and any(value is not None for value in of_head):
        raise click.UsageError("--labelled, --text and --key are for --head.")
    if others["--map"] is None and others["--head"] is None and labels is not None:
        raise click.UsageError("--labels is for --map and --head.")


def _name(others: dict[str, str | None]) -> str:
    """Give the name under which a report is kept."""
    for option in ("--index", "--head"):
        if others[option] is not None:
            return f"{option[2:]}-{others[option]}"
    if others["--word-in-context"] is not None:
        return "contexts"
    map_ = others["--map"]
    return "words" if map_ is None else f"map-{Path(map_).stem}"
