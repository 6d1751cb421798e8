"""The command line application: registers all commands."""

from __future__ import annotations

import gc
import os
import signal
import sys
import threading
from typing import Annotated

import typer

from optlab.cli import streams
from optlab.cli.commands import (
    animate,
    cache,
    compare,
    derivatives,
    experiments,
    export,
    gallery,
    maps,
    play,
    plugins,
    race,
    rank,
    report,
    score,
    sharing,
    tune,
)
from optlab.cli.guard import FAILED, INTERRUPTED, as_ctrl_c, guarded
from optlab.cli.packages import WithPackages

COMMANDS = {
    "run": experiments.run,
    "basins": maps.basins,
    "stability": maps.stability,
    "plot": experiments.plot,
    "report": report.report,
    "play": play.play,
    "animate": animate.animate,
    "rank": rank.rank,
    "compare": compare.compare,
    "tune": tune.tune,
    "score": score.score,
    "export": export.export,
    "reproduce": sharing.reproduce,
    "pack": sharing.pack,
    "verify": sharing.verify,
    "cache": cache.cache,
    "validate": experiments.validate,
    "list": plugins.list_,
    "plugins": plugins.plugins_,
    "explain": derivatives.explain,
    "gradcheck": derivatives.gradcheck,
    "schema": experiments.schema,
    "check": plugins.check,
    "new": plugins.new,
    "gallery": gallery.gallery,
    "race": race.race,
}
"""In the order of `optlab --help`."""

app = typer.Typer(
    name="optlab",
    cls=WithPackages,
    help="A lab for experimenting with gradient-descent optimizers.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(requested: bool) -> None:
    if requested:
        import optlab

        typer.echo(f"optlab {optlab.__version__}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and stop.")
    ] = False,
) -> None:
    """A lab for experimenting with gradient-descent optimizers."""


# the short help is a whole sentence: Click would truncate the docstring at the terminal width
for _name, _command in COMMANDS.items():
    _sentence = (_command.__doc__ or "").partition("\n")[0].partition(". ")[0].rstrip(".")
    app.command(_name, short_help=f"{_sentence}.")(guarded(_command))


SELDOM = (20_000, 50, 50)
"""The thresholds of the garbage collector. Libraries make half a million objects that stay until the end. With the
usual thresholds they are searched again and again, which takes a tenth of the time of the main job."""


def _has_threads() -> bool:
    """Whether threads are left that Python would wait for at its end. Plugins have started them."""
    return any(not thread.daemon for thread in threading.enumerate() if thread is not threading.main_thread())


def main() -> None:
    """The entry point of the `optlab` command."""
    gc.set_threshold(*SELDOM)
    signal.signal(signal.SIGTERM, as_ctrl_c)
    streams.protect()
    try:
        app()
    except SystemExit as end:
        if (error := streams.lost()) and not end.code:
            print(f"the output cannot be written: {error.strerror}", file=sys.stderr)
            raise SystemExit(FAILED) from None
        if isinstance(end.code, int) and (end.code == INTERRUPTED or _has_threads()):
            sys.stdout.flush()  # without waiting for threads: one may execute a user's code that never returns
            sys.stderr.flush()
            os._exit(end.code)
        raise
    finally:
        gc.freeze()  # the collection at exit would search all objects; it takes 0.7 s after the main job
