"""`nearspace learn words`: a Space from texts."""

from __future__ import annotations

import click

from nearspace.cli.group import LazyGroup, Row

COMMANDS = {
    "words": Row("nearspace.cli.learn_words", "words_command", "Learn a Space of words from texts."),
}


@click.group(
    "learn",
    cls=LazyGroup,
    table=COMMANDS,
    epilog="""\b
Examples:
  nearspace learn words wiki.txt -o wiki.space
""",
)
def learn() -> None:
    """Learn a Space from data."""
