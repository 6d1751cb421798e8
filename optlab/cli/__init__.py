"""The command line: a thin layer. Each command imports its modules when it is called, so that `--help` is fast.

app         registers the commands
commands    the arguments and options of each command, grouped by subject
options     options that several commands share
running     the options of all commands that run an experiment, and the steps of such a run
guard       turns exceptions into messages and exit statuses
streams     handles output that cannot be written
functions   parses names with values and FILE.py:NAME
explain, gradcheck, check, new, watch
            the work of the commands of these names
rounds      the processes of --watch
progress, outcome, maps, show, strategies, tables
            printed output
"""

from optlab.cli.app import main

__all__ = ["main"]
