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
  nearspace encode news.csv -o news.space --encoder wiki.space --key id --content text
  nearspace search news.space "storm at sea" --hybrid --where "day >= date '2026-01-01'"
"""

COMMANDS = {
    "learn": Row("nearspace.cli.learn", "learn", "Learn a Space from data."),
    "encode": Row("nearspace.cli.creating", "encode_command", "Encode a table of texts into a Space."),
    "split": Row("nearspace.cli.split", "split_command", "Split interactions into training and test."),
    "distill": Row(
        "nearspace.cli.distill", "distill_command", "Make a transformer a table of token vectors."
    ),
    "create": Row("nearspace.cli.creating", "create_command", "Create a Space without rows."),
    "pack": Row("nearspace.cli.pack", "pack_command", "Make the fast form of a model of texts."),
    "nearest": Row("nearspace.cli.search", "nearest_command", "Show the nearest neighbours of keys."),
    "search": Row("nearspace.cli.search", "search_command", "Search with terms, with a text, by words."),
    "analogy": Row("nearspace.cli.search", "analogy_command", "Answer: A is to B as C is to what?"),
    "similarity": Row("nearspace.cli.search", "similarity_command", "Show how similar two keys are."),
    "doesnt-match": Row("nearspace.cli.search", "doesnt_match_command", "Show the key that fits least."),
    "why": Row("nearspace.cli.why", "why_command", "Show what each token adds to a score."),
    "recommend": Row("nearspace.cli.recommend", "recommend_command", "Recommend items to users."),
    "similar": Row(
        "nearspace.cli.recommend", "similar_command", "Show items like items, and users like users."
    ),
    "because": Row(
        "nearspace.cli.recommend",
        "because_command",
        "Show which of a user's own events carry a recommendation.",
    ),
    "senses": Row(
        "nearspace.cli.senses", "senses_command", "Show the senses of words, or that of a word in a sentence."
    ),
    "measure": Row("nearspace.cli.measure", "measure_command", "Measure how good a Space is."),
    "fit-head": Row("nearspace.cli.fit_head", "fit_head_command", "Fit a head that tells labels apart."),
    "classify": Row(
        "nearspace.cli.classify", "classify_command", "Label texts, keys or rows by a head of a Space."
    ),
    "add-items": Row("nearspace.cli.add_items", "add_items_command", "Add items that nobody has chosen yet."),
    "map": Row("nearspace.cli.map", "map_command", "Draw a Space in two or three dimensions."),
    "serve": Row("nearspace.cli.serve", "serve_command", "Show Spaces in the browser, with search."),
    "export": Row(
        "nearspace.cli.serve",
        "export_command",
        "Write the page of Spaces as a folder or zip.",
    ),
    "place": Row(
        "nearspace.cli.place", "place_command", "Place new rows on a map, whose points do not move."
    ),
    "align": Row("nearspace.cli.align", "align_command", "Turn a map onto another, to see what has moved."),
    "upsert": Row(
        "nearspace.cli.changes", "upsert_command", "Add rows to a Space, and replace those that are there."
    ),
    "delete": Row("nearspace.cli.changes", "delete_command", "Delete rows, by key or condition."),
    "stale": Row("nearspace.cli.state", "stale_command", "List keys whose vectors are out of date."),
    "refresh": Row("nearspace.cli.changes", "refresh_command", "Encode stale rows anew."),
    "count": Row("nearspace.cli.state", "count_command", "Count the rows, or some of them."),
    "history": Row(
        "nearspace.cli.state", "history_command", "List the versions that can be opened, newest first."
    ),
    "index": Row("nearspace.cli.index", "index_command", "Build the index of a Space anew."),
    "compact": Row(
        "nearspace.cli.compact", "compact_command", "Give back the room of deleted rows and old versions."
    ),
    "info": Row("nearspace.cli.info", "info_command", "Show what a Space is and how it was made."),
    "convert": Row("nearspace.cli.convert", "convert_command", "Convert between file formats, by suffix."),
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
