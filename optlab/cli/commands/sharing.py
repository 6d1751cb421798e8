"""`optlab reproduce`, `optlab pack`, `optlab verify`: results that are run again, packed, and checked."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Annotated

import typer

from optlab.cli.guard import FAILED, UNDETERMINED
from optlab.cli.options import OnExecutor, Quiet, Scheduler, Workers

Sample = Annotated[
    float, typer.Option("--sample", metavar="SHARE", help="The share of the runs of each sweep, such as 0.1.")
]
Trust = Annotated[bool, typer.Option("--trust", help="Execute the code of plugins in a packed file, too.")]


def reproduce(
    results: Annotated[Path, typer.Argument(metavar="RESULTS", help="A folder of results, or a packed file.")],
    sample: Sample = 1.0,
    trust: Trust = False,
    executor: OnExecutor = "",
    workers: Workers = None,
    scheduler: Scheduler = "",
    quiet: Quiet = False,
) -> None:
    """Run finished results again, from what their folder holds alone, and compare every bit.

    The code of plugins in a folder is executed, in processes if they made the results. The exit status is 1 if a bit
    differs.
    """
    from optlab.api.reproduce import reproduce
    from optlab.cli.progress import progress

    watched = functools.partial(progress, quiet=quiet)
    done = reproduce(
        results, sample, trust=trust, watched=watched, executor=executor, workers=workers, scheduler=scheduler
    )
    if not quiet or not done:
        typer.echo(str(done))
    if not done:
        raise typer.Exit(FAILED)


def pack(
    results: Annotated[Path, typer.Argument(metavar="RESULTS", help="A folder such as results/sgd_vs_adam.")],
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FILE", help="The packed file. Default: the folder's name, with .zip."),
    ] = None,
    quiet: Quiet = False,
) -> None:
    """Write finished results as one file, with the files of plugins, the report, versions and checksums."""
    from optlab.api.pack import pack
    from optlab.cli.show import shown

    path = pack(results, output or Path(f"{results.absolute().name}.zip"))
    if not quiet:
        typer.echo(shown(path))


def verify(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A file that `optlab pack` wrote.")],
    sample: Sample = 0.1,
    trust: Trust = False,
    executor: OnExecutor = "",
    workers: Workers = None,
    scheduler: Scheduler = "",
    quiet: Quiet = False,
) -> None:
    """Check the checksums of a packed file, and run a sample of its runs again.

    The exit status is 1 if a bit differs, and 3 if nothing could be run again, such as plugins without --trust.
    """
    from optlab.api.pack import verify
    from optlab.cli.progress import progress

    watched = functools.partial(progress, quiet=quiet)
    done = verify(file, sample, trust=trust, watched=watched, executor=executor, workers=workers, scheduler=scheduler)
    if not quiet or not done:
        typer.echo(str(done))
    if not done:
        raise typer.Exit(FAILED)
    if done.reproduction is None:
        raise typer.Exit(UNDETERMINED)
