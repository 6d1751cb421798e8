"""`optlab play`: a page to play with, without an experiment."""

from __future__ import annotations

import tempfile
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from optlab.cli import browser, completion, guard
from optlab.cli.options import Plugins, Quiet, Rates, Seeds, Start, Steps, known
from optlab.experiments.choices import GENTLE_RATES, STEPS


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
    steps: Steps = STEPS,
    seeds: Seeds = 1,
    start: Start = None,
    lr: Rates = GENTLE_RATES,
    plugins: Plugins = [],
    quiet: Quiet = False,
) -> None:  # fmt: skip
    """Open a page to play with: optimizers on problems, as optlab report shows them, without an experiment file.

    \b
    optlab play
    optlab play beale --optimizer "momentum lr=0.01" --optimizer "adam lr=0.1" -o valley.html
    optlab play mine.py:bowl --start 1,2 --optimizer plugins/mine.py:mine

    An optimizer without an lr is run with several, and is shown at the one with the best final loss. A problem or an
    optimizer may be FILE.py:NAME, a function in a file. No results are kept.
    """
    from optlab.api import play as playing
    from optlab.cli import functions, outcome, show
    from optlab.cli.progress import progress
    from optlab.cli.running import as_typed
    from optlab.errors import check_folder
    from optlab.experiments.resolve.starts import A_POINT

    if output is not None:
        check_folder(output, "--output ")
    found = known(plugins, quiet)
    where = [functions.given(text) for text in problems or playing.COURSE]
    rules = [functions.given(text) for text in optimizer or playing.OPTIMIZERS]
    document = playing.play_document(where, rules, steps, seeds, functions.start(start), lr, found)
    with as_typed({A_POINT: "--start 1,2"}), playing.played(document, found, partial(progress, quiet=quiet)) as results:
        page, failed = results.report(), list(outcome.failed(results))
    if output is None:
        output = page.save(Path(tempfile.mkdtemp(prefix="optlab-")) / "play.html")
        browser.show(output.as_uri())
    else:
        page.save(output)
    if not quiet:
        typer.echo(show.shown(output))
    if failed:
        guard.stop("\n".join(failed), guard.FAILED)
