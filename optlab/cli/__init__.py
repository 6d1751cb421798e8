"""The command line: thin. Every command imports what it needs when it is called, so that `--help` costs nothing.

app         the commands, put together
commands    each with its arguments and options, by subject
options     options that several commands have
running     those of every command that runs an experiment, and what it does then
guard       what becomes of exceptions
streams     what becomes of output that cannot be written
functions   functions and points that were typed
explain, gradcheck, check, new, watch
            what the commands of these names do
progress, outcome, maps, show, tables
            what is printed
"""

from optlab.cli.app import main

__all__ = ["main"]
