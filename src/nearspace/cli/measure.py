"""`nearspace measure`: how good a Space is."""

from __future__ import annotations

from typing import Any

import click

from nearspace.cli.fit_head import table_key_option, text_option
from nearspace.cli.measuring import check, kept_name, measured
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
from nearspace.evaluation.baselines import BASELINES
from nearspace.search.indexes import KINDS
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
  nearspace measure news.space --pairs stsb.csv
  nearspace measure news.space --retrieval questions.tsv
  nearspace measure films.space --ranking held-out.csv --user user --item film -k 20
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
@click.option("--map", metavar="NAME", help="Measure this map instead: a .parquet, or by its name.")
@click.option(
    "--word-in-context",
    metavar="FILE",
    help="Measure words in context instead: pairs of sentences.",
)
@click.option("--pairs", metavar="FILE", help="Measure pairs of texts with scores instead.")
@click.option("--retrieval", metavar="FILE", help="Measure questions with the keys of their answers instead.")
@click.option("--ranking", metavar="TABLE", help="Measure recommendations instead, on held-out events.")
@click.option("--user", default="user", show_default=True, metavar="COLUMN", help="Users of --ranking.")
@click.option("--item", default="item", show_default=True, metavar="COLUMN", help="Items of --ranking.")
@click.option("--known", metavar="TABLE", help="Earlier events, which place new users of --ranking.")
@click.option(
    "--baseline",
    multiple=True,
    type=click.Choice(list(BASELINES)),
    help="Beside --ranking (repeatable).  [default: popularity, item-knn]",
)
@click.option("--head", metavar="NAME", help="Measure this head of the SPACE instead, on labelled rows.")
@click.option("--labelled", metavar="TABLE", help="Rows for --head.  [default: those of the SPACE]")
@text_option
@table_key_option
@click.option("--labels", metavar="COLUMN", help="Labels for --head, or that neighbours on the map vote for.")
@click.option(
    "-k", type=click.IntRange(min=1), default=10, help="Hits, or neighbours.  [default: 10; of --ranking 20]"
)
@where_option
@version_option
@click.option("--save", "keep", is_flag=True, help="Keep the report with the SPACE, for its page.")
@json_option
@quiet_option
def measure_command(
    space: str,
    seed: int,
    samples: int,
    version: int | None,
    keep: bool,
    as_json: bool,
    quiet: bool,
    **asked: Any,
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

    With --pairs: how near texts are beside what people said; FILE has two texts and a score a row. With
    --retrieval: whether questions find their answers, beside BM25; FILE has query, key and perhaps grade,
    or is a folder as BEIR has them.

    With --ranking: how high users find what they chose after the training, among all items that they did not
    have, beside popularity and item-kNN; TABLE has a user and an item a row.

    With --word-in-context: whether words lie nearer where they have the same sense; FILE is contexts60,
    or of the format of WiC or SuperGLUE.
    """
    check(asked)
    opened = open_space(space, version=version)
    shared: dict[str, Any] = {"seed": seed, "samples": samples, "progress": progress_for(quiet)}
    report = measured(opened, space, asked, shared)
    if keep:
        keep_report(space, kept_name(asked), report)
    print_report(report, as_json=as_json)
