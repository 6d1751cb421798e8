"""`optlab play`: a page to play with, without an experiment."""

from __future__ import annotations

import tempfile
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from optlab.cli import browser, completion, guard
from optlab.cli.options import Plugins, Quiet, Seeds, Start, folders, known


def play(
    problems: Annotated[
        list[str] | None,
        typer.Argument(metavar="PROBLEM...", help="Problems, with options as in 'rosenbrock b=10'. Default: four of "
                       "two parameters.", show_default=False, autocompletion=completion.names("problems")),
    ] = None,
    optimizer: Annotated[
        list[str],
        typer.Option("--optimizer", metavar="OPTIMIZER", help="An optimizer, alone or as 'adam lr=0.1'. May be "
                     "repeated. Default: gd, momentum, adagrad, rmsprop, adam.",
                     autocompletion=completion.names("optimizers")),
    ] = [],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write the page, and do not open it.")
    ] = None,
    steps: Annotated[
        int | None,
        typer.Option("--steps", metavar="N", help="Steps per run. Default: 500; 50 if a problem has data.",
                     show_default=False),
    ] = None,
    seeds: Seeds = 1,
    start: Start = None,
    lr: Annotated[
        str | None,
        typer.Option("--lr", metavar="LOW:HIGH:NUM", help="Learning rates to try where an optimizer has no lr. "
                     "Default: 1e-4:1:9; 1e-3:1:4 if a problem has data.", show_default=False),
    ] = None,
    watch: Annotated[
        bool, typer.Option("--watch", help="Serve the page on this machine, and replace it when a plugin is saved.")
    ] = False,
    port: Annotated[
        int, typer.Option("--port", metavar="N", help="With --watch: the port. Default: free one.", show_default=False)
    ] = 0,
    plugins: Plugins = [],
    quiet: Quiet = False,
) -> None:  # fmt: skip
    """Open a page to play with: optimizers on problems, as optlab report shows them, without an experiment file.

    \b
    optlab play
    optlab play beale --optimizer "momentum lr=0.01" --optimizer "adam lr=0.1" -o valley.html
    optlab play mine.py:bowl --start 1,2 --optimizer plugins/mine.py:mine

    An optimizer without an lr is run with several, and is shown at the one with the best final loss. A problem or an
    optimizer may be FILE.py:NAME, a function in a file. No results are kept. With --watch, the open page shows the
    changed rule about a second after you save it, in the same view; Ctrl-C ends this.
    """
    from optlab.api import play as playing
    from optlab.cli import functions, outcome, show
    from optlab.cli.progress import progress
    from optlab.cli.running import OTHER_KINDS, as_typed
    from optlab.experiments.resolve.starts import A_POINT

    _refuse(output, watch, port)
    if watch:
        from optlab.cli import play_watch

        options = {"optimizer": optimizer, "steps": steps, "seeds": seeds, "start": start, "lr": lr, "plugins": plugins}
        play_watch.watch(options, [*(problems or []), *optimizer], problems or [], port, folders(plugins), quiet)
    found = known(plugins, quiet)
    where = [functions.given(text) for text in problems or playing.COURSE]
    rules = [functions.given(text) for text in optimizer or playing.OPTIMIZERS]
    document = playing.play_document(where, rules, steps, seeds, functions.start(start), lr, found)
    typed, watched = OTHER_KINDS | {A_POINT: "--start 1,2"}, partial(progress, quiet=quiet)
    with as_typed(typed), playing.played(document, found, watched) as results:
        page, failed = results.report(landscapes=True), list(outcome.failed(results))
    if output is None:
        output = page.save(Path(tempfile.mkdtemp(prefix="optlab-")) / "play.html")
        browser.show(output.as_uri())
    else:
        page.save(output)
    if not quiet:
        typer.echo(show.shown(output))
    if failed:
        guard.stop("\n".join(failed), guard.FAILED)


def _refuse(output: Path | None, watch: bool, port: int) -> None:
    """Raise UserError for options that do not fit together."""
    from optlab.errors import UserError, check_output

    if output is not None and watch:
        raise UserError("--output and --watch exclude each other: a page that is served has no file")
    if port and not watch:
        raise UserError("--port needs --watch; a page that is not served has no port")
    if output is not None:
        check_output(output, "--output ")
