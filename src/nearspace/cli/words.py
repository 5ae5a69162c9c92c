"""`nearspace search --text` and `--hybrid`: searching for the words of a question."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import click

from nearspace.results import Neighbors
from nearspace.search.hybrid import hybrid as search_hybrid
from nearspace.search.text import search_text
from nearspace.space import Space

_OPTIONS = (
    click.option("--hybrid", is_flag=True, help="Search by words and by vectors."),
    click.option("--text", is_flag=True, help="Search by words only."),
    click.option("--column", metavar="COLUMN", help="Whose words.  [default: the only one that is indexed]"),
    click.option(
        "--fuzzy",
        type=click.Choice(["0", "1", "2", "auto"]),
        help="Edits that a word may be away.  [default: 0]",
    ),
    click.option("--phrase", is_flag=True, help="The query is one phrase (--text)."),
)


def word_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options of a search for words."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def by_words(asked: Mapping[str, Any]) -> bool:
    """Tell whether words are to be searched for.

    Raises:
        click.UsageError: the options do not fit each other.
    """
    if asked["hybrid"] and asked["text"]:
        raise click.UsageError("give --text or --hybrid, not both.")
    if asked["phrase"] and not asked["text"]:
        raise click.UsageError("--phrase is for --text; elsewhere put the phrase in double quotes.")
    words = bool(asked["hybrid"] or asked["text"])
    if not words and (asked["column"] or asked["fuzzy"]):
        raise click.UsageError("--column and --fuzzy are for --text and --hybrid.")
    return words


def search_words(
    space: Space,
    query: str,
    *,
    k: int,
    where: str | None,
    index: str,
    documents: bool,
    hybrid: bool,
    text: bool,
    column: str | None,
    fuzzy: str | None,
    phrase: bool,
) -> Neighbors:
    """Search by words, and by vectors too with `hybrid`."""
    distance = fuzzy if fuzzy == "auto" else int(fuzzy or 0)
    shared: dict[str, Any] = {
        "column": column, "k": k, "where": where, "fuzzy": distance, "documents": documents,
    }  # fmt: skip
    if hybrid:
        return search_hybrid(space, query, index=index, **shared)
    return search_text(space, query, phrase=phrase, **shared)
