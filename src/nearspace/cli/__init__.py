"""The command line: adapters that parse, call a verb and print."""
