"""`nearspace fit-head`: a head that tells labels apart, saved with its Space."""

from __future__ import annotations

from typing import Any

import click

from nearspace.cli.options import (
    format_option,
    json_option,
    overwrite_option,
    quiet_option,
    refuse_given,
    seed_option,
    space_argument,
)
from nearspace.cli.output import print_answer
from nearspace.cli.progress import progress_for
from nearspace.cli.rows import read_items
from nearspace.space import Space
from nearspace.store.folder import open_space
from nearspace.transfer.classify import fit_head
from nearspace.transfer.head import Head
from nearspace.transfer.stored import check_free, save_head
from nearspace.transfer.tuned import tune_head
from nearspace.transfer.tuning import Tuning

text_option = click.option(
    "--text", metavar="COLUMN", help="Column of TABLE with texts to be placed.  [default: the content]"
)
table_key_option = click.option(
    "--key", metavar="COLUMN", help="Or column of TABLE with keys.  [default: key, if there is no content]"
)


@click.command(
    "fit-head",
    epilog="""\b
Examples:
  nearspace fit-head news.space --labels topic
  nearspace fit-head news.space --labels intent --labelled few.csv --text text --outside none
  nearspace fit-head news.space --labels intent --labelled few.csv --text text --tune tuned.space
  nearspace fit-head wiki.space --labels kind --labelled words.csv --key word --name kinds
""",
)
@space_argument
@click.option("--labels", required=True, metavar="COLUMN", help="Column of the labels.")
@click.option("--labelled", metavar="TABLE", help="Labelled rows.  [default: those of the SPACE]")
@text_option
@table_key_option
@click.option("--name", metavar="NAME", help="Of the head in the SPACE.  [default: that of the column]")
@click.option("--outside", metavar="LABEL", help="Label of examples that are of no class.")
@click.option(
    "--reject",
    type=click.FloatRange(0, 1, max_open=True),
    metavar="SHARE",
    help="Share of known items that may become unknown.  [default: 0.05; best with --outside]",
)
@click.option("--strength", type=float, help="C of the regression.  [default: chosen on held-back examples]")
@click.option("--tune", metavar="SPACE", help="Tune the transformer too, and write the Space anew here.")
@click.option("--epochs", type=click.IntRange(min=1), help="Passes of --tune over the texts.  [default: 6]")
@seed_option
@format_option
@overwrite_option
@json_option
@quiet_option
def fit_head_command(
    space: str,
    labels: str,
    labelled: str | None,
    text: str | None,
    key: str | None,
    name: str | None,
    tune: str | None,
    epochs: int | None,
    form: str | None,
    overwrite: bool,
    as_json: bool,
    quiet: bool,
    **settings: Any,
) -> None:
    """Fit a head that tells labels apart.

    Rows without a label are passed over. TABLE has keys of the SPACE, or texts that its encoder places. What
    is printed was measured on examples that were held back, which needs two of a label at least.
    """
    opened, called = open_space(space), name or labels
    check_free(tune or space, called, overwrite=overwrite)
    rows = None if labelled is None else read_items(labelled, text or key, form)
    settings |= {"text": text, "progress": progress_for(quiet)}
    if tune is None:
        head = fit_head(opened, labels, rows, key=key, **settings)
        save_head(space, called, head, overwrite=overwrite)
    else:
        head = _tune(opened, labels, rows, tune, called, epochs, **settings)
    print_answer(_summary(tune or space, called, head, as_json), as_json=as_json)


def _tune(
    space: Space, labels: str, rows: Any, output: str, name: str, epochs: int | None, **settings: Any
) -> Head:
    """Tune the model of a Space; there is one strength, since each other one would be a tuning of its own."""
    refuse_given("strength", "key", because="with --tune")
    tuning = Tuning(seed=settings.pop("seed"), **({} if epochs is None else {"epochs": epochs}))
    settings.pop("strength")
    return tune_head(space, labels, rows, output=output, name=name, tuning=tuning, **settings)


def _summary(space: str, name: str, head: Head, as_json: bool) -> dict[str, Any]:
    """Say what a head is, and what was measured on held-back examples."""
    summary = {
        "space": space,
        "head": name,
        "classes": list(head.classes) if as_json else len(head.classes),
        "examples": int(head.counts.sum()),
        "strength": head.settings.strength,
        "temperature": round(head.settings.temperature, 4),
        "threshold": head.settings.threshold,
    }
    if as_json:
        return {**summary, "held_out": dict(head.held_out)}
    for figure, values in head.held_out.items():
        interval = f"{values['low']:.3f} to {values['high']:.3f}, n {values['n']:,}"
        summary[f"held-out {figure.replace('_', ' ')}"] = f"{values['value']:.3f} [{interval}]"
    return summary
