"""`optlab export`: results as files of other packages."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from optlab.cli.options import Plugins, Quiet, Without, choice, folders

KINDS = ("coco",)


def export(
    format: Annotated[str, typer.Argument(help="The package that reads the files.", **choice(KINDS))],
    results: Annotated[Path, typer.Argument(metavar="RESULTS", help="A folder such as results/sgd_vs_adam.")],
    out: Annotated[
        Path, typer.Option("--out", metavar="DIR", help="Where a folder for each optimizer is created.")
    ] = Path("exdata"),
    without: Without = [],
    plugins: Plugins = [],
    quiet: Quiet = False,
) -> None:
    """Write the runs of finished results as files of COCO, which cocopp reads."""
    from optlab.api.run import load
    from optlab.cli.show import shown
    from optlab.errors import counted, named
    from optlab.results import coco_export

    done = coco_export.export(load(results, folders(plugins)), out, without)
    if quiet:
        return
    for folder in done.folders:
        typer.echo(f"{shown(folder)}/")
    typer.echo("functions: " + ", ".join(f"f{number} {name}" for name, number in done.functions.items()))
    if done.left_out:
        cases = counted(len(done.left_out), "problem")
        typer.echo(f"left out: {cases} whose minimum is not known ({', '.join(done.left_out)})")
    if done.failed:
        typer.echo(f"left out, because runs failed: {', '.join(map(named, done.failed))}")
