"""`nearspace measure`: how good a Space is."""

from __future__ import annotations

import click

from nearspace.cli.options import json_option, method_option, quiet_option, seed_option, space_argument
from nearspace.cli.output import print_report
from nearspace.cli.progress import progress_for
from nearspace.evaluation import verb
from nearspace.store.folder import open_space


@click.command(
    "measure",
    epilog="""\b
Examples:
  nearspace measure wiki.space
  nearspace measure wiki.space --words wordsim353 --words my-pairs.tsv
  nearspace measure wiki.space --analogies questions-words.txt --restrict 0 --json
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
    as_json: bool,
    quiet: bool,
) -> None:
    """Measure how good a Space is.

    Each FILE is the path of a test set in a public format, or the name of a packaged one: wordsim353,
    google, nouns100, groups25. With none named, the packaged sets are used. Every figure comes with
    its 95 % interval, its baselines, the number of cases and the share of them that could be judged.
    """
    report = verb.words(
        open_space(space),
        similarity=words or None,
        analogies=analogies or None,
        categories=categories or None,
        outliers=outliers or None,
        restrict=restrict or None,
        method=method,
        oov=oov,
        seed=seed,
        samples=samples,
        progress=progress_for(quiet),
    )
    print_report(report, as_json=as_json)
