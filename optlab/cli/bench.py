"""The commands of whoever writes a plugin: begin one, and check it."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from optlab.cli.app import Plugins, app, folders
from optlab.cli.guard import FAILED, guarded


class NewKind(StrEnum):
    """What can be begun."""

    optimizer = "optimizer"
    problem = "problem"
    schedule = "schedule"
    transform = "transform"


@app.command()
@guarded
def check(
    what: Annotated[
        list[str], typer.Argument(metavar="FILE...", help="Drop-in files, or names of optimizers.", show_default=False)
    ],
    only: Annotated[
        list[str], typer.Option("--only", metavar="ID", help="Checks to run, as keeps_dtype or 'keeps_*'. Repeatable.")
    ] = [],  # noqa: B006 - Typer takes options that may be repeated as lists
    plugins: Plugins = [],  # noqa: B006
) -> None:
    """Put optimizers through the conformance suite; exit status 1 if one fails.

    \b
    optlab check plugins/lion.py
    optlab check adam --only "keeps_*"

    A check is passed, failed, skipped where it does not apply, or exempt: the rule declares that it fails, and why.
    `pytest FILE` runs the same checks, and the file's own tests.
    """
    from optlab.cli import check as checking

    good = [checking.run(optimizer, only) for optimizer in checking.optimizers(what, folders(plugins))]
    if not all(good):
        raise typer.Exit(FAILED)


@app.command()
@guarded
def new(
    kind: Annotated[NewKind, typer.Argument(help="What to begin.", show_default=False)],
    name: Annotated[str, typer.Argument(metavar="NAME", help="Its name.", show_default=False)],
    origin: Annotated[
        str | None, typer.Option("--from", metavar="OPTIMIZER", help="Start from a copy of this optimizer.")
    ] = None,
    plugins: Plugins = [],  # noqa: B006
) -> None:
    """Begin a plugin: write plugins/NAME.py, which works, explains itself, and has a test.

    \b
    optlab new optimizer my_momentum
    optlab new optimizer my_adam --from adam
    """
    from optlab import registry
    from optlab.cli import new as beginning

    path = beginning.write(kind.value, name, origin, Path("plugins"), registry.load(folders(plugins)))
    typer.echo(f"{path} is written. What comes next:")
    for command in beginning.advice(kind.value, name, path):
        typer.echo(f"    {command}")
