"""What `nearspace measure` was asked for: one subject, by the options that name it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import click

from nearspace.cli.options import is_given
from nearspace.cli.queries import read_queries
from nearspace.cli.rows import read_items
from nearspace.evaluation import verb
from nearspace.maps.parquet import find_map, open_map
from nearspace.results import Report
from nearspace.space import Space

Asked = Mapping[str, Any]

_FAMILIES = {
    "words": "similarity",
    "analogies": "analogies",
    "categories": "categories",
    "outliers": "outliers",
}


def measured(space: Space, folder: str, asked: Asked, shared: Asked) -> Report:
    """Measure the subject of `asked`, or the Space as one of words."""
    subject = _subject(asked)
    measure = _words_of if subject is None else _MEASURES[subject]
    return measure(space, folder, asked, shared)


def check(asked: Asked) -> None:
    """Refuse options that do not go together.

    Raises:
        click.UsageError: there are two subjects, or an option of another subject.
    """
    named = [name for name in _MEASURES if asked[name] is not None]
    if len(named) + any(asked[name] for name in _FAMILIES) > 1:
        option = named[0].replace("_", "-")
        raise click.UsageError(f"--{option} stands alone: measure anything else with a second call.")
    subject = _subject(asked)
    if subject != "index" and any(asked[name] is not None for name in ("queries", "where")):
        raise click.UsageError("--queries and --where are for --index.")
    if subject != "head" and any(asked[name] is not None for name in ("labelled", "text", "key")):
        raise click.UsageError("--labelled, --text and --key are for --head.")
    if subject != "ranking" and (asked["baseline"] or asked["known"] is not None):
        raise click.UsageError("--known and --baseline are for --ranking.")
    if subject != "ranking" and (is_given("user") or is_given("item")):
        raise click.UsageError("--user and --item are for --ranking.")
    if subject not in ("map", "head") and asked["labels"] is not None:
        raise click.UsageError("--labels is for --map and --head.")


def kept_name(asked: Asked) -> str:
    """Give the name under which a report is kept."""
    subject = _subject(asked)
    if subject in ("index", "head"):
        return f"{subject}-{asked[subject]}"
    if subject == "map":
        return f"map-{Path(asked['map']).stem}"
    return "words" if subject is None else subject.replace("_", "-")


def _subject(asked: Asked) -> str | None:
    return next((name for name in _MEASURES if asked[name] is not None), None)


def _words_of(space: Space, _: str, asked: Asked, shared: Asked) -> Report:
    chosen: dict[str, Any] = {family: asked[name] or None for name, family in _FAMILIES.items()}
    settings = {"restrict": asked["restrict"] or None, "method": asked["method"], "oov": asked["oov"]}
    return verb.words(space, **chosen, **settings, **shared)


def _index(space: Space, _: str, asked: Asked, shared: Asked) -> Report:
    queries = None if asked["queries"] is None else read_queries(asked["queries"])
    return verb.index(space, queries, kind=asked["index"], k=asked["k"], where=asked["where"], **shared)


def _map(space: Space, folder: str, asked: Asked, shared: Asked) -> Report:
    laid_out = open_map(find_map(folder, asked["map"]))
    return verb.map(laid_out, space, k=asked["k"], labels=asked["labels"], **shared)


def _head(space: Space, _: str, asked: Asked, shared: Asked) -> Report:
    text, key = asked["text"], asked["key"]
    rows = None if asked["labelled"] is None else read_items(asked["labelled"], text or key, None)
    return verb.head(space, asked["head"], asked["labels"], rows, text=text, key=key, **shared)


def _contexts(space: Space, _: str, asked: Asked, shared: Asked) -> Report:
    return verb.word_in_context(space, asked["word_in_context"], **shared)


def _pairs(space: Space, _: str, asked: Asked, shared: Asked) -> Report:
    return verb.pairs(space, asked["pairs"], **shared)


def _retrieval(space: Space, _: str, asked: Asked, shared: Asked) -> Report:
    return verb.retrieval(space, asked["retrieval"], k=asked["k"], **shared)


def _ranking(space: Space, _: str, asked: Asked, shared: Asked) -> Report:
    settings = {name: asked[name] for name in ("known", "user", "item")}
    if is_given("k"):
        settings["k"] = asked["k"]
    if asked["baseline"]:
        settings["baselines"] = asked["baseline"]
    return verb.ranking(space, asked["ranking"], **settings, **shared)


# option that names a subject -> what measures it
_MEASURES: dict[str, Callable[[Space, str, Asked, Asked], Report]] = {
    "index": _index,
    "map": _map,
    "word_in_context": _contexts,
    "pairs": _pairs,
    "retrieval": _retrieval,
    "ranking": _ranking,
    "head": _head,
}
