"""`nearspace learn contexts`: words in context, one point an occurrence."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import click

from nearspace.cli.encoders import encoder_of
from nearspace.cli.options import json_option, overwrite_option, quiet_option, seed_option
from nearspace.cli.output import print_answer
from nearspace.cli.progress import progress_for
from nearspace.cli.targets import check_space
from nearspace.errors import SettingError
from nearspace.learners import verb
from nearspace.learners.contexts import LAYERS
from nearspace.learners.senses import Senses
from nearspace.space import Space


@click.command(
    "contexts",
    epilog="""\b
Examples:
  nearspace learn contexts wiki.txt --word bank --encoder MODEL -o bank.space
  nearspace learn contexts news.csv --text body --word mouse --form mouse=mice --encoder MODEL -o m.space
  nearspace senses bank.space
  nearspace map bank.space --color sense_name -o bank.png
""",
)
@click.argument("texts", metavar="TEXTS...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--word", "words", multiple=True, required=True, help="Which word (repeatable).")
@click.option("--form", "forms", multiple=True, metavar="WORD=FORM", help="One more form of it (repeatable).")
@click.option("--encoder", required=True, metavar="MODEL", help="A transformer: folder, package, hub name.")
@click.option("-o", "--output", required=True, metavar="OUT.space", help="Folder of the new Space.")
@click.option(
    "--layers",
    default=",".join(map(str, LAYERS)),
    show_default=True,
    help="Whose mean is taken; -1 is the last, 0 what goes in.",
)
@click.option("--text", metavar="COLUMN", help="Column of the texts, where TEXTS are tables.")
@click.option("--key", metavar="COLUMN", help="Column that names the rows of a table.")
@click.option(
    "--most", type=int, default=2000, show_default=True, help="Occurrences of a word; of more, a sample."
)
@click.option("--window", type=int, default=400, show_default=True, help="Characters of a sentence at most.")
@click.option(
    "--senses", "most_senses", type=int, default=6, show_default=True, help="Senses of a word at most."
)
@click.option("--errors", type=click.Choice(["strict", "replace"]), default="strict", show_default=True,
              help="What invalid UTF-8 is: an error, or replaced.")  # fmt: skip
@seed_option
@overwrite_option
@json_option
@quiet_option
def contexts_command(
    texts: tuple[Path, ...],
    forms: tuple[str, ...],
    encoder: str,
    output: str,
    layers: str,
    most_senses: int,
    overwrite: bool,
    as_json: bool,
    quiet: bool,
    **settings: Any,
) -> None:
    """Learn where a word stands in context, and its senses.

    TEXTS are files (also .gz, .xz, .zst, .bz2), folders, "-" for stdin, or tables with --text. Each
    occurrence of a word becomes a point, placed by the layers of a transformer; its senses are
    clusters that stand out and come again, named by their typical neighbouring words.
    """
    began = time.monotonic()
    target = check_space(output, overwrite=overwrite)
    space = verb.contexts(
        texts[0] if len(texts) == 1 else list(texts),
        target,
        encoder=encoder_of(encoder),  # type: ignore[arg-type]  # checked by the learner
        layers=_numbers(layers),
        forms=_forms(forms),
        senses=Senses(most=most_senses),
        overwrite=overwrite,
        progress=progress_for(quiet),
        **settings,
    )
    print_answer(_summary(output, space, time.monotonic() - began), as_json=as_json)


def _numbers(layers: str) -> tuple[int, ...]:
    try:
        return tuple(int(layer) for layer in layers.split(","))
    except ValueError:
        raise SettingError(f"layers are {layers!r}", "Give numbers between commas: --layers=-2,-1.") from None


def _forms(forms: tuple[str, ...]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for pair in forms:
        word, equals, form = pair.partition("=")
        if not (word and equals and form):
            raise SettingError(f"--form {pair!r} is not WORD=FORM", "For example --form mouse=mice.")
        found.setdefault(word, []).append(form)
    return found


def _summary(path: str, space: Space, seconds: float) -> dict[str, Any]:
    found = {word: about["senses"] for word, about in space.recipe.settings["found"].items()}
    return {
        "space": path,
        "count": len(space),
        "dim": space.dim,
        "senses": [f"{word} {count}" for word, count in found.items()],
        "seconds": round(seconds, 3),
        "items_per_second": round(len(space) / max(seconds, 1e-9)),
    }
