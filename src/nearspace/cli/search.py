"""`nearspace nearest`, `search`, `analogy`, `similarity` and `doesnt-match`."""

from __future__ import annotations

from typing import Any

import click

from nearspace.cli.options import (
    METHODS,
    batches,
    documents_option,
    index_option,
    json_option,
    k_option,
    method_option,
    read_terms,
    restrict_option,
    space_argument,
    version_option,
    where_option,
)
from nearspace.cli.output import print_neighbors, print_odd_one_out, print_similarity
from nearspace.cli.words import by_words, reading, search_words, word_options
from nearspace.search.analogy import analogy
from nearspace.search.compare import doesnt_match, similarity
from nearspace.search.nearest import nearest, search
from nearspace.store.folder import open_space


@click.command(
    "nearest",
    epilog="""\b
Examples:
  nearspace nearest wiki.space king
  nearspace nearest wiki.space king queen -k 5 --restrict 30000
  nearspace nearest news.space 4711 --where "topic = 'sport'"
  cut -f1 words.tsv | nearspace nearest wiki.space - --json
""",
)
@space_argument
@click.argument("keys", nargs=-1, required=True)
@k_option
@where_option
@restrict_option
@index_option
@documents_option
@version_option
@json_option
def nearest_command(
    space: str,
    keys: tuple[str, ...],
    k: int,
    where: str | None,
    restrict: int | None,
    index: str,
    documents: bool,
    version: int | None,
    as_json: bool,
) -> None:
    """Show the nearest neighbours of keys.

    KEYS are looked up in SPACE; "-" reads keys from stdin, one a line. A Space with an encoder
    (subwords) also takes words that it has never seen.
    """
    opened = open_space(space, version=version)
    for batch in batches(read_terms(keys)):
        found = nearest(opened, batch, k=k, where=where, restrict=restrict, index=index, documents=documents)
        print_neighbors(found, as_json=as_json)


@click.command(
    "search",
    epilog="""\b
Examples:
  nearspace search wiki.space king
  nearspace search wiki.space --positive king --positive woman --negative man
  nearspace search wiki.space bank --negative river --method 3cosmul --json
  nearspace search news.space "storm at sea" --where "day >= date '2026-01-01' AND topic = 'weather'"
  nearspace search news.space 'rescue "lake nicaragua"' --hybrid --fuzzy auto
  nearspace search news.space "lake nicaragua" --text --phrase
  nearspace search notes.space "a storm at sea" --documents --json
  nearspace search news.space "lake nicaragua" --hybrid --rerank MODEL --depth 100
""",
)
@space_argument
@click.argument("query", required=False)
@click.option("-p", "--positive", multiple=True, metavar="KEY", help="Near to this (may be repeated).")
@click.option("-n", "--negative", multiple=True, metavar="KEY", help="Far from this (may be repeated).")
@k_option
@method_option
@where_option
@restrict_option
@index_option
@documents_option
@version_option
@word_options
@json_option
def search_command(
    space: str,
    query: str | None,
    positive: tuple[str, ...],
    negative: tuple[str, ...],
    k: int,
    method: str,
    where: str | None,
    restrict: int | None,
    index: str,
    documents: bool,
    version: int | None,
    as_json: bool,
    **words: Any,
) -> None:
    """Search with terms, with a text, by words.

    QUERY is a text, or one more positive term; "-" reads queries from stdin, one a line, and each is
    searched with the same other terms. With --text, rows are ranked by the words that they share with the
    query (BM25); with --hybrid, by words and by vectors. Both need nearspace index --text; words in double
    quotes are a phrase that must be there. With --rerank, the best hits of any search are read again by a
    slower and better model.
    """
    terms = {"positive": positive, "negative": negative, "method": method, "restrict": restrict}
    worded = by_words(words)
    if worded and (query is None or positive or negative or restrict or method != METHODS[0]):
        raise click.UsageError("--text and --hybrid take a QUERY, and no terms, --method or --restrict.")
    opened = open_space(space, version=version)
    again = reading(opened, words)
    shared: dict[str, Any] = {"k": again.wanted(k), "where": where, "index": index, "documents": documents}
    for term in [None] if query is None else read_terms([query]):
        if worded:
            found = search_words(opened, str(term), **shared, **words)
        else:
            found = search(opened, term, **shared, **terms)  # type: ignore[arg-type]
        print_neighbors(again.order(found, k), as_json=as_json)


@click.command(
    "analogy",
    epilog="""\b
Examples:
  nearspace analogy wiki.space man king woman
  nearspace analogy wiki.space france paris italy -k 3 --json
""",
)
@space_argument
@click.argument("a")
@click.argument("b")
@click.argument("c")
@k_option
@method_option
@restrict_option
@json_option
def analogy_command(
    space: str, a: str, b: str, c: str, k: int, method: str, restrict: int | None, as_json: bool
) -> None:
    """Answer: A is to B as C is to what?"""
    found = analogy(open_space(space), a, b, c, k=k, method=method, restrict=restrict)
    print_neighbors(found, as_json=as_json)


@click.command(
    "similarity",
    epilog="""\b
Examples:
  nearspace similarity wiki.space cat kitten
  nearspace similarity wiki.space cat ocean --json
""",
)
@space_argument
@click.argument("a")
@click.argument("b")
@json_option
def similarity_command(space: str, a: str, b: str, as_json: bool) -> None:
    """Show how similar two keys are.

    The score is that of the Space's metric: cosine, dot product or negative distance; larger is nearer.
    """
    print_similarity(a, b, similarity(open_space(space), a, b), as_json=as_json)


@click.command(
    "doesnt-match",
    epilog="""\b
Examples:
  nearspace doesnt-match wiki.space breakfast lunch dinner river
""",
)
@space_argument
@click.argument("keys", nargs=-1, required=True)
@json_option
def doesnt_match_command(space: str, keys: tuple[str, ...], as_json: bool) -> None:
    """Show the key that fits least.

    It is the one of KEYS, at least three, that is farthest by angle from the mean of them all, and
    comes first. "-" reads keys from stdin, one a line.
    """
    print_odd_one_out(doesnt_match(open_space(space), list(read_terms(keys))), as_json=as_json)
