"""The command line: thin. Every command imports what it needs when it is called, so that `--help` costs nothing."""

from optlab.cli.app import main

__all__ = ["main"]
