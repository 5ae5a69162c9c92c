"""Arguments and options that several commands share, so that each has one name and one help text."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from itertools import islice

import click

from nearspace.errors import EncodingError, SettingError

METHODS = ("3cosadd", "3cosmul")

space_argument = click.argument("space", type=click.Path())
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON, one object a line.")
quiet_option = click.option("-q", "--quiet", is_flag=True, help="Show no progress on stderr.")
overwrite_option = click.option("--overwrite", is_flag=True, help="Replace an output that exists.")
k_option = click.option(
    "-k", type=click.IntRange(min=1), default=10, show_default=True, help="How many neighbours."
)
restrict_option = click.option(
    "--restrict",
    type=click.IntRange(min=1),
    metavar="N",
    help="Consider only the first N rows (of learned words: the most frequent).",
)
method_option = click.option(
    "--method",
    type=click.Choice(METHODS),
    default=METHODS[0],
    show_default=True,
    help="How terms are combined: by sum, or by product (Levy and Goldberg 2014).",
)
seed_option = click.option(
    "--seed", type=int, default=1, show_default=True, help="Seed of everything random."
)

workers_option = click.option(
    "--workers", type=click.IntRange(min=1), help="Threads; they change no result.  [default: all cores]"
)
where_option = click.option(
    "--where",
    metavar="SQL",
    help="Only rows for which this condition on their columns holds: \"year >= 2020 AND topic = 'sport'\".",
)
version_option = click.option(
    "--version",
    type=click.IntRange(min=1),
    metavar="N",
    help="Of this version (see history), not the newest.",
)
index_option = click.option(
    "--index",
    type=click.Choice(["auto", "exact", "graph", "disk"]),
    default="auto",
    show_default=True,
    help="What finds the rows; auto: the graph, if the Space has one, else exact.",
)
documents_option = click.option(
    "--documents", is_flag=True, help="Rows are passages: show each document once, by its best one."
)
key_option = click.option(
    "--key", default="key", show_default=True, metavar="COLUMN", help="Column of the keys."
)
format_option = click.option(
    "--format",
    "form",
    type=click.Choice(["csv", "tsv", "jsonl", "parquet", "arrow"]),
    help="Of TABLE.  [default: by suffix or content]",
)
batch_option = click.option(
    "--batch",
    type=click.IntRange(min=1),
    default=10_000,
    show_default=True,
    help="Rows that are written at once.",
)
wait_option = click.option(
    "--wait",
    type=click.FloatRange(min=0),
    metavar="SECONDS",
    default=0.0,
    help="Wait so long for another process that is writing.  [default: not]",
)


def read_terms(terms: Iterable[str]) -> Iterator[str]:
    """Give the terms in order; "-" stands for the lines of stdin, empty ones left out.

    Raises:
        EncodingError: stdin is not UTF-8.
    """
    for term in terms:
        if term == "-":
            yield from lines_of(sys.stdin.buffer, "stdin")
        else:
            yield term


def batches(terms: Iterable[str], size: int = 256) -> Iterator[list[str]]:
    """Cut a stream of terms into lists of at most `size`."""
    stream = iter(terms)
    while batch := list(islice(stream, size)):
        yield batch


def lines_of(stream: Iterable[bytes], name: str) -> Iterator[str]:
    """Give the lines of a stream of UTF-8, empty ones left out.

    Raises:
        EncodingError: a line is not UTF-8.
    """
    for number, line in enumerate(stream, start=1):
        try:
            text = line.decode("utf-8").rstrip("\r\n")
        except UnicodeDecodeError as error:
            raise EncodingError(
                f"line {number} of {name} is not UTF-8 (byte {error.start} of the line)",
                "Convert the input to UTF-8, for example with iconv.",
            ) from None
        if text:
            yield text


def is_given(name: str) -> bool:
    """Tell whether the user gave an option of the running command, by its name in Python."""
    source = click.get_current_context().get_parameter_source(name)
    return source is not None and source is not click.core.ParameterSource.DEFAULT


def refuse_given(*names: str, because: str) -> None:
    """Refuse options that would have no effect.

    Raises:
        SettingError: the user gave one of them.
    """
    for name in names:
        if is_given(name):
            raise SettingError(f"--{name} has no effect {because}", f"Leave out --{name}.")
