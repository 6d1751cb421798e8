"""`optlab reproduce`: finished results, run again and compared bit for bit."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Annotated

import typer

from optlab.cli.guard import FAILED
from optlab.cli.options import Quiet

Sample = Annotated[
    float, typer.Option("--sample", metavar="SHARE", help="The share of the runs of each sweep, such as 0.1.")
]


def reproduce(
    results: Annotated[Path, typer.Argument(metavar="RESULTS", help="A folder such as results/sgd_vs_adam.")],
    sample: Sample = 1.0,
    quiet: Quiet = False,
) -> None:
    """Run finished results again, from what their folder holds alone, and compare every bit.

    The code of plugins in the results is executed. The exit status is 1 if a bit differs.
    """
    from optlab.api.reproduce import reproduce
    from optlab.cli.progress import progress

    done = reproduce(results, sample, watched=functools.partial(progress, quiet=quiet))
    if not quiet or not done:
        typer.echo(str(done))
    if not done:
        raise typer.Exit(FAILED)
