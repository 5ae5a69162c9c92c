"""Run the command line with `python -m nearspace.cli`."""

from nearspace.cli.main import main

main()
