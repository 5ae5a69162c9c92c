"""`nearspace learn encoder`: an encoder of texts, trained on pairs that are similar."""

from __future__ import annotations

import contextlib
import sys
from typing import Any

import click

from nearspace.cli.options import format_option, json_option, overwrite_option, quiet_option, seed_option
from nearspace.cli.output import Cell, print_answer, print_json, print_table
from nearspace.cli.progress import progress_for
from nearspace.data.tables import read_table
from nearspace.errors import SettingError, WorseError
from nearspace.learners.contrastive.examples import KINDS
from nearspace.learners.contrastive.objective import ALL_LOSSES
from nearspace.learners.contrastive.outcome import WORSE, Training
from nearspace.learners.contrastive.settings import PRECISIONS, TUNES, Contrastive, Machine, Mining
from nearspace.learners.contrastive.verb import encoder

_HEADER = ("measure", "before", "after", "change", "low", "high", "n", "groups")


@click.command(
    "encoder",
    epilog="""\b
Examples:
  nearspace learn encoder pairs.csv --base all-MiniLM-L6-v2 -o ours --tune head
  nearspace learn encoder scored.csv --base MODEL -o ours --loss angle --epochs 2
  nearspace learn encoder faq.jsonl --base MODEL -o ours --negatives 1 --held-out held.jsonl
  nearspace learn encoder notes.csv --base MODEL -o ours --kind texts --loss tsdae
  nearspace learn encoder pairs.csv --base MODEL -o ours --resume
""",
)
@click.argument("pairs", metavar="PAIRS")
@click.option("--base", required=True, metavar="MODEL", help="Folder, package or hub name to begin with.")
@click.option("-o", "--output", required=True, metavar="FOLDER", help="Folder of the new model.")
@click.option("--kind", type=click.Choice(list(KINDS)), help="What PAIRS holds.  [default: by its columns]")
@click.option("--columns", metavar="A,B,...", help="Those of the texts, then of the score or label.")
@click.option("--loss", type=click.Choice(list(ALL_LOSSES)), help="What is lowered.  [default: by the kind]")
@click.option(
    "--tune", type=click.Choice(list(TUNES)), default="lora", show_default=True, help="What is trained."
)
@click.option("--epochs", type=int, default=4, show_default=True, help="Passes over the pairs, at most.")
@click.option("--batch", type=int, default=64, show_default=True, help="Examples that see each other.")
@click.option("--lr", type=float, help="Largest step size.  [default: that of --tune]")
@click.option("--dims", metavar="N,N,...", help="Sizes that vectors can be cut to (Matryoshka).")
@click.option("--negatives", type=int, default=0, show_default=True, help="Hard negatives mined for a pair.")
@click.option("--guard", type=float, default=0.95, show_default=True, help="Leave out what scores above.")
@click.option(
    "--held-out", default="0.2", show_default=True, metavar="SHARE|FILE", help="What is not learned from."
)
@click.option("--probe", multiple=True, metavar="FILE", help="Pairs that must not get worse (repeatable).")
@click.option("--keep-worse", is_flag=True, help="Write the model also if it is worse.")
@click.option("--resume", is_flag=True, help="Go on from the checkpoint of a run that was stopped.")
@click.option(
    "--checkpoint", metavar="PATH", help="Where Ctrl-C keeps the run.  [default: FOLDER.checkpoint]"
)
@click.option("--device", help="cpu, cuda, cuda:1, mps.  [default: a GPU if there is one]")
@click.option(
    "--precision", type=click.Choice(PRECISIONS), default="auto", show_default=True, help="Of products."
)
@click.option("--tokens", type=int, default=4_096, show_default=True, help="In memory at once.")
@format_option
@seed_option
@overwrite_option
@json_option
@quiet_option
def encoder_command(
    pairs: str, base: str, output: str, checkpoint: str | None, as_json: bool, quiet: bool, **options: Any
) -> None:
    """Train an encoder of texts on your own pairs.

    PAIRS is a table, or "-" for stdin: pairs (a, b), triplets (a, positive, negative), scored pairs (a, b,
    score), labelled texts (text, label) or bare texts. Part is held out and measured before and after, and
    so is a general probe. A model that is no better is not written: exit code 3.
    """
    given = _settings(options)
    try:
        training = encoder(
            _table(pairs, options.pop("form")), base, output, progress=progress_for(quiet),
            checkpoint=checkpoint or f"{output.rstrip('/')}.checkpoint", **given, **options,
        )  # fmt: skip
    except WorseError as error:
        _print(error.training, as_json)
        raise
    _print(training, as_json)
    if training.verdict == WORSE:
        raise WorseError(training.why, training, "It was written all the same, because of --keep-worse.")


def _settings(options: dict[str, Any]) -> dict[str, Any]:
    """Take the options of the settings out of all options, and give the records that they make."""
    dims, negatives, guard = (options.pop(name) for name in ("dims", "negatives", "guard"))
    settings = Contrastive(
        dims=tuple(_number(part, "dims") for part in dims.split(",")) if dims else (),
        mining=Mining(negatives, guard) if negatives else None,
        **{name: options.pop(name) for name in ("loss", "tune", "epochs", "batch", "lr", "seed")},
    )
    machine = Machine(**{name: options.pop(name) for name in ("device", "precision", "tokens")})
    columns, held = options.pop("columns"), options.pop("held_out")
    with contextlib.suppress(ValueError):
        held = float(held)
    return {
        "settings": settings,
        "machine": machine,
        "columns": columns.split(",") if columns else None,
        "held_out": held,
    }


def _number(part: str, name: str) -> int:
    try:
        return int(part)
    except ValueError:
        raise SettingError(f"--{name} has {part!r}", "Give whole numbers, as in 256,128.") from None


def _table(source: str, form: str | None) -> Any:
    if source == "-" and form is None:
        raise SettingError("nothing tells the format of the table on stdin", "Give --format.")
    return read_table(sys.stdin.buffer if source == "-" else source, format=form)


def _print(training: Any, as_json: bool) -> None:
    """Print what was measured, and what was made of it."""
    if not isinstance(training, Training):
        return
    if as_json:
        print_json(training.to_json())
        return
    rows: list[list[Cell]] = [
        [one.name, one.before, one.after, one.change, one.low, one.high, one.n, one.groups]
        for one in training.differences
    ]
    print_table("", _HEADER, rows)
    told = {
        "model": None if training.path is None else str(training.path),
        "verdict": training.verdict,
        "alpha": training.alpha,
        "seconds": round(training.seconds, 1),
    }
    print_answer(told, as_json=False)
