"""`nearspace learn`: a Space from data."""

from __future__ import annotations

import click

from nearspace.cli.group import LazyGroup, Row

COMMANDS = {
    "words": Row("nearspace.cli.learn_words", "words_command", "Learn a Space of words from texts."),
    "texts": Row("nearspace.cli.learn_texts", "texts_command", "Learn a Space of texts."),
    "contexts": Row(
        "nearspace.cli.learn_contexts",
        "contexts_command",
        "Learn where a word stands in context, and its senses.",
    ),
    "interactions": Row(
        "nearspace.cli.learn_interactions",
        "interactions_command",
        "Learn a Space of items and users from what users chose.",
    ),
    "encoder": Row(
        "nearspace.cli.learn_encoder", "encoder_command", "Train an encoder of texts on your own pairs."
    ),
}


@click.group(
    "learn",
    cls=LazyGroup,
    table=COMMANDS,
    epilog="""\b
Examples:
  nearspace learn words wiki.txt -o wiki.space
  nearspace learn texts news.csv -o news.space --text body --key id --encoder wiki.space
  nearspace learn contexts wiki.txt --word bank --encoder MODEL -o bank.space
  nearspace learn interactions events.csv -o shop.space
  nearspace learn encoder pairs.csv --base MODEL -o ours --tune head
""",
)
def learn() -> None:
    """Learn a Space from data."""
