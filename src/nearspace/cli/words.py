"""`nearspace search --text`, `--hybrid`, `--rerank`: the words of a question, and reading hits again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import click

from nearspace.cli.options import refuse_given
from nearspace.results import Neighbors
from nearspace.search.hybrid import hybrid as search_hybrid
from nearspace.search.rerank import DEPTH, Reranker, rerank, reranker_of
from nearspace.search.text import search_text
from nearspace.space import Space

_RERANKING = (
    click.option("--rerank", metavar="MODEL", help="Read the hits again: a cross-encoder, or 'tokens'."),
    click.option(
        "--depth", type=click.IntRange(min=1), default=DEPTH, show_default=True, help="How many (--rerank)."
    ),
    click.option(
        "--read", metavar="COLUMN", default="text", show_default=True, help="What is read (--rerank)."
    ),
)
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
    """Give a command the options of a search for words, and of re-ranking."""
    for option in reversed((*_OPTIONS, *_RERANKING)):
        command = option(command)
    return command


class Reading(NamedTuple):
    """How hits are read again: by which model, how many, of which column."""

    judge: Reranker | None
    depth: int
    column: str

    def wanted(self, k: int) -> int:
        """Give how many hits the search should find."""
        return k if self.judge is None else max(k, self.depth)

    def order(self, found: Neighbors, k: int) -> Neighbors:
        """Give the k best hits."""
        return found if self.judge is None else rerank(found, None, self.judge, column=self.column, k=k)


def reading(space: Space, asked: dict[str, Any]) -> Reading:
    """Take the options of re-ranking out of `asked`.

    Raises:
        SettingError: --depth or --read came without --rerank.
    """
    name, depth, column = asked.pop("rerank"), asked.pop("depth"), asked.pop("read")
    if name is None:
        refuse_given("depth", "read", because="without --rerank")
    return Reading(None if name is None else reranker_of(name, space), depth, column)


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
