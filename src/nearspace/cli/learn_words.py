"""`nearspace learn words`: a Space of words from texts."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import click

from nearspace.cli.options import json_option, overwrite_option, quiet_option, seed_option, workers_option
from nearspace.cli.output import print_answer
from nearspace.cli.progress import progress_for
from nearspace.cli.targets import check_space
from nearspace.data.phrases import Phrases
from nearspace.learners import verb
from nearspace.learners.checkpoint import Checkpoint
from nearspace.learners.skipgram import Subwords
from nearspace.space import Space
from nearspace.store.folder import open_space, save

_BY_METHOD = "default: that of the method"


@click.command(
    "words",
    epilog="""\b
Examples:
  nearspace learn words wiki.txt -o wiki.space
  nearspace learn words texts/ more.txt.xz -o all.space --dim 300 --epochs 10 --workers 2
  nearspace learn words wiki.txt -o typos.space --subwords
  zcat logs/*.gz | nearspace learn words - -o logs.space --method cbow --errors replace
  nearspace learn words news.txt -o newer.space --continue-from wiki.space
""",
)
@click.argument("sources", metavar="IN...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("-o", "--output", required=True, metavar="OUT.space", help="Folder of the new Space.")
@click.option(
    "--method", type=click.Choice(list(verb.METHODS)), default="skipgram", show_default=True, help="Learner."
)
@click.option("--dim", type=int, help="Components of a vector.  [default: 100, or those of --continue-from]")
@click.option("--window", type=int, help=f"Most words of context to either side.  [{_BY_METHOD}]")
@click.option("--negative", type=int, help=f"Negative words a centre (skipgram, cbow).  [{_BY_METHOD}]")
@click.option("--epochs", type=int, help=f"Passes over the text.  [{_BY_METHOD}]")
@click.option(
    "--sample", type=float, help=f"Share of the text above which words are thinned.  [{_BY_METHOD}]"
)
@click.option("--lr", type=float, help=f"First step size.  [{_BY_METHOD}]")
@click.option("--min-count", type=int, default=5, show_default=True, help="Leave rarer words out.")
@click.option("--max-vocab", type=int, help="Keep only so many words, the most frequent.")
@click.option("--lowercase/--no-lowercase", default=True, show_default=True, help="Lower the words.")
@click.option("--phrases", is_flag=True, help="Join pairs that belong together, as in new_york.")
@click.option("--subwords", is_flag=True, help="Learn n-grams too: vectors for unseen and misspelt words.")
@click.option(
    "--min-n", type=int, help="Characters of the shortest n-gram; implies --subwords.  [default: 3]"
)
@click.option("--max-n", type=int, help="Characters of the longest n-gram; implies --subwords.  [default: 6]")
@click.option("--buckets", type=int, help="Hash buckets of n-grams; implies --subwords.  [default: 2000000]")
@click.option(
    "--errors",
    type=click.Choice(["strict", "replace"]),
    default="strict",
    show_default=True,
    help="What invalid UTF-8 is: an error, or replaced.",
)
@click.option("--continue-from", metavar="X.space", help="Go on from this Space with the new text.")
@click.option("--resume", is_flag=True, help="Go on from the checkpoint of a run that was stopped.")
@click.option(
    "--checkpoint", metavar="FOLDER", help="Where Ctrl-C keeps the run.  [default: OUT.space.checkpoint]"
)
@click.option("--free-running", is_flag=True, help="Threads without locks: no two runs are equal.")
@seed_option
@workers_option
@overwrite_option
@json_option
@quiet_option
def words_command(
    sources: tuple[Path, ...],
    output: str,
    continue_from: str | None,
    checkpoint: str | None,
    resume: bool,
    overwrite: bool,
    as_json: bool,
    quiet: bool,
    **settings: Any,
) -> None:
    """Learn a Space of words from texts.

    IN are files (also .gz, .xz, .zst, .bz2), folders of them, or "-" for stdin; UTF-8, one paragraph a
    line, <doc> tags are skipped. The same text, settings and seed give the same bytes for any number of
    workers. Ctrl-C keeps a checkpoint, from which the same command with --resume goes on.
    """
    began = time.monotonic()
    target = check_space(output, overwrite=overwrite)
    start = open_space(continue_from) if continue_from else None
    kept = Checkpoint(Path(checkpoint or f"{target}.checkpoint"), resume=resume)
    space = verb.words(
        sources[0] if len(sources) == 1 else sources,
        start=start,
        checkpoint=kept,
        progress=progress_for(quiet),
        **_given(settings, start),
    )
    save(space, target, overwrite=overwrite)
    kept.remove()
    print_answer(_summary(output, space, start, time.monotonic() - began), as_json=as_json)


def _given(settings: dict[str, Any], start: Space | None) -> dict[str, Any]:
    """Give the settings that were set; the learner knows the defaults of the others."""
    if start is not None and settings["dim"] is None:
        settings["dim"] = start.dim
    parts = {name: settings.pop(name) for name in ("min_n", "max_n", "buckets")}
    grams = {name: value for name, value in parts.items() if value is not None}
    if settings.pop("subwords") or grams:
        settings["subwords"] = Subwords(**grams)
    if settings.pop("phrases"):
        settings["phrases"] = Phrases()
    return {name: value for name, value in settings.items() if value is not None}


def _summary(path: str, space: Space, start: Space | None, seconds: float) -> dict[str, Any]:
    """Give what was made, and how many words of the vocabulary were read a second, over all epochs."""
    words = int(space.columns["count"].sum()) - (0 if start is None else int(start.columns["count"].sum()))
    items = words * int(space.recipe.settings.get("epochs", 1))
    return {
        "space": path,
        "count": len(space),
        "dim": space.dim,
        "seconds": round(seconds, 3),
        "items_per_second": round(items / max(seconds, 1e-9)),
    }
