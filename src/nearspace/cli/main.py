"""The program `nearspace`: the table of its commands."""

from __future__ import annotations

import importlib.metadata

import click

from nearspace.cli.group import Program, Row

EPILOG = """\b
Examples:
  nearspace learn words wiki.txt -o wiki.space
  nearspace nearest wiki.space king -k 10
  nearspace measure wiki.space
  nearspace map wiki.space -o map.png
"""

COMMANDS = {
    "learn": Row("nearspace.cli.learn", "learn", "Learn a Space from data."),
    "nearest": Row("nearspace.cli.search", "nearest_command", "Show the nearest neighbours of keys."),
    "search": Row("nearspace.cli.search", "search_command", "Search with positive and negative terms."),
    "analogy": Row("nearspace.cli.search", "analogy_command", "Answer: A is to B as C is to what?"),
    "similarity": Row("nearspace.cli.search", "similarity_command", "Show how similar two keys are."),
    "doesnt-match": Row("nearspace.cli.search", "doesnt_match_command", "Show the key that fits least."),
    "measure": Row("nearspace.cli.measure", "measure_command", "Measure how good a Space is."),
    "map": Row("nearspace.cli.map", "map_command", "Draw a Space in two or three dimensions."),
    "convert": Row("nearspace.cli.convert", "convert_command", "Convert between file formats, by suffix."),
    "info": Row("nearspace.cli.info", "info_command", "Show what a Space is and how it was made."),
    "completion": Row("nearspace.cli.completion", "completion_command", "Print a shell completion script."),
}


def _print_version(ctx: click.Context, param: click.Parameter, value: bool) -> None:
    if value and not ctx.resilient_parsing:
        click.echo(f"nearspace {importlib.metadata.version('nearspace')}")
        ctx.exit()


@click.group(
    "nearspace",
    cls=Program,
    table=COMMANDS,
    epilog=EPILOG,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_print_version,
    help="Show the version.",
)
def main() -> None:
    """Learn an embedding space from your own data, measure it, search it, draw it."""
