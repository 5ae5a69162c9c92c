"""`nearspace completion`: the script that teaches a shell the commands and options."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

EPILOG = """\b
Examples:
  bash:  echo 'eval "$(nearspace completion bash)"' >> ~/.bashrc
  zsh:   echo 'eval "$(nearspace completion zsh)"' >> ~/.zshrc
  fish:  nearspace completion fish > ~/.config/fish/completions/nearspace.fish
"""


@click.command("completion", epilog=EPILOG)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion_command(ctx: click.Context, shell: str) -> None:
    """Print a shell completion script."""
    complete = get_completion_class(shell)
    assert complete is not None, shell
    click.echo(complete(ctx.find_root().command, {}, "nearspace", "_NEARSPACE_COMPLETE").source())
